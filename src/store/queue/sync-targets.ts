/**
 * What queued runs wait for: one row for each TDSP of a run. A job of the queue says only that there is work; which
 * work, and whose it is, stands here, so a lost job loses nothing.
 *
 * Asking, claiming and settling take the lock of the queue, one after the other: each sees what the others did.
 */

import { toJsonb } from '../postgres/copy.ts';
import type { Connection, Queryable } from '../postgres/database.ts';
import { LOCKS } from '../postgres/locks.ts';
import { IS_LOST_WORKER } from './sync-workers.ts';

/** Something was asked for, begun or ended: processes that watch look again. */
export const SYNC_MOVED = 'wattsync_sync_moved';

export type Decision = 'queued' | 'merged' | 'joined' | 'fresh';

interface NewTarget {
  tdsp_duns: string;
  decision: Decision;
  /** Why it was decided so, and why it has this priority. */
  reason: string;
  priority: number;
  is_forced: boolean;
  is_patient: boolean;
  /** Plans confirmed less than this before need no call; `null`: as the worker is set. */
  fresh_for_ms: number | null;
  /** Of the job it joined. */
  job_id: string | null;
}

export async function lockQueue(connection: Connection, queue: string): Promise<void> {
  await connection.query('select pg_advisory_xact_lock($1, hashtext($2))', [LOCKS.queue, queue]);
}

/** Tells those that watch, with the commit. Once for each step: every NOTIFY takes a database-wide lock at commit. */
export async function notifyMoved(connection: Connection): Promise<void> {
  await connection.query("select pg_notify($1, '')", [SYNC_MOVED]);
}

/** What was found fresh is settled already; what joined a job is claimed by its worker. */
export async function insertTargets(
  connection: Connection,
  { run_id, queue }: { run_id: number; queue: string },
  targets: readonly NewTarget[],
): Promise<void> {
  await connection.query(
    `insert into sync_targets (run_id, tdsp_duns, queue, decision, reason, priority, is_forced, is_patient, fresh_for_ms, state,
       job_id, worker_id, attempts, requested_at, claimed_at, settled_at)
     select $1, n.tdsp_duns, $2, n.decision, n.reason, n.priority, n.is_forced, n.is_patient, n.fresh_for_ms,
            case n.decision when 'fresh' then 'settled' when 'joined' then 'claimed' else 'waiting' end,
            n.job_id, j.worker_id, coalesce(j.attempts, 0), clock_timestamp(), j.claimed_at,
            case n.decision when 'fresh' then clock_timestamp() end
       from jsonb_to_recordset($3) as n (tdsp_duns text, decision text, reason text, priority int, is_forced boolean,
              is_patient boolean, fresh_for_ms int, job_id uuid)
       left join lateral (
         select worker_id, attempts, claimed_at from sync_targets t
          where t.job_id = n.job_id and t.state = 'claimed' limit 1) j on true`,
    [run_id, queue, toJsonb(targets)],
  );
}

export interface OpenTarget {
  run_id: number;
  tdsp_duns: string;
  state: 'waiting' | 'claimed';
  priority: number;
  is_forced: boolean;
  is_patient: boolean;
  fresh_for_ms: number | null;
  reason: string;
  job_id: string | null;
  worker_id: string | null;
  attempts: number;
  requested_at: Date;
  not_before: Date | null;
  claimed_at: Date | null;
}

const OPEN_COLUMNS = `run_id, tdsp_duns, state, priority, is_forced, is_patient, fresh_for_ms, reason, job_id, worker_id, attempts,
  requested_at, not_before, claimed_at`;

/** What is waited for or worked on, the most urgent first. @param queue `null`: of all queues */
export async function readOpenTargets(queryable: Queryable, queue: string | null): Promise<OpenTarget[]> {
  const { rows } = await queryable.query<OpenTarget>(
    `select ${OPEN_COLUMNS} from sync_targets
      where state <> 'settled' and ($1::text is null or queue = $1) order by priority desc, requested_at, tdsp_duns`,
    [queue],
  );
  return rows;
}

interface Claim {
  queue: string;
  /** `null`: of all TDSPs. */
  tdsp_duns: string | null;
  job_id: string;
  worker_id: string;
}

/**
 * Takes what waits, and what an earlier attempt at the same job left behind; nothing while another claim of the same
 * work is open. This is the one lock of a TDSP: of all processes the one with the claim fetches.
 */
export async function claimTargets(connection: Connection, claim: Claim): Promise<OpenTarget[]> {
  const { queue, tdsp_duns, job_id, worker_id } = claim;
  const { rows } = await connection.query<OpenTarget>(
    `with claimed as (
       update sync_targets t set state = 'claimed', job_id = $3, worker_id = $4, attempts = attempts + 1,
              claimed_at = clock_timestamp(), not_before = null
        where queue = $1 and ($2::text is null or tdsp_duns = $2)
          and not exists (select from sync_targets o where o.queue = $1 and o.state = 'claimed' and o.job_id <> $3
                            and ($2::text is null or o.tdsp_duns = $2))
          and (state = 'claimed' and job_id = $3
            or state = 'waiting' and (not_before is null or not_before <= clock_timestamp()))
       returning ${OPEN_COLUMNS}
     ),
     begun as (
       update sync_runs set status = 'running', started_at = clock_timestamp()
        where status = 'queued' and id in (select run_id from claimed)
     )
     select * from claimed order by run_id, tdsp_duns`,
    [queue, tdsp_duns, job_id, worker_id],
  );
  return rows;
}

