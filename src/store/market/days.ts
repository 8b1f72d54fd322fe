/** The statements that keep `daily_rate_index` and `provider_days`. All run in the transaction of one refresh. */

import type { PastEvent, PastOffer } from '../../plan/market-past.ts';
import { ALL, type GroupStatistics } from '../../plan/rate-statistics.ts';
import { copyRows } from '../postgres/copy.ts';
import type { Connection, Queryable } from '../postgres/database.ts';

/** Days are those of the market, not those of the server. */
export const MARKET_TIME_ZONE = 'America/Chicago';

/** TDSPs with versions that are in no index yet. */
export async function readMarketsBehind(
  queryable: Queryable,
  tdsps: readonly string[] | null = null,
): Promise<string[]> {
  const { rows } = await queryable.query<{ duns: string }>(
    `select t.duns
       from tdsps t
      cross join lateral (select version from plan_snapshots where tdsp_duns = t.duns order by version desc limit 1) s
       left join market_progress p on p.tdsp_duns = t.duns
      where s.version > coalesce(p.version, 0) and ($1::text[] is null or t.duns = any($1))
      order by t.duns`,
    [tdsps],
  );
  return rows.map(({ duns }) => duns);
}

/**
 * Up to which version the days are written; from now on this transaction is the only one that writes more.
 * @throws serialization_failure if another one was faster
 */
export async function lockMarketProgress(connection: Connection, duns: string): Promise<number> {
  await connection.query(
    'insert into market_progress (tdsp_duns, version) values ($1, 0) on conflict do nothing',
    [duns],
  );
  const { rows } = await connection.query<{ version: number }>(
    'select version from market_progress where tdsp_duns = $1 for update',
    [duns],
  );
  return rows[0]!.version;
}

export interface PublishedVersion {
  version: number;
  published_at: Date;
  /** In America/Chicago, YYYY-MM-DD. */
  day: string;
  plans: number;
}

/** Newest first. */
export async function readVersionsAfter(
  connection: Connection,
  duns: string,
  version: number,
): Promise<PublishedVersion[]> {
  const { rows } = await connection.query<PublishedVersion>(
    `select version, published_at, (published_at at time zone $3)::date::text as day, plans
       from plan_snapshots where tdsp_duns = $1 and version > $2 order by version desc`,
    [duns, version, MARKET_TIME_ZONE],
  );
  return rows;
}

const RATES = `json_build_object('500', rate_500kwh, '1000', rate_1000kwh, '2000', rate_2000kwh) as rates`;

export async function readSoldOffers(connection: Connection, duns: string): Promise<PastOffer[]> {
  const { rows } = await connection.query<PastOffer>(
    `select offer_id, true as is_offered, term_months, rate_type, ${RATES}
       from electricity_plans where tdsp_duns = $1 and is_active`,
    [duns],
  );
  return rows;
}

/** Offers that are gone and were sold after a version, with the terms they were last sold under. */
export async function readGoneOffers(
  connection: Connection,
  duns: string,
  after: PublishedVersion,
): Promise<PastOffer[]> {
  const { rows } = await connection.query<PastOffer>(
    `with gone as (
       select distinct offer_id from plan_price_history
        where tdsp_duns = $1 and event = 'withdrawn' and snapshot_version > $2
          and changed_at > (select published_at from plan_snapshots where tdsp_duns = $1 and version = $2)
     )
     select p.offer_id, false as is_offered, p.term_months, p.rate_type, ${RATES}
       from gone cross join lateral (
         select * from electricity_plans where offer_id = gone.offer_id
          order by is_active desc, last_scraped_at desc limit 1
       ) p where not p.is_active`,
    [duns, after.version],
  );
  return rows;
}

/** Bounds of their times, by which PostgreSQL sees which months it need not open. Its microseconds are rounded outwards. */
function timesOf(versions: readonly PublishedVersion[]): [Date, Date] {
  const times = versions.map(({ published_at }) => published_at.getTime());
  return [new Date(Math.min(...times)), new Date(Math.max(...times) + 1)];
}

