/**
 * What a strategy would have seen, and when: changes do not depend on who looks, so any strategy can be run over any tape
 * and scored exactly. A strategy learns only from what its own looks brought to light. A year takes seconds.
 */

import { DAY_MS, HOUR_MS } from '../../units.ts';
import { chance } from '../chance.ts';
import { MINUTE_MS } from './calendar.ts';
import { Calibration, type CalibrationReport } from './calibration.ts';
import type { Change, Tape, Truth } from './changes.ts';
import { fitModel, type RefreshModel, sentinelOf } from './model.ts';
import {
  censusLooks,
  type DueLook,
  evenLooks,
  learnedLooks,
  type PolicyInput,
  type SeenSet,
  type Strategy,
  sentinelLooks,
  sentinelMinutes,
} from './policy.ts';
import { priceOf, type Shoppers, type Timetable, timetable, wishesOf } from './timetable.ts';

interface ReplayOptions {
  truth: Truth;
  from: number;
  /** Scored from here on; before it strategies only learn. */
  scoreFrom: number;
  until: number;
  strategy: Strategy;
  /** Of all sets, on average; never more in a week. */
  callsAnHour: number;
  /** Never more within an hour. */
  mostAnHour: number;
  floorMinutes: number;
  /** What a minute of staleness of each set weighs. */
  weights?: readonly number[];
  shoppers?: Shoppers;
  /** Ids tell when a change was; otherwise it lies between two looks. */
  hasIds: boolean;
  refitDays?: number;
  /** Whether `auto` lets the model decide, asked whenever it was fitted anew; left out: never. */
  trust?: (tape: Tape, model: RefreshModel) => boolean;
  /** Told of every call, answered or not. */
  onCall?: (set: number, at: number) => void;
  /** Decides jitter and failures. */
  seed: number;
  /** The share of calls that fail. */
  failing?: number;
}

export interface Score {
  calls: number;
  mostInAnHour: number;
  /** Minutes from each change to the look that showed it, ascending, both within the scored time. */
  delays: number[];
  /** The share of time, over all sets, in which nothing had changed unseen. */
  current: number;
  calibration: CalibrationReport | null;
}

/** The timetable is worked out again this often, for twice as long. */
const TABLE_HOURS = 12;

