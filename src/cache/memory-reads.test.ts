/** Reads from memory are told to the recorder together. What it hears must be what each read by itself would have said. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AGE_STEPS_S, count, emptyCounts } from '../histogram.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import { PlanSetCache } from './plan-set-cache.ts';
import type { CacheRecorder } from './recorder.ts';

const ONCOR = '1039940674000';
const START_MS = Date.parse('2026-08-01T12:00:00.000Z');
// No end of a step, so that nothing but the verdict changes there.
const STALE_AFTER_MS = 5_000_000;

const noFigures = () => ({ hits: 0, stale: 0, age: emptyCounts(AGE_STEPS_S), maxAgeMs: 0 });

function add(figures: ReturnType<typeof noFigures>, times: number, ageMs: number, isStale: boolean): void {
  figures.hits += times;
  if (isStale) figures.stale += times;
  count(figures.age, AGE_STEPS_S, ageMs / 1000, times);
  figures.maxAgeMs = Math.max(figures.maxAgeMs, ageMs);
}

type Step =
  | { do: 'read'; times: number }
  | { do: 'wait'; ms: number }
  | { do: 'confirm' }
  | { do: 'publish' }
  | { do: 'clear' }
  | { do: 'flush' };

const steps = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('read' as const), times: fc.integer({ min: 1, max: 5 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.oneof(
          fc.integer({ min: 0, max: 2_000 }),
          fc.integer({ min: 0, max: 5_000_000 }),
          // To the edges of the steps, and one past them.
          fc.constantFrom(
            STALE_AFTER_MS,
            STALE_AFTER_MS + 1,
            ...AGE_STEPS_S.flatMap((end) => [end * 1000, end * 1000 + 1]),
          ),
        ),
      }),
    },
    fc.record({ do: fc.constantFrom('confirm', 'publish', 'clear', 'flush' as const) }) as fc.Arbitrary<Step>,
  ) as fc.Arbitrary<Step>,
  { maxLength: 60 },
);

test('figures and verdicts of reads told together are those of each read', () =>
  fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const clock = { now: START_MS };
      let version = 1;
      let observedAtMs = clock.now;
      const stored = (): PlanSet => ({
        tdsp_duns: ONCOR,
        version,
        source: 'sandbox',
        plans: [],
        observed_at: new Date(observedAtMs).toISOString(),
      });
      const told = noFigures();
      const truth = noFigures();
      let flush = () => {};
      const recorder: CacheRecorder = {
        hit: () => {},
        memoryHits: (times, ageMs, isStale) => add(told, times, ageMs, isStale),
        beforeFlush: (tell) => (flush = tell),
        miss: () => {},
        error: () => {},
        load: () => {},
        refusedLoad: () => {},
      };
      const cache = new PlanSetCache({
        layers: [{ name: 'active', read: async () => stored() }],
        recorder,
        staleAfterMs: STALE_AFTER_MS,
        now: () => clock.now,
      });
      await cache.inspect(ONCOR);
      for (const step of all) {
        if (step.do === 'wait') clock.now += step.ms;
        if (step.do === 'flush') flush();
        if (step.do === 'clear') await cache.clear(ONCOR);
        if (step.do === 'confirm' || step.do === 'publish') {
          observedAtMs = clock.now;
          version += Number(step.do === 'publish');
          cache.announce(stored());
          await cache.inspect(ONCOR);
        }
        for (let at = 0; step.do === 'read' && at < step.times; at++) {
          const cached = cache.peek(ONCOR)!;
          const ageMs = clock.now - cached.observedAtMs;
          assert.equal(cached.isStale, ageMs > STALE_AFTER_MS);
          add(truth, 1, ageMs, cached.isStale);
        }
      }
      flush();
      assert.deepEqual(told, truth);
    }),
    { numRuns: 500 },
  ));
