/**
 * When prices move: how often each set changes in each hour of the week, in which minutes of the hour, and which sets move
 * with which. Counts and shrinkage, nothing hidden: every number can be looked up and counted again.
 *
 * - Rates: changes an hour, Gamma-Poisson. A bin of a set is pulled towards its kind of day and hour over all sets, and
 *   that towards the mean of the kind of day. Old evidence fades (28 days to 1/e).
 * - Censoring: a change in (a, b] counts, in each hour of it, as E[N | N ≥ 1] = Λ / (1 - exp(-Λ)) shared out by the
 *   present rates, and the rates are then counted again: EM for the likelihood 1 - exp(-Λ) of "at least one change".
 * - Phase: a Dirichlet over the 60 minutes, from changes whose minute is known.
 * - Links: P(b moved | a moved), Beta(1, 1) counts, less what chance brings together.
 */

import { DAY_MS, HOUR_MS } from '../../units.ts';
import {
  classOfBin,
  hourBin,
  isChargeDay,
  localDay,
  localMinute,
  MINUTE_MS,
  WEEK_HOURS,
} from './calendar.ts';
import { type Change, isExact, type Tape } from './changes.ts';

/** Raise it when the meaning of a stored model changes: another one is fitted then. */
export const MODEL_FORMAT = 2;

export interface RefreshModel {
  format: number;
  sets: readonly string[];
  /** Milliseconds UTC, like all times. */
  fittedAt: number;
  changes: number;
  /** Of each set: changes an hour in each of the 168 hours of the week (column 0: Sundays and holidays). */
  rates: readonly (readonly number[])[];
  /** How much likelier than the mean of the hour each of its minutes is; their mean is 1. */
  phase: readonly number[];
  /** `links[a][b]`: P(set b moved within minutes | set a moved). */
  links: readonly (readonly number[])[];
}

const FADE_MS = 28 * DAY_MS;
/** How many hours of watching the prior of a bin is worth, and that of a kind of day and hour. */
const BIN_HOURS = 10;
const CLASS_HOURS = 12;
/** Where nothing was ever seen: one change in twenty days. */
const FIRST = { changes: 0.5, hours: 240 };
const PHASE_PRIOR = 30;
/** Sets that move together do so within seconds or, hand-run, within minutes. */
const TOGETHER_MS = 10 * MINUTE_MS;
/** On a day of new delivery charges nearly all REPs move; on a usual one, about one in three. */
const CHARGE_DAY_FACTOR = 3;
const EM_ROUNDS = 4;

export function fitModel({ sets, from, until, changes: all }: Tape): RefreshModel {
  const changes = all.filter(({ by }) => by > from && by <= until);
  const usual = changes.filter(({ by }) => !isChargeDay(localDay(by)));
  const hours = exposure(from, until);
  const weightOf = (ms: number) => Math.exp((ms - until) / FADE_MS);
  let rates: number[][] = sets.map(() => new Array(WEEK_HOURS).fill(1 / WEEK_HOURS));
  const rounds = usual.every(isExact) ? 1 : EM_ROUNDS;
  for (let round = 0; round < rounds; round++) {
    const counts = sets.map(() => new Array<number>(WEEK_HOURS).fill(0));
    for (const change of usual) spread(change, rates[change.set]!, counts[change.set]!, weightOf);
    rates = shrink(counts, hours);
  }
  const tidy = (value: number) => Number(value.toPrecision(4));
  return {
    format: MODEL_FORMAT,
    sets,
    fittedAt: until,
    changes: changes.length,
    rates: rates.map((row) => row.map(tidy)),
    phase: phaseOf(usual.filter(isExact), weightOf).map(tidy),
    links: linksOf(sets.length, changes, weightOf, rates).map((row) => row.map(tidy)),
  };
}

/** Hours watched in each bin, each worth less the older it is. */
function exposure(from: number, until: number): number[] {
  const hours = new Array<number>(WEEK_HOURS).fill(0);
  for (let at = from; at < until; at += HOUR_MS) {
    const part = Math.min(HOUR_MS, until - at);
    if (isChargeDay(localDay(at))) continue;
    hours[hourBin(at + part / 2)]! += (part / HOUR_MS) * Math.exp((at - until) / FADE_MS);
  }
  return hours;
}

function spread(
  change: Change,
  rates: readonly number[],
  counts: number[],
  weightOf: (ms: number) => number,
): void {
  const { after, by } = change;
  if (isExact(change)) {
    counts[hourBin(by)]! += weightOf(by);
    return;
  }
  const parts: { bin: number; expected: number; at: number }[] = [];
  for (let at = after; at < by; ) {
    const end = Math.min(by, (Math.floor(at / HOUR_MS) + 1) * HOUR_MS);
    const bin = hourBin(at);
    parts.push({ bin, expected: (rates[bin]! * (end - at)) / HOUR_MS, at });
    at = end;
  }
  const sum = parts.reduce((total, { expected }) => total + expected, 0);
  // Λ / (1 - exp(-Λ)) changes, in proportion to what was expected of each part.
  const factor = 1 / -Math.expm1(-sum);
  for (const { bin, expected, at } of parts) counts[bin]! += expected * factor * weightOf(at);
}

