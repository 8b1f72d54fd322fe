/** Plans as strange as the types allow, for laws that must hold for all. */

import fc from 'fast-check';
import type { Plan } from '../../src/plan/plan.ts';

const maybe = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(one, { nil: null });
// Signs that a name really has, next to those that break a text apart: quotes, surrogates, ends of lines.
const text = fc.oneof(
  fc.constantFrom('Free Nights™ 12+', 'Ahorra más — «Día»', 'O"Brien\\ Power', '電力', 'A​B', '�', ''),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 12 }),
);
const amount = fc.oneof(
  fc.integer({ min: -500, max: 60_000 }).map((thousandths) => thousandths / 1000),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
);
const rate = maybe(
  fc.oneof(
    fc.integer({ min: 60, max: 300 }).map((tenths) => tenths / 10),
    amount,
  ),
);
const documents = fc.record({ efl: maybe(text), tos: maybe(text), yrac: maybe(text) });
const time = fc
  .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
  .map((date) => date.toISOString());

const component = fc.record({
  min_kwh: maybe(fc.integer({ min: 0, max: 2_000 })),
  max_kwh: maybe(fc.integer({ min: 0, max: 2_000 })),
  amount,
  is_per_kwh: fc.boolean(),
  is_tdsp_charge: fc.boolean(),
  is_compound: fc.boolean(),
  is_percentage: fc.boolean(),
});

const translation = fc.record({
  name: maybe(text),
  fees_text: maybe(text),
  special_terms: maybe(text),
  documents,
  enroll_url: maybe(text),
});

const records = fc.record({
  id: fc.uuid(),
  external_id: text,
  offer_id: fc.uuid(),
  tdsp_duns: fc.constant('1039940674000'),
  provider: fc
    .constantFrom('Alpha Energy', 'Énergie Bêta', 'Gamma & Co™', '電力')
    .map((name) => ({ id: name.toLowerCase().replaceAll(' ', '-'), name })),
  name: text,
  term_months: maybe(fc.constantFrom(1, 6, 12, 24)),
  rate_type: maybe(fc.constantFrom('fixed', 'variable', 'indexed')),
  percent_green: maybe(fc.constantFrom(0, 1, 24.5, 50, 99.999, 100)),
  rates_cents_per_kwh: fc.record({ 500: rate, 1000: rate, 2000: rate }),
  price_components: maybe(fc.array(component, { maxLength: 3 })),
  early_termination_fee_usd: maybe(fc.constantFrom(0, 150, 175.5)),
  early_termination_fee_per_month_usd: maybe(amount),
  is_prepaid: maybe(fc.boolean()),
  is_time_of_use: maybe(fc.boolean()),
  requires_auto_pay: maybe(fc.boolean()),
  is_new_customer_only: maybe(fc.boolean()),
  has_minimum_usage_fee: maybe(fc.boolean()),
  has_fees_or_credits: maybe(fc.boolean()),
  early_termination_fee_text: maybe(text),
  is_promotion: maybe(fc.boolean()),
  provider_rating: maybe(fc.integer({ min: 1, max: 5 })),
  provider_website: maybe(text),
  prepaid_disclosure_url: maybe(text),
  spanish_external_id: maybe(text),
  fees_text: maybe(text),
  special_terms: maybe(text),
  promotion: maybe(text),
  documents,
  enroll_url: maybe(text),
  enroll_phone: maybe(text),
  translations: fc.record({ es: translation }, { requiredKeys: [] }),
  first_seen_at: time,
  last_changed_at: time,
  is_active: fc.boolean(),
  remembered_text: maybe(fc.record({ fees_text: maybe(text), special_terms: maybe(text), told_at: time })),
}) as fc.Arbitrary<Plan>;

/** Plain objects, as JSON and PostgreSQL give them. */
export const anyPlan: fc.Arbitrary<Plan> = records.map((plan) => structuredClone(plan));

/** Each id once, as in the database. */
export const anyPlans = fc.uniqueArray(anyPlan, { selector: ({ id }) => id, maxLength: 40 });
