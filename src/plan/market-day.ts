/** Days of the Texas market, `YYYY-MM-DD` in America/Chicago, whatever the time zone of the server or the reader. */

import { DAY_MS } from '../units.ts';

let chicago: Intl.DateTimeFormat | undefined;

export type MarketDay = string;

export function marketDay(time: Date): MarketDay {
  // Made when it is first used: it takes longer than loading most modules, and a start need not wait for it.
  chicago ??= new Intl.DateTimeFormat('en-CA', {
    timeZone: 'America/Chicago',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return chicago.format(time);
}

/** Days are added as days, not as hours: a day on which clocks change counts as one. */
export function addDays(day: MarketDay, days: number): MarketDay {
  const [year, month, date] = day.split('-').map(Number);
  return new Date(Date.UTC(year!, month! - 1, date! + days)).toISOString().slice(0, 10);
}

/** How many days from the first to the last, both included; less than 1 if they are swapped. */
export const daysBetween = (from: MarketDay, to: MarketDay): number =>
  Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS) + 1;

/** Whether the calendar has it: 2026-02-29 it has not. */
export const isDay = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)) && addDays(text, 0) === text;
