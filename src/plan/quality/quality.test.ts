import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNKNOWN } from '../fields.ts';
import type { Plan } from '../plan.ts';
import { remarksBeside } from './other-source.ts';
import { QUALITY_RULES, remarksAmong, remarksOf, remarksOfMarket } from './quality.ts';

const TIMES = { first_seen_at: '2026-05-01T12:00:00.000Z', last_changed_at: '2026-05-01T12:00:00.000Z' };

/** A plan with nothing odd about it. */
function plan(some: Partial<Plan> & { cents?: [number, number, number] } = {}): Plan {
  const { cents = [15, 14.5, 14.3], ...fields } = some;
  const external_id = some.external_id ?? 'a';
  return {
    ...UNKNOWN,
    ...TIMES,
    id: `plan-${external_id}`,
    offer_id: `offer-${external_id}`,
    external_id,
    tdsp_duns: '1039940674000',
    provider: { id: 'pecan-energy', name: 'Pecan Energy' },
    name: 'Saver 12',
    term_months: 12,
    rate_type: 'fixed',
    percent_green: 20,
    rates_cents_per_kwh: { 500: cents[0], 1000: cents[1], 2000: cents[2] },
    early_termination_fee_usd: 150,
    is_time_of_use: false,
    special_terms: 'This offer is for new customers of the provider and for residential service.',
    documents: { efl: 'https://pecan.example/efl.pdf', tos: null, yrac: null },
    is_active: true,
    remembered_text: null,
    ...fields,
  };
}
const rulesOf = (one: Plan): string[] => remarksOf(one).map(({ rule }) => rule);
const component = {
  min_kwh: null,
  max_kwh: null,
  is_per_kwh: true,
  is_tdsp_charge: false,
  is_compound: false,
  is_percentage: false,
};
const NO_PAST = { counts: [], returned: [], earlier: [], uncertified: new Set<string>() };

test('nothing is remarked about a plan that is in order', () => {
  assert.deepEqual(rulesOf(plan()), []);
  assert.deepEqual(remarksOfMarket([plan()], NO_PAST), []);
  const names = QUALITY_RULES.map(({ rule }) => rule);
  assert.equal(new Set(names).size, names.length);
});

const ODD: [rule: string, what: string, Plan][] = [
  ['name_term', 'another number', plan({ name: 'Smart Secure 9', term_months: 10 })],
  ['name_term', 'another number of months', plan({ name: '12 Month Protect for 2 Units', term_months: 24 })],
  ['name_term', 'in Spanish', plan({ name: 'Ahorro 24 meses', term_months: 12 })],
  ['fixed_term', 'two months', plan({ name: 'Saver', term_months: 2, early_termination_fee_usd: 0 })],
  ['fixed_term', 'a variable year', plan({ rate_type: 'variable' })],
  ['exit_fee', 'more than $20 a month', plan({ name: 'Saver 5', term_months: 5 })],
  ['exit_fee', 'not told', plan({ early_termination_fee_usd: null })],
  ['green_share', 'more than everything', plan({ percent_green: 120 })],
  ['links', 'ftp', plan({ enroll_url: 'ftp://pecan.example/' })],
  ['links', 'no label', plan({ documents: { efl: null, tos: null, yrac: null } })],
  ['bill_falls', 'no text', plan({ cents: [20, 8, 12] })],
  ['unexplained_bend', 'no text', plan({ cents: [15, 12, 12] })],
  ['components_differ', 'five cents', plan({ price_components: [{ ...component, amount: 0.05 }] })],
  ['base_below_delivery', 'less than the wires', plan({ cents: [10, 11, 11.5] })],
  [
    'stated_credit',
    'it does not fit',
    plan({ cents: [20, 15, 16], fees_text: '$125 bill credit if usage is 1000 kWh or more' }),
  ],
];
for (const [rule, what, one] of ODD) {
  test(`${rule}: ${what}`, () => {
    assert.deepEqual(rulesOf(one), [rule]);
    const [remark] = remarksOf(one);
    assert.ok(remark!.message.length > 10 && Object.keys(remark!.evidence).length > 0);
  });
}

test('names whose number is not a term, or is the term, are in order', () => {
  for (const [name, term_months] of [
    ['Saver 1000', 12],
    ['Free Nights 12', 12],
    ['100% Green 12', 12],
    ['12 Month Protect for 2 Units', 12],
    ['Flex 30', 1],
    ['Saver 12 Plus 6', 6],
    ['Summer 2026', 12],
  ] as const) {
    const fee = { early_termination_fee_usd: 0, rate_type: null };
    assert.deepEqual(rulesOf(plan({ name, term_months, ...fee })), [], name);
  }
});

