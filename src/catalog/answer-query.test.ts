/** The answer by bits against the plainest way to answer: look at every plan. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Bill } from '../plan/bill/bill.ts';
import { GREEN_STEPS } from '../plan/facets.ts';
import { UNKNOWN } from '../plan/fields.ts';
import type { Plan } from '../plan/plan.ts';
import { answerQuery, facetsJson } from './answer-query.ts';
import { bitsWhere, countBits, hasBit } from './bits.ts';
import { PlanIndex } from './plan-index.ts';
import type { PlanQuery } from './plan-query.ts';
import { PricedPlans } from './priced-plans.ts';

const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
const rate = maybe(fc.integer({ min: 60, max: 300 }).map((tenths) => tenths / 10));

const facts = fc.record({
  term_months: maybe(fc.constantFrom(1, 6, 12, 24)),
  rate_type: maybe(fc.constantFrom('fixed' as const, 'variable' as const, 'indexed' as const)),
  percent_green: maybe(fc.constantFrom(0, 1, 24.5, 50, 75, 100)),
  provider: fc.constantFrom('Alpha Energy', 'Beta Power', 'Gamma'),
  is_prepaid: maybe(fc.boolean()),
  is_time_of_use: maybe(fc.boolean()),
  early_termination_fee_usd: maybe(fc.constantFrom(0, 150)),
  rates: fc.tuple(rate, rate, rate),
});

const plans = fc.array(facts, { maxLength: 70 }).map((all) =>
  all.map(({ provider, rates: [at500, at1000, at2000], ...rest }, at): Plan => {
    const id = `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
    return {
      ...UNKNOWN,
      ...rest,
      id,
      external_id: `x${at}`,
      offer_id: id,
      tdsp_duns: '1039940674000',
      name: `Plan ${at % 7}`,
      provider: { id: provider.toLowerCase().replaceAll(' ', '-'), name: provider },
      rates_cents_per_kwh: { 500: at500, 1000: at1000, 2000: at2000 },
      is_active: true,
      first_seen_at: '2026-07-01T00:00:00.000Z',
      last_changed_at: '2026-07-01T00:00:00.000Z',
    } as Plan;
  }),
);

const query = fc.record({
  term: maybe(fc.uniqueArray(fc.constantFrom(1, 6, 12, 24, 36), { minLength: 1, maxLength: 3 })),
  min_term: maybe(fc.constantFrom(1, 12)),
  max_term: maybe(fc.constantFrom(12, 24)),
  min_green: maybe(fc.constantFrom(0, 25, 50, 100)),
  rate_type: maybe(fc.uniqueArray(fc.constantFrom('fixed' as const, 'variable' as const), { minLength: 1 })),
  provider: maybe(fc.constant(['alpha-energy', 'gamma'])),
  prepaid: maybe(fc.boolean()),
  time_of_use: maybe(fc.boolean()),
  max_rate: maybe(fc.constantFrom(10, 15.5)),
  q: maybe(fc.constantFrom('plan-1', 'alpha')),
  usage_kwh: fc.constantFrom(500, 1000, 1337),
  profile: fc.constant(null),
  sort: fc.constantFrom(
    'rate' as const,
    'bill' as const,
    'term' as const,
    'green' as const,
    'provider' as const,
  ),
  is_descending: fc.boolean(),
  limit: fc.integer({ min: 1, max: 30 }),
});

type Filters = Omit<PlanQuery, 'after'>;

/** What a filter by rate may believe. */
const knownRate = ({ evidence, exact, rate_cents_per_kwh }: Bill): number | null =>
  exact || evidence !== 'estimate' ? rate_cents_per_kwh : null;

/** Whether a plan passes the filters of each facet, and those without one. */
function passes(plan: Plan, cents: number | null, wanted: Filters): Record<string, boolean> {
  const { term, min_term, max_term, min_green, rate_type, provider, prepaid, time_of_use, max_rate, q } =
    wanted;
  const { term_months: months, percent_green: green } = plan;
  const words = `${plan.provider.id}-${plan.name.toLowerCase().replaceAll(' ', '-')}`;
  return {
    term:
      (term === null || (months !== null && term.includes(months))) &&
      (min_term === null || (months !== null && months >= min_term)) &&
      (max_term === null || (months !== null && months <= max_term)),
    green: min_green === null || (green !== null && green >= min_green),
    rate_type: rate_type === null || (plan.rate_type !== null && rate_type.includes(plan.rate_type)),
    provider: provider === null || provider.includes(plan.provider.id),
    prepaid: prepaid === null || plan.is_prepaid === prepaid,
    time_of_use: time_of_use === null || plan.is_time_of_use === time_of_use,
    other:
      (max_rate === null || (cents !== null && cents <= max_rate)) &&
      (q === null || q.split('-').every((word) => words.includes(word))),
  };
}

