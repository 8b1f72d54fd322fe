/**
 * The processes that sync. Each holds an advisory lock for as long as its connection lives: one that was killed loses
 * it at once, so nobody has to wait for a time-out to know that it is gone.
 */

import type { Vitals } from '../observation/vitals.ts';
import type { Connection, Queryable } from '../postgres/database.ts';
import { LOCKS } from '../postgres/locks.ts';
import { PROCESS_ID } from '../upstream/permits.ts';

interface SyncWorkerRow {
  id: string;
  lock_key: number;
  host: string;
  pid: number;
  roles: string[];
  /** Whose jobs it takes; `null` where it takes none. */
  queue: string | null;
  /** The upstream it would fetch from. */
  origin: string | null;
  started_at: Date;
  seen_at: Date;
  /** How far its clock is ahead of the database's, as of `seen_at`; `null` where it does not say. */
  clock_ahead_ms: number | null;
  /** Of the program; `null` until it told. */
  version: string | null;
  vitals: Vitals | null;
}

const CLOCK_AHEAD = (parameter: string): string =>
  `extract(epoch from ${parameter}::timestamptz - clock_timestamp())::float8 * 1000`;

/** `connection` must stay open for as long as the worker lives. */
export async function registerWorker(
  connection: Pick<Connection, 'query'>,
  worker: Omit<SyncWorkerRow, 'seen_at' | 'clock_ahead_ms' | 'version' | 'vitals'>,
): Promise<void> {
  const { id, lock_key, host, pid, roles, queue, origin, started_at } = worker;
  await connection.query('select pg_advisory_lock($1, $2)', [LOCKS.worker, lock_key]);
  await connection.query(
    `insert into sync_workers (id, lock_key, host, pid, process_id, roles, queue, origin, started_at, seen_at,
       clock_ahead_ms)
     values ($1, $2, $3, $4, $9, $5, $6, $7, $8, clock_timestamp(), ${CLOCK_AHEAD('$10')})
     on conflict (id) do update set seen_at = excluded.seen_at, clock_ahead_ms = excluded.clock_ahead_ms`,
    [id, lock_key, host, pid, roles, queue, origin, started_at, PROCESS_ID, new Date()],
  );
}

/** Says that a worker is at work; forgets those that died more than a day ago. */
export async function touchWorker(queryable: Queryable, id: string): Promise<void> {
  await queryable.query(
    `with gone as (delete from sync_workers where seen_at < clock_timestamp() - interval '1 day')
     update sync_workers set seen_at = clock_timestamp(), clock_ahead_ms = ${CLOCK_AHEAD('$2')} where id = $1`,
    [id, new Date()],
  );
}

export async function removeWorker(queryable: Queryable, id: string): Promise<void> {
  await queryable.query('delete from sync_workers where id = $1', [id]);
}

const HOLDS_LOCK = `exists (
  select from pg_locks l
   where l.locktype = 'advisory' and l.database = (select oid from pg_database where datname = current_database())
     and l.classid = ${LOCKS.worker} and l.objid = w.lock_key::oid and l.granted)`;

/** `dead`: it is gone, and its lock with it; `silent`: it holds the lock and was not seen for a while, so it is frozen. */
export type Liveness = 'alive' | 'silent' | 'dead';
const SILENT_AFTER = "interval '10 seconds'";

/** One that dies again and again leaves many behind. */
const WORKERS_READ = 200;

export interface SeenWorker extends Omit<SyncWorkerRow, 'lock_key'> {
  state: Liveness;
}

/** The newest, in the order of their start. */
export async function readWorkers(queryable: Queryable): Promise<SeenWorker[]> {
  const { rows } = await queryable.query<SeenWorker>(
    `select id, host, pid, roles, queue, origin, started_at, seen_at, clock_ahead_ms, version, vitals,
            case when not ${HOLDS_LOCK} then 'dead'
                      when w.seen_at < clock_timestamp() - ${SILENT_AFTER} then 'silent' else 'alive' end as state
       from (select * from sync_workers order by seen_at desc limit $1) w order by w.started_at, w.id`,
    [WORKERS_READ],
  );
  return rows;
}

/** The calls of workers that are gone are over: nobody has to wait until their deadline. */
export async function endCallsOf(queryable: Queryable, workerIds: readonly string[]): Promise<void> {
  await queryable.query(
    `update upstream_permits p set finished_at = clock_timestamp()
       from sync_workers w
      where w.id = any($1) and not ${HOLDS_LOCK} and p.process_id = w.process_id and p.finished_at is null`,
    [workerIds],
  );
}

/** Whether anybody takes the jobs of this queue just now. */
export async function hasWorker(queryable: Queryable, queue: string): Promise<boolean> {
  const { rows } = await queryable.query<{ is_worked: boolean }>(
    `select exists (select from sync_workers w where w.queue = $1 and ${HOLDS_LOCK}
       and w.seen_at > clock_timestamp() - ${SILENT_AFTER}) as is_worked`,
    [queue],
  );
  return rows[0]!.is_worked;
}

/** Dead, or silent for longer, so that an operator has time to look: another one does its work. */
const LOST_AFTER = "interval '20 seconds'";
export const IS_LOST_WORKER = `not exists (
  select from sync_workers w where w.id = t.worker_id and ${HOLDS_LOCK}
     and w.seen_at > clock_timestamp() - ${LOST_AFTER})`;

/** Ends the connections that another one waits for. @returns how many */
export async function cutOffBlockers(queryable: Queryable, pid: number): Promise<number> {
  const { rows } = await queryable.query<{ cut: boolean }>(
    'select pg_terminate_backend(blocker) as cut from unnest(pg_blocking_pids($1)) as blocker',
    [pid],
  );
  return rows.filter(({ cut }) => cut).length;
}

/** How PostgreSQL knows this connection. */
export async function backendPid(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ pid: number }>('select pg_backend_pid() as pid');
  return rows[0]!.pid;
}

/** By the clock that all ages are told by. */
export async function readDatabaseTime(queryable: Queryable): Promise<Date> {
  const { rows } = await queryable.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]!.now;
}
