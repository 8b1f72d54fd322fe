/**
 * When within a virtual day prices move, where a sandbox has a calendar: on business days, at a few moments that all TDSPs
 * share, most of them just after a quarter hour. Modelled on the ids of ComparePower of 2025: 134 batches, none on Sundays,
 * 78 % no more than two minutes after a quarter hour, most at a minute past midnight and in the morning of Texas.
 */

import { isWeekend, midnightMs } from '../virtual-clock.ts';
import { pick, stream, unit, weighted } from './chance.ts';

const HOUR = stream('hour of a moment');
const PHASE = stream('minute of a moment');
const WHOSE = stream('moment of a brand');

const MOMENTS_A_DAY = 8;
/** By hour of Texas, as they were counted. */
const HOURS = [29, 0, 0, 0, 0, 5, 0, 7, 15, 11, 19, 17, 2, 2, 2, 6, 2, 11] as const;
const ON_QUARTER = 0.78;
/** Standard time all year: a virtual day of UTC holds the whole working day. */
const BEHIND_UTC_HOURS = 6;
/** New charges of a TDSP hold from the first minute of its day. */
export const CHARGES_AT_MS = (BEHIND_UTC_HOURS * 60 + 1) * 60_000;

/** Moments of a day, milliseconds since its virtual midnight, ascending; none at weekends. */
export function momentsOf(seed: number, day: number): number[] {
  if (isWeekend(day)) return [];
  const moments = Array.from({ length: MOMENTS_A_DAY }, (_, n) => {
    const hour = weighted(
      unit(seed, HOUR, day, n),
      HOURS.map((share, of) => [of, share] as const),
    );
    const u = unit(seed, PHASE, day, n);
    const minute =
      u < ON_QUARTER ? pick(u / ON_QUARTER, [1, 16, 31, 46]) : (u - ON_QUARTER) * (60 / (1 - ON_QUARTER));
    return Math.floor(((hour + BEHIND_UTC_HOURS) * 60 + minute) * 60) * 1_000;
  });
  return [...new Set(moments)].toSorted((a, b) => a - b);
}

/** When a brand moves on a business day, in all TDSPs at once. */
export function momentOf(seed: number, brand: number, day: number): number {
  return pick(unit(seed, WHOSE, brand, day), momentsOf(seed, day));
}

/** The business day on which an offer of that day comes up for sale. */
export const onSaleDay = (day: number): number => (isWeekend(day) ? onSaleDay(day + 1) : day);

const STEPS = 100;

/** Counts up with every moment at which the market may move. */
export function calendarVersion(seed: number, nowMs: number, day: number): number {
  const since = nowMs - midnightMs(day);
  return day * STEPS + stepsOf(seed, day).filter((at) => at <= since).length;
}

/** @returns the day of a version, and how far into it the market has come, milliseconds */
export function timeOfVersion(seed: number, version: number): { day: number; sinceMs: number } {
  const day = Math.floor(version / STEPS);
  const passed = version - day * STEPS;
  return { day, sinceMs: passed === 0 ? 0 : stepsOf(seed, day)[passed - 1]! };
}

const stepsOf = (seed: number, day: number): number[] =>
  [CHARGES_AT_MS, ...momentsOf(seed, day)].toSorted((a, b) => a - b);
