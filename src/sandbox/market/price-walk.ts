/**
 * How the market moves from one virtual day to the next: which offers are on sale, which re-price, and by how much.
 *
 * Modelled on January 2026 (Power to Choose, 15 day pairs): a median of 17 % of the offers re-price on a day, none on
 * some days, 29 % at most; the moves have a median of 0.3 cents, p90 1.0, p99 3.3, at most 3.9.
 *
 * A price on a day is the walk of one offer since its birth. An offer lives for about a hundred days, so any day costs
 * the same, however far it lies from the epoch.
 */

import { isWeekend } from '../virtual-clock.ts';
import { quantile, stream, unit } from './chance.ts';

/** Prices in here are whole hundredths of a cent, so that every published total is a whole number of cents. */
export const UNITS_PER_CENT = 100;

const WITHDRAWN = stream('offer withdrawn');
const SHARE = stream('share re-priced');
const SHUFFLE = stream('who is re-priced');
const SIZE = stream('size of the move');
const DIRECTION = stream('direction of the move');

const WITHDRAWAL_PER_DAY = 0.01;
// Nobody re-prices at weekends; the other five days are such that the median of all seven is 17 %.
const WEEKDAY_SHARE = [
  [0, 0.08],
  [0.3, 0.17],
  [1, 0.25],
] as const;
// Cents. A little below 3.9 at the end: a percentage in the price adds to the move.
const MOVE_CENTS = [
  [0, 0.05],
  [0.5, 0.3],
  [0.9, 1],
  [0.985, 3],
  [1, 3.7],
] as const;
/** Multiples of it spread evenly over [0, 1), so that any share of the slots is met almost exactly. */
const GOLDEN_RATIO = 0.618_033_988_75;

/** The virtual day on which the offer now in `slot` came up for sale; `null`: one was withdrawn today. */
export function bornOn(seed: number, slot: number, day: number): number | null {
  let withdrawal = day;
  while (unit(seed, WITHDRAWN, slot, withdrawal) >= WITHDRAWAL_PER_DAY) withdrawal--;
  return withdrawal === day ? null : withdrawal + 1;
}

/** Which slots of one TDSP re-price on a virtual day; none on `quietDays`, when its own charges change all prices. */
export function repricing(seed: number, tdspIndex: number, quietDays: readonly number[]) {
  const days = new Map<number, { share: number; offset: number }>();
  return (slot: number, day: number): boolean => {
    let today = days.get(day);
    if (!today) {
      const isQuiet = isWeekend(day) || quietDays.includes(day);
      const share = isQuiet ? 0 : quantile(unit(seed, SHARE, tdspIndex, day), WEEKDAY_SHARE);
      today = { share, offset: unit(seed, SHUFFLE, tdspIndex, day) };
      days.set(day, today);
    }
    return (slot * GOLDEN_RATIO + today.offset) % 1 < today.share;
  };
}

/**
 * Walks an offer's price from its birth to `day`.
 * @param bounds what the price keeps within, hundredths of a cent per kWh: wider than the largest move
 * @returns the offer's own part of the price, hundredths of a cent per kWh, and the virtual day since which it holds
 */
export function walk(
  offer: { seed: number; tdspIndex: number; slot: number; born_on: number },
  bounds: { start: number; low: number; high: number },
  isRepriced: (slot: number, day: number) => boolean,
  day: number,
): { units: number; since_day: number } {
  const { seed, tdspIndex, slot, born_on } = offer;
  const { start, low, high } = bounds;
  let units = start;
  let since_day = born_on;
  for (let today = born_on + 1; today <= day; today++) {
    if (!isRepriced(slot, today)) continue;
    const cents = quantile(unit(seed, SIZE, tdspIndex, slot, today), MOVE_CENTS);
    const size = Math.round(cents * UNITS_PER_CENT);
    // Turned round where it would leave the bounds, so it is never 0: a re-pricing that moves nothing is none.
    const mayRise = units + size <= high;
    const mayFall = units - size >= low;
    const rises = mayRise && (!mayFall || unit(seed, DIRECTION, tdspIndex, slot, today) < 0.5);
    units = rises ? units + size : Math.max(low, units - size);
    since_day = today;
  }
  return { units, since_day };
}
