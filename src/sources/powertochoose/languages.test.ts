import assert from 'node:assert/strict';
import { test } from 'node:test';
import { english, oncor, read, spanish } from '../../../test/support/sample-rows.ts';

test('a Spanish row is the translation of its English row', () => {
  const es = { SpecialTerms: 'Sólo nuevos', FactsURL: 'pecan.example/es.pdf', 'Fees/Credits': 'Crédito' };
  const { plans } = oncor(spanish({ ...es, Product: 'Creek Saver  12 ' }), english());
  assert.equal(plans.length, 1);
  assert.equal(plans[0]?.external_id, '36101');
  assert.deepEqual(plans[0]?.translations.es, {
    name: 'Creek Saver 12',
    fees_text: 'Crédito',
    special_terms: 'Sólo nuevos',
    documents: {
      efl: 'https://pecan.example/es.pdf',
      tos: 'https://pecan.example/tos.pdf',
      yrac: 'https://pecan.example/yrac.pdf',
    },
    enroll_url: 'https://pecan.example/enroll',
  });
});

test('translated names are paired by price, misprinted terms by name and price', () => {
  const byPrice = oncor(english(), spanish({ Product: 'Ahorro del Arroyo' }));
  assert.equal(byPrice.plans[0]?.translations.es?.name, 'Ahorro del Arroyo');
  const byBoth = oncor(english(), spanish({ TermValue: '60' }));
  assert.deepEqual([byBoth.plans.length, byBoth.plans[0]?.term_months], [1, 12]);
  assert.ok(byBoth.plans[0]?.translations.es);
});

test('a price that several rows share pairs none of them, and no Spanish row is lost', () => {
  const { plans } = oncor(
    english(),
    english({ idKey: '3', Product: 'Creek Saver Plus 12' }),
    spanish({ Product: 'Ahorro' }),
  );
  assert.deepEqual(
    plans.map(({ external_id, name, translations }) => [external_id, name, translations]),
    [
      ['36101', 'Creek Saver 12', {}],
      ['3', 'Creek Saver Plus 12', {}],
      ['36102', 'Ahorro', {}],
    ],
  );
});

test('where the languages disagree on a price the English row has the say, and it is counted', () => {
  const { tdsps, skipped } = read(english(), spanish({ kwh1000: '0.2' }));
  assert.equal(tdsps[0]?.plans[0]?.rates_cents_per_kwh[1000], 13.5);
  assert.deepEqual(skipped, { 'prices of a Spanish row, which differ from those of its English row': 1 });
});

test('what only the Spanish text tells is known for the plan', () => {
  const { plans } = oncor(english(), spanish({ SpecialTerms: 'Se requiere pago automático.' }));
  assert.equal(plans[0]?.requires_auto_pay, true);
});

test('the Spanish row stands in for an English row that had to be rejected', () => {
  const { plans, rejections } = oncor(english({ kwh1000: '13.5' }), spanish());
  assert.deepEqual([plans.map((plan) => plan.external_id), rejections.length], [['36102'], 1]);
});

test('a Spanish twin with another price is not sold a second time', () => {
  const price = { kwh500: '0.155', kwh1000: '0.15', kwh2000: '0.148' };
  const twins: Record<string, string>[] = [
    { Product: 'CreekSaver 12' },
    { TermValue: '60' },
    { Product: 'Ahorro del Arroyo – 12' },
  ];
  for (const twin of twins) {
    const { plans } = oncor(english(), spanish({ ...price, ...twin }));
    assert.deepEqual([plans.length, plans[0]?.rates_cents_per_kwh[1000]], [1, 13.5], JSON.stringify(twin));
    assert.ok(plans[0]?.translations.es);
  }
});

test('a Spanish row of another price, whose name and facts do not say which plan it is, stays a plan', () => {
  const price = { kwh500: '0.155', kwh1000: '0.15', kwh2000: '0.148' };
  const others: Record<string, string>[] = [
    { Product: 'Ahorro del Arroyo' },
    { Product: 'Ahorro del Arroyo – 12', CancelFee: '200' },
    { Product: 'Ahorro del Arroyo – 24', TermValue: '24' },
  ];
  for (const other of others) {
    const { plans } = oncor(english(), spanish({ ...price, ...other }));
    assert.equal(plans.length, 2, JSON.stringify(other));
  }
});
