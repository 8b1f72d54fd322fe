/** The market of a TDSP over time: its rates day by day, and what its providers did. */

import type { PublishedUsageKwh } from '../../plan/rate.ts';
import type { Queryable } from '../postgres/database.ts';
import { MARKET_TIME_ZONE } from './days.ts';

export const BUCKETS = ['day', 'week', 'month'] as const;
export type Bucket = (typeof BUCKETS)[number];

interface RateIndexQuery {
  tdsp_duns: string;
  /** Days in America/Chicago, YYYY-MM-DD, both included. */
  from: string;
  to: string;
  by: Bucket;
  /** Months, or `all`. */
  term: string;
  /** Or `all`. */
  rate_type: string;
  usage: PublishedUsageKwh;
}

/** Some days of a market. Where nothing is known everything is `null`; where no plan told a rate, the rates are. */
export interface RateIndexBucket {
  from: string;
  to: string;
  days: number;
  /** Days on which the plans were confirmed by the upstream. */
  known_days: number;
  plans: number | null;
  priced_plans: number | null;
  min_rate_cents_per_kwh: number | null;
  median_rate_cents_per_kwh: number | null;
  average_rate_cents_per_kwh: number | null;
  /** The last version that counts here. */
  version: number | null;
}

/**
 * Every bucket of the range, the oldest first. A day stands for the plans with which it ended; if they did not change
 * on it, for those of the last day on which they did, provided that the upstream confirmed them that long.
 */
export async function readRateIndex(queryable: Queryable, query: RateIndexQuery): Promise<RateIndexBucket[]> {
  const { tdsp_duns, from, to, by, term, rate_type, usage } = query;
  const { rows } = await queryable.query<RateIndexBucket>(
    `with marks as (
       -- The days on which the plans changed, and the last one before.
       select w.day, w.version, w.priced_${usage}kwh is not null as is_proved, w.plans, s.source, s.observed_at
         from daily_rate_index w
         join plan_snapshots s on s.tdsp_duns = w.tdsp_duns and s.version = w.version
        where w.tdsp_duns = $1 and w.term = 'all' and w.rate_type = 'all' and w.day <= $3::date
          and w.day >= coalesce((select max(day) from daily_rate_index
                                  where tdsp_duns = $1 and term = 'all' and rate_type = 'all' and day <= $2::date), $2::date)
     ), days as (
       select d.day::date, max(m.day) over (order by d.day) as mark
         from (select day::date from generate_series($2::timestamp, $3::timestamp, interval '1 day') day
                union all select day from marks where day < $2::date) d
         left join marks m on m.day = d.day
     ), counted as (
       select d.day, m.version,
              case when m.is_proved then coalesce(i.plans, 0) when $5 = 'all' and $6 = 'all' then m.plans end as plans,
              case when m.is_proved then coalesce(i.priced_${usage}kwh, 0) end as priced,
              i.min_rate_${usage}kwh as lowest, i.median_rate_${usage}kwh as median, i.average_rate_${usage}kwh as average
         from days d
         join marks m on m.day = d.mark
         left join daily_rate_index i on i.tdsp_duns = $1 and i.term = $5 and i.rate_type = $6
                                     and i.day = m.day and m.is_proved
        where m.observed_at >= d.day::timestamp at time zone $7
          and m.source = (select source from plan_snapshots where tdsp_duns = $1 order by version desc limit 1)
     )
     select min(d.day)::text as "from", max(d.day)::text as "to", count(*)::int as days, count(c.day)::int as known_days,
            round(avg(c.plans), 1) as plans, round(avg(c.priced), 1) as priced_plans,
            min(c.lowest) as min_rate_cents_per_kwh, round(avg(c.median), 4) as median_rate_cents_per_kwh,
            round(avg(c.average), 4) as average_rate_cents_per_kwh, max(c.version) as version
       from days d left join counted c on c.day = d.day
      where d.day >= $2::date
      group by date_trunc($4, d.day::timestamp)
      order by 1`,
    [tdsp_duns, from, to, by, term, rate_type, MARKET_TIME_ZONE],
  );
  return rows;
}
