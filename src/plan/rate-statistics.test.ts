import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ALL, type RatedPlan, rateStatistics, statisticsByGroup } from './rate-statistics.ts';

const rate = fc.integer({ min: 1_000, max: 99_000 }).map((thousandths) => thousandths / 1000);
const rateOrNull = fc.option(rate);
const plan: fc.Arbitrary<RatedPlan> = fc.record({
  term_months: fc.constantFrom(null, 1, 12, 24),
  rate_type: fc.constantFrom(null, 'fixed', 'variable'),
  rates: fc.record({ 500: rateOrNull, 1000: rateOrNull, 2000: rateOrNull }),
});

test('half of the rates lie at or below the median, half at or above', () =>
  fc.assert(
    fc.property(fc.array(rateOrNull), (rates) => {
      const { priced, min, median, average } = rateStatistics(rates);
      const known = rates.filter((one) => one !== null);
      assert.equal(priced, known.length);
      if (known.length === 0) return assert.deepEqual([min, median, average], [null, null, null]);
      assert.equal(min, Math.min(...known));
      assert.ok(known.filter((one) => one <= median! + 1e-4).length * 2 >= priced);
      assert.ok(known.filter((one) => one >= median! - 1e-4).length * 2 >= priced);
      assert.ok(Math.abs(average! - known.reduce((sum, one) => sum + one, 0) / priced) < 1e-4);
    }),
  ));

test('examples: an odd number, an even one, decimals that do not add up in binary', () => {
  assert.deepEqual(rateStatistics([14.5, 9.9, 12]), { priced: 3, min: 9.9, median: 12, average: 12.1333 });
  assert.deepEqual(rateStatistics([10.001, null, 10.002]), {
    priced: 2,
    min: 10.001,
    median: 10.0015,
    average: 10.0015,
  });
  assert.deepEqual(rateStatistics([1.1, 2.2, 3.3]), { priced: 3, min: 1.1, median: 2.2, average: 2.2 });
});

test('every group counts exactly its plans, and what is unknown is in no group of its own', () =>
  fc.assert(
    fc.property(fc.array(plan, { maxLength: 60 }), (plans) => {
      const groups = statisticsByGroup(plans);
      assert.equal(new Set(groups.map(({ term, rate_type }) => `${term} ${rate_type}`)).size, groups.length);
      assert.ok(groups.some(({ term, rate_type }) => term === ALL && rate_type === ALL));
      for (const { term, rate_type, plans: count, rates } of groups) {
        const members = plans.filter(
          (one) =>
            (term === ALL || String(one.term_months) === term) &&
            (rate_type === ALL || one.rate_type === rate_type),
        );
        assert.equal(count, members.length);
        assert.ok(count > 0 || (term === ALL && rate_type === ALL));
        assert.deepEqual(rates[1000], rateStatistics(members.map((one) => one.rates[1000])));
      }
    }),
  ));
