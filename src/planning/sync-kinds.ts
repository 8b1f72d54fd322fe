/** What kinds of sync there are, and which cities each is for. */

import type { CityDemand } from '../store/queue/city-demand.ts';
import type { City, Territory } from '../territory/territory.ts';
import { HOUR_MS } from '../units.ts';

/**
 * `priority`: tier 1 and wherever shoppers were lately; `full`: all cities; `city`: those that are named; `emergency`:
 * those that are named, by force; `redrive`: TDSPs given up on, once more; `stale` and `cold`: what readers found old, or
 * found nothing of; `look`: what the refresh strategy looks at between the schedules.
 */
const SYNC_KINDS = ['priority', 'full', 'city', 'emergency', 'redrive', 'stale', 'cold', 'look'] as const;
export type SyncKind = (typeof SYNC_KINDS)[number];

/** Shoppers who compare plans decide within days; a search says something about tomorrow, a lead about the week. */
const RECENT_MS = { search: 24 * HOUR_MS, lead: 7 * 24 * HOUR_MS };
export const DEMAND_WINDOW_MS = RECENT_MS.lead;
/** What shoppers did weighs half as much as the same a day later. */
export const DEMAND_HALF_LIFE_HOURS = 24;

/** Tier 1, cities searched within a day, cities with a lead or a conversion within a week. */
export function priorityCities(territory: Territory, demand: readonly CityDemand[], now: Date): City[] {
  const isWithin = (at: Date | null, ms: number) => at !== null && now.getTime() - at.getTime() <= ms;
  const wanted = new Set(
    demand
      .filter(
        ({ last_search_at, last_lead_at }) =>
          isWithin(last_search_at, RECENT_MS.search) || isWithin(last_lead_at, RECENT_MS.lead),
      )
      .map(({ city_slug }) => city_slug),
  );
  return territory.cities.filter(({ tier, slug }) => tier === 1 || wanted.has(slug));
}
