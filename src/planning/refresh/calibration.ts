/**
 * Whether "will change within the hour" comes true as often as it is said: a reliability table, and the Brier score beside
 * that of a climatology that always says the mean. Kept walk-forward: every prediction is older than what it is scored on.
 */

import { HOUR_MS } from '../../units.ts';
import type { Truth } from './changes.ts';
import { chanceOf, type RefreshModel } from './model.ts';

export interface CalibrationReport {
  predictions: number;
  brier: number;
  /** Of always saying how often it happened: no forecast without skill does better. */
  climatology: number;
  /** Mean distance between what was said and what happened, weighed by how often it was said: 0 is perfect. */
  error: number;
  /** `said` and `happened` are shares of 1. */
  table: { said: number; happened: number; times: number }[];
}

const EDGES = [0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1];

export class Calibration {
  readonly #truth: Truth;
  readonly #bins = EDGES.map(() => ({ said: 0, happened: 0, times: 0 }));
  readonly #at: number[];
  #brier = 0;

  constructor(truth: Truth) {
    this.#truth = truth;
    this.#at = truth.map(() => 0);
  }

  /** @param from ascending from call to call */
  predict(model: RefreshModel, from: number): void {
    for (const [set, times] of this.#truth.entries()) {
      while (this.#at[set]! < times.length && times[this.#at[set]!]! <= from) this.#at[set]!++;
      const next = times[this.#at[set]!];
      const happened = next !== undefined && next <= from + HOUR_MS ? 1 : 0;
      const said = chanceOf(model, set, from, 60);
      const bin = this.#bins[EDGES.findIndex((edge) => said <= edge)]!;
      bin.said += said;
      bin.happened += happened;
      bin.times++;
      this.#brier += (said - happened) ** 2;
    }
  }

  report(): CalibrationReport {
    const predictions = this.#bins.reduce((sum, { times }) => sum + times, 0);
    const mean = this.#bins.reduce((sum, { happened }) => sum + happened, 0) / Math.max(1, predictions);
    const table = this.#bins
      .filter(({ times }) => times > 0)
      .map(({ said, happened, times }) => ({ said: said / times, happened: happened / times, times }));
    const off = table.reduce((sum, { said, happened, times }) => sum + Math.abs(said - happened) * times, 0);
    return {
      predictions,
      brier: this.#brier / Math.max(1, predictions),
      climatology: mean * (1 - mean),
      error: off / Math.max(1, predictions),
      table,
    };
  }
}
