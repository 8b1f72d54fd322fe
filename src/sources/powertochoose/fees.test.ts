import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readExitFee } from './fees.ts';

const read = (text: string | null, termMonths: number | null = 12) => {
  const fee = readExitFee(text, termMonths);
  return [fee.early_termination_fee_usd, fee.early_termination_fee_per_month_usd];
};

test('a bare amount is a flat fee, and 0 is none', () => {
  for (const text of ['175', '$175', ' 175.00 ', '$175 flat fee', '175 USD', '$175 cancellation fee'])
    assert.deepEqual(read(text), [175, null], text);
  for (const text of ['175.00 per ESIID', '$175 per ESI ID', '175 per meter', '$175.00 por medidor'])
    assert.deepEqual(read(text), [175, null], text);
  for (const text of [
    '0 Cancel anytime, no exit fees',
    '$0 - no cancellation fee',
    '0, sin cargo por cancelación',
  ])
    assert.deepEqual(read(text), [0, null], text);
  for (const text of ['0', '$0.00', 'None', 'No early termination fee'])
    assert.deepEqual(read(text), [0, null], text);
  assert.deepEqual(read('$1,250'), [1250, null]);
});

// Every wording of July and August 2026, and what people will write next.
const PER_MONTH = [
  '$# per month remaining',
  '#/month remaining',
  '#/month remaning',
  '#/remaining month.',
  '#/remaining month',
  '# / remaining month',
  '# per remaining month',
  '#.00 per remaining month',
  '#.00 per month remaining',
  '#.00 per month left in term',
  '#.00 por cada mes dejado',
  '# por cada mes restante',
  '#/por cada mes restante',
  '# por mes restante',
  '#/mes restante',
  '$# for each month remaining on the contract',
  '# x remaining months',
  '$# × meses restantes',
  '$# por mes que quede del contrato',
];

test('an amount per remaining month costs the whole term on its first day, in either language', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...PER_MONTH),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 2, max: 60 }),
      (wording, amount, term) =>
        assert.deepEqual(read(wording.replace('#', String(amount)), term), [amount * term, amount]),
    ),
  ));

test('a fee per month has no sum where the months are unknown or there are none', () => {
  assert.deepEqual(read('20/month remaining', null), [null, 20]);
  assert.deepEqual(read('20/month remaining', 1), [null, 20]);
});

test('a text that says anything else is unknown, never a guess', () => {
  for (const text of [
    null,
    '',
    'Call us for details',
    'N/A',
    '$150 before month 6',
    '$150-$200',
    '150-200',
    '-150',
    '1e-3',
    '<150',
    '5%',
    '20,00',
    '20% of remaining months',
    '150 or 20/month remaining',
    '$20 per day remaining',
    '20 remaining',
    'up to $300',
    '$75.00 per year',
    '$175 per ESIID before month 6',
    '0 if you cancel after 6 months',
    '0 for the first month',
    '99999',
    '250 per month remaining',
  ])
    assert.deepEqual(read(text), [null, null], String(text));
});

test('no text brings a fee that is not a sum of money', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 60 }), (text, term) => {
      for (const value of read(text, term)) {
        assert.ok(value === null || (value >= 0 && value <= 12_000 && Number.isFinite(value)), text);
      }
    }),
  ));
