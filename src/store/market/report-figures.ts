/** What a report of a week or a month says of the market and of shoppers: one statement for each table of it. */

import type { Queryable } from '../postgres/database.ts';
import { MARKET_TIME_ZONE } from './days.ts';

/** Days of the market, `YYYY-MM-DD`, both included. */
interface ReportDays {
  first: string;
  last: string;
}

/** The median of a term at 1,000 kWh as the time began and as it ended; `null`: nothing of it was sold. */
interface TermIndex {
  tdsp_duns: string;
  term: string;
  plans: number;
  first_cents_per_kwh: number | null;
  last_cents_per_kwh: number | null;
  version: number;
}

/** Fixed rates only. */
export async function readTermIndex(queryable: Queryable, { first, last }: ReportDays): Promise<TermIndex[]> {
  const { rows } = await queryable.query<TermIndex>(
    `select e.tdsp_duns, e.term, e.plans, b.median_rate_1000kwh::float8 as first_cents_per_kwh,
            e.median_rate_1000kwh::float8 as last_cents_per_kwh, e.version
       from (select distinct on (tdsp_duns, term) * from daily_rate_index
              where rate_type = 'fixed' and term <> 'all' and day <= $2::date
              order by tdsp_duns, term, day desc) e
       left join lateral (
         select median_rate_1000kwh from daily_rate_index i
          where (i.tdsp_duns, i.term, i.rate_type) = (e.tdsp_duns, e.term, 'fixed') and i.day <= $1::date
          order by i.day desc limit 1) b on true
      where e.plans > 0 order by e.tdsp_duns, e.term::int`,
    [first, last],
  );
  return rows;
}

interface ProviderMoves {
  provider_id: string;
  provider: string;
  listed: number;
  withdrawn: number;
  repriced: number;
  /** Days on which it re-priced before everybody else did, of the days on which at least two did. */
  first_on_days: number;
}

/** Those that did anything, the most active first. */
export async function readProviderMoves(
  queryable: Queryable,
  { first, last }: ReportDays,
): Promise<{ providers: ProviderMoves[]; days: number }> {
  const { rows } = await queryable.query<ProviderMoves & { days: number }>(
    `with moves as (
       select provider_id, sum(listed + relisted)::int as listed, sum(withdrawn)::int as withdrawn,
              sum(repriced)::int as repriced
         from provider_days where day between $1::date and $2::date group by provider_id
     ), repriced as (
       select (h.changed_at at time zone '${MARKET_TIME_ZONE}')::date as day, o.provider_id, min(h.changed_at) as at
         from plan_price_history h join offers o on o.id = h.offer_id
        where h.event = 'changed' and h.field like 'rate\\_%'
          and h.changed_at >= ($1::date)::timestamp at time zone '${MARKET_TIME_ZONE}'
          and h.changed_at < ($2::date + 1)::timestamp at time zone '${MARKET_TIME_ZONE}'
        group by 1, 2
     ), shared as (
       select day, min(at) as first_at from repriced group by day having count(*) > 1
     ), firsts as (
       select r.provider_id, count(*)::int as n from repriced r join shared s on s.day = r.day and s.first_at = r.at group by 1
     )
     select m.*, coalesce(p.name, m.provider_id) as provider, coalesce(f.n, 0) as first_on_days,
            (select count(*)::int from shared) as days
       from moves m left join providers p on p.id = m.provider_id left join firsts f using (provider_id)
      where m.listed + m.withdrawn + m.repriced > 0
      order by m.listed + m.withdrawn + m.repriced desc, provider`,
    [first, last],
  );
  return { providers: rows.map(({ days: _days, ...row }) => row), days: rows[0]?.days ?? 0 };
}

interface ChargeLag {
  provider: string;
  /** The day the delivery charges changed. */
  charge_day: string;
  /** Days until it first re-priced anything; `null`: it has not, as far as is known. */
  lag_days: number | null;
  /** DUNS of the TDSPs in which it has re-priced since. */
  tdsps: string[];
}

