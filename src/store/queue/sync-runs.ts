/** Runs and their results: begun by a request, ended when the last of their TDSPs is settled. */

import { toJsonb } from '../postgres/copy.ts';
import type { Connection, Queryable } from '../postgres/database.ts';

export type RunStatus = 'queued' | 'running' | 'succeeded' | 'partial' | 'failed' | 'stopped' | 'cancelled';
export type ResultStatus = 'published' | 'unchanged' | 'fresh' | 'shared' | 'held' | 'failed' | 'stopped';

export interface PlanCounts {
  seen: number;
  added: number;
  changed: number;
  unchanged: number;
  deactivated: number;
  rejected: number;
}

export interface RunError {
  tdsp_duns: string;
  code: string;
  message: string;
}

export interface SyncRun {
  id: number;
  kind: string;
  status: RunStatus;
  source: string;
  requested: { cities: string[]; tdsps: string[] };
  is_forced: boolean;
  requested_at: Date;
  /** `cli`, `schedule`, `admin`, `start`, `reader`. */
  requested_by: string;
  reason: string | null;
  /** `null` while nobody has begun. */
  started_at: Date | null;
  finished_at: Date | null;
  api_calls: number;
  plans: PlanCounts | null;
  errors: RunError[];
}

type NewRun = Pick<SyncRun, 'kind' | 'source' | 'requested' | 'is_forced' | 'requested_by' | 'reason'>;

export async function insertRun(connection: Connection, run: NewRun): Promise<number> {
  const { kind, source, requested, is_forced, requested_by, reason } = run;
  const { rows } = await connection.query<{ id: number }>(
    `insert into sync_runs (kind, status, source, requested, is_forced, requested_by, reason, requested_at)
     values ($1, 'queued', $2, $3, $4, $5, $6, clock_timestamp()) returning id`,
    [kind, source, toJsonb(requested), is_forced, requested_by, reason],
  );
  return rows[0]!.id;
}

/** For work whose run is written down when it is over, with `insertEndedRun`. */
export async function reserveRunId(queryable: Queryable): Promise<number> {
  const { rows } = await queryable.query<{ id: number }>(
    `select nextval(pg_get_serial_sequence('sync_runs', 'id')) as id`,
  );
  return Number(rows[0]!.id);
}

export async function insertEndedRun(
  connection: Connection,
  run: NewRun & Pick<SyncRun, 'id' | 'requested_at'>,
  results: readonly NewResult[],
): Promise<void> {
  const { id, kind, source, requested, is_forced, requested_by, reason, requested_at } = run;
  await connection.query(
    `insert into sync_runs (id, kind, status, source, requested, is_forced, requested_by, reason, requested_at, started_at)
       overriding system value
     values ($1, $2, 'running', $3, $4, $5, $6, $7, $8, $8)`,
    [id, kind, source, toJsonb(requested), is_forced, requested_by, reason, requested_at],
  );
  await insertResults(connection, results);
  await finishRuns(connection, [id]);
}

/** How a TDSP of a run ended. */
export interface NewResult {
  run_id: number;
  tdsp_duns: string;
  status: ResultStatus;
  plans: PlanCounts | null;
  snapshot_version: number | null;
  /** The body it came in, in source_payloads. */
  payload_hash: string | null;
  error_code: string | null;
  message: string | null;
  /** An error that trying again does not cure: `sync:dead` lists it until the TDSP is synced. */
  gave_up: boolean;
  notes: Record<string, unknown>;
  duration_ms: number;
}

export async function insertResults(connection: Connection, results: readonly NewResult[]): Promise<void> {
  await connection.query(
    `insert into sync_results (run_id, tdsp_duns, status, plans, snapshot_version, error_code, message, gave_up, notes,
       finished_at, duration_ms, payload_hash)
     select run_id, tdsp_duns, status, nullif(plans, 'null'), snapshot_version, error_code, message, gave_up, notes,
            clock_timestamp(), duration_ms, payload_hash
       from jsonb_to_recordset($1) as r (run_id bigint, tdsp_duns text, status text, plans jsonb,
              snapshot_version bigint, error_code text, message text, gave_up boolean, notes jsonb, duration_ms int,
              payload_hash text)
     on conflict (run_id, tdsp_duns) do nothing`,
    [toJsonb(results)],
  );
}

/**
 * Ends those of these runs that wait for nothing any more. To be asked under the lock of the queue: of two that settle
 * the last two TDSPs of a run at once neither would see the other.
 * @param as the status they get whatever their results are
 */
