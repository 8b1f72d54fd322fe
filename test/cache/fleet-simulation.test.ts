/** Laws of the cache in whatever order events come: each history is lived through in simulated time. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { HistoriesJob } from '../support/fleet-histories.ts';

const seed = Date.now() | 0;

async function liveThrough(t: TestContext, job: Omit<HistoriesJob, 'seed'>): Promise<void> {
  t.diagnostic(`seed ${seed}`);
  const workerData: HistoriesJob = { seed, ...job };
  const worker = new Worker(new URL('../support/fleet-histories.ts', import.meta.url), { workerData });
  const [failure] = await once(worker, 'message');
  assert.equal(failure, null, failure);
}

const LAW = 'nobody goes back, mixes versions, forgets, asks upstream for what is stored, or stays behind';
const everything = [null, null, null];

test(`4,000 histories of a fleet with Redis: ${LAW}`, (t) =>
  liveThrough(t, { runs: 4_000, hasRedis: true, memoryBytes: everything, hasPages: false }));

test(`3,000 histories of a fleet without Redis: ${LAW}`, (t) =>
  liveThrough(t, { runs: 3_000, hasRedis: false, memoryBytes: everything, hasPages: false }));

test(`3,000 histories of a fleet in which two memories hold but one set: ${LAW}`, (t) =>
  liveThrough(t, { runs: 3_000, hasRedis: true, memoryBytes: [400, 400, null], hasPages: false }));

test('1,000 histories of readers of pages, of two TDSPs, too: no page mixes versions, and its age is the truth', (t) =>
  liveThrough(t, { runs: 1_000, hasRedis: true, memoryBytes: everything, hasPages: true }));
