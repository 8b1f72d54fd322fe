/** Who wants the plans of each market: half by the people of its cities, half by what shoppers did there lately. Pure. */

import type { City } from '../territory/territory.ts';
import { type DemandByCity, demandWeight, vouchedWeight } from './priority.ts';

const TIER_WEIGHTS: Record<number, number> = { 1: 3, 2: 2, 3: 1 };
/** Nobody weighs nothing: the least a market counts, in shares of the mean. */
const LEAST_WEIGHT = 0.25;
/** Demand that nobody vouches for moves a market's half by this share of what its cities give it, at most. */
const MOST_ANONYMOUS_SHARE = 0.5;

/**
 * @param markets by DUNS
 * @returns of each market, 1 on average
 */
export function marketWeights(
  cities: readonly Pick<City, 'slug' | 'tier' | 'tdsps'>[],
  markets: readonly string[],
  demand: DemandByCity,
): number[] {
  /** `null`: none of them has any. */
  const sharesOf = (of: (city: Pick<City, 'slug' | 'tier'>) => number): number[] | null => {
    const sums = markets.map((duns) =>
      cities.reduce((sum, city) => (city.tdsps.includes(duns) ? sum + of(city) : sum), 0),
    );
    const total = sums.reduce((sum, one) => sum + one, 0);
    return total === 0 ? null : sums.map((sum) => (sum / total) * sums.length);
  };
  const byTier = sharesOf(({ tier }) => TIER_WEIGHTS[tier] ?? 1) ?? markets.map(() => 1);
  const demandOf = (weigh: typeof vouchedWeight) => (city: Pick<City, 'slug'>) => {
    const found = demand.get(city.slug);
    return found ? weigh(found) : 0;
  };
  const byStrangers = () =>
    sharesOf(demandOf(demandWeight))?.map((share, at) => {
      const most = MOST_ANONYMOUS_SHARE * byTier[at]!;
      return byTier[at]! + Math.max(-most, Math.min(most, share - byTier[at]!));
    });
  const byDemand = sharesOf(demandOf(vouchedWeight)) ?? byStrangers() ?? byTier;
  return byTier.map((weight, at) => Math.max(LEAST_WEIGHT, (weight + byDemand[at]!) / 2));
}