export async function finishRuns(
  connection: Connection,
  runIds: readonly number[],
  as: 'cancelled' | 'stopped' | null = null,
): Promise<void> {
  const count = (name: keyof PlanCounts) => `'${name}', coalesce(sum((s.plans->>'${name}')::int), 0)`;
  const names = ['seen', 'added', 'changed', 'unchanged', 'deactivated', 'rejected'] as const;
  await connection.query(
    `with ended as (
       select r.id, count(s.*) as results, count(s.error_code) as failed,
              jsonb_build_object(${names.map(count).join(', ')}) as plans
         from sync_runs r left join sync_results s on s.run_id = r.id
        where r.id = any($1) and r.status in ('queued', 'running')
          and not exists (select from sync_targets t where t.run_id = r.id and t.state <> 'settled')
        group by r.id
     )
     update sync_runs r set finished_at = clock_timestamp(), started_at = coalesce(r.started_at, clock_timestamp()),
            plans = e.plans,
            status = coalesce($2, case when e.failed = 0 then 'succeeded' when e.failed = e.results then 'failed' else 'partial' end)
       from ended e where e.id = r.id`,
    [runIds, as],
  );
}

/** A failure is written once, as the result of its TDSP. @param run the name `sync_runs` goes by */
const ERRORS_OF = (run: string): string => `coalesce((
  select jsonb_agg(jsonb_build_object('tdsp_duns', s.tdsp_duns, 'code', s.error_code, 'message', s.message) order by s.tdsp_duns)
    from sync_results s where s.run_id = ${run}.id and s.error_code is not null), '[]') as errors`;

const RUN_COLUMNS = `r.id, r.kind, r.status, r.source, r.requested, r.is_forced, r.requested_at, r.requested_by, r.reason,
  r.started_at, r.finished_at, r.api_calls, r.plans, ${ERRORS_OF('r')}`;

interface RunResult extends NewResult {
  finished_at: Date;
}

export interface RunWithResults {
  run: SyncRun;
  results: RunResult[];
  /** TDSPs that are being worked on just now. */
  claimed: string[];
  /** TDSPs that wait, and until when if they may not begin before. */
  waiting: { tdsp_duns: string; not_before: Date | null }[];
}

/** One run with all that is known about it; `null` if there is none with this id. */
export async function readRun(queryable: Queryable, id: number): Promise<RunWithResults | null> {
  const { rows } = await queryable.query<
    SyncRun & {
      results: (Omit<RunResult, 'finished_at'> & { finished_at: string })[];
      claimed: string[];
      waiting: { tdsp_duns: string; not_before: string | null }[];
    }
  >(
    `select ${RUN_COLUMNS},
            coalesce((select jsonb_agg(to_jsonb(s) order by s.finished_at, s.tdsp_duns)
               from sync_results s where s.run_id = r.id), '[]') as results,
            array(select tdsp_duns from sync_targets t where t.run_id = r.id and t.state = 'claimed'
               order by tdsp_duns) as claimed,
            coalesce((select jsonb_agg(jsonb_build_object('tdsp_duns', tdsp_duns, 'not_before', not_before)
               order by priority desc, tdsp_duns)
               from sync_targets t where t.run_id = r.id and t.state = 'waiting'), '[]') as waiting
       from sync_runs r where r.id = $1`,
    [id],
  );
  const [row] = rows;
  if (!row) return null;
  const { results, claimed, waiting, ...run } = row;
  return {
    run,
    results: results.map((one) => ({ ...one, finished_at: new Date(one.finished_at) })),
    claimed,
    waiting: waiting.map((one) => ({ ...one, not_before: one.not_before ? new Date(one.not_before) : null })),
  };
}

/** The newest runs, newest first. */
export async function readRecentRuns(queryable: Queryable, limit: number): Promise<SyncRun[]> {
  const { rows } = await queryable.query<SyncRun>(
    `select ${RUN_COLUMNS} from sync_runs r order by id desc limit $1`,
    [limit],
  );
  return rows;
}

export interface DeadLetter {
  queue: string | null;
  tdsp_duns: string;
  died_at: Date;
  error_code: string;
  message: string;
}

/**
 * TDSPs given up on: the last of their results that either succeeded or gave up is one that gave up, nothing has confirmed their
 * plans since, and no redrive found them fresh. Oldest first.
 */
export async function readDeadLetters(queryable: Queryable): Promise<DeadLetter[]> {
  const { rows } = await queryable.query<DeadLetter>(
    `select q.queue, r.tdsp_duns, r.finished_at as died_at, r.error_code, r.message
       from tdsps t cross join lateral
            (select s.* from sync_results s join sync_runs u on u.id = s.run_id
              where s.tdsp_duns = t.duns and (s.gave_up or s.error_code is null)
                and (s.status <> 'fresh' or u.kind = 'redrive')
              order by s.finished_at desc limit 1) r
            left join sync_targets q on (q.run_id, q.tdsp_duns) = (r.run_id, r.tdsp_duns)
      where r.gave_up
        and r.finished_at >= coalesce((select p.observed_at from plan_snapshots p
                                        where p.tdsp_duns = t.duns order by p.version desc limit 1), '-infinity')
      order by r.finished_at, r.tdsp_duns`,
  );
  return rows;
}
