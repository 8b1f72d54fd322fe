/** What the days of an experiment say so far, and whether it ends: by the rule that was written down before. Pure. */

import type { MeasuredDay } from './measure.ts';
import { ALPHA, armOf, type ExperimentPlan, isOverdue, pairOf, scaleOf } from './plan.ts';
import { confidenceSequence, type Interval } from './sequence.ts';

/** How it ended: B is better or worse, they are alike, nothing was found in the time, it did harm, somebody stopped it. */
export type Outcome = 'better' | 'worse' | 'alike' | 'undecided' | 'harm' | 'stopped';

/** Means over the days that count. */
interface ArmFigures {
  days: number;
  minutes: number | null;
  stale_minutes: number | null;
  calls: number | null;
}

export interface Standing {
  /** Whole pairs that count. */
  pairs: number;
  a: ArmFigures;
  b: ArmFigures;
  /** Of B less A in minutes: below 0 where B is better. Bounds are `null` while too little is known. */
  difference: number | null;
  low: number | null;
  high: number | null;
  /** `null`: it goes on. */
  outcome: Exclude<Outcome, 'stopped'> | null;
  reason: string;
}

const HARM_ALPHA = 0.2;
const HARM_TIMES = 3;
const HARM_DAYS = 2;

/** @param days that are over, each measured */
export function judgeDays(plan: ExperimentPlan, days: readonly MeasuredDay[]): Standing {
  const differences = differencesOf(plan, days);
  const scale = scaleOf(plan.least_effect_minutes, plan.noise_minutes);
  const found = confidenceSequence(differences, { alpha: ALPHA, scale });
  const harm = harmOf(plan, days, confidenceSequence(differences, { alpha: HARM_ALPHA, scale }));
  const lastDay = Math.max(plan.first_day, ...days.map(({ day }) => day + 1));
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  const standing = {
    pairs: differences.length,
    a: figuresOf(days.filter(({ day }) => armOf(plan, day) === 'a')),
    b: figuresOf(days.filter(({ day }) => armOf(plan, day) === 'b')),
    difference: differences.length === 0 ? null : found.mean,
    low: finite(found.low),
    high: finite(found.high),
  };
  return { ...standing, ...verdictOf(plan, found, { pairs: differences.length, harm, lastDay }) };
}

function verdictOf(
  plan: ExperimentPlan,
  { mean, low, high }: Interval,
  { pairs, harm, lastDay }: { pairs: number; harm: string | null; lastDay: number },
): Pick<Standing, 'outcome' | 'reason'> {
  const { a, b, pairs_needed, least_effect_minutes: least } = plan;
  const bounds = `${minutes(low)} to ${minutes(high)}`;
  if (high < 0) {
    return { outcome: 'better', reason: `${b} shows changes ${minutes(-mean)} sooner than ${a} (${bounds})` };
  }
  if (low > 0) {
    return { outcome: 'worse', reason: `${b} shows changes ${minutes(mean)} later than ${a} (${bounds})` };
  }
  if (harm !== null) return { outcome: 'harm', reason: harm };
  if (low >= -least && high <= least) {
    const tie = `they differ by less than ${minutes(least)} (${bounds})`;
    return { outcome: 'alike', reason: `${tie}: ${a} stays` };
  }
  if (pairs >= pairs_needed || isOverdue(plan, lastDay)) {
    return { outcome: 'undecided', reason: `no difference found after ${pairs} pairs: ${a} stays` };
  }
  const next = Number.isFinite(low) ? `so far ${minutes(mean)} (${bounds})` : 'too few to tell';
  return { outcome: null, reason: `${pairs} of ${pairs_needed} pairs: ${next}` };
}

const minutes = (value: number): string => `${value.toFixed(1)} min`;

function differencesOf(plan: ExperimentPlan, days: readonly MeasuredDay[]): number[] {
  const pairs = Map.groupBy(
    days.filter(({ left_out }) => left_out === null),
    ({ day }) => pairOf(plan, day),
  );
  return [...pairs.values()].flatMap((pair) => {
    const of = (arm: 'a' | 'b') => pair.find(({ day }) => armOf(plan, day) === arm)?.minutes ?? null;
    const [a, b] = [of('a'), of('b')];
    return a === null || b === null ? [] : [b - a];
  });
}

function figuresOf(days: readonly MeasuredDay[]): ArmFigures {
  const counted = days.filter(({ left_out }) => left_out === null);
  const mean = (of: (day: MeasuredDay) => number | null) =>
    counted.length === 0 ? null : counted.reduce((sum, day) => sum + (of(day) ?? 0), 0) / counted.length;
  return {
    days: counted.length,
    minutes: mean((day) => day.minutes),
    stale_minutes: mean((day) => day.stale_minutes),
    calls: mean((day) => day.calls),
  };
}

/** Harm needs less proof than a gain: it only ends the trial. */
function harmOf(plan: ExperimentPlan, days: readonly MeasuredDay[], careful: Interval): string | null {
  if (careful.low > 0)
    return `${plan.b} is likely to show changes later (by ${minutes(careful.low)} at least)`;
  const ofB = days.filter(({ day }) => armOf(plan, day) === 'b').toSorted((a, b) => b.day - a.day);
  const bad = ofB.filter(({ left_out }) => left_out === null).slice(0, HARM_DAYS);
  const limit = HARM_TIMES * plan.baseline_minutes;
  if (bad.length === HARM_DAYS && bad.every((day) => day.minutes! > limit)) {
    return `on two days running ${plan.b} took more than ${minutes(limit)}`;
  }
  return null;
}

const LEAST_CALLS = 8;
const FAILED_SHARE = 0.25;

/**
 * What cannot wait until the day is over, asked on a day of B.
 * @param longestMs how long the set that was left longest has not been looked at, and what its tier promises
 */
export function harmToday(
  today: Pick<MeasuredDay, 'calls' | 'failed'>,
  before: readonly MeasuredDay[],
  plan: ExperimentPlan,
  oldest: { name: string; ageMs: number; floorMs: number } | null,
): string | null {
  if (oldest && oldest.ageMs > 2 * oldest.floorMs) {
    const said = `${Math.round(oldest.ageMs / 60_000)} min, ${Math.round(oldest.floorMs / 60_000)} are promised`;
    return `${oldest.name} was left alone for ${said}`;
  }
  const ofA = before.filter(({ day }) => armOf(plan, day) === 'a');
  const sum = (of: (day: MeasuredDay) => number) => ofA.reduce((total, day) => total + of(day), 0);
  const usual =
    sum((day) => day.failed) /
    Math.max(
      1,
      sum((day) => day.calls),
    );
  const share = today.failed / Math.max(1, today.calls);
  if (today.calls < LEAST_CALLS || share <= FAILED_SHARE || share <= 2 * usual) return null;
  return `${today.failed} of ${today.calls} calls of the day failed, ${Math.round(usual * 100)} % on days of ${plan.a}`;
}