/** What some versions did, as far as it decides about rates, by version. */
export async function readPastEvents(
  connection: Connection,
  duns: string,
  versions: readonly PublishedVersion[],
): Promise<Map<number, PastEvent[]>> {
  const { rows } = await connection.query<PastEvent & { version: number }>(
    `select h.snapshot_version as version, h.offer_id, h.event, h.field, h.from_value
       from plan_snapshots v join plan_price_history h on h.tdsp_duns = v.tdsp_duns and h.changed_at = v.published_at
      where v.tdsp_duns = $1 and v.version = any($2) and h.changed_at >= $3 and h.changed_at <= $4
        and (h.field is null or h.field in ('rate_500kwh', 'rate_1000kwh', 'rate_2000kwh', 'rate_type'))
     union all
     select v.version, o.id, 'listed', null, null
       from plan_snapshots v join offers o on o.tdsp_duns = v.tdsp_duns and o.first_seen_at = v.published_at
      where v.tdsp_duns = $1 and v.version = any($2) and o.first_seen_at >= $3 and o.first_seen_at <= $4`,
    [duns, versions.map(({ version }) => version), ...timesOf(versions)],
  );
  return Map.groupBy(rows, ({ version }) => version);
}

export interface RatedDay {
  day: string;
  version: number;
  plans: number;
  /** `null`: how many plans there were is known, and not which. */
  groups: readonly GroupStatistics[] | null;
}

const STATISTICS = [500, 1000, 2000].flatMap((usage) => [
  `priced_${usage}kwh`,
  ...['min', 'median', 'average'].map((name) => `${name}_rate_${usage}kwh`),
]);

const UNKNOWN = { priced: null, min: null, median: null, average: null };

/** What was said of these days before is replaced. */
export async function writeMarketDays(connection: Connection, duns: string, days: RatedDay[]): Promise<void> {
  await connection.query('delete from daily_rate_index where tdsp_duns = $1 and day = any($2::date[])', [
    duns,
    days.map(({ day }) => day),
  ]);
  await copyRows(
    connection,
    'daily_rate_index',
    ['tdsp_duns', 'term', 'rate_type', 'day', 'version', 'plans', ...STATISTICS],
    days.flatMap(({ day, version, plans: all, groups }) =>
      (groups ?? [{ term: ALL, rate_type: ALL, plans: all, rates: null }]).map(
        ({ term, rate_type, plans, rates }) => [
          duns,
          term,
          rate_type,
          day,
          version,
          plans,
          ...([500, 1000, 2000] as const).flatMap((usage) => {
            const { priced, min, median, average } = rates?.[usage] ?? UNKNOWN;
            return [priced, min, median, average];
          }),
        ],
      ),
    ),
  );
}

/** Adds what providers did in these versions. To be called once for each version: a version that comes twice counts twice. */
export async function addProviderDays(
  connection: Connection,
  duns: string,
  versions: readonly PublishedVersion[],
): Promise<void> {
  await connection.query(
    `with published as (
       select version, published_at as at, (published_at at time zone $3)::date as day
         from plan_snapshots where tdsp_duns = $1 and version = any($2)
     ), events as (
       select v.day, h.offer_id, 0 as listed,
              count(*) filter (where h.event = 'relisted') as relisted,
              count(*) filter (where h.event = 'withdrawn') as withdrawn,
              (count(*) filter (where h.field in ('rate_500kwh', 'rate_1000kwh', 'rate_2000kwh')) > 0)::int as repriced
         from published v join plan_price_history h on h.tdsp_duns = $1 and h.changed_at = v.at
        where h.changed_at >= $4 and h.changed_at <= $5
        group by v.version, v.day, h.offer_id
       union all
       select v.day, o.id, 1, 0, 0, 0
         from published v join offers o on o.tdsp_duns = $1 and o.first_seen_at = v.at
        where v.version > 1 and o.first_seen_at >= $4 and o.first_seen_at <= $5
     )
     insert into provider_days as d (provider_id, day, tdsp_duns, listed, relisted, withdrawn, repriced)
     select o.provider_id, e.day, $1, sum(e.listed), sum(e.relisted), sum(e.withdrawn), sum(e.repriced)
       from events e join offers o on o.id = e.offer_id
      group by o.provider_id, e.day
     having sum(e.listed + e.relisted + e.withdrawn + e.repriced) > 0
     on conflict (provider_id, day, tdsp_duns) do update set
       listed = d.listed + excluded.listed, relisted = d.relisted + excluded.relisted,
       withdrawn = d.withdrawn + excluded.withdrawn, repriced = d.repriced + excluded.repriced`,
    [duns, versions.map(({ version }) => version), MARKET_TIME_ZONE, ...timesOf(versions)],
  );
}

export async function writeMarketProgress(
  connection: Connection,
  duns: string,
  version: number,
): Promise<void> {
  await connection.query('update market_progress set version = $2 where tdsp_duns = $1', [duns, version]);
}
