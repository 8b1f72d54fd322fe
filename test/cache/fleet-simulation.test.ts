/** Laws of the cache in whatever order events come: each history is lived through in simulated time. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { FLEETS, liveThrough, readCorpus } from '../support/fleet-histories.ts';
import type { HistoriesJob } from '../support/fleet-thread.ts';

/** Fixed, so that a test fails only by what was changed. `npm run simulate` searches at random. */
const SEED = 20_261_128;

async function findsNothing(job: Omit<HistoriesJob, 'seed'>): Promise<void> {
  const workerData: HistoriesJob = { seed: SEED, ...job };
  const worker = new Worker(new URL('../support/fleet-thread.ts', import.meta.url), { workerData });
  const [failure] = await once(worker, 'message');
  assert.equal(failure, null, JSON.stringify(failure));
}

const LAW = 'nobody goes back, mixes versions, forgets, asks upstream for what is stored, or stays behind';

test(`4,000 histories of a fleet with Redis: ${LAW}`, () => findsNothing({ fleet: 'redis', runs: 4_000 }));

test(`3,000 histories of a fleet without Redis: ${LAW}`, () =>
  findsNothing({ fleet: 'no-redis', runs: 3_000 }));

test(`3,000 histories of a fleet that is cleared and confirmed all the time: ${LAW}`, () =>
  findsNothing({ fleet: 'clears', runs: 3_000 }));

test('1,000 histories of readers of pages, of two TDSPs, too: no page mixes versions, and its age is the truth', () =>
  findsNothing({ fleet: 'pages', runs: 1_000 }));

for (const { file, what, fleet, history } of readCorpus()) {
  test(`${file} went wrong once (${what}) and does not any more`, () => liveThrough(history, FLEETS[fleet]));
}
