/** What happened in a stretch of time: runs, publishes, moves of the market, everything that belongs into a log. */

import type { Queryable } from '../postgres/database.ts';
import type { RunStatus } from '../queue/sync-runs.ts';

/** Whatever a chart or a list can hold: older ones are left out. */
const MOST = 1_000;

export interface RunMark {
  id: number;
  kind: string;
  status: RunStatus;
  began_at: Date;
}

/** Runs that began since then, in order. */
export async function readRunMarks(queryable: Queryable, since: Date): Promise<RunMark[]> {
  const { rows } = await queryable.query<RunMark>(
    `select * from (
       select id, kind, status, started_at as began_at from sync_runs
        where started_at > $1 order by started_at desc limit $2
     ) last order by began_at`,
    [since, MOST],
  );
  return rows;
}

interface PublishMark {
  tdsp_duns: string;
  version: number;
  plans: number;
  published_at: Date;
}

/** Snapshots of one TDSP, or of all, that were published since then, in order; and of each TDSP the last one before. */
export async function readPublishes(
  queryable: Queryable,
  since: Date,
  duns: string | null = null,
): Promise<PublishMark[]> {
  const { rows } = await queryable.query<PublishMark>(
    `select s.* from tdsps t cross join lateral (
       (select tdsp_duns, version, plans, published_at from plan_snapshots
         where tdsp_duns = t.duns and published_at > $1 order by published_at desc limit $3)
       union all
       (select tdsp_duns, version, plans, published_at from plan_snapshots
         where tdsp_duns = t.duns and published_at <= $1 order by published_at desc limit 1)
     ) s
      where $2::text is null or t.duns = $2
      order by s.published_at, s.tdsp_duns`,
    [since, duns, MOST],
  );
  return rows;
}

/** Plan sets that were published within one stretch of time. */
export interface PublishMoment {
  at: Date;
  /** DUNS of the TDSPs, each once. */
  tdsps: string[];
}

type Stretch = 'minute' | 'hour' | 'day';

/** What was published since then, stretch by stretch, in order. */
export async function readPublishMoments(
  queryable: Queryable,
  since: Date,
  stretch: Stretch,
): Promise<PublishMoment[]> {
  const { rows } = await queryable.query<PublishMoment>(
    `select min(s.published_at) as at, array_agg(distinct s.tdsp_duns) as tdsps
       from tdsps t cross join lateral (
         select tdsp_duns, published_at from plan_snapshots
          where tdsp_duns = t.duns and published_at > $1 order by published_at desc limit $3
       ) s
      group by date_trunc($2, s.published_at) order by 1`,
    [since, stretch, MOST],
  );
  return rows;
}

/** Offers that were re-priced since then, stretch by stretch, in order; a stretch without any has no row. */
export async function readRepriced(
  queryable: Queryable,
  since: Date,
  stretch: Stretch,
): Promise<{ at: Date; offers: number }[]> {
  const { rows } = await queryable.query<{ at: Date; offers: number }>(
    `select date_trunc($2, changed_at) as at, count(distinct offer_id)::int as offers
       from plan_price_history
      where changed_at > $1 and event = 'changed' and field like 'rate\\_%' group by 1 order by 1`,
    [since, stretch],
  );
  return rows;
}

export interface MarketMove {
  at: Date;
  provider_id: string;
  provider: string;
  event: 'listed' | 'repriced' | 'withdrawn' | 'relisted';
  offers: number;
  /** DUNS of the TDSPs. */
  tdsps: string[];
  /** Mean change of the rate at 1,000 kWh, cents per kWh; `null` where none changed. */
  by_cents_per_kwh: number | null;
}

