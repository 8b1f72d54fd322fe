/** The experiment of a source: begun, tended day by day, ended. What it says of a day is what the refresh strategy goes by. */

import { WattsyncError } from '../../errors.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import {
  endExperiment,
  insertExperiment,
  readCallsBetween,
  readExperiments,
  readRunningExperiment,
  readSeenChanges,
  type StoredExperiment,
  writeExperimentDays,
} from '../../store/queue/experiments.ts';
import { readRefreshModel } from '../../store/queue/refresh-state.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { isBusinessDay } from '../refresh/calendar.ts';
import { harmToday, judgeDays, type Outcome, type Standing } from './judge.ts';
import { type MeasuredDay, measureDay } from './measure.ts';
import {
  type Arm,
  type ArmStrategy,
  armOf,
  dayStart,
  type ExperimentPlan,
  experimentDay,
  planExperiment,
} from './plan.ts';

/** An experiment cannot be begun or ended so. */
class ExperimentError extends WattsyncError {
  readonly code = 'experiment_refused';
  readonly retryable = false;
}

export interface Experiment
  extends Omit<StoredExperiment, 'plan' | 'days' | 'standing' | 'outcome' | 'started_at' | 'ended_at'> {
  plan: ExperimentPlan;
  days: MeasuredDay[];
  standing: Standing | null;
  started_at: Date;
  ended_at: Date | null;
  outcome: Outcome | null;
}

const typed = (stored: StoredExperiment): Experiment => stored as Experiment;

export const listExperiments = async (
  queryable: Queryable,
  which: { from?: Date; to?: Date; limit: number },
): Promise<Experiment[]> => (await readExperiments(queryable, which)).map(typed);

/** Whose day it is. */
export interface ExperimentToday {
  id: number;
  arm: Arm;
  strategy: ArmStrategy;
  plan: ExperimentPlan;
}

export const armToday = ({ id, plan }: Experiment, now: number): ExperimentToday | null => {
  const day = experimentDay(now);
  if (day < plan.first_day) return null;
  const arm = armOf(plan, day);
  return { id, arm, strategy: plan[arm], plan };
};

export async function readExperimentToday(
  queryable: Queryable,
  source: string,
  now: number,
): Promise<ExperimentToday | null> {
  const running = await readRunningExperiment(queryable, source);
  return running && armToday(typed(running), now);
}

/** Of so many days the baseline and its noise are taken, and at least so many business days have to be known. */
const LOOKED_BACK_DAYS = 56;
const LEAST_DAYS = 10;

interface StartOptions {
  source: string;
  sets: readonly string[];
  a: ArmStrategy;
  b: ArmStrategy;
  seed: number;
  /** Share of the baseline. */
  leastEffect: number;
  by: string;
  now: number;
}

/** @throws {ExperimentError} one is running, or too little is known to plan one */
export async function startExperiment(
  queryable: Queryable,
  { source, sets, by, ...wanted }: StartOptions,
): Promise<Experiment> {
  const { a, b, now } = wanted;
  if (a === b) throw new ExperimentError(`Two strategies are compared, got ${a} twice.`);
  const today = experimentDay(now);
  const before: number[] = [];
  for (let day = today - LOOKED_BACK_DAYS; day < today; day++) {
    if (!isBusinessDay(day)) continue;
    const { minutes, left_out } = await measure(queryable, { source, sets }, day, now);
    if (minutes !== null && left_out === null) before.push(minutes);
  }
  if (before.length < LEAST_DAYS) {
    throw new ExperimentError(
      `Changes of ${before.length} business days are known, ${LEAST_DAYS} are needed to say how long an experiment takes. ` +
        'Let the program run on, or see: npx wattsync refresh rebuild',
    );
  }
  const id = await insertExperiment(queryable, source, planExperiment({ ...wanted, before }), by);
  if (id === null) {
    throw new ExperimentError('An experiment is running. See: npx wattsync experiment status');
  }
  return typed((await readRunningExperiment(queryable, source))!);
}

