/** Runs that the queue works on: begun by whoever asks, ended by whoever settles the last of their TDSPs. */

import { toJsonb } from '../postgres/copy.ts';
import type { Connection, Queryable } from '../postgres/database.ts';
import type { PlanCounts, ResultStatus, SyncRun } from './sync-runs.ts';

interface NewQueuedRun {
  kind: string;
  source: string;
  requested: { cities: string[]; tdsps: string[] };
  is_forced: boolean;
  /** `cli`, `schedule`, `admin`, `start`, `reader`. */
  requested_by: string;
  reason: string | null;
}

export async function insertQueuedRun(connection: Connection, run: NewQueuedRun): Promise<number> {
  const { kind, source, requested, is_forced, requested_by, reason } = run;
  const { rows } = await connection.query<{ id: number }>(
    `insert into sync_runs (kind, status, source, requested, is_forced, is_queued, requested_by, reason, requested_at)
     values ($1, 'queued', $2, $3, $4, true, $5, $6, clock_timestamp()) returning id`,
    [kind, source, toJsonb(requested), is_forced, requested_by, reason],
  );
  return rows[0]!.id;
}

/** How a TDSP of several runs ended. */
export interface SettledResult {
  tdsp_duns: string;
  status: ResultStatus;
  plans: PlanCounts | null;
  snapshot_version: number | null;
  /** The body it came in, in source_payloads. */
  payload_hash?: string | null;
  error_code: string | null;
  message: string | null;
  notes: Record<string, unknown>;
  duration_ms: number;
}

/** Notes the same result for every run that waited for it. */
export async function insertResults(
  connection: Connection,
  results: readonly (SettledResult & { run_id: number })[],
): Promise<void> {
  await connection.query(
    `insert into sync_results (run_id, tdsp_duns, status, plans, snapshot_version, error_code, message, notes,
       finished_at, duration_ms, payload_hash)
     select run_id, tdsp_duns, status, nullif(plans, 'null'), snapshot_version, error_code, message, notes,
            clock_timestamp(), duration_ms, payload_hash
       from jsonb_to_recordset($1) as r (run_id bigint, tdsp_duns text, status text, plans jsonb,
              snapshot_version bigint, error_code text, message text, notes jsonb, duration_ms int,
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
export async function finishQueuedRuns(
  connection: Connection,
  runIds: readonly number[],
  as: 'cancelled' | 'stopped' | null = null,
): Promise<void> {
  const count = (name: keyof PlanCounts) => `'${name}', coalesce(sum((s.plans->>'${name}')::int), 0)`;
  const names = ['seen', 'added', 'changed', 'unchanged', 'deactivated', 'rejected'] as const;
  await connection.query(
    `with ended as (
       select r.id, count(s.*) as results, count(s.error_code) as bad,
              jsonb_build_object(${names.map(count).join(', ')}) as plans,
              coalesce(jsonb_agg(jsonb_build_object('tdsp_duns', s.tdsp_duns, 'code', s.error_code, 'message', s.message)
                order by s.tdsp_duns) filter (where s.error_code is not null), '[]') as errors
         from sync_runs r left join sync_results s on s.run_id = r.id
        where r.id = any($1) and r.status in ('queued', 'running')
          and not exists (select from sync_targets t where t.run_id = r.id and t.state <> 'settled')
        group by r.id
     )
     update sync_runs r set finished_at = clock_timestamp(), started_at = coalesce(r.started_at, clock_timestamp()),
            plans = e.plans, errors = e.errors,
            status = coalesce($2, case when e.bad = 0 then 'succeeded' when e.bad = e.results then 'failed' else 'partial' end)
       from ended e where e.id = r.id`,
    [runIds, as],
  );
}

interface RunResult extends SettledResult {
  finished_at: Date;
}

export interface RunWithResults {
  run: SyncRun & { requested_at: Date; requested_by: string; reason: string | null };
  results: RunResult[];
  /** TDSPs that are being worked on just now. */
  claimed: string[];
  /** TDSPs that wait, and until when if they may not begin before. */
  waiting: { tdsp_duns: string; not_before: Date | null }[];
}

/** One run with all that is known about it; `null` if there is none with this id. */
export async function readRun(queryable: Queryable, id: number): Promise<RunWithResults | null> {
  const { rows } = await queryable.query<
    RunWithResults['run'] & {
      results: (Omit<RunResult, 'finished_at'> & { finished_at: string })[];
      claimed: string[];
      waiting: { tdsp_duns: string; not_before: string | null }[];
    }
  >(
    `select r.id, r.kind, r.status, r.source, r.requested, r.is_forced, r.requested_at, r.requested_by, r.reason,
            r.started_at, r.finished_at, r.api_calls, r.plans, r.errors,
            coalesce((select jsonb_agg(to_jsonb(s) - 'run_id' order by s.finished_at, s.tdsp_duns)
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

/** One line for each time a worker tried, those that were tried again included. */
export async function insertAttempts(
  connection: Connection,
  attempts: readonly {
    job_id: string;
    tdsp_duns: string;
    worker_id: string;
    status: string;
    error_code: string | null;
    started_at: Date;
  }[],
): Promise<void> {
  await connection.query(
    `insert into sync_attempts (job_id, tdsp_duns, worker_id, status, error_code, started_at, finished_at)
     select job_id, tdsp_duns, worker_id, status, error_code, started_at, clock_timestamp()
       from jsonb_to_recordset($1) as a (job_id uuid, tdsp_duns text, worker_id uuid, status text, error_code text,
              started_at timestamptz)`,
    [toJsonb(attempts)],
  );
}

export interface AttemptCounts {
  attempts: number;
  /** Those that brought what they should. */
  succeeded: number;
}

/** Every attempt counts, those that were tried again too: what a retry mended had failed all the same. */
export async function readAttemptCounts(
  queryable: Queryable,
): Promise<{ hour: AttemptCounts; day: AttemptCounts }> {
  const within = (span: string) =>
    `jsonb_build_object('attempts', count(*) filter (where ${span}),
       'succeeded', count(*) filter (where ${span} and error_code is null))`;
  const { rows } = await queryable.query<{ hour: AttemptCounts; day: AttemptCounts }>(
    `select ${within("finished_at > clock_timestamp() - interval '1 hour'")} as hour, ${within('true')} as day
       from sync_attempts where finished_at > clock_timestamp() - interval '1 day'`,
  );
  return rows[0]!;
}