/** Whose work this is, as it was claimed: a worker that comes back late finds that it is no longer its own. */
interface ClaimKey {
  job_id: string;
  worker_id: string;
  tdsp_duns: string[];
}

/** The targets of this claim that were not given to another worker meanwhile, those that joined since included. Locked. */
export async function readClaimed(connection: Connection, claim: ClaimKey): Promise<OpenTarget[]> {
  const { rows } = await connection.query<OpenTarget>(
    `select ${OPEN_COLUMNS} from sync_targets
      where state = 'claimed' and job_id = $1 and worker_id = $2 and tdsp_duns = any($3)
      order by run_id, tdsp_duns for update`,
    [claim.job_id, claim.worker_id, claim.tdsp_duns],
  );
  return rows;
}

type TargetKey = Pick<OpenTarget, 'run_id' | 'tdsp_duns'>;

export async function settleTargets(connection: Connection, targets: readonly TargetKey[]): Promise<void> {
  await connection.query(
    `update sync_targets t set state = 'settled', settled_at = clock_timestamp()
       from jsonb_to_recordset($1) as d (run_id bigint, tdsp_duns text)
      where t.run_id = d.run_id and t.tdsp_duns = d.tdsp_duns and t.state <> 'settled'`,
    [toJsonb(targets.map(({ run_id, tdsp_duns }) => ({ run_id, tdsp_duns })))],
  );
}

/** Gives work back: somebody else takes it, at once or when `notBefore` has come. */
export async function returnTargets(
  connection: Connection,
  targets: readonly TargetKey[],
  notBefore: Date | null,
): Promise<void> {
  await connection.query(
    `update sync_targets t set state = 'waiting', job_id = null, worker_id = null, not_before = $2
       from jsonb_to_recordset($1) as d (run_id bigint, tdsp_duns text)
      where t.run_id = d.run_id and t.tdsp_duns = d.tdsp_duns and t.state = 'claimed'`,
    [toJsonb(targets.map(({ run_id, tdsp_duns }) => ({ run_id, tdsp_duns }))), notBefore],
  );
}

/** Which TDSPs of a queue have work that could begin now and that nobody is at, and how urgent it is. */
export async function readDueTdsps(
  queryable: Queryable,
  queue: string,
): Promise<{ tdsp_duns: string; priority: number }[]> {
  const { rows } = await queryable.query<{ tdsp_duns: string; priority: number }>(
    `select tdsp_duns, max(priority) as priority from sync_targets
      where queue = $1 and state = 'waiting' and (not_before is null or not_before <= clock_timestamp())
        and tdsp_duns not in (select tdsp_duns from sync_targets where queue = $1 and state = 'claimed')
      group by tdsp_duns order by priority desc, tdsp_duns`,
    [queue],
  );
  return rows;
}

/** Whether nobody works on this queue and nothing in it could begin now. */
export async function isQueueIdle(queryable: Queryable, queue: string): Promise<boolean> {
  const { rows } = await queryable.query<{ isIdle: boolean }>(
    `select not exists (
       select from sync_targets where queue = $1 and state <> 'settled'
          and (state = 'claimed' or not_before is null or not_before <= clock_timestamp())) as "isIdle"`,
    [queue],
  );
  return rows[0]!.isIdle;
}

/** What is claimed by workers that are dead or frozen. Locked. */
export async function readOrphans(connection: Connection, queue: string): Promise<OpenTarget[]> {
  const { rows } = await connection.query<OpenTarget>(
    `select ${OPEN_COLUMNS} from sync_targets t
      where queue = $1 and state = 'claimed' and ${IS_LOST_WORKER} order by run_id, tdsp_duns for update`,
    [queue],
  );
  return rows;
}

/** Whether a living worker is at this TDSP just now. Asked without the lock of the queue: a crowd of readers would wait for it. */
export async function isWorkedOn(queryable: Queryable, queue: string, duns: string): Promise<boolean> {
  const { rowCount } = await queryable.query({
    name: 'is worked on',
    text: `select from sync_targets t
            where queue = $1 and tdsp_duns = $2 and state = 'claimed' and not ${IS_LOST_WORKER} limit 1`,
    values: [queue, duns],
  });
  return rowCount === 1;
}

/** Jobs whose work was claimed longer ago than this. */
export async function readLongClaims(
  queryable: Queryable,
  queue: string,
  longerThanMs: number,
): Promise<string[]> {
  const { rows } = await queryable.query<{ job_id: string }>(
    `select distinct job_id from sync_targets
      where queue = $1 and state = 'claimed' and claimed_at < clock_timestamp() - make_interval(secs => $2::float8 / 1000)`,
    [queue, longerThanMs],
  );
  return rows.map(({ job_id }) => job_id);
}

/** What a job holds, in whatever process. Locked. */
export async function readTargetsOfJob(connection: Connection, jobId: string): Promise<OpenTarget[]> {
  const { rows } = await connection.query<OpenTarget>(
    `select ${OPEN_COLUMNS} from sync_targets where state = 'claimed' and job_id = $1
      order by run_id, tdsp_duns for update`,
    [jobId],
  );
  return rows;
}

/** Everything that is waited for or worked on, of all queues. Locked. */
export async function readAllOpenTargets(connection: Connection): Promise<OpenTarget[]> {
  const { rows } = await connection.query<OpenTarget>(
    `select ${OPEN_COLUMNS} from sync_targets where state <> 'settled' order by run_id, tdsp_duns for update`,
  );
  return rows;
}
