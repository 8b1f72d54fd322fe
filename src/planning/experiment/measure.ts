/** What a day of an experiment was like, from its changes and looks. Pure. */

import { HOUR_MS } from '../../units.ts';
import { MINUTE_MS } from '../refresh/calendar.ts';

export interface MeasuredDay {
  /** Days since 1970 by the clock of Texas; it begins at three in the morning. */
  day: number;
  /** Mean minutes from a change to the look that showed it, until the end of the day at most; `null`: too few changes. */
  minutes: number | null;
  /** Minutes in which a set had changed unseen, the mean over the sets. */
  stale_minutes: number;
  changes: number;
  /** All calls of the day, and those that brought no answer. */
  calls: number;
  failed: number;
  /** Why it counts for nothing; `null`: it counts. */
  left_out: string | null;
}

interface DayFacts {
  day: number;
  from: number;
  until: number;
  sets: readonly string[];
  /** When a set changed, and which look showed it; milliseconds UTC. */
  changes: readonly { set: string; at: number; seenAt: number }[];
  calls: readonly { set: string; at: number; isAnswered: boolean }[];
}

export const LEAST_CHANGES = 3;
const LONGEST_SILENCE_MS = 3 * HOUR_MS;

export function measureDay({ day, from, until, sets, changes, calls }: DayFacts): MeasuredDay {
  const answered = calls.filter(({ isAnswered }) => isAnswered);
  const firstLook = (set: string) =>
    Math.min(...answered.filter((call) => call.set === set).map(({ at }) => at));
  // How old plans were as the day began is the doing of the day before.
  const own = sets.flatMap((set) => {
    const first = firstLook(set);
    return changes
      .filter((change) => change.set === set && change.at >= Math.max(from, first) && change.at < until)
      .map(({ at, seenAt }) => ({ set, at, end: Math.min(seenAt, until) }));
  });
  const delays = own.map(({ at, end }) => Math.max(0, end - at) / MINUTE_MS);
  const stale = sets.map((set) => unionMs(own.filter((one) => one.set === set)) / MINUTE_MS);
  const silence = longestSilence(answered, from, until);
  return {
    day,
    minutes: own.length < LEAST_CHANGES ? null : mean(delays),
    stale_minutes: mean(stale),
    changes: own.length,
    calls: calls.length,
    failed: calls.length - answered.length,
    left_out:
      silence > LONGEST_SILENCE_MS
        ? `${(silence / HOUR_MS).toFixed(1)} h without an answer of the upstream`
        : own.length < LEAST_CHANGES
          ? `${own.length} changes`
          : null,
  };
}

function unionMs(spans: readonly { at: number; end: number }[]): number {
  let [total, covered] = [0, Number.NEGATIVE_INFINITY];
  for (const { at, end } of spans.toSorted((a, b) => a.at - b.at)) {
    total += Math.max(0, end - Math.max(at, covered));
    covered = Math.max(covered, end);
  }
  return total;
}

function longestSilence(answered: readonly { at: number }[], from: number, until: number): number {
  const times = [from, ...answered.map(({ at }) => at).toSorted((a, b) => a - b), until];
  return Math.max(...times.slice(1).map((at, n) => at - times[n]!));
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / values.length;
