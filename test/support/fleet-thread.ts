/**
 * Random histories in a thread of their own: in the main one the test runner follows every promise, which takes longer
 * than all the rest.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { type FleetName, findFailure } from './fleet-histories.ts';

export interface HistoriesJob {
  fleet: FleetName;
  runs: number;
  seed: number;
}

const { fleet, runs, seed } = workerData as HistoriesJob;
parentPort!.postMessage(await findFailure(fleet, { runs, seed }));
