/** A plan set that came packed, as from Redis, answers byte for byte like the one it was packed from. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyPlans } from '../../test/support/random-plans.ts';
import { PackedPlans } from '../plan/packed/packed-plans.ts';
import { PackedPlanSet, type PlanSet } from '../plan/plan-set.ts';
import { PlanView } from './catalog.ts';
import type { PlanQuery } from './plan-query.ts';

const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: null });
const queries = fc.record({
  term: maybe(fc.uniqueArray(fc.constantFrom(1, 6, 12), { minLength: 1 })),
  min_term: maybe(fc.constantFrom(1, 12)),
  max_term: maybe(fc.constantFrom(12, 24)),
  min_green: maybe(fc.constantFrom(0, 24.5, 50, 100)),
  rate_type: maybe(fc.uniqueArray(fc.constantFrom('fixed', 'variable'), { minLength: 1 })),
  provider: maybe(fc.constantFrom(['alpha-energy'], ['énergie-bêta', 'gamma-and-co'])),
  prepaid: maybe(fc.boolean()),
  time_of_use: maybe(fc.boolean()),
  max_rate: maybe(fc.constantFrom(10, 15.5)),
  q: maybe(fc.constantFrom('free', 'power-o')),
  usage_kwh: fc.constantFrom(500, 1000, 1337, 2000),
  profile: maybe(
    fc.constant({
      name: 'own',
      months_kwh: [900, 800, 700, 700, 900, 1300, 1500, 1600, 1300, 900, 700, 800],
    }),
  ),
  sort: fc.constantFrom('rate', 'bill', 'year', 'term', 'green', 'provider'),
  is_descending: fc.boolean(),
  limit: fc.integer({ min: 1, max: 30 }),
  after: fc.constant(null),
}) as fc.Arbitrary<PlanQuery>;

test('every page, every facet, every cursor and every plan is the same', () =>
  fc.assert(
    fc.property(
      fc.array(anyPlans, { minLength: 1, maxLength: 3 }),
      fc.array(queries, { minLength: 1, maxLength: 4 }),
      (all, asked) => {
        const ids = new Set<string>();
        const sets = all.map(
          (plans, at): PlanSet => ({
            tdsp_duns: `10000000${at}`,
            version: 1,
            source: 'sandbox',
            observed_at: '2026-08-01T12:00:00.000Z',
            plans: plans.filter(({ id }) => !ids.has(id) && ids.add(id)),
          }),
        );
        const sent = sets.map(
          (set) => new PackedPlanSet(set, new PackedPlans(Buffer.from(PackedPlans.of(set.plans).bytes))),
        );
        const tdsps = sets.map(({ tdsp_duns }) => tdsp_duns);
        const [plain, packed] = [new PlanView(tdsps, sets), new PlanView(tdsps, sent)];
        for (const query of asked) assert.deepEqual(packed.page(query), plain.page(query));
        for (const plan of sets.flatMap(({ plans }) => plans)) {
          assert.deepEqual(packed.planWith(plan.id), plan);
          assert.deepEqual(packed.planWith(plan.offer_id), plain.planWith(plan.offer_id));
        }
        const { data, facets } = JSON.parse(`{${packed.page(asked[0]!).json}}`);
        const known = new Map(sets.flatMap(({ plans }) => plans).map((plan) => [plan.id, plan]));
        for (const { bill, year, ...shown } of data) {
          const plan = known.get(shown.id)!;
          for (const [field, value] of Object.entries(shown)) {
            assert.deepEqual(value, plan[field as keyof typeof plan], field);
          }
          assert.equal(bill.usage_kwh, asked[0]!.usage_kwh);
          assert.equal(year?.profile, asked[0]!.profile?.name);
        }
        for (const { value, name } of facets.provider) {
          assert.ok(
            [...known.values()].some(({ provider }) => provider.id === value && provider.name === name),
          );
        }
      },
    ),
    { numRuns: 300 },
  ));
