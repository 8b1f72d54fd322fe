/** Whether the model may decide on this deployment: judged by replaying its own changes, walk-forward. Pure. */

import { DAY_MS } from '../../units.ts';
import { isBusinessDay, localDay, MINUTE_MS } from './calendar.ts';
import type { CalibrationReport } from './calibration.ts';
import type { Tape, Truth } from './changes.ts';
import { type RefreshModel, sentinelOf } from './model.ts';
import { replay } from './replay.ts';
import type { Shoppers } from './timetable.ts';

export interface Proof {
  isTrusted: boolean;
  /** In words; why not, where it is not. */
  reason: string;
  /** Of both at the same calls: the mean minutes from a change to the look that shows it. `null`: nothing to score. */
  learnedMinutes: number | null;
  evenMinutes: number | null;
  /** The share of changes of the last ten business days that the sentinel showed. `null`: there were none. */
  caught: number | null;
  calibration: CalibrationReport | null;
}

const BUSINESS_DAYS = 10;
const LEAST_CAUGHT = 0.9;
const WORST_ERROR = 0.1;
/** Scored; everything before only teaches. */
const SCORED_MS = 14 * DAY_MS;
/** Before the scored time: what is older has mostly faded. */
const TAUGHT_MS = 42 * DAY_MS;
const REFIT_DAYS = 7;
const LEAST_CHANGES = 20;
/** Of the minutes of even looks: a gain smaller than this may be chance. */
const LEAST_GAIN = 0.05;
const TOGETHER_MS = 10 * MINUTE_MS;

const distrust = (reason: string, known: Partial<Proof> = {}): Proof => ({
  isTrusted: false,
  reason,
  learnedMinutes: null,
  evenMinutes: null,
  caught: null,
  calibration: null,
  ...known,
});

export const truthOf = ({ sets, changes }: Tape): Truth =>
  sets.map((_, set) =>
    changes
      .filter((change) => change.set === set)
      .map(({ after, by }) => Math.round((after + by) / 2))
      .toSorted((a, b) => a - b),
  );

interface Terms {
  callsAnHour: number;
  mostAnHour: number;
  floorMinutes: number;
  weights: readonly number[];
  shoppers?: Shoppers;
  sentinel: number;
}

/** For a replay of `auto`: what the program itself asks before it trusts a model. */
export const trustOf =
  (terms: Omit<Terms, 'sentinel'>) =>
  (tape: Tape, model: RefreshModel): boolean =>
    prove(tape, { ...terms, sentinel: sentinelOf(model, terms.weights) }).isTrusted;

export function prove(tape: Tape, { sentinel, ...terms }: Terms): Proof {
  const { from, until, changes, sets } = tape;
  const days = businessDaysBetween(from, until);
  if (days < 2 * BUSINESS_DAYS) {
    return distrust(`changes of ${days} business days are known, ${2 * BUSINESS_DAYS} are needed`);
  }
  const scoreFrom = until - SCORED_MS;
  const scored = changes.filter(({ by }) => by > scoreFrom);
  if (scored.length < LEAST_CHANGES) {
    return distrust(
      `${scored.length} changes in the last two weeks, ${LEAST_CHANGES} are needed to judge it`,
    );
  }
  const options = {
    ...terms,
    truth: truthOf(tape),
    from: Math.max(from, scoreFrom - TAUGHT_MS),
    scoreFrom,
    until,
    hasIds: true,
    refitDays: REFIT_DAYS,
    seed: 1,
  };
  const learned = replay({ ...options, strategy: 'learned' });
  const even = replay({ ...options, strategy: 'even' });
  const caught = sets.length === 1 ? 1 : caughtShare(tape, sentinel);
  const calibration = learned.calibration!;
  const known = {
    learnedMinutes: mean(learned.delays),
    evenMinutes: mean(even.delays),
    caught,
    calibration,
  };
  const { learnedMinutes, evenMinutes } = known;
  const isBetter =
    learnedMinutes !== null && evenMinutes !== null && learnedMinutes <= (1 - LEAST_GAIN) * evenMinutes;
  if (!isBetter) {
    const seen = `${minutes(learnedMinutes)} after they happened, even looks after ${minutes(evenMinutes)}`;
    return distrust(`replayed on the last two weeks it would have seen changes ${seen}`, known);
  }
  if (calibration.error > WORST_ERROR) {
    const off = calibration.error.toFixed(2);
    return distrust(`its forecasts are off by ${off} on average, ${WORST_ERROR} is allowed`, known);
  }
  if (caught !== null && caught < LEAST_CAUGHT) {
    const share = `${Math.round(caught * 100)} % of the changes of the last ten business days`;
    return distrust(`the sentinel showed ${share}, ${LEAST_CAUGHT * 100} % are needed`, known);
  }
  const gain = `changes seen after ${minutes(learnedMinutes)} instead of ${minutes(evenMinutes)}`;
  return { isTrusted: true, reason: `replayed on the last two weeks at the same calls: ${gain}`, ...known };
}

const minutes = (value: number | null): string =>
  value === null ? 'an unknown time' : `${value.toFixed(1)} min`;

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;

function businessDaysBetween(from: number, until: number): number {
  let days = 0;
  for (let day = localDay(from) + 1; day < localDay(until); day++) if (isBusinessDay(day)) days++;
  return days;
}

function caughtShare({ changes, until }: Tape, sentinel: number): number | null {
  let since = localDay(until);
  for (let days = 0; days < BUSINESS_DAYS; since--) if (isBusinessDay(since - 1)) days++;
  const recent = changes.filter(({ by }) => localDay(by) >= since);
  const shown = recent.filter(({ set }) => set === sentinel);
  const others = recent.filter(({ set }) => set !== sentinel);
  if (others.length === 0) return null;
  const isShown = ({ after, by }: { after: number; by: number }) =>
    shown.some((one) => one.after <= by + TOGETHER_MS && one.by >= after - TOGETHER_MS);
  return others.filter(isShown).length / others.length;
}
