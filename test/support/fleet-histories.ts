/**
 * Random histories of a fleet, lived through in a thread of their own: in the main one the test runner follows every
 * promise, which takes longer than all the rest. Tells `null`, or how a history ended badly and how to repeat it.
 */

import { parentPort, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import type { Plan } from '../../src/plan/plan.ts';
import { runFleet, type Schedule, type Step } from './simulated-fleet.ts';
import { pageReader, wholePlan } from './simulated-pages.ts';
import { LINK_STATES } from './simulated-services.ts';

export interface HistoriesJob {
  runs: number;
  seed: number;
  hasRedis: boolean;
  /** For each process what its memory holds, in bytes; `null`: everything. */
  memoryBytes: (number | null)[];
  /** Whole pages are asked for, of two TDSPs, too. */
  hasPages: boolean;
}

const { runs, seed, hasRedis, memoryBytes, hasPages } = workerData as HistoriesJob;
const TDSPS = ['1039940674000', '957877905', '0582138934100'];

const process = fc.nat({ max: memoryBytes.length - 1 });
const duns = fc.constantFrom(...TDSPS);
const deed = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('read'), process, duns }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('publish', 'publish', 'confirm', 'expire'), duns }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear'), duns: fc.option(duns) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('link'),
      service: fc.constantFrom('redis', 'postgres'),
      state: fc.constantFrom(...LINK_STATES, 'well'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flush') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut'), process }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('jump'),
      process,
      ms: fc.constantFrom(-3_600_000, -2_000, 2_000, 3_600_000),
    }),
  },
);
const afterMs = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 20 }) },
  { weight: 3, arbitrary: fc.nat({ max: 1_500 }) },
  { weight: 1, arbitrary: fc.nat({ max: 70_000 }) },
);
const schedule: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  steps: fc.array(
    fc.tuple(deed, afterMs).map(([what, ms]) => ({ ...what, afterMs: ms }) as Step),
    { minLength: 1, maxLength: 40, size: 'max' },
  ),
});

const bare = (one: string, version: number) => ({ name: `${one} ${version}` }) as Plan;
const options = hasPages
  ? { tdsps: TDSPS, makePlan: wholePlan, memoryBytes, hasRedis, look: pageReader(TDSPS) }
  : { tdsps: TDSPS, makePlan: bare, memoryBytes, hasRedis };
const { failed, counterexample, errorInstance } = await fc.check(
  fc.asyncProperty(schedule, (one) => runFleet(one, options)),
  { numRuns: runs, seed },
);
parentPort!.postMessage(
  failed ? `${errorInstance}\nseed ${seed}, history ${JSON.stringify(counterexample?.[0])}` : null,
);