function shrink(counts: readonly number[][], hours: readonly number[]): number[][] {
  const bins = [...hours.keys()];
  const sumOf = (row: readonly number[], of: (bin: number) => boolean) =>
    bins.reduce((sum, bin) => (of(bin) ? sum + row[bin]! : sum), 0);
  // A mean over the sets, not a sum: they move together, so that six of them are hardly more evidence than one.
  const totalOf = (of: (bin: number) => boolean) =>
    counts.reduce((sum, row) => sum + sumOf(row, of), 0) / counts.length;
  const watched = (of: (bin: number) => boolean) => sumOf(hours, of);
  const means = ([0, 1, 2] as const).map((kind) => {
    const isKind = (bin: number) => classOfBin(bin) === kind;
    return (totalOf(isKind) + FIRST.changes) / (watched(isKind) + FIRST.hours);
  });
  const pooled = bins.map((bin) => {
    const kind = classOfBin(bin);
    const isAlike = (other: number) => classOfBin(other) === kind && other % 24 === bin % 24;
    return (totalOf(isAlike) + CLASS_HOURS * means[kind]!) / (watched(isAlike) + CLASS_HOURS);
  });
  const expected = bins.reduce((sum, bin) => sum + pooled[bin]! * hours[bin]!, 0);
  return counts.map((row) => {
    // A set that moves half as often as the others does so in every hour.
    const scale = (sumOf(row, () => true) + 5) / (expected + 5);
    return bins.map((bin) => (row[bin]! + BIN_HOURS * pooled[bin]! * scale) / (hours[bin]! + BIN_HOURS));
  });
}

function phaseOf(exact: readonly Change[], weightOf: (ms: number) => number): number[] {
  const minutes = new Array<number>(60).fill(PHASE_PRIOR / 60);
  for (const { by } of exact) minutes[localMinute(by) % 60]! += weightOf(by);
  const total = minutes.reduce((sum, one) => sum + one, 0);
  return minutes.map((one) => (one / total) * 60);
}

function linksOf(
  sets: number,
  changes: readonly Change[],
  weightOf: (ms: number) => number,
  rates: readonly number[][],
): number[][] {
  const often = rates.map((row) => row.reduce((sum, rate) => sum + rate, 0) / WEEK_HOURS);
  const bySet = Array.from({ length: sets }, (_, set) =>
    changes.filter((change) => change.set === set).toSorted((a, b) => a.by - b.by),
  );
  return bySet.map((mine, a) =>
    bySet.map((theirs, b) => {
      if (a === b) return 1;
      let [moved, all, at] = [1, 2, 0];
      for (const { after, by } of mine) {
        while (at < theirs.length && theirs[at]!.by < after - TOGETHER_MS) at++;
        const other = theirs[at];
        const weight = weightOf(by);
        all += weight;
        if (other && other.after <= by + TOGETHER_MS) moved += weight;
      }
      // Two busy sets also meet by chance: that is not a link.
      const byChance = -Math.expm1((-2 * often[b]! * TOGETHER_MS) / HOUR_MS);
      return Math.max(0, (moved / all - byChance) / (1 - byChance));
    }),
  );
}

/** Expected changes a minute of a set at a moment. */
export const rateAt = (model: RefreshModel, set: number, ms: number): number =>
  hourRateAt(model, set, ms) * model.phase[localMinute(ms) % 60]!;

/** Expected changes a minute, the mean of the hour. */
export function hourRateAt({ rates }: RefreshModel, set: number, ms: number): number {
  const factor = isChargeDay(localDay(ms)) ? CHARGE_DAY_FACTOR : 1;
  return (rates[set]![hourBin(ms)]! / 60) * factor;
}

/** P(a set changes at least once in the time to come). */
export function chanceOf(model: RefreshModel, set: number, from: number, minutes: number): number {
  let expected = 0;
  for (let m = 0; m < minutes; m++) expected += rateAt(model, set, from + m * MINUTE_MS);
  return -Math.expm1(-expected);
}

/** The set whose moves show most of the changes of all sets, each counted by its weight. */
export function sentinelOf({ rates, links }: RefreshModel, weights: readonly number[]): number {
  const often = rates.map((row, set) => weights[set]! * row.reduce((sum, one) => sum + one, 0));
  const shown = rates.map((_, a) => often.reduce((sum, rate, b) => sum + rate * links[b]![a]!, 0));
  return shown.indexOf(Math.max(...shown));
}
