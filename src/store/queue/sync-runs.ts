/** What was synced, when, and how it ended. */

import { toJsonb } from '../postgres/copy.ts';
import type { Connection, Queryable } from '../postgres/database.ts';

export type RunStatus =
  | 'queued'
  | 'running'
  | 'succeeded'
  | 'partial'
  | 'failed'
  | 'stopped'
  | 'cancelled'
  | 'crashed';
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
  tdsp_duns: string | null;
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
  requested_by: string;
  reason: string | null;
  /** `null` while nobody has begun. */
  started_at: Date | null;
  finished_at: Date | null;
  api_calls: number;
  plans: PlanCounts | null;
  errors: RunError[];
}

/** First key of the advisory lock that a process holds for as long as it works on a run. */
const RUN_LOCK = 7_748_003;

/** Begins a run. `connection` must stay open until the run ends: its lock shows that somebody is at work. */
export async function insertRun(
  connection: Connection,
  run: Pick<SyncRun, 'kind' | 'source' | 'requested' | 'is_forced' | 'requested_by'> & { started_at: Date },
): Promise<number> {
  const { rows } = await connection.query<{ id: number }>(
    `with run as (
       insert into sync_runs (kind, status, source, requested, is_forced, requested_by, requested_at, started_at)
       values ($1, 'running', $2, $3, $4, $7, $5, $5) returning id
     )
     select id, pg_advisory_lock($6, id::int) from run`,
    [run.kind, run.source, toJsonb(run.requested), run.is_forced, run.started_at, RUN_LOCK, run.requested_by],
  );
  return rows[0]!.id;
}

export async function finishRun(
  queryable: Queryable,
  run: Pick<SyncRun, 'id' | 'status' | 'api_calls' | 'plans' | 'errors'> & { finished_at: Date },
): Promise<void> {
  await queryable.query(
    `update sync_runs set status = $2, finished_at = $3, api_calls = $4, plans = $5, errors = $6 where id = $1`,
    [run.id, run.status, run.finished_at, run.api_calls, toJsonb(run.plans), toJsonb(run.errors)],
  );
}

export async function releaseRun(connection: Connection, runId: number): Promise<void> {
  await connection.query('select pg_advisory_unlock($1, $2)', [RUN_LOCK, runId]);
}

/** Whether the process that began a run still holds its lock. @param run the name `sync_runs` goes by */
export const HAS_PROCESS = (run: string): string => `exists (
  select from pg_locks
   where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
     and classid = ${RUN_LOCK} and objid = ${run}.id::int)`;

/** Nobody holds the lock of a run that says it is at work. */
const IS_CRASHED = `status = 'running' and not is_queued and not ${HAS_PROCESS('sync_runs')}`;

/** Runs whose process is gone did not end, they crashed: says so. What they published is whole all the same. */
export async function markCrashedRuns(queryable: Queryable, now: Date): Promise<number> {
  const { rowCount } = await queryable.query(
    `update sync_runs set status = 'crashed', finished_at = $1 where ${IS_CRASHED}`,
    [now],
  );
  return rowCount ?? 0;
}

/** TDSPs that are fetched just now without the queue, as readers who found nothing have it done. */
export async function countFetchedDirectly(queryable: Queryable): Promise<number> {
  const { rows } = await queryable.query<{ n: number }>(
    `select coalesce(sum(jsonb_array_length(requested->'tdsps')), 0)::int as n from sync_runs
      where status = 'running' and not is_queued and ${HAS_PROCESS('sync_runs')}`,
  );
  return rows[0]!.n;
}

export async function countCrashedRuns(queryable: Queryable): Promise<number> {
  const { rows } = await queryable.query<{ n: number }>(
    `select count(*)::int as n from sync_runs where ${IS_CRASHED}`,
  );
  return rows[0]!.n;
}

interface SyncResult {
  run_id: number;
  tdsp_duns: string;
  status: ResultStatus;
  plans: PlanCounts | null;
  snapshot_version: number | null;
  payload_hash: string | null;
  error_code: string | null;
  message: string | null;
  finished_at: Date;
  duration_ms: number;
}

export async function insertResult(queryable: Queryable, result: SyncResult): Promise<void> {
  const {
    run_id,
    tdsp_duns,
    status,
    plans,
    snapshot_version,
    payload_hash,
    error_code,
    message,
    finished_at,
    duration_ms,
  } = result;
  await queryable.query(
    `insert into sync_results
       (run_id, tdsp_duns, status, plans, snapshot_version, error_code, message, finished_at, duration_ms, payload_hash)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      run_id,
      tdsp_duns,
      status,
      plans && toJsonb(plans),
      snapshot_version,
      error_code,
      message,
      finished_at,
      duration_ms,
      payload_hash,
    ],
  );
}

/** The newest runs, newest first. */
export async function readRecentRuns(queryable: Queryable, limit: number): Promise<SyncRun[]> {
  const { rows } = await queryable.query<SyncRun>(
    `select id, kind, status, source, requested, is_forced, requested_at, requested_by, reason, started_at, finished_at,
            api_calls, plans, errors
       from sync_runs order by id desc limit $1`,
    [limit],
  );
  return rows;
}

/** The last result of every TDSP that was not merely found fresh. */
export async function readLastResults(queryable: Queryable): Promise<SyncResult[]> {
  const { rows } = await queryable.query<SyncResult>(
    // One look at the index for each TDSP: the cost does not grow with the log.
    `select r.*
       from tdsps t cross join lateral
            (select run_id, tdsp_duns, status, plans, snapshot_version, payload_hash, error_code, message, finished_at,
                    duration_ms
               from sync_results where tdsp_duns = t.duns and status <> 'fresh' order by finished_at desc limit 1) r
      order by r.tdsp_duns`,
  );
  return rows;
}
