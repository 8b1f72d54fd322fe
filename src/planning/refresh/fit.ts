/** The model of a tape with its price and its proof; in a thread of its own, since proving takes a second or two. Pure. */

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { Tape } from './changes.ts';
import { fitModel, type RefreshModel, sentinelOf } from './model.ts';
import { type Proof, prove } from './proof.ts';
import { SPARE } from './replay.ts';
import { LONGEST_MINUTES, priceOf, type Shoppers, wishesOf } from './timetable.ts';

export interface Learned {
  model: RefreshModel;
  /** Change-minutes that a call must save. */
  price: number;
  proof: Proof;
}

export interface FitTerms {
  callsAnHour: number;
  mostAnHour: number;
  weights: readonly number[];
  shoppers?: Shoppers;
}

/** The least a week is planned with: a source that is asked once a day. */
const LEAST_CALLS_A_WEEK = 7;

function fit(tape: Tape, { callsAnHour, mostAnHour, weights, shoppers }: FitTerms): Learned {
  const model = fitModel(tape);
  const callsAWeek = Math.max(LEAST_CALLS_A_WEEK, callsAnHour * 168 * SPARE);
  const price = priceOf(model, wishesOf(model, weights, callsAWeek / 168, { shoppers }), callsAWeek);
  const proof = prove(tape, {
    callsAnHour: Math.max(callsAnHour, LEAST_CALLS_A_WEEK / 168),
    mostAnHour,
    // The schedules keep the floors beside these calls.
    floorMinutes: LONGEST_MINUTES,
    weights,
    shoppers,
    sentinel: sentinelOf(model, weights),
  });
  return { model, price, proof };
}

/** @throws what went wrong in the thread */
export function fitApart(tape: Tape, terms: FitTerms): Promise<Learned> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { refreshTape: tape, terms } });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that fits the refresh model ended without one')));
    worker.unref();
  });
}

if (!isMainThread && workerData?.refreshTape) {
  parentPort!.postMessage(fit(workerData.refreshTape, workerData.terms));
}
