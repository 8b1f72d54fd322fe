import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { count, emptyCounts, LATENCY_STEPS_MS, quantile } from './histogram.ts';

const values = fc.array(fc.double({ min: 0, max: 9_999, noNaN: true }), { minLength: 1, maxLength: 200 });

test('a quantile is never below the true one, and less than a step above it', () =>
  fc.assert(
    fc.property(values, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, share) => {
      const counts = emptyCounts(LATENCY_STEPS_MS);
      for (const value of all) count(counts, LATENCY_STEPS_MS, value);
      const truth = all.toSorted((a, b) => a - b)[Math.ceil(share * all.length) - 1]!;
      const told = quantile(counts, LATENCY_STEPS_MS, share)!;
      assert.ok(told >= truth);
      assert.equal(
        told,
        LATENCY_STEPS_MS.find((step) => step >= truth),
      );
    }),
  ));

test('counts of two processes add up to those of both', () =>
  fc.assert(
    fc.property(values, values, (one, other) => {
      const of = (all: number[]) => {
        const counts = emptyCounts(LATENCY_STEPS_MS);
        for (const value of all) count(counts, LATENCY_STEPS_MS, value);
        return counts;
      };
      const added = of(one).map((counted, step) => counted + of(other)[step]!);
      assert.deepEqual(added, of([...one, ...other]));
    }),
  ));

test('nothing counted, or nothing but what is beyond the last step: nobody knows', () => {
  const counts = emptyCounts(LATENCY_STEPS_MS);
  assert.equal(quantile(counts, LATENCY_STEPS_MS, 0.5), null);
  count(counts, LATENCY_STEPS_MS, 1e9);
  assert.equal(quantile(counts, LATENCY_STEPS_MS, 0.5), null);
});
