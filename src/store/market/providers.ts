/** Providers: which sell plans now, what one sells, and how often it listed, withdrew and re-priced. */

import type { PublishedUsageKwh, RateCentsPerKwh } from '../../plan/rate.ts';
import type { Queryable } from '../postgres/database.ts';
import { MARKET_TIME_ZONE } from './days.ts';
import { readBehindViews } from './views.ts';

export interface Provider {
  id: string;
  name: string;
  legal_name: string | null;
  puct_number: string | null;
  phone: string | null;
  first_seen_at: Date;
}

interface ProviderSummary extends Omit<Provider, 'first_seen_at'> {
  active_plans: number;
  /** DUNS of the TDSPs with an active plan. */
  tdsps: string[];
}

/** Every provider that sells something now: counted already, unless something was published since. */
export async function readProviders(queryable: Queryable): Promise<ProviderSummary[]> {
  const { views } = await readBehindViews(queryable);
  const sellers = views.includes('provider_performance')
    ? `(select provider_id, count(*)::int as plans, array_agg(distinct tdsp_duns order by tdsp_duns) as tdsps
          from electricity_plans where is_active group by provider_id)`
    : 'provider_performance';
  const { rows } = await queryable.query<ProviderSummary>(
    `select r.id, r.name, r.legal_name, r.puct_number, r.phone, s.plans as active_plans, s.tdsps
       from providers r join ${sellers} s on s.provider_id = r.id
      order by r.name`,
  );
  return rows;
}

export async function readProvider(queryable: Queryable, id: string): Promise<Provider | null> {
  const { rows } = await queryable.query<Provider>(
    'select id, name, legal_name, puct_number, phone, first_seen_at from providers where id = $1',
    [id],
  );
  return rows[0] ?? null;
}

/** What a provider sells in one TDSP. Rates are `null` where no plan tells one at that usage. */
export interface ProviderMarket {
  tdsp_duns: string;
  plans: number;
  min_rate_cents_per_kwh: RateCentsPerKwh | null;
  median_rate_cents_per_kwh: number | null;
  upstreams: string[];
}

export async function readProviderMarkets(
  queryable: Queryable,
  id: string,
  usage: PublishedUsageKwh,
): Promise<ProviderMarket[]> {
  const { rows } = await queryable.query<ProviderMarket>(
    `select tdsp_duns, count(*)::int as plans, min(rate_${usage}kwh) as min_rate_cents_per_kwh,
            round(percentile_cont(0.5) within group (order by rate_${usage}kwh)::numeric, 4) as median_rate_cents_per_kwh,
            array_agg(distinct source order by source) as upstreams
       from electricity_plans where provider_id = $1 and is_active
      group by tdsp_duns order by tdsp_duns`,
    [id],
  );
  return rows;
}

/** Of the last `days` days, today included. */
interface ProviderActivity {
  days: number;
  listed: number;
  relisted: number;
  withdrawn: number;
  repriced: number;
  /** Days on which at least one plan got another price. */
  days_with_repricing: number;
}

/** For each number of days, in that order. Today is the day of `now` in America/Chicago. */
export async function readProviderActivity(
  queryable: Queryable,
  id: string,
  { days, now }: { days: readonly number[]; now: Date },
): Promise<ProviderActivity[]> {
  const { rows } = await queryable.query<ProviderActivity>(
    // Added up by day first: the longest window is read once, whatever the others are.
    `with active as (
       select day, sum(listed) as listed, sum(relisted) as relisted, sum(withdrawn) as withdrawn, sum(repriced) as repriced
         from provider_days
        where provider_id = $1
          and day > ($3::timestamptz at time zone $4)::date - (select max(days) from unnest($2::int[]) days)
        group by day
     )
     select w.days, coalesce(sum(a.listed), 0)::int as listed, coalesce(sum(a.relisted), 0)::int as relisted,
            coalesce(sum(a.withdrawn), 0)::int as withdrawn, coalesce(sum(a.repriced), 0)::int as repriced,
            count(*) filter (where a.repriced > 0)::int as days_with_repricing
       from unnest($2::int[]) with ordinality as w (days, place)
       left join active a on a.day > ($3::timestamptz at time zone $4)::date - w.days
      group by w.place, w.days order by w.place`,
    [id, days, now, MARKET_TIME_ZONE],
  );
  return rows;
}

/** When the first plans were published: nothing is known of the time before. */
export async function readObservedSince(queryable: Queryable): Promise<Date | null> {
  const { rows } = await queryable.query<{ at: Date | null }>(
    `select min(s.published_at) as at
       from tdsps t cross join lateral (
         select published_at from plan_snapshots where tdsp_duns = t.duns order by version limit 1
       ) s`,
  );
  return rows[0]?.at ?? null;
}
