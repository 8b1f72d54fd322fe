/** What the price of an offer did lately: the last move, and whether it never was lower. */

import { type OfferEvent, priceSteps, stateBefore, stepOf } from '../price-steps.ts';
import type { PublishedUsageKwh, Rates } from '../rate.ts';

/** The usage that is advertised. */
const USAGE: PublishedUsageKwh = 1000;

export interface RecentPrice {
  /** The last change of the advertised rate in cents per kWh, if it was one of a cent or more; ISO 8601. */
  moved: { from: number; to: number; at: string } | null;
  /** The rate is the lowest since then, and there was a higher one. */
  is_lowest: boolean;
}

/** Rounding apart, what a shopper would call another price. */
const LEAST_MOVE_CENTS = 1;

/**
 * @param events of the offer since a time, newest first
 * @param rates as they are now
 * @param since ISO 8601 in UTC: the time, or when the offer was first seen if that is later
 */
export function recentPrice(events: readonly OfferEvent[], rates: Rates, since: string): RecentPrice {
  const now = { is_offered: true, rates };
  const steps = [...priceSteps(events, now), stepOf(stateBefore(events, now), since)];
  const known = steps.flatMap(({ at, rates_cents_per_kwh }) => {
    const rate = rates_cents_per_kwh[USAGE];
    return rate === null ? [] : [{ at, rate }];
  });
  const current = rates[USAGE];
  if (current === null) return { moved: null, is_lowest: false };
  const other = known.findIndex(({ rate }) => rate !== current);
  const from = known[other]?.rate;
  return {
    moved:
      from !== undefined && other > 0 && Math.abs(from - current) >= LEAST_MOVE_CENTS
        ? { from, to: current, at: known[other - 1]!.at }
        : null,
    is_lowest: known.some(({ rate }) => rate > current) && !known.some(({ rate }) => rate < current),
  };
}
