/** How fresh the plans are, by TDSP, by tier and over all. */

import { demandWeight } from '../planning/priority.ts';
import { DEMAND_HALF_LIFE_HOURS, DEMAND_WINDOW_MS } from '../planning/sync-kinds.ts';
import { readConfirmations } from '../store/plans/confirmations.ts';
import { readCurrentSnapshots } from '../store/plans/snapshots.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { readCityDemand } from '../store/queue/city-demand.ts';
import { readDatabaseTime } from '../store/queue/sync-workers.ts';
import type { Territory } from '../territory/territory.ts';
import {
  type AgeLimits,
  type AgeVerdict,
  ageLimits,
  cityFreshness,
  type FreshnessFacts,
  type FreshnessRules,
  type Share,
  type Slo,
  toSlo,
  worstVerdict,
} from './freshness.ts';
import { HOUR_MS } from './text.ts';

const WINDOW_HOURS = 24;

export interface TdspFreshness extends AgeLimits {
  duns: string;
  name: string;
  /** Of the most important of its cities, whose target it has to meet. */
  tier: number;
  /** `null`: never published. */
  age_seconds: number | null;
  verdict: AgeVerdict;
  /** Share of what is known of the window within that target. */
  within_window: Share;
}

export interface TierFreshness extends AgeLimits, Slo {
  tier: number;
  cities: number;
  oldest_age_seconds: number | null;
  verdict: AgeVerdict;
}

export interface FreshnessReport {
  at: Date;
  /** `error` past the error age of any city, `warning` past the warning age, else `fresh`. */
  status: 'fresh' | 'warning' | 'error';
  window_hours: number;
  tdsps: TdspFreshness[];
  tiers: TierFreshness[];
  overall: Slo & { cities: number };
}

/** @throws if PostgreSQL cannot be asked */
export async function readFreshness(
  queryable: Queryable,
  territory: Territory,
  rules: FreshnessRules,
): Promise<FreshnessReport> {
  const now = await readDatabaseTime(queryable);
  const window = { from: now.getTime() - WINDOW_HOURS * HOUR_MS, to: now.getTime() };
  const since = new Date(now.getTime() - DEMAND_WINDOW_MS);
  const [snapshots, confirmedAt, demand] = await Promise.all([
    readCurrentSnapshots(queryable),
    readConfirmations(queryable, new Date(window.from)),
    readCityDemand(queryable, { now, since, halfLifeHours: DEMAND_HALF_LIFE_HOURS }),
  ]);
  const weights = new Map(demand.map((one) => [one.city_slug, demandWeight(one)]));
  const observedAt = new Map(snapshots.map(({ tdsp_duns, observed_at }) => [tdsp_duns, observed_at]));
  return toReport(territory, { now, window, observedAt, confirmedAt, demand: weights }, rules);
}

/** Pure. */
export function toReport(
  territory: Pick<Territory, 'cities' | 'tdsps'>,
  facts: FreshnessFacts,
  rules: FreshnessRules,
): FreshnessReport {
  const { now, window } = facts;
  const cities = territory.cities.map((city) => cityFreshness(city, facts, rules));
  const tiers = [...new Set(cities.map(({ tier }) => tier))].toSorted().map((tier): TierFreshness => {
    const mine = cities.filter((city) => city.tier === tier);
    const ages = mine.map(({ ageMs }) => ageMs);
    return {
      tier,
      cities: mine.length,
      ...ageLimits(tier, rules),
      ...toSlo(mine, window),
      oldest_age_seconds: ages.includes(null) ? null : toSeconds(Math.max(...ages.map(Number))),
      verdict: worstVerdict(mine.map(({ verdict }) => verdict)),
    };
  });
  const worst = worstVerdict(tiers.map(({ verdict }) => verdict));
  return {
    at: now,
    status: worst === 'late' ? 'fresh' : worst,
    window_hours: WINDOW_HOURS,
    tdsps: territory.tdsps.map((tdsp) => tdspFreshness(tdsp, territory, facts, rules)),
    tiers,
    overall: { cities: cities.length, ...toSlo(cities, window) },
  };
}

const toSeconds = (ms: number): number => Math.max(0, Math.floor(ms / 1000));

/** As fresh as a city would be that this TDSP alone serves. */
function tdspFreshness(
  { duns, short_name: name }: Territory['tdsps'][number],
  { cities }: Pick<Territory, 'cities'>,
  facts: FreshnessFacts,
  rules: FreshnessRules,
): TdspFreshness {
  const tier = Math.min(3, ...cities.flatMap((city) => (city.tdsps.includes(duns) ? city.tier : [])));
  const found = cityFreshness({ slug: duns, tier, tdsps: [duns] }, facts, rules);
  return {
    duns,
    name,
    tier,
    ...ageLimits(tier, rules),
    age_seconds: found.ageMs === null ? null : toSeconds(found.ageMs),
    verdict: found.verdict,
    within_window: toSlo([found], facts.window).within_window,
  };
}
