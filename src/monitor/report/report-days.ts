/** Which days a report is about: a week from Monday, a month, in the market's own time. Pure. */

import { expected, WattsyncError } from '../../errors.ts';
import { addDays, isDay, marketDay } from '../../plan/market-day.ts';
import { isChargeDay } from '../../planning/refresh/calendar.ts';
import { DAY_MS } from '../../units.ts';

export type ReportKind = 'week' | 'month';

/** A report of a time there is not. */
class ReportTimeError extends WattsyncError {
  readonly code = 'report_time_invalid';
  readonly retryable = false;
}

export interface ReportTime {
  kind: ReportKind;
  /** `2026-W47`, `2026-10`: as it is asked for. */
  name: string;
  first: string;
  last: string;
  from: Date;
  to: Date;
  /** Its last day is not over yet. */
  is_open: boolean;
}

/** Midnight in Chicago, whichever of the two offsets it has then. */
function midnight(day: string): Date {
  for (const hours of [5, 6]) {
    const at = new Date(`${day}T0${hours}:00:00Z`);
    const before = new Date(at.getTime() - 1);
    if (marketDay(at) === day && marketDay(before) !== day) return at;
  }
  throw new ReportTimeError(expected('a day of the calendar', day));
}

const mondayOf = (day: string): string => {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
  return addDays(day, -((weekday + 6) % 7));
};

/** ISO 8601: the week that holds the Thursday. */
function weekName(monday: string): string {
  const year = addDays(monday, 3).slice(0, 4);
  const first = mondayOf(`${year}-01-04`);
  const number = Math.round((Date.parse(monday) - Date.parse(first)) / (7 * 86_400_000)) + 1;
  return `${year}-W${String(number).padStart(2, '0')}`;
}

function firstDayOf(kind: ReportKind, asked: string | null, now: Date): string {
  const today = marketDay(now);
  if (asked === null) {
    // The last one that is over.
    return kind === 'week'
      ? addDays(mondayOf(today), -7)
      : `${addDays(`${today.slice(0, 7)}-01`, -1).slice(0, 7)}-01`;
  }
  if (kind === 'month' && /^\d{4}-\d\d$/.test(asked) && isDay(`${asked}-01`)) return `${asked}-01`;
  if (kind === 'week') {
    const [, year, week] = /^(\d{4})-W(\d\d)$/.exec(asked) ?? [];
    const monday = week && addDays(mondayOf(`${year}-01-04`), (Number(week) - 1) * 7);
    if (monday && weekName(monday) === asked) return monday;
    if (isDay(asked)) return mondayOf(asked);
  }
  const what = kind === 'week' ? 'a week such as 2026-W47, or a day of it' : 'a month such as 2026-10';
  throw new ReportTimeError(expected(what, asked));
}

/** How long providers are watched after the delivery charges have changed. */
const FOLLOW_DAYS = 30;

/** The days before the end of a report on which delivery charges changed and not everybody has to have followed yet. */
export function chargeDays({ first, last }: Pick<ReportTime, 'first' | 'last'>) {
  const found: { charge_day: string; until: string }[] = [];
  for (let day = addDays(first, -FOLLOW_DAYS); day <= last; day = addDays(day, 1)) {
    if (!isChargeDay(Date.parse(day) / DAY_MS)) continue;
    const until = addDays(day, FOLLOW_DAYS);
    found.push({ charge_day: day, until: until < last ? until : last });
  }
  return found;
}

/**
 * @param asked as named above; `null`: the last one that is over
 * @throws {ReportTimeError} there is no such time, or it has not begun
 */
export function reportTime(kind: ReportKind, asked: string | null, now: Date): ReportTime {
  const first = firstDayOf(kind, asked, now);
  const next = kind === 'week' ? addDays(first, 7) : `${addDays(first, 31).slice(0, 7)}-01`;
  const [from, to] = [midnight(first), midnight(next)];
  if (from > now) throw new ReportTimeError(`${asked} has not begun yet: nothing is known of it.`);
  return {
    kind,
    name: kind === 'week' ? weekName(first) : first.slice(0, 7),
    first,
    last: addDays(next, -1),
    from,
    to,
    is_open: to > now,
  };
}
