import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  changedTerms,
  contentHash,
  planHash,
  planSetHash,
  snapshotHash,
  TERMS_OF_SALE,
  type TermsOfSale,
  termsOfSale,
} from './content.ts';
import { UNKNOWN } from './fields.ts';
import type { Plan, PlanDraft } from './plan.ts';

const draft: PlanDraft = {
  ...UNKNOWN,
  external_id: 'a1',
  tdsp_duns: '1039940674000',
  provider: { name: 'Pecan Energy', legal_name: 'Pecan LLC', puct_number: '10101', phone: '855-555-0100' },
  name: 'Saver 12',
  term_months: 12,
  rate_type: 'fixed',
  percent_green: 20,
  rates_cents_per_kwh: { 500: 15, 1000: 12, 2000: 10.5 },
  price_components: [
    {
      min_kwh: null,
      max_kwh: null,
      amount: 0.09,
      is_per_kwh: true,
      is_tdsp_charge: false,
      is_compound: false,
      is_percentage: false,
    },
  ],
  early_termination_fee_usd: 150,
  is_prepaid: false,
  is_time_of_use: false,
  requires_auto_pay: false,
  is_new_customer_only: false,
  has_minimum_usage_fee: false,
  has_fees_or_credits: false,
  early_termination_fee_text: '$150',
  is_promotion: false,
  provider_rating: 4,
  provider_website: 'https://a.example/',
  prepaid_disclosure_url: 'https://a.example/pds',
  spanish_external_id: '36102',
  fees_text: 'none',
  special_terms: 'terms',
  documents: { efl: 'https://a.example/efl', tos: 'https://a.example/tos', yrac: null },
  enroll_url: 'https://a.example/enroll',
  enroll_phone: '855-555-0101',
};

/** Another value for every field. A field added to the draft must be added here, or the types do not fit. */
const OTHER: { [Field in keyof PlanDraft]: PlanDraft[Field][] } = {
  external_id: ['b2'],
  tdsp_duns: ['957877905'],
  provider: [
    { ...draft.provider, name: 'Other' },
    { ...draft.provider, legal_name: null },
    { ...draft.provider, puct_number: '2' },
    { ...draft.provider, phone: null },
  ],
  name: ['Saver 12+'],
  term_months: [24, null],
  rate_type: ['variable', null],
  percent_green: [21, 0, null],
  rates_cents_per_kwh: [
    { ...draft.rates_cents_per_kwh, 500: 15.1 },
    { ...draft.rates_cents_per_kwh, 1000: null },
    { ...draft.rates_cents_per_kwh, 2000: 10.4 },
  ],
  price_components: [null, [], [{ ...draft.price_components![0]!, amount: 0.091 }]],
  early_termination_fee_usd: [0, null],
  early_termination_fee_per_month_usd: [20],
  is_prepaid: [true, null],
  is_time_of_use: [true, null],
  requires_auto_pay: [true, null],
  is_new_customer_only: [true, null],
  has_minimum_usage_fee: [true, null],
  has_fees_or_credits: [true, null],
  early_termination_fee_text: ['150', null],
  is_promotion: [true, null],
  provider_rating: [5, null],
  provider_website: ['https://b.example/', null],
  prepaid_disclosure_url: ['https://b.example/pds', null],
  spanish_external_id: ['36103', null],
  fees_text: ['$5', null],
  special_terms: ['others', null],
  promotion: ['first month free'],
  documents: [
    { ...draft.documents, efl: null },
    { ...draft.documents, tos: null },
    { ...draft.documents, yrac: 'https://a.example/yrac' },
  ],
  enroll_url: [null],
  enroll_phone: [null],
  translations: [
    {
      es: {
        name: 'Ahorro',
        fees_text: null,
        special_terms: null,
        documents: draft.documents,
        enroll_url: null,
      },
    },
  ],
};

test('the content hash does not see the upstream id nor the TDSP', () => {
  const hash = contentHash(draft);
  assert.match(hash, /^[0-9a-f]{32}$/);
  assert.equal(contentHash({ ...draft, external_id: 'b2' }), hash);
  assert.equal(contentHash({ ...draft, tdsp_duns: '957877905' }), hash);
});

test('the content hash changes with every other field, and with each to its own', () => {
  const hashes = [contentHash(draft)];
  for (const [field, values] of Object.entries(OTHER)) {
    if (field === 'external_id' || field === 'tdsp_duns') continue;
    for (const value of values) hashes.push(contentHash({ ...draft, [field]: value }));
  }
  assert.equal(new Set(hashes).size, hashes.length);
});

test('a text that moves to the field next to it is another content', () =>
  assert.notEqual(
    contentHash({ ...draft, special_terms: 'same', promotion: null }),
    contentHash({ ...draft, special_terms: null, promotion: 'same' }),
  ));

/** The same value with the keys of its objects the other way round, as jsonb may return them. */
function reversed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, reversed(inner)]);
  return Object.fromEntries(entries.toReversed()) as T;
}

test('the order of keys makes no other content and no other terms', () => {
  const plan = { ...draft, translations: OTHER.translations[0]! };
  assert.equal(contentHash(reversed(plan)), contentHash(plan));
  assert.deepEqual(changedTerms(termsOfSale(plan), reversed(termsOfSale(plan))), []);
});

// Also with fields that the program learns later: they are unknown of this draft.
test('a content hash stays what it was: another one would make every stored plan seem changed', () =>
  assert.equal(contentHash(draft), '383bcd2cae29f3d30d77bdfab806baa2'));

const plan: Plan = {
  ...draft,
  id: 'p1',
  offer_id: 'o1',
  provider: { id: 'pecan-energy', name: 'Pecan Energy' },
  first_seen_at: '2026-06-01T00:00:00.000Z',
  last_changed_at: '2026-06-02T00:00:00.000Z',
  is_active: true,
  remembered_text: null,
};