/** @throws {ExperimentError} none is running */
export async function stopExperiment(
  queryable: Queryable,
  source: string,
  { by, reason }: { by: string; reason: string },
): Promise<Experiment> {
  const running = await readRunningExperiment(queryable, source);
  if (!running) throw new ExperimentError('No experiment is running.');
  await endExperiment(queryable, running.id, { outcome: 'stopped', reason, by });
  return typed((await readExperiments(queryable, { limit: 1 }))[0]!);
}

interface Watched {
  source: string;
  sets: readonly string[];
}

/** A call this long ago, made while a set was past its floor, shows that it was left alone by choice and not by an outage. */
const CALLING_MS = 15 * 60_000;

/** @param readUntil until when looks have been searched for changes */
async function measure(
  queryable: Queryable,
  { source, sets }: Watched,
  day: number,
  readUntil: number,
): Promise<MeasuredDay & { isComplete: boolean }> {
  const [from, until] = [dayStart(day), dayStart(day + 1)];
  const later = new Date(until + LONGEST_UNSEEN_MS);
  const time = { from: new Date(from), to: later };
  const setOf = (duns: string | null) => duns ?? sets[0]!;
  const all = (await readCallsBetween(queryable, source, time)).map((call) => ({
    set: setOf(call.tdsp_duns),
    at: call.called_at.getTime(),
    isAnswered: call.is_answered,
  }));
  const changes = (await readSeenChanges(queryable, source, time)).map((change) => ({
    set: change.plan_set,
    at: change.changed_at.getTime(),
    seenAt: change.seen_at.getTime(),
  }));
  const calls = all.filter(({ at }) => at < until);
  const isSeen = (set: string) =>
    all.some((call) => call.isAnswered && call.set === set && call.at >= until && call.at <= readUntil);
  return {
    ...measureDay({ day, from, until, sets, changes, calls }),
    // What changed last has been looked for.
    isComplete: sets.every(isSeen),
  };
}

/** After it no set is unseen but for an outage. */
const LONGEST_UNSEEN_MS = 6 * HOUR_MS;
const OVER = 'the rule that was written down before';

interface Tended extends Watched {
  now: number;
  /** The set that was left longest; `null`: nothing may be looked at just now. */
  oldest: { name: string; ageMs: number; floorMs: number } | null;
}

/** Measures the days that are over, judges, and ends it where the rule or a guardrail says so. */
export async function tendExperiment(
  queryable: Queryable,
  { source, sets, now, oldest }: Tended,
): Promise<void> {
  const stored = await readRunningExperiment(queryable, source);
  if (!stored) return;
  const { id, plan, days: known } = typed(stored);
  const readUntil = (await readRefreshModel(queryable, source))?.read_until.getTime() ?? 0;
  const days = [...known];
  for (let day = plan.first_day + days.length; day < experimentDay(now); day++) {
    const { isComplete, ...measured } = await measure(queryable, { source, sets }, day, readUntil);
    if (!isComplete && now < dayStart(day + 1) + LONGEST_UNSEEN_MS) break;
    days.push(measured);
  }
  if (days.length > known.length) {
    const standing = judgeDays(plan, days);
    await writeExperimentDays(queryable, id, days, standing);
    const { outcome, reason } = standing;
    if (outcome) await endExperiment(queryable, id, { outcome, reason, by: OVER });
    if (outcome) return;
  }
  const today = armToday(typed(stored), now);
  if (today?.arm !== 'b') return;
  const time = { from: new Date(dayStart(experimentDay(now))), to: new Date(now) };
  const calls = await readCallsBetween(queryable, source, time);
  const failed = calls.filter(({ is_answered }) => !is_answered).length;
  const isByChoice =
    oldest !== null &&
    calls.some(({ called_at, is_answered }) => {
      const at = called_at.getTime();
      return is_answered && at > now - oldest.ageMs + oldest.floorMs && at < now - CALLING_MS;
    });
  const harm = harmToday({ calls: calls.length, failed }, days, plan, isByChoice ? oldest : null);
  if (harm) await endExperiment(queryable, id, { outcome: 'harm', reason: harm, by: OVER });
}

/** For people: the day as a date of Texas. */
export const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