export function replay(options: ReplayOptions): Score {
  const run = new Replay(options);
  // On full minutes, whenever it begins: hours are told by them.
  const begin = Math.ceil(options.from / MINUTE_MS) * MINUTE_MS;
  for (let minute = begin; minute < options.until; minute += MINUTE_MS) run.minute(minute);
  return run.score();
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #random;
  readonly #seen: SeenSet[];
  readonly #names: string[];
  readonly #weights: readonly number[];
  /** Of each set, how many of its changes have been seen. */
  readonly #shown: number[];
  readonly #changes: Change[] = [];
  readonly #calls: number[] = [];
  #hourFrom = 0;
  #weekFrom = 0;
  #model: RefreshModel | null = null;
  #isTrusted = false;
  #price = 0;
  #table: Timetable | null = null;
  readonly #delays: number[] = [];
  #staleMs = 0;
  #scored = 0;
  #mostInAnHour = 0;
  readonly #calibration: Calibration;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#random = chance(options.seed);
    const { truth, from } = options;
    this.#seen = truth.map(() => ({ lookedAt: from - MINUTE_MS, movedAt: null }));
    this.#names = truth.map((_, set) => String(set));
    this.#weights = options.weights ?? truth.map(() => 1);
    this.#shown = truth.map((times) => firstAfter(times, from - MINUTE_MS));
    this.#calibration = new Calibration(truth);
  }

  minute(minute: number): void {
    const { strategy, scoreFrom } = this.#options;
    if (strategy === 'sentinel' && this.#isOld(minute)) this.#fit(minute);
    if (strategy === 'learned' || strategy === 'auto') {
      const isOld = this.#isOld(minute);
      if (isOld) this.#fit(minute);
      // As soon as half of it is used up.
      if (isOld || minute - this.#table!.from >= TABLE_HOURS * HOUR_MS) {
        const { mostAnHour } = this.#options;
        const lookedAt = this.#seen.map((one) => one.lookedAt);
        const horizon = { from: minute, hours: 2 * TABLE_HOURS, mostAnHour, lookedAt };
        this.#table = timetable(this.#model!, this.#wishes(), this.#price * this.#pressure(minute), horizon);
      }
      if (minute >= scoreFrom && minute % HOUR_MS === 0) this.#calibration.predict(this.#model!, minute);
    }
    // Never on the full minute.
    let now = minute + 5_000 + Math.floor(this.#random() * 30_000);
    // Once more for what follows from what was just seen.
    for (let round = 0; round < 2; round++, now += 10_000) {
      const due = this.#due(now);
      if (due.length === 0) return;
      for (const look of due) this.#look(look.set, now);
    }
  }

  score(): Score {
    const { truth, until, scoreFrom } = this.#options;
    for (const [set, times] of truth.entries()) {
      const open = times[this.#shown[set]!];
      if (open !== undefined && open < until) this.#staleMs += until - Math.max(open, scoreFrom);
    }
    return {
      calls: this.#scored,
      mostInAnHour: this.#mostInAnHour,
      delays: this.#delays.toSorted((a, b) => a - b),
      current: 1 - this.#staleMs / ((until - scoreFrom) * truth.length),
      calibration: this.#model ? this.#calibration.report() : null,
    };
  }

  #isOld(minute: number): boolean {
    const { refitDays = 1 } = this.#options;
    return !this.#model || minute - this.#model.fittedAt >= refitDays * DAY_MS;
  }

  #wishes() {
    const { callsAnHour, floorMinutes: longest, shoppers } = this.#options;
    return wishesOf(this.#model!, this.#weights, callsAnHour, { shoppers, longest });
  }

  #fit(until: number): void {
    const { strategy, from, callsAnHour, trust } = this.#options;
    const tape = { sets: this.#names, from, until, changes: this.#changes };
    this.#model = fitModel(tape);
    if (strategy === 'auto') this.#isTrusted = trust?.(tape, this.#model) ?? false;
    this.#price = priceOf(this.#model, this.#wishes(), callsAnHour * 168 * SPARE);
  }

  #pressure(now: number): number {
    while (this.#calls[this.#weekFrom]! <= now - 7 * DAY_MS) this.#weekFrom++;
    return pressure(this.#calls.length - this.#weekFrom, this.#options.callsAnHour * 168);
  }

  #due(now: number): DueLook[] {
    const { strategy, callsAnHour, floorMinutes } = this.#options;
    const floorsMs = this.#weights.map(() => floorMinutes * MINUTE_MS);
    const input: PolicyInput = { now, seen: this.#seen, names: this.#names, floorsMs };
    switch (strategy) {
      case 'schedule': {
        // All sets at the turn of an hour, or of as much of it as the calls allow.
        const every = (this.#seen.length / callsAnHour) * HOUR_MS;
        const turn = Math.floor(now / every) * every;
        return this.#seen.flatMap(({ lookedAt }, set) =>
          lookedAt! < turn ? [{ set, kind: 'planned' as const, reason: 'schedule' }] : [],
        );
      }
      case 'even':
        return evenLooks(input, callsAnHour);
      case 'census':
        return censusLooks(input);
      case 'sentinel': {
        const sentinel = sentinelOf(this.#model!, this.#weights);
        return sentinelLooks(input, sentinel, sentinelMinutes(this.#model!, sentinel, callsAnHour));
      }
      case 'auto':
        if (!this.#isTrusted) return evenLooks(input, callsAnHour);
        return learnedLooks(input, this.#model!, this.#table!, this.#weights);
      case 'learned':
        return learnedLooks(input, this.#model!, this.#table!, this.#weights);
    }
  }

  #look(set: number, now: number): void {
    const { callsAnHour, mostAnHour, scoreFrom, failing = 0, hasIds, truth } = this.#options;
    while (this.#calls[this.#hourFrom]! <= now - HOUR_MS) this.#hourFrom++;
    while (this.#calls[this.#weekFrom]! <= now - 7 * DAY_MS) this.#weekFrom++;
    const inHour = this.#calls.length - this.#hourFrom;
    if (inHour >= mostAnHour || this.#calls.length - this.#weekFrom >= callsAnHour * 168) return;
    this.#calls.push(now);
    this.#options.onCall?.(set, now);
    if (now >= scoreFrom) {
      this.#scored++;
      this.#mostInAnHour = Math.max(this.#mostInAnHour, inHour + 1);
    }
    if (failing > 0 && this.#random() < failing) return;
    const seen = this.#seen[set]!;
    const times = truth[set]!;
    const before = this.#shown[set]!;
    let at = before;
    for (; at < times.length && times[at]! <= now; at++) {
      const changedAt = times[at]!;
      if (changedAt >= scoreFrom) this.#delays.push((now - changedAt) / MINUTE_MS);
      if (hasIds) this.#changes.push({ set, after: changedAt - 1, by: changedAt });
    }
    if (at > before) {
      if (!hasIds) this.#changes.push({ set, after: seen.lookedAt!, by: now });
      if (now >= scoreFrom) this.#staleMs += now - Math.max(times[before]!, scoreFrom);
      seen.movedAt = now;
      this.#shown[set] = at;
    }
    seen.lookedAt = now;
  }
}

/** What the timetable leaves for floors, second sentinels and weeks that are busier than usual. */
export const SPARE = 0.95;

/** Calls grow dearer where a week has been busier than expected, long before it is used up. */
export const pressure = (spent: number, allowed: number): number =>
  Math.max(1, spent / (0.94 * allowed)) ** 12;

function firstAfter(times: readonly number[], ms: number): number {
  const at = times.findIndex((time) => time > ms);
  return at === -1 ? times.length : at;
}
