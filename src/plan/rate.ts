/**
 * A rate is what a plan costs on average at one monthly usage, all charges included.
 *
 * Upstreams disagree on its unit: the Power to Choose CSV and ComparePower give USD per kWh, the Power to
 * Choose JSON gives cents. The unit is settled here, once; every other module knows cents per kWh only.
 */

/** Cents per kWh, at most three decimals: 14.5. */
export type RateCentsPerKwh = number;
type RateUnit = 'usd_per_kwh' | 'cents_per_kwh';

/** The usages, in kWh a month, at which Texas law makes every plan state its average price (16 TAC §25.475). */
export const PUBLISHED_USAGES_KWH = [500, 1000, 2000] as const;
export type PublishedUsageKwh = (typeof PUBLISHED_USAGES_KWH)[number];
export const isPublishedUsage = (usageKwh: number): usageKwh is PublishedUsageKwh =>
  PUBLISHED_USAGES_KWH.some((one) => one === usageKwh);
/** The three published rates; `null` where the upstream did not state one. */
export type Rates = Record<PublishedUsageKwh, RateCentsPerKwh | null>;

// Plans of summer 2026 cost 6.2 to 31 cents. The bounds lie less than a factor of 100 apart,
// so a price in the wrong unit always falls outside them.
const CREDIBLE_CENTS = { min: 1, max: 99 };

/** A price no plan can have: reject the record, keep its neighbours. */
export class RateRejectedError extends Error {
  readonly code = 'rate_rejected';
}

/**
 * Reads a price as the upstream gave it.
 * @throws {RateRejectedError} outside 1 to 99 cents per kWh, NaN included
 */
export function readRate(price: number, unit: RateUnit): RateCentsPerKwh {
  // Rounded: 0.145 * 100 is 14.499999999999998, which would look like a price change.
  const cents = Math.round(price * (unit === 'usd_per_kwh' ? 100_000 : 1_000)) / 1_000;
  if (cents >= CREDIBLE_CENTS.min && cents <= CREDIBLE_CENTS.max) return cents;
  throw new RateRejectedError(`${price} ${unit} is not a credible rate: expected 1 to 99 cents per kWh`);
}