const FACET_OF: Record<string, (plan: Plan) => unknown> = {
  term: (plan) => plan.term_months,
  rate_type: (plan) => plan.rate_type,
  provider: (plan) => plan.provider.id,
  prepaid: (plan) => plan.is_prepaid,
  time_of_use: (plan) => plan.is_time_of_use,
};

test('matches, facets and total are those of looking at every plan', () =>
  fc.assert(
    fc.property(plans, query, (all, wanted) => {
      const set = { tdsp_duns: '1039940674000', version: 1, source: 'sandbox', observed_at: '', plans: all };
      const priced = new PricedPlans(new PlanIndex([set]), wanted.usage_kwh);
      const answer = answerQuery(priced, { ...wanted, after: null });
      const looked = all.map((plan, row) => ({
        plan,
        verdict: passes(plan, knownRate(priced.bill(row)), wanted),
      }));
      const isMatch = (verdict: Record<string, boolean>, except?: string) =>
        Object.entries(verdict).every(([name, passed]) => passed || name === except);
      const matches = looked.filter(({ verdict }) => isMatch(verdict));
      assert.equal(answer.total, matches.length);
      assert.equal(answer.page.length, Math.min(wanted.limit, matches.length));
      for (const row of answer.page) assert.ok(isMatch(looked[row]!.verdict));

      type Facets = Record<string, { value: unknown; count: number }[]>;
      const facets = JSON.parse(facetsJson(priced.index, answer.counts)) as Facets;
      for (const [facet, read] of Object.entries(FACET_OF)) {
        const counted = new Map<unknown, number>();
        for (const { plan, verdict } of looked) {
          if (isMatch(verdict, facet)) counted.set(read(plan), (counted.get(read(plan)) ?? 0) + 1);
        }
        assert.deepEqual(new Map(facets[facet]!.map(({ value, count }) => [value, count])), counted, facet);
      }
      for (const step of GREEN_STEPS) {
        const count = looked.filter(
          ({ plan, verdict }) => isMatch(verdict, 'green') && (plan.percent_green ?? 0) >= step,
        ).length;
        assert.equal(facets.green!.find(({ value }) => value === step)?.count ?? 0, count, `green ${step}`);
      }
    }),
    { numRuns: 300 },
  ));

test('pages follow each other without gap or repeat, in one order', () =>
  fc.assert(
    fc.property(plans, query, (all, wanted) => {
      const set = { tdsp_duns: '1039940674000', version: 1, source: 'sandbox', observed_at: '', plans: all };
      const priced = new PricedPlans(new PlanIndex([set]), wanted.usage_kwh);
      const whole = answerQuery(priced, { ...wanted, limit: 200, after: null }).page;
      const walked: number[] = [];
      for (let after: PlanQuery['after'] = null; ; ) {
        const { page, lastIndex } = answerQuery(priced, { ...wanted, after });
        walked.push(...page);
        if (lastIndex === null) break;
        after = { id: all[page.at(-1)!]!.id, index: lastIndex + 1 };
      }
      assert.deepEqual(walked, [...whole]);
    }),
  ));

test('by rate: known bills before estimates before unknown ones, in either direction', () =>
  fc.assert(
    fc.property(plans, query, (all, wanted) => {
      const set = { tdsp_duns: '1039940674000', version: 1, source: 'sandbox', observed_at: '', plans: all };
      const priced = new PricedPlans(new PlanIndex([set]), wanted.usage_kwh);
      const bills = [...priced.order('rate', wanted.is_descending)].map((row) => priced.bill(row));
      const rank = ({ rate_cents_per_kwh: cents, exact, evidence }: Bill) =>
        cents === null ? 2 : exact || evidence !== 'estimate' ? 0 : 1;
      for (let at = 1; at < bills.length; at++) {
        const [one, next] = [bills[at - 1]!, bills[at]!];
        assert.ok(rank(one) <= rank(next));
        if (rank(one) !== rank(next) || rank(one) === 2) continue;
        const step = next.rate_cents_per_kwh! - one.rate_cents_per_kwh!;
        assert.ok(wanted.is_descending ? step <= 0 : step >= 0);
      }
    }),
  ));

test('bits: who is in is counted and found', () =>
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (all) => {
      const bits = bitsWhere(all.length, (row) => all[row]!);
      assert.equal(countBits(bits), all.filter(Boolean).length);
      for (const [row, isIn] of all.entries()) assert.equal(hasBit(bits, row), isIn);
    }),
  ));