/** How soon providers followed the delivery charges, those that were first first. @param days each with its last day that counts */
export async function readChargeLags(
  queryable: Queryable,
  days: readonly { charge_day: string; until: string }[],
): Promise<ChargeLag[]> {
  const { rows } = await queryable.query<ChargeLag>(
    `with asked as (
       select charge_day, until from jsonb_to_recordset($1) as d (charge_day date, until date)
     ), sold as (
       -- Those that sold anything on the day: who came later has nothing to follow.
       select distinct d.charge_day, d.until, o.provider_id
         from asked d join offers o
           on o.first_seen_at < d.charge_day::timestamp at time zone '${MARKET_TIME_ZONE}'
          and (o.ended_at is null or o.ended_at > d.charge_day::timestamp at time zone '${MARKET_TIME_ZONE}')
     ), moved as (
       select s.charge_day, s.provider_id, min((h.changed_at at time zone '${MARKET_TIME_ZONE}')::date) as first_day,
              array_agg(distinct h.tdsp_duns) as tdsps
         from sold s join offers o using (provider_id) join plan_price_history h on h.offer_id = o.id
        where h.event = 'changed' and h.field like 'rate\\_%'
          and h.changed_at >= s.charge_day::timestamp at time zone '${MARKET_TIME_ZONE}'
          and h.changed_at < (s.until + 1)::timestamp at time zone '${MARKET_TIME_ZONE}'
        group by 1, 2
     )
     select coalesce(p.name, s.provider_id) as provider, s.charge_day::text, m.first_day - s.charge_day as lag_days,
            coalesce(m.tdsps, '{}') as tdsps
       from sold s left join moved m using (charge_day, provider_id) left join providers p on p.id = s.provider_id
      order by s.charge_day, lag_days nulls last, provider`,
    [JSON.stringify(days)],
  );
  return rows;
}

interface WeekMoves {
  /** Its Monday, or the first day of the report. */
  week: string;
  listed: number;
  withdrawn: number;
  repriced: number;
}

export async function readWeekMoves(queryable: Queryable, { first, last }: ReportDays): Promise<WeekMoves[]> {
  const { rows } = await queryable.query<WeekMoves>(
    `select greatest(date_trunc('week', day)::date, $1::date)::text as week, sum(listed + relisted)::int as listed,
            sum(withdrawn)::int as withdrawn, sum(repriced)::int as repriced
       from provider_days where day between $1::date and $2::date group by 1 order by 1`,
    [first, last],
  );
  return rows;
}

/** How long offers that ended in these days had been sold. */
export async function readOfferLifetimes(
  queryable: Queryable,
  { first, last }: ReportDays,
): Promise<{ ended: number; median_days: number | null }> {
  const { rows } = await queryable.query<{ ended: number; median_days: number | null }>(
    `select count(*)::int as ended,
            percentile_cont(0.5) within group (order by extract(epoch from ended_at - first_seen_at) / 86400) as median_days
       from offers
      where ended_at >= ($1::date)::timestamp at time zone '${MARKET_TIME_ZONE}'
        and ended_at < ($2::date + 1)::timestamp at time zone '${MARKET_TIME_ZONE}'`,
    [first, last],
  );
  return rows[0]!;
}

interface CityInterest {
  city_slug: string;
  searches: number;
  leads: number;
  conversions: number;
}

/** Every city anything happened in, the most searched first. */
export async function readCityInterest(
  queryable: Queryable,
  { from, to }: { from: Date; to: Date },
): Promise<CityInterest[]> {
  const { rows } = await queryable.query<CityInterest>(
    `select city_slug, sum(searches)::int as searches, sum(leads)::int as leads, sum(conversions)::int as conversions
       from city_demand where hour >= $1 and hour < $2 group by city_slug
      order by sum(searches) desc, sum(leads) desc, city_slug`,
    [from, to],
  );
  return rows;
}
