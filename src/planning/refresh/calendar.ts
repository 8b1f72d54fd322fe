/**
 * The Texas calendar of re-pricings: every bin of the model is in America/Chicago, because that is the clock REPs work by,
 * summer time included. Sundays and the holidays on which offices are shut are one kind of day. On the days on which
 * delivery charges change (1 March and 1 September, 16 TAC §25.193) everybody re-prices: they say nothing about other days.
 */

import { DAY_MS, HOUR_MS } from '../../units.ts';

export const MINUTE_MS = 60_000;
export const WEEK_HOURS = 168;

const CLOCK = new Intl.DateTimeFormat('en-US', {
  timeZone: 'America/Chicago',
  hourCycle: 'h23',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
});

/** By UTC hour: the clock is put forward and back on the hour. A replayed year asks for each of them thousands of times. */
const offsets = new Map<number, number>();

function offsetMs(ms: number): number {
  const hour = Math.floor(ms / HOUR_MS);
  const known = offsets.get(hour);
  if (known !== undefined) return known;
  const parts = new Map(CLOCK.formatToParts(hour * HOUR_MS).map(({ type, value }) => [type, Number(value)]));
  const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type)!;
  const shown = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'));
  const offset = shown - hour * HOUR_MS;
  if (offsets.size > 100_000) offsets.clear();
  offsets.set(hour, offset);
  return offset;
}

/** Days since 1970 by the clock of Texas. */
export const localDay = (ms: number): number => Math.floor((ms + offsetMs(ms)) / DAY_MS);

/** Minutes since midnight by the clock of Texas. */
export const localMinute = (ms: number): number =>
  Math.floor(((((ms + offsetMs(ms)) % DAY_MS) + DAY_MS) % DAY_MS) / MINUTE_MS);

/** 0 is Sunday. */
const weekdayOf = (day: number): number => (((day + 4) % 7) + 7) % 7;

/** Not Martin Luther King's nor Presidents' Day: on 19 January 2026 eight of 46 REPs re-priced, on Sundays none does. */
function isHoliday(day: number): boolean {
  const date = new Date(day * DAY_MS);
  const [month, of, weekday] = [date.getUTCMonth() + 1, date.getUTCDate(), weekdayOf(day)];
  const isFixed = (m: number, d: number) => month === m && of === d;
  const isMemorial = month === 5 && weekday === 1 && of > 24;
  const isLabor = month === 9 && weekday === 1 && of <= 7;
  const isThanksgiving = month === 11 && weekday === 4 && of > 21 && of <= 28;
  return isFixed(1, 1) || isFixed(7, 4) || isFixed(12, 25) || isMemorial || isLabor || isThanksgiving;
}

export function isChargeDay(day: number): boolean {
  const date = new Date(day * DAY_MS);
  return date.getUTCDate() === 1 && (date.getUTCMonth() === 2 || date.getUTCMonth() === 8);
}

const columns = new Map<number, number>();

/** 0: Sundays and holidays; 1 to 6: Monday to Saturday. */
export function weekColumn(day: number): number {
  const known = columns.get(day);
  if (known !== undefined) return known;
  const column = isHoliday(day) ? 0 : weekdayOf(day);
  if (columns.size > 100_000) columns.clear();
  columns.set(day, column);
  return column;
}

export const isBusinessDay = (day: number): boolean => weekColumn(day) >= 1 && weekColumn(day) <= 5;

/** Which of the 168 hours of the week a moment counts as. */
export const hourBin = (ms: number): number =>
  weekColumn(localDay(ms)) * 24 + Math.floor(localMinute(ms) / 60);

/** Business days, Saturday, or off: days that are alike share strength. */
export const classOfBin = (bin: number): 0 | 1 | 2 => (bin < 24 ? 2 : bin >= 6 * 24 ? 1 : 0);
