/**
 * When a cron expression of five fields comes next in a time zone, by the rules of Debian's cron for the two nights a year whose
 * hours are not twenty-four (crontab(5), "Debian Specific": as of cron 3.0pl1). Pure.
 *
 * An expression whose minute or hour begins with `*` follows the clock: where an hour comes twice it comes twice, where one is
 * left out it is left out. Any other names times of day: where the clock jumps over one, it comes as the clock jumps, and where
 * the clock shows one twice, it comes once, the first time.
 */

import { CronExpressionParser } from 'cron-parser';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** No zone moves its clock by more at once, days skipped at the date line apart, which no zone of today does. */
const LONGEST_SHIFT_MS = 3 * HOUR_MS;

/** @returns the first time after `after`; `null` where the expression never comes: "99 * * * *", the 31st of February */
export function nextTime(cron: string, timeZone: string, after: Date): Date | null {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) return null;
  const offset = offsetsOf(timeZone);
  const followsClock = fields.slice(0, 2).some((field) => field.startsWith('*'));
  const at = followsClock ? instantsShowing : instantOf;
  // The walls' times as if they were UTC: there the expression is read without any shift.
  const from = after.getTime() + offset(after.getTime()) - LONGEST_SHIFT_MS;
  let best = Number.POSITIVE_INFINITY;
  try {
    const walls = CronExpressionParser.parse(cron, { tz: 'UTC', currentDate: new Date(from) });
    for (;;) {
      const wall = walls.next().getTime();
      // What comes later on the wall may come earlier by as much as the clock shifts, and not by more.
      if (wall - Math.min(offset(wall - DAY_MS), offset(wall + DAY_MS)) - LONGEST_SHIFT_MS > best) break;
      for (const instant of at(wall, offset)) {
        if (instant > after.getTime() && instant < best) best = instant;
      }
      if (best !== Number.POSITIVE_INFINITY && !isNearShift(best, offset)) break;
    }
  } catch {
    // It cannot be read, or has no time in the years that are looked at.
  }
  return best === Number.POSITIVE_INFINITY ? null : new Date(best);
}

type Offset = (instant: number) => number;

const isNearShift = (instant: number, offset: Offset): boolean =>
  offset(instant - LONGEST_SHIFT_MS) !== offset(instant + LONGEST_SHIFT_MS);

/** Milliseconds that the clock of a zone is ahead of UTC at an instant. */
function offsetsOf(timeZone: string): Offset {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (instant) => {
    const parts = Object.fromEntries(
      format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1_000) * 1_000;
  };
}

/** The instants at which the clock shows this: one, two in the night back, none in the night on. In order. */
function instantsShowing(wall: number, offset: Offset): number[] {
  const candidates = new Set([offset(wall - DAY_MS), offset(wall + DAY_MS)]);
  return [...candidates]
    .map((ahead) => wall - ahead)
    .filter((instant) => instant + offset(instant) === wall)
    .toSorted((a, b) => a - b);
}

/** The first instant at which the clock shows this, or the one at which it jumps over it. */
function instantOf(wall: number, offset: Offset): number[] {
  const [first] = instantsShowing(wall, offset);
  if (first !== undefined) return [first];
  let [before, behind] = [wall - DAY_MS - offset(wall - DAY_MS), wall + DAY_MS - offset(wall + DAY_MS)];
  const old = offset(before);
  while (behind - before > 1_000) {
    const middle = Math.floor((before + behind) / 2_000) * 1_000;
    if (offset(middle) === old) before = middle;
    else behind = middle;
  }
  return [behind];
}
