/** How fresh the plans are, by TDSP, by tier and over all. */

import { demandWeight } from '../planning/priority.ts';
import { DEMAND_HALF_LIFE_HOURS, DEMAND_WINDOW_MS } from '../planning/sync-kinds.ts';
import { readConfirmations } from '../store/plans/confirmations.ts';
import { readCurrentSnapshots } from '../store/plans/snapshots.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { readCityDemand } from '../store/queue/city-demand.ts';
import { readDatabaseTime } from '../store/queue/sync-workers.ts';
import type { Territory } from '../territory/territory.ts';
import { HOUR_MS } from '../units.ts';
import {
  ageLimits,
  type CityFreshness,
  cityFreshness,
  type FreshnessFacts,
  type FreshnessRules,
  type Span,
  toSlo,
  worstVerdict,
} from './freshness.ts';

const WINDOW_HOURS = 24;

export type FreshnessReport = Awaited<ReturnType<typeof readFreshness>>;
export type TdspFreshness = FreshnessReport['tdsps'][number];
export type TierFreshness = FreshnessReport['tiers'][number];

/** @throws if PostgreSQL cannot be asked */
export async function readFreshness(queryable: Queryable, territory: Territory, rules: FreshnessRules) {
  const now = await readDatabaseTime(queryable);
  const window = { from: now.getTime() - WINDOW_HOURS * HOUR_MS, to: now.getTime() };
  const since = new Date(now.getTime() - DEMAND_WINDOW_MS);
  const snapshots = await readCurrentSnapshots(queryable);
  const demand = await readCityDemand(queryable, { now, since, halfLifeHours: DEMAND_HALF_LIFE_HOURS });
  const facts: FreshnessFacts = {
    now,
    window,
    observedAt: new Map(snapshots.map(({ tdsp_duns, observed_at }) => [tdsp_duns, observed_at])),
    confirmedAt: await readConfirmations(queryable, new Date(window.from)),
    demand: new Map(demand.map((one) => [one.city_slug, demandWeight(one)])),
  };
  const cities = territory.cities.map((city) => cityFreshness(city, facts, rules));
  const status = worstVerdict(cities.map(({ verdict }) => verdict));
  const byTier = [...Map.groupBy(cities, ({ tier }) => tier)].toSorted(([a], [b]) => a - b);
  return {
    at: now,
    /** `error` past the error age of any city, `warning` past the warning age, else `fresh`. */
    status: status === 'late' ? 'fresh' : status,
    window_hours: WINDOW_HOURS,
    tdsps: territory.tdsps.map((tdsp) => tdspFreshness(tdsp, territory.cities, facts, rules)),
    tiers: byTier.map(([tier, some]) => tierFreshness(tier, some, window, rules)),
    overall: { cities: cities.length, ...toSlo(cities, window) },
  };
}

function tierFreshness(tier: number, cities: readonly CityFreshness[], window: Span, rules: FreshnessRules) {
  const ages = cities.map(({ ageMs }) => ageMs);
  return {
    tier,
    cities: cities.length,
    ...ageLimits(tier, rules),
    ...toSlo(cities, window),
    /** `null`: the plans of one were never published. */
    oldest_age_seconds: ages.includes(null) ? null : toSeconds(Math.max(...ages.map(Number))),
    verdict: worstVerdict(cities.map(({ verdict }) => verdict)),
  };
}

/** As fresh as a city would be that this TDSP alone serves. */
function tdspFreshness(
  { duns, short_name: name }: Territory['tdsps'][number],
  cities: Territory['cities'],
  facts: FreshnessFacts,
  rules: FreshnessRules,
) {
  // Of the most important of its cities, whose target it has to meet.
  const tier = Math.min(3, ...cities.flatMap((city) => (city.tdsps.includes(duns) ? city.tier : [])));
  const found = cityFreshness({ slug: duns, tier, tdsps: [duns] }, facts, rules);
  return {
    duns,
    name,
    tier,
    ...ageLimits(tier, rules),
    /** `null`: never published. */
    age_seconds: found.ageMs === null ? null : toSeconds(found.ageMs),
    verdict: found.verdict,
    /** Share of what is known of the window within that target. */
    within_window: toSlo([found], facts.window).within_window,
  };
}

const toSeconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000));