test('a text that tells of a credit or free hours explains a bend', () => {
  for (const fees_text of [
    'Crédito de $50 desde 1,000 kWh',
    'Base charge; free nights',
    'Minimum usage fee',
  ]) {
    const rules = rulesOf(plan({ cents: [20, 8, 12], fees_text }));
    assert.ok(!rules.includes('bill_falls') && !rules.includes('unexplained_bend'), fees_text);
  }
});

test('twins of one name and term are told of each other, blanks in the name aside', () => {
  const twins = [
    plan({ name: 'TrueClassic 12' }),
    plan({ name: 'True Classic 12', external_id: 'b', cents: [16, 15.5, 15.3] }),
    plan({ name: 'True Classic 24', external_id: 'c', term_months: 24 }),
  ];
  const [remark, ...others] = remarksAmong(twins[0]!, twins);
  assert.deepEqual([remark?.rule, others], ['duplicate', []]);
  assert.match(remark!.message, /Listed twice: b .* at another price/);
  assert.deepEqual(remarksAmong(twins[2]!, twins), []);
});

test('what is listed only in Spanish is told, with the plan it may be a misprint of', () => {
  const spanish = plan({
    external_id: 'es',
    name: 'Mejor Tarifa',
    special_terms: 'Esta oferta es para los clientes nuevos de la compañía',
  });
  const [remark] = remarksAmong(spanish, [plan(), spanish]);
  assert.equal(remark?.rule, 'spanish_only');
  assert.match(JSON.stringify(remark?.evidence), /"external_id":"a"/);
  assert.deepEqual(remarksAmong(plan(), [plan(), spanish]), []);
});

test('a market in dollars instead of cents, shrunk, or with an offer that went and came', () => {
  const plans = Array.from({ length: 10 }, (_, at) =>
    plan({ external_id: `${at}`, name: `Saver ${at + 100}`, cents: [0.15, 0.145, 0.143] }),
  );
  const withdrawn_at = new Date('2026-05-01T00:00:00Z');
  const relisted_at = new Date('2026-05-01T06:00:00Z');
  const found = remarksOfMarket(plans, {
    ...NO_PAST,
    counts: [20, 21, 22, 20, 20],
    returned: [{ offer_id: 'offer-3', withdrawn_at, relisted_at }],
  });
  const of = (rule: string) => found.filter((remark) => remark.rule === rule);
  assert.deepEqual([of('units').length, of('plan_count').length], [1, 1]);
  assert.deepEqual(
    of('flapping').map(({ plan }) => plan?.external_id),
    ['3'],
  );
  assert.equal(
    remarksOfMarket(plans, { ...NO_PAST, counts: [11, 9, 10, 12, 10] }).length < found.length,
    true,
  );
});

test('a market whose mix is another one than four weeks ago, and a provider nobody lists, are remarked', () => {
  const plans = Array.from({ length: 30 }, (_, at) => plan({ external_id: `${at}`, name: `Saver ${at} 12` }));
  const mix = (term_months: number) =>
    plans.map(({ provider, rate_type }) => ({ provider_id: provider.id, term_months, rate_type }));
  const counts = [30, 30, 30, 30, 30];
  const found = remarksOfMarket(plans, { ...NO_PAST, counts, earlier: mix(24) });
  assert.deepEqual(
    found.map(({ rule, message }) => `${rule}: ${message}`),
    ['plan_mix: 100 percent of the shares of terms are others than four weeks ago'],
  );
  assert.deepEqual(remarksOfMarket(plans, { ...NO_PAST, counts, earlier: mix(12) }), []);
  const [one] = plans;
  const unlisted = remarksOfMarket([one!], { ...NO_PAST, uncertified: new Set(['pecan-energy']) });
  assert.deepEqual(
    unlisted.map(({ rule, plan }) => [rule, plan]),
    [['provider_certificate', one]],
  );
});

test('another source that tells another price for the same plan is remarked, a rounding is not', () => {
  const here = [plan({ external_id: 'a' }), plan({ external_id: 'b', name: 'Other 12' })];
  const there = [
    plan({ external_id: 'x', cents: [15.2, 14.5, 14.3] }),
    plan({ external_id: 'y', name: 'Other 12', cents: [15, 15, 14.3] }),
    plan({ external_id: 'z', name: 'Nowhere else 12' }),
  ].map((one) => ({
    ...one,
    provider: { name: one.provider.name, legal_name: null, puct_number: null, phone: null },
  }));
  const { compared, remarks } = remarksBeside(here, there);
  assert.equal(compared, 2);
  assert.deepEqual(
    remarks.map(({ plan, message }) => [plan?.external_id, message]),
    [['b', 'The other source tells another price: 14.5 instead of 15 ¢ at 1000 kWh']],
  );
  assert.deepEqual(remarksBeside(here, [...there, there[1]!]).compared, 1);
});
