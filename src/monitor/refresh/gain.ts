/** What looks between the schedules have gained: minutes sooner, and the calls a schedule alone would need for the same. */

import type { Config } from '../../config.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { type RefreshDay, readRefreshDays } from '../../store/queue/refresh-state.ts';
import { DAY_MS } from '../../units.ts';

export interface RefreshGain {
  days: RefreshDay[];
  changes: number;
  /** Of all changes: mean minutes until an answer showed them. `null`: none is known. */
  minutes: number | null;
  /** The same with nothing but calls at the turns of SYNC_INTERVAL_MS. */
  schedule_minutes: number | null;
  /** A day, on average. */
  calls_a_day: number | null;
  looks_a_day: number | null;
  /** Calls a day that evenly spaced calls would need to be as quick. */
  even_calls_a_day: number | null;
}

export const GAIN_DAYS = 14;

export async function readRefreshGain(
  queryable: Queryable,
  source: string,
  { syncIntervalMs }: Pick<Config, 'syncIntervalMs'>,
  { at, sets }: { at: Date; sets: number },
): Promise<RefreshGain> {
  const since = new Date(at.getTime() - GAIN_DAYS * DAY_MS);
  return toGain(await readRefreshDays(queryable, source, since, syncIntervalMs), sets);
}

/** @param sets that are called for one by one */
export function toGain(days: RefreshDay[], sets: number): RefreshGain {
  const changes = days.reduce((sum, day) => sum + day.changes, 0);
  const meanOf = (of: (day: RefreshDay) => number | null) =>
    changes === 0 ? null : days.reduce((sum, day) => sum + (of(day) ?? 0) * day.changes, 0) / changes;
  // The first day is cut off by the window, the last one is not over.
  const whole = days.slice(1, -1);
  const aDay = (of: (day: RefreshDay) => number) =>
    whole.length === 0 ? null : whole.reduce((sum, day) => sum + of(day), 0) / whole.length;
  const minutes = meanOf((day) => day.minutes);
  return {
    days,
    changes,
    minutes,
    schedule_minutes: meanOf((day) => day.schedule_minutes),
    calls_a_day: aDay(({ calls }) => calls),
    looks_a_day: aDay(({ looks }) => looks),
    // Calls d minutes apart are d / 2 late on average.
    even_calls_a_day: minutes === null || minutes <= 0 ? null : (sets * (24 * 60)) / (2 * minutes),
  };
}

/** In a sentence; empty where nothing is known yet. */
export function gainText({ minutes, schedule_minutes, calls_a_day, even_calls_a_day }: RefreshGain): string {
  if (minutes === null || schedule_minutes === null) return '';
  const sooner = `Changes were seen after ${minutes.toFixed(1)} min; the schedules alone would have shown them after ${schedule_minutes.toFixed(1)}.`;
  if (calls_a_day === null || even_calls_a_day === null) return sooner;
  return `${sooner} That took ${Math.round(calls_a_day)} calls a day; evenly spaced it would take ${Math.round(even_calls_a_day)}.`;
}
