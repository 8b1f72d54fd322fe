/**
 * What those who watch ask every second: plan sets, work that waits or is under way, upstreams. Each statement costs
 * the same whatever was synced before. Times and ages are the database's: clocks of processes may differ.
 */

import type { Queryable } from '../postgres/database.ts';
import type { PlanCounts, ResultStatus, RunStatus } from './sync-runs.ts';

export interface TdspOverview {
  duns: string;
  code: string;
  name: string;
  /** Of the most important of its cities; `null` without any. */
  tier: number | null;
  cities: number;
  /** Of what is published; `null` if nothing ever was. */
  plans: number | null;
  version: number | null;
  source: string | null;
  origin: string | null;
  /** Fields that are as they were before, because the upstream told them wrongly for the whole market; `null`: none. */
  kept_fields: string[] | null;
  observed_at: Date | null;
  /** Why a snapshot is held back, until a file passes or an operator decides; `null`: none is. */
  held_because: string | null;
  /** The last result that was not merely "fresh". */
  last_result: {
    run_id: number;
    status: ResultStatus;
    error_code: string | null;
    message: string | null;
    plans: PlanCounts | null;
    /** Names in the answer that no TDSP has, and how many plans of this one stood under them. */
    unknown_names: Record<string, number> | null;
    at: Date;
  } | null;
}

type Json<T, K extends keyof T> = Omit<T, K> & Record<K, string>;

/** All TDSPs, by name; none before the program first ran. */
export async function readTdspOverview(queryable: Queryable): Promise<TdspOverview[]> {
  type Last = NonNullable<TdspOverview['last_result']>;
  const { rows } = await queryable.query<
    Omit<TdspOverview, 'last_result'> & { last_result: Json<Last, 'at'> | null }
  >(
    `with served as (
       select duns, min(tier)::int as tier, count(*)::int as cities from cities, unnest(tdsps) as duns group by duns
     )
     select t.duns, t.code, t.short_name as name, c.tier, coalesce(c.cities, 0) as cities,
            s.plans, s.version, s.source, s.origin, s.kept_fields, s.observed_at, h.held_because,
            r.last_result
       from tdsps t
       left join served c using (duns)
       left join lateral (
         select plans, version, source, origin, kept_fields, observed_at from plan_snapshots
          where tdsp_duns = t.duns order by version desc limit 1) s on true
       left join lateral (
         select coalesce(r.message, 'it looked wrong') as held_because from held_snapshots h
           left join sync_results r using (run_id, tdsp_duns)
          where h.tdsp_duns = t.duns and h.resolved_at is null and not h.verdict ? 'kept_fields') h on true
       left join lateral (
         select jsonb_build_object('run_id', run_id, 'status', status, 'error_code', error_code, 'message', message,
                  'plans', plans, 'unknown_names', notes -> 'unknown_names', 'at', finished_at) as last_result
           from sync_results where tdsp_duns = t.duns and status <> 'fresh' order by finished_at desc limit 1) r on true
      order by t.short_name`,
  );
  return rows.map((row) => ({
    ...row,
    last_result: row.last_result && { ...row.last_result, at: new Date(row.last_result.at) },
  }));
}

export interface QueuedWork {
  run_id: number;
  kind: string;
  requested_by: string;
  tdsp_duns: string;
  queue: string;
  state: 'waiting' | 'claimed';
  priority: number;
  /** Why it has this priority. */
  reason: string;
  is_forced: boolean;
  attempts: number;
  requested_at: Date;
  /** It may not begin before; `null`: at once. */
  not_before: Date | null;
  claimed_at: Date | null;
  worker_id: string | null;
}

