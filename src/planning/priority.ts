/**
 * How urgent it is to sync a city: who lives there, who asked for it lately, and for how long it was left alone. Pure;
 * a TDSP is as urgent as the most urgent of its cities.
 */

import type { DemandCounts } from '../store/queue/city-demand.ts';
import type { City } from '../territory/territory.ts';

interface Demand extends Omit<DemandCounts, 'city_slug'> {
  /** What the demand of its metro adds, in searches. */
  nearby?: number;
}
/** By slug: what shoppers did there, weighed by how long ago it was. */
export type DemandByCity = ReadonlyMap<string, Demand>;

interface CityPriority {
  /** 0 to 900: jobs with a higher one go first. */
  score: number;
  /** How it came about, for people. */
  reason: string;
}

/** A city of a lower tier with much demand can go before one of a higher tier; age alone moves one tier at most. */
const TIER_POINTS: Record<number, number> = { 1: 300, 2: 200, 3: 100 };
const MOST_DEMAND_POINTS = 400;
/**
 * What those move a city at most of whom nothing is known, however many addresses they have: more than a tier, and less than
 * the two between a hamlet and Houston, whatever was asked for in Houston.
 */
const MOST_ANONYMOUS_POINTS = 150;
const POINTS_PER_DOUBLING = 50;
/** What a lead and a conversion weigh, in searches: about one search in ten becomes a lead, one lead in four a contract. */
export const DEMAND_WEIGHTS = { searches: 1, leads: 10, conversions: 40 };
const MOST_AGE_POINTS = 200;
const AGE_POINTS_AT_TARGET = 100;

/** Searches that all events of a city are worth. */
export function demandWeight({
  searches,
  leads,
  conversions,
  nearby = 0,
}: Omit<Demand, 'anonymous'>): number {
  return (
    searches * DEMAND_WEIGHTS.searches +
    leads * DEMAND_WEIGHTS.leads +
    conversions * DEMAND_WEIGHTS.conversions +
    nearby
  );
}

/** As much of it as somebody vouches for. */
export const vouchedWeight = (demand: Demand): number => Math.max(0, demandWeight(demand) - demand.anonymous);

function demandPoints(demand: Demand): number {
  const pointsFor = (weight: number) =>
    Math.min(MOST_DEMAND_POINTS, Math.round(POINTS_PER_DOUBLING * Math.log2(1 + weight)));
  const withAll = Math.min(MOST_ANONYMOUS_POINTS, pointsFor(demandWeight(demand)));
  return Math.max(pointsFor(vouchedWeight(demand)), withAll);
}

/**
 * @param ageMs how long ago its plans were last confirmed; `null`: never
 * @param targetMs how old they may be, for a city of its tier
 */
export function cityPriority(
  city: Pick<City, 'tier' | 'name'>,
  demand: Demand | undefined,
  ageMs: number | null,
  targetMs: number,
): CityPriority {
  const tier = TIER_POINTS[city.tier] ?? 0;
  const asked = demand ? demandPoints(demand) : 0;
  const age =
    ageMs === null
      ? MOST_AGE_POINTS
      : Math.min(MOST_AGE_POINTS, Math.round((AGE_POINTS_AT_TARGET * Math.max(0, ageMs)) / targetMs));
  const parts = [`tier ${city.tier} ${tier}`];
  if (demand && asked > 0) parts.push(`${describeDemand(demand)} ${asked}`);
  parts.push(`${ageMs === null ? 'never synced' : `${describeAge(ageMs)} since the last sync`} ${age}`);
  const score = tier + asked + age;
  return { score, reason: `${city.name}: ${parts.join(' + ')} = ${score}` };
}

function describeDemand({ searches, leads, conversions, nearby = 0 }: Demand): string {
  const counts = [
    [searches, 'search', 'searches'],
    [leads, 'lead', 'leads'],
    [conversions, 'conversion', 'conversions'],
    [nearby, 'search nearby', 'searches nearby'],
  ] as const;
  return counts
    .filter(([count]) => count > 0)
    .map(([count, one, many]) => {
      const shown = Number(count.toPrecision(2));
      return `${shown} ${shown === 1 ? one : many}`;
    })
    .join(', ');
}

function describeAge(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
