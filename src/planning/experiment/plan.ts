/**
 * What is written down before an experiment begins: which days have which strategy, what is measured, how much of it is
 * worth having, and when it ends. The unit is the day, since all plan sets move together and hours of sets would only seem
 * to be more evidence. Pure.
 */

import { DAY_MS, HOUR_MS } from '../../units.ts';
import { chance } from '../chance.ts';
import { localDay, localMinute, MINUTE_MS } from '../refresh/calendar.ts';
import type { Strategy } from '../refresh/policy.ts';
import { valuesNeeded } from './sequence.ts';

export type Arm = 'a' | 'b';
/** A census is not among them: it takes six times the calls. */
export const ARMS = [
  'schedule',
  'even',
  'sentinel',
  'learned',
  'auto',
] as const satisfies readonly Strategy[];
export type ArmStrategy = (typeof ARMS)[number];

export interface ExperimentPlan {
  /** What runs without the experiment, and what is tried against it. */
  a: ArmStrategy;
  b: ArmStrategy;
  /** Decides which day of each pair is whose. */
  seed: number;
  /** The first day, in days since 1970 by the clock of Texas. */
  first_day: number;
  metric: string;
  /** Of the days before: mean minutes from a change to the look that shows it, and how much the difference of two days of
   * the same strategy varies (standard deviation). */
  baseline_minutes: number;
  noise_minutes: number;
  /** From so many days before. */
  baseline_days: number;
  /** A smaller difference is not worth a change of strategy. */
  least_effect_minutes: number;
  /** How often it may say that there is a difference where there is none, however often one looks. */
  alpha: number;
  /** How often it finds the least effect within the time. */
  power: number;
  pairs_needed: number;
  /** Stated before: by then it has found an effect worth having, or says that it has not. */
  days_needed: number;
  stop_rule: string;
  guardrails: string[];
}

/** When strategies change over: at an hour in which nothing has ever been minted. */
const SWITCH_MINUTE = 3 * 60;
const WEEK = 7;
/** Pairs of business days in two weeks. */
const PAIRS_A_BLOCK = 5;
export const ALPHA = 0.05;
const POWER = 0.8;
/** Pairs that are left out take their time, too. */
const LONGEST = 1.5;

/** The day of an experiment that a moment belongs to: it begins at three in the morning. */
export const experimentDay = (ms: number): number =>
  localMinute(ms) < SWITCH_MINUTE ? localDay(ms) - 1 : localDay(ms);

/** When a day of an experiment begins, milliseconds UTC. */
export function dayStart(day: number): number {
  const standard = day * DAY_MS + SWITCH_MINUTE * MINUTE_MS + 6 * HOUR_MS;
  // An hour earlier in summer time; the clock is put forward at two.
  return localMinute(standard - HOUR_MS) === SWITCH_MINUTE ? standard - HOUR_MS : standard;
}

/** Days of the same weekday, a week apart, are a pair: a coin says which is whose. */
export function armOf({ seed, first_day }: Pick<ExperimentPlan, 'seed' | 'first_day'>, day: number): Arm {
  const pair = pairOf({ first_day }, day);
  const isSecond = (day - first_day) % (2 * WEEK) >= WEEK;
  const isHeads = chance(Math.imul(seed, 1_000_003) + pair)() < 0.5;
  return isHeads === isSecond ? 'a' : 'b';
}

/** The number of the pair a day belongs to. */
export function pairOf({ first_day }: Pick<ExperimentPlan, 'first_day'>, day: number): number {
  const since = day - first_day;
  return Math.floor(since / (2 * WEEK)) * WEEK + (since % WEEK);
}

interface Wanted {
  a: ArmStrategy;
  b: ArmStrategy;
  seed: number;
  now: number;
  /** The least effect worth having, a share of the baseline. */
  leastEffect: number;
  /** Mean minutes of business days before. */
  before: readonly number[];
}

export function planExperiment({ a, b, seed, now, leastEffect, before }: Wanted): ExperimentPlan {
  const baseline = before.reduce((sum, one) => sum + one, 0) / before.length;
  const variance = before.reduce((sum, one) => sum + (one - baseline) ** 2, 0) / (before.length - 1);
  // A standard error more: with the noise guessed too low the stated time would be too short.
  const noise = Math.sqrt(2 * variance) * (1 + 1 / Math.sqrt(2 * (before.length - 1)));
  const least = leastEffect * baseline;
  const pairs = valuesNeeded(ALPHA, scaleOf(least, noise));
  const days = Math.ceil(pairs / PAIRS_A_BLOCK) * 2 * WEEK;
  const tidy = (value: number) => Number(value.toPrecision(4));
  return {
    a,
    b,
    seed,
    // A whole day for everybody: the one that begins next.
    first_day: experimentDay(now) + 1,
    metric:
      'Minutes from a change of a plan set until a look shows it, the mean of a day from three to three Central; of each set ' +
      'without what changed before its first look of the day. Beside it: stale minutes of a set, and calls.',
    baseline_minutes: tidy(baseline),
    noise_minutes: tidy(noise),
    baseline_days: before.length,
    least_effect_minutes: tidy(least),
    alpha: ALPHA,
    power: POWER,
    pairs_needed: pairs,
    days_needed: days,
    stop_rule:
      `After each day: ends as soon as the ${Math.round((1 - ALPHA) * 100)} % confidence sequence of B less A, over pairs of the ` +
      `same weekday, leaves out 0, or lies within ${least.toFixed(1)} min of it; after ${pairs} pairs or ${Math.round(days * LONGEST)} days at the ` +
      'latest. In a tie A stays, which runs already. A pair is left out where a day had fewer than three changes, or three hours without an answer of the upstream.',
    guardrails: [
      'B has shown changes later than A by the 80 % confidence sequence.',
      'On two days running B took more than three times the minutes of the days before.',
      'On a day of B a set was left for longer than twice what its tier promises while the upstream answered.',
      'On a day of B more than a quarter of at least eight calls failed, and twice the share of A.',
    ],
  };
}

/** For the sequence: the effect it shall be sharpest for, in units of the noise. */
export const scaleOf = (leastMinutes: number, noiseMinutes: number): number =>
  leastMinutes / Math.max(noiseMinutes, 1e-6);

export const isOverdue = ({ days_needed, first_day }: ExperimentPlan, day: number): boolean =>
  day - first_day >= Math.round(days_needed * LONGEST);
