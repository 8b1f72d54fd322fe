import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Cells,
  COLUMNS,
  ENGLISH,
  english,
  LPL,
  ONCOR,
  oncor,
  read,
} from '../../../test/support/sample-rows.ts';

const planOf = (cells: Cells) => oncor(english(cells)).plans[0]!;

test('a row becomes a draft', () => {
  const { source, tdsps, schema_drift, skipped } = read(english());
  assert.deepEqual([source, schema_drift, skipped], ['powertochoose', [], {}]);
  assert.deepEqual(tdsps[1], { tdsp_duns: LPL, plans: [], rejections: [] });
  assert.deepEqual(tdsps[0]?.rejections, []);
  assert.deepEqual(tdsps[0]?.plans, [
    {
      external_id: '36101',
      tdsp_duns: ONCOR,
      provider: {
        name: 'PECAN CREEK ENERGY',
        legal_name: null,
        puct_number: null,
        phone: '(855) 555-0119',
      },
      name: 'Creek Saver 12',
      term_months: 12,
      rate_type: 'fixed',
      percent_green: 24,
      rates_cents_per_kwh: { 500: 14.2, 1000: 13.5, 2000: 13.1 },
      price_components: null,
      early_termination_fee_usd: 150,
      early_termination_fee_per_month_usd: null,
      early_termination_fee_text: '150',
      is_prepaid: false,
      is_time_of_use: false,
      requires_auto_pay: null,
      is_new_customer_only: true,
      has_minimum_usage_fee: false,
      has_fees_or_credits: false,
      fees_text: null,
      special_terms: null,
      promotion: null,
      is_promotion: false,
      documents: {
        efl: 'https://pecan.example/efl.pdf',
        tos: 'https://pecan.example/tos.pdf',
        yrac: 'https://pecan.example/yrac.pdf',
      },
      enroll_url: 'https://pecan.example/enroll',
      enroll_phone: '(855) 555-0119',
      provider_rating: 4,
      provider_website: 'https://www.pecan.example/',
      prepaid_disclosure_url: null,
      spanish_external_id: null,
      translations: {},
    },
  ]);
});

test('an empty cell is unknown, not zero and not false', () => {
  const empty = Object.fromEntries(COLUMNS.map((column) => [column, '']));
  const { idKey, TduCompanyName, RepCompany, Product, kwh1000, Language } = ENGLISH as Record<string, string>;
  const required = { idKey, TduCompanyName, RepCompany, Product, kwh1000, Language } as Cells;
  const { rejections, plans } = oncor({ ...empty, ...required });
  assert.deepEqual(rejections, []);
  const { external_id, tdsp_duns, provider, name, rates_cents_per_kwh, documents, translations, ...unknown } =
    plans[0]!;
  assert.deepEqual(rates_cents_per_kwh, { 500: null, 1000: 13.5, 2000: null });
  assert.deepEqual(documents, { efl: null, tos: null, yrac: null });
  assert.deepEqual([...new Set(Object.values(unknown))], [null]);
});

test('cells are read as what they mean', () => {
  assert.equal(planOf({ TermValue: '0' }).term_months, 1);
  assert.equal(planOf({ TermValue: '1' }).term_months, 1);
  assert.equal(planOf({ TermValue: '12.0' }).term_months, 12);
  assert.equal(planOf({ idKey: '36101.0' }).external_id, '36101');
  assert.equal(planOf({ Renewable: '26.3' }).percent_green, 26.3);
  assert.equal(planOf({ RateType: 'VARIABLE' }).rate_type, 'variable');
  assert.equal(planOf({ RateType: 'Fija' }).rate_type, 'fixed');
  assert.equal(planOf({ PrePaid: 'TRUE' }).is_prepaid, true);
  assert.equal(planOf({ RepCompany: ' PRONTO\u200b POWER ' }).provider.name, 'Pronto Power');
  assert.equal(planOf({ SpecialTerms: ' One\r\n two\u202e ' }).special_terms, 'One two');
  assert.equal(planOf({ MinUsageFeesCredits: 'True' }).has_minimum_usage_fee, null);
  assert.equal(planOf({ MinUsageFeesCredits: 'True' }).has_fees_or_credits, true);
  assert.equal(planOf({ Promotion: 'True' }).is_promotion, true);
  assert.equal(
    planOf({ PrepaidURL: 'pecan.example/pds' }).prepaid_disclosure_url,
    'https://pecan.example/pds',
  );
  assert.equal(planOf({ CancelFee: '$75.00 per year' }).early_termination_fee_text, '$75.00 per year');
  for (const Rating of ['', '0', '6', 'good']) assert.equal(planOf({ Rating }).provider_rating, null);
  assert.equal(planOf({ SpecialTerms: 'Autopay required.' }).requires_auto_pay, true);
});

test('a cell that makes no sense rejects its row with the reason', () => {
  const cases: [string, string[]][] = [
    ['kwh1000', ['', '14.5', '0', '-0.1', '1e-1', '0x1', 'NaN', 'Infinity', '0,145', '$0.145']],
    ['kwh500', ['14.5', 'abc']],
    ['TermValue', ['61', '-1', '12.5', 'twelve', '824', '1e1']],
    ['Renewable', ['101', '-1', '24%']],
    ['RateType', ['Floating', 'constructor']],
    ['PrePaid', ['Yes', '1']],
    ['Language', ['', 'German', '__proto__']],
    ['Product', ['', ' \u200b ']],
    ['RepCompany', ['']],
  ];
  for (const [field, values] of cases)
    for (const value of values) {
      const { plans, rejections } = oncor(english({ [field]: value }), english({ idKey: '7' }));
      assert.deepEqual([plans.length, rejections.length], [1, 1], `${field} ${value}`);
      const { reason, ...rejection } = rejections[0]!;
      const record = english({ [field]: value });
      assert.deepEqual(rejection, { external_id: '36101', field, value, record });
      assert.match(reason, /\b(?:is|must be)\b/);
    }
});

test('a cell too long for its column costs its row alone, and is kept short', () => {
  for (const [column, length] of [
    ['idKey', 201],
    ['Product', 301],
    ['SpecialTerms', 200_000],
    ['Rating', 200_000],
  ] as const) {
    const odd = english({ idKey: '2', [column]: '9'.repeat(length) });
    const { plans, rejections } = oncor(english(), odd);
    assert.deepEqual([plans.length, rejections[0]?.field], [1, column]);
    assert.ok(JSON.stringify(rejections).length < 10_000);
  }
});

test('a NUL in a cell costs its row alone', () => {
  const { plans, rejections } = oncor(
    english({ SpecialTerms: 'a\0b' }),
    english({ idKey: '36102', Product: 'Another 12' }),
  );
  assert.equal(plans.length, 1);
  assert.deepEqual(
    rejections.map(({ external_id, field, reason }) => [external_id, field, reason]),
    [['36101', 'SpecialTerms', 'contains a NUL character']],
  );
});