test('the plan hash changes with everything a plan set says of a plan, and not with the order of keys', () => {
  const { provider: _, ...fields } = OTHER;
  const others: Partial<Plan>[] = [
    ...Object.entries(fields).flatMap(([field, values]) => values.map((value) => ({ [field]: value }))),
    { id: 'p2' },
    { offer_id: 'o2' },
    { provider: { id: 'x', name: 'Pecan Energy' } },
    { provider: { id: 'pecan-energy', name: 'PECAN ENERGY' } },
    { first_seen_at: '2026-06-01T00:00:00.001Z' },
    { last_changed_at: '2026-06-03T00:00:00.000Z' },
    { remembered_text: { told_at: '2026-06-01T00:00:00.000Z', fees_text: 'a credit', special_terms: null } },
  ];
  const hashes = [plan, ...others.map((other) => ({ ...plan, ...other }))].map(planHash);
  assert.equal(new Set(hashes).size, hashes.length);
  const translated = { ...plan, translations: OTHER.translations[0]! };
  assert.equal(planHash(reversed(translated)), planHash(translated));
});

test('a plan set has one hash in whatever order its plans come, and another with any plan more, less or other', () =>
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{4}$/), { minLength: 1 }), (hashes) => {
      const hash = planSetHash(hashes);
      assert.equal(planSetHash(hashes.toReversed()), hash);
      for (const other of [hashes.slice(1), [...hashes, 'x'], ['x', ...hashes.slice(1)]]) {
        assert.notEqual(planSetHash(other), hash);
      }
    }),
  ));

test('the order of price components is content', () => {
  const [one] = draft.price_components!;
  const two = { ...one!, amount: 5, is_per_kwh: false };
  assert.notEqual(
    contentHash({ ...draft, price_components: [one!, two] }),
    contentHash({ ...draft, price_components: [two, one!] }),
  );
});

const terms = termsOfSale(draft);
const otherTerms: TermsOfSale = {
  term_months: 24,
  rate_500kwh: 16,
  rate_1000kwh: 13,
  rate_2000kwh: 11,
  rate_type: 'variable',
  percent_green: 100,
  price_components: [{ ...draft.price_components![0]!, amount: 0.1 }],
  early_termination_fee_usd: 200,
  early_termination_fee_per_month_usd: 15,
  is_prepaid: true,
  is_time_of_use: true,
  requires_auto_pay: true,
  is_new_customer_only: true,
  has_minimum_usage_fee: true,
  fees_text: '$5',
};
const known: TermsOfSale = { ...terms, early_termination_fee_per_month_usd: 10 };
const someTerms = fc.uniqueArray(fc.constantFrom(...TERMS_OF_SALE));
const replace = (fields: readonly (keyof TermsOfSale)[], by: Partial<TermsOfSale> | null): TermsOfSale => ({
  ...known,
  ...Object.fromEntries(fields.map((field) => [field, by === null ? null : by[field]])),
});

test('exactly the terms that differ are changed, with both values', () =>
  fc.assert(
    fc.property(someTerms, (fields) => {
      const changed = changedTerms(known, replace(fields, otherTerms));
      assert.deepEqual(new Set(changed.map(({ field }) => field)), new Set(fields));
      for (const { field, from_value, to_value } of changed) {
        assert.deepEqual([from_value, to_value], [known[field], otherTerms[field]]);
      }
    }),
  ));

test('a term that becomes known or unknown has not changed, a published rate excepted', () =>
  fc.assert(
    fc.property(someTerms, (fields) => {
      const unknown = replace(fields, null);
      const rates = new Set(fields.filter((field) => /^rate_\d+kwh$/.test(field)));
      const names = (before: TermsOfSale, after: TermsOfSale) =>
        new Set(changedTerms(before, after).map(({ field }) => field));
      assert.deepEqual(names(unknown, known), rates);
      assert.deepEqual(names(known, unknown), rates);
    }),
  ));

test('terms of sale have the values of the draft', () => {
  assert.deepEqual(Object.keys(terms), [...TERMS_OF_SALE]);
  assert.deepEqual([terms.rate_500kwh, terms.rate_1000kwh, terms.rate_2000kwh], [15, 12, 10.5]);
});

const contents = fc.uniqueArray(
  fc.record({
    external_id: fc.string({ minLength: 1, unit: fc.constantFrom(...'abc123') }),
    content_hash: fc.string({ minLength: 32, maxLength: 32, unit: fc.constantFrom(...'0123456789abcdef') }),
  }),
  { selector: ({ external_id }) => external_id },
);
const shuffled = contents.chain((some) =>
  fc.tuple(fc.constant(some), fc.shuffledSubarray(some, { minLength: some.length, maxLength: some.length })),
);

test('a snapshot in another order is the same snapshot, from another source another', () =>
  fc.assert(
    fc.property(shuffled, ([some, mixed]) => {
      assert.equal(snapshotHash('comparepower', mixed), snapshotHash('comparepower', some));
      assert.notEqual(snapshotHash('sandbox', some), snapshotHash('comparepower', some));
    }),
  ));

test('a snapshot with one plan less or one content changed is another snapshot', () =>
  fc.assert(
    fc.property(
      contents.filter((some) => some.length > 0),
      (some) => {
        const [first, ...rest] = some;
        const hash = snapshotHash('comparepower', some);
        assert.notEqual(snapshotHash('comparepower', rest), hash);
        const changed = { ...first!, content_hash: 'f'.repeat(33) };
        assert.notEqual(snapshotHash('comparepower', [changed, ...rest]), hash);
      },
    ),
  ));