/** What providers did since then, a provider's acts of one hour together, the newest first. */
export async function readMarketMoves(
  queryable: Queryable,
  since: Date,
  limit: number,
): Promise<MarketMove[]> {
  const { rows } = await queryable.query<MarketMove>(
    `with acts as (
       select h.changed_at as at, h.tdsp_duns, h.offer_id,
              case h.event when 'changed' then 'repriced' else h.event end as event,
              case when h.field = 'rate_1000kwh' then (h.to_value #>> '{}')::numeric - (h.from_value #>> '{}')::numeric end as by_cents
         from plan_price_history h
        where h.changed_at > $1 and (h.field is null or h.field like 'rate\\_%')
       union all
       select o.first_seen_at, o.tdsp_duns, o.id, 'listed', null
         from offers o
        where o.first_seen_at > $1
          -- The first snapshot of a TDSP lists what was there before.
          and exists (select from plan_snapshots s where s.tdsp_duns = o.tdsp_duns and s.published_at < o.first_seen_at)
     )
     select date_trunc('hour', a.at) as at, r.id as provider_id, r.name as provider, a.event,
            count(distinct a.offer_id)::int as offers, array_agg(distinct a.tdsp_duns) as tdsps,
            avg(a.by_cents)::float8 as by_cents_per_kwh
       from acts a join offers o on o.id = a.offer_id join providers r on r.id = o.provider_id
      group by 1, 2, 3, 4 order by 1 desc, 5 desc, 3 limit $2`,
    [since, limit],
  );
  return rows;
}

export interface MarketMedian {
  tdsp_duns: string;
  plans: number;
  /** Of fixed plans of twelve months at 1,000 kWh; `null`: none tells a rate. */
  median_cents_per_kwh: number | null;
  lowest_cents_per_kwh: number | null;
}

/** What most people look for, by TDSP, as the views of the market were last refreshed. */
export async function readMedians(queryable: Queryable): Promise<MarketMedian[]> {
  const { rows } = await queryable.query<MarketMedian>(
    `select tdsp_duns, plans, median_rate_1000kwh::float8 as median_cents_per_kwh, min_rate_1000kwh::float8 as lowest_cents_per_kwh
       from market_by_tdsp where segment = 'term 12 fixed' order by median_rate_1000kwh, tdsp_duns`,
  );
  return rows;
}

export interface LogLine {
  at: Date;
  level: 'info' | 'warn' | 'error';
  run_id: number | null;
  tdsp_duns: string | null;
  /** What happened, for the page to word. */
  event: 'asked' | 'ended' | 'result' | 'call_failed' | 'order';
  /** Of a result or a run its status, of an order its action. */
  code: string;
  by: string | null;
  message: string | null;
  details: Record<string, unknown> | null;
}

/**
 * What the tables say happened since then, the newest first: requests and ends of runs, results, failed calls, orders of
 * operators. Nothing of it is written for this list, so it cannot contradict what the other pages say.
 * @param runId of one run only, however long ago
 */
export async function readLogLines(
  queryable: Queryable,
  since: Date,
  limit: number,
  runId: number | null = null,
): Promise<LogLine[]> {
  const { rows } = await queryable.query<LogLine>(
    `select * from (
       select requested_at as at, 'info' as level, id as run_id, null as tdsp_duns, 'asked' as event, kind as code,
              requested_by as by, reason as message, requested as details
         from sync_runs where case when $3::bigint is null then requested_at > $1 else id = $3 end
       union all
       select finished_at, case when status = 'succeeded' then 'info' when status = 'failed' then 'error' else 'warn' end,
              id, null, 'ended', status, null, null,
              jsonb_build_object('api_calls', api_calls, 'kind', kind, 'ms', extract(epoch from finished_at - started_at) * 1000)
         from sync_runs where finished_at is not null and case when $3::bigint is null then finished_at > $1 else id = $3 end
       union all
       select finished_at, case when status = 'held' then 'warn' when error_code is not null then 'error' else 'info' end,
              run_id, tdsp_duns, 'result', status, null, message, plans
         from sync_results where status <> 'fresh' and case when $3::bigint is null then finished_at > $1 else run_id = $3 end
       union all
       select called_at, 'warn', run_id, null, 'call_failed', coalesce(status::text, 'no answer'), source, error, params
         from api_calls where error is not null and case when $3::bigint is null then called_at > $1 else run_id = $3 end
       union all
       select at, case action when 'sync_emergency' then 'error' when 'sync_stopped' then 'warn' when 'held_published' then 'warn' else 'info' end,
              null, details->>'tdsp_duns', 'order', action, actor, details->>'reason', details
         from audit_log where $3::bigint is null and at > $1
     ) lines
      order by at desc, run_id desc nulls last limit $2`,
    [since, limit, runId],
  );
  return rows;
}
