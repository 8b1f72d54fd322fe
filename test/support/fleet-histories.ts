/** Random histories of fleets, and those that once ended badly. */

import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Plan } from '../../src/plan/plan.ts';
import { PROCESSES, runFleet, type Schedule, type Step } from './simulated-fleet.ts';
import { pageReader, wholePlan } from './simulated-pages.ts';
import { LINK_STATES } from './simulated-services.ts';

export interface Fleet {
  hasRedis: boolean;
  /** Whole pages are asked for, of two TDSPs, too. */
  hasPages: boolean;
  /** How often the caches are cleared and plans are confirmed, compared to other events. */
  clears: number;
}

export const FLEETS = {
  redis: { hasRedis: true, hasPages: false, clears: 1 },
  'no-redis': { hasRedis: false, hasPages: false, clears: 1 },
  clears: { hasRedis: true, hasPages: false, clears: 6 },
  pages: { hasRedis: true, hasPages: true, clears: 1 },
} as const satisfies Record<string, Fleet>;
export type FleetName = keyof typeof FLEETS;

/** As it lies in test/fixtures/fleet-histories/. */
export interface FailedHistory {
  /** Which law was broken, and how. */
  what: string;
  fleet: FleetName;
  history: Schedule;
}

const TDSPS = ['1039940674000', '957877905', '0582138934100'];

/** @throws what went wrong in it */
export function liveThrough(history: Schedule, { hasRedis, hasPages }: Fleet): Promise<void> {
  const bare = (duns: string, version: number) => ({ name: `${duns} ${version}` }) as Plan;
  return runFleet(history, {
    tdsps: TDSPS,
    hasRedis,
    ...(hasPages ? { makePlan: wholePlan, look: pageReader(TDSPS) } : { makePlan: bare }),
  });
}

/** The shortest history found that ends badly; `null`: all went well. */
export async function findFailure(
  fleet: FleetName,
  { runs, seed }: { runs: number; seed: number },
): Promise<FailedHistory | null> {
  const { failed, counterexample, errorInstance } = await fc.check(
    fc.asyncProperty(schedules(FLEETS[fleet]), (history) => liveThrough(history, FLEETS[fleet])),
    { numRuns: runs, seed },
  );
  return failed ? { what: String(errorInstance), fleet, history: counterexample![0] } : null;
}

const CORPUS = new URL('../fixtures/fleet-histories/', import.meta.url);

/** Histories that once failed, by the names of their files. */
export function readCorpus(): (FailedHistory & { file: string })[] {
  return readdirSync(CORPUS).map((file) => ({
    ...(JSON.parse(readFileSync(new URL(file, CORPUS), 'utf8')) as FailedHistory),
    file,
  }));
}

function schedules({ clears }: Fleet): fc.Arbitrary<Schedule> {
  const process = fc.nat({ max: PROCESSES - 1 });
  const duns = fc.constantFrom(...TDSPS);
  const deed = fc.oneof(
    { weight: 12, arbitrary: fc.record({ do: fc.constant('read'), process, duns }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constantFrom('publish', 'publish', 'confirm', 'expire'), duns }),
    },
    { weight: clears, arbitrary: fc.record({ do: fc.constant('clear'), duns: fc.option(duns) }) },
    { weight: clears, arbitrary: fc.record({ do: fc.constant('confirm'), duns }) },
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
  return fc.record({
    seed: fc.nat(),
    steps: fc.array(
      fc.tuple(deed, afterMs).map(([what, ms]) => ({ ...what, afterMs: ms }) as Step),
      { minLength: 1, maxLength: 40, size: 'max' },
    ),
  });
}