/** What waits or is worked on, the most urgent first: at most `limit`, and how many there are. */
export async function readQueuedWork(
  queryable: Queryable,
  limit: number,
): Promise<{ work: QueuedWork[]; total: number }> {
  const { rows } = await queryable.query<QueuedWork & { total: number }>(
    `select t.run_id, r.kind, r.requested_by, t.tdsp_duns, t.queue, t.state, t.priority, t.reason, t.is_forced,
            t.attempts, t.requested_at, t.not_before, t.claimed_at, t.worker_id, count(*) over ()::int as total
       from sync_targets t join sync_runs r on r.id = t.run_id
      where t.state <> 'settled' order by t.priority desc, t.requested_at, t.tdsp_duns limit $1`,
    [limit],
  );
  return { work: rows.map(({ total: _total, ...work }) => work), total: rows[0]?.total ?? 0 };
}

export interface OpenRun {
  id: number;
  kind: string;
  status: RunStatus;
  source: string;
  requested_by: string;
  reason: string | null;
  is_forced: boolean;
  requested_at: Date;
  started_at: Date | null;
  tdsps: string[];
  results: { tdsp_duns: string; status: ResultStatus; message: string | null; plans: PlanCounts | null }[];
}

/** Runs that wait or are under way, the oldest first. One whose process is gone is neither. */
export async function readOpenRuns(queryable: Queryable, limit: number): Promise<OpenRun[]> {
  const { rows } = await queryable.query<OpenRun>(
    `select r.id, r.kind, r.status, r.source, r.requested_by, r.reason, r.is_forced, r.requested_at,
            r.started_at, array(select jsonb_array_elements_text(r.requested->'tdsps')) as tdsps,
            coalesce((select jsonb_agg(jsonb_build_object('tdsp_duns', s.tdsp_duns, 'status', s.status,
                'message', s.message, 'plans', s.plans))
               from sync_results s where s.run_id = r.id), '[]') as results
       from sync_runs r
      where r.status in ('queued', 'running') order by r.id limit $1`,
    [limit],
  );
  return rows;
}

export interface UpstreamState {
  source: string;
  calls_last_hour: number;
  /** Those of them that were forced. */
  forced_last_hour: number;
  /** In a row. */
  failures: number;
  /** The circuit is open until then; `null`: it is closed. */
  open_until: Date | null;
  opened_at: Date | null;
  /** As the upstream asked with Retry-After. */
  wait_until: Date | null;
  /** Of its TLS certificate, as last seen; `null`: none was seen. */
  certificate_ends_at: Date | null;
}

/** Every upstream that was ever called: what it took of its hour, and whether it may be called. */
export async function readUpstreams(queryable: Queryable): Promise<UpstreamState[]> {
  const { rows } = await queryable.query<UpstreamState>(
    `select g.source, g.failures, g.open_until, g.opened_at, g.wait_until, g.certificate_ends_at, p.calls_last_hour, p.forced_last_hour
       from upstream_gates g
      cross join lateral (
        select count(*)::int as calls_last_hour, count(*) filter (where is_forced)::int as forced_last_hour
          from upstream_permits
         where source = g.source and granted_at > clock_timestamp() - interval '1 hour') p
      order by g.source`,
  );
  return rows;
}

export interface SeenCall {
  at: Date;
  source: string;
  endpoint: string;
  /** `null` where no answer came. */
  status: number | null;
  /** `null`: it went well. */
  error: string | null;
}

const SEEN_CALL = 'called_at as at, source, endpoint, status, error';

/** The last calls that failed within a day, the newest first. */
export async function readFailedCalls(queryable: Queryable, limit: number): Promise<SeenCall[]> {
  const { rows } = await queryable.query<SeenCall>(
    `select ${SEEN_CALL} from api_calls
      where error is not null and called_at > now() - interval '1 day' order by called_at desc limit $1`,
    [limit],
  );
  return rows;
}

/** The last call of all, however it ended. */
export async function readLastCall(queryable: Queryable): Promise<SeenCall | null> {
  const { rows } = await queryable.query<SeenCall>(
    `select ${SEEN_CALL} from api_calls order by called_at desc limit 1`,
  );
  return rows[0] ?? null;
}
