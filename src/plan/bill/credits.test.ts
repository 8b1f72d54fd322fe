import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Step, statedSteps, stepsAt } from './credits.ts';

const CREDIT = (amount_usd: number, from_kwh: number): Step => ({ amount_usd, from_kwh, to_kwh: null });
const includes = (text: string, steps: Step[]) =>
  assert.ok(
    statedSteps([text]).some((one) => JSON.stringify(one) === JSON.stringify(steps)),
    `${text} → ${JSON.stringify(statedSteps([text]))}`,
  );

test('a credit is read in either language and however its usage is spelled', () => {
  for (const text of [
    '$125 bill credit when usage is 1000 kWh or more',
    '$125.00 credit per month for usage of at least 1,000 kWh.',
    'Usage credit of US$ 125 at 1,000 kWh',
    'A $125 credit applies if you use more than 999 kWh',
    'Crédito de $125 si su consumo es de 1,000 kWh o más',
    'A minimum usage fee of $125 applies below 1000 kWh',
  ]) {
    assert.deepEqual(statedSteps([text])[0], [CREDIT(125, 1000)], text);
  }
});

test('any amount at any usage is the first proposal of its own sentence', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 99_999 }),
      fc.integer({ min: 100, max: 5000 }).filter((kwh) => kwh % 100 !== 99),
      (cents, kwh) => {
        const [first, second] = statedSteps([
          `A credit of $${(cents / 100).toFixed(2)} for usage from ${kwh} kWh`,
        ]);
        assert.deepEqual(first, [CREDIT(cents / 100, kwh)]);
        assert.deepEqual(second, [CREDIT(cents / 100, kwh + 1)]);
      },
    ),
  ));

test('a credit within limits and two credits are proposed', () => {
  includes('$50 credit for usage between 1000 and 2000 kWh', [
    { amount_usd: 50, from_kwh: 1000, to_kwh: 2000 },
  ]);
  includes('$30 credit at 1000 kWh usage and another $20 credit at 2000 kWh', [
    CREDIT(30, 1000),
    CREDIT(20, 2000),
  ]);
});

test('a price per kWh is not a credit, and a sum of dollars not a usage', () => {
  assert.deepEqual(statedSteps(['Energy charge $0.09 per kWh for usage over 1000 kWh']), []);
  assert.deepEqual(statedSteps(['Energy charge $12/kWh for usage over 1000 kWh']), []);
  assert.deepEqual(statedSteps(['$150 early termination fee, no usage requirement']), []);
  assert.deepEqual(statedSteps(['Usage deposit $500']), []);
});

test('a text without dollars, without usage or no text at all proposes nothing', () => {
  assert.deepEqual(statedSteps([]), []);
  assert.deepEqual(statedSteps([null, null]), []);
  assert.deepEqual(statedSteps(['$150 early termination fee in 2026']), []);
  assert.deepEqual(statedSteps(['Usage of 1000 kWh recommended']), []);
  assert.deepEqual(statedSteps(['$0 fee under 1000 kWh']), []);
});

test('whatever a text says, a step has an amount and a usage that somebody could mean', () =>
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom(
          '$50',
          '$ 125.50',
          '1,000',
          '500',
          'kWh',
          'usage',
          'per',
          '$0',
          '/kWh',
          '99999',
          'consumo',
        ),
      ),
      (some) => {
        for (const { amount_usd, from_kwh, to_kwh } of statedSteps([some.join(' ')]).flat()) {
          assert.ok(amount_usd > 0 && from_kwh >= 100 && from_kwh <= 5001);
          assert.ok(to_kwh === null || to_kwh >= from_kwh - 1);
        }
      },
    ),
  ));

test('steps add up inside of their limits, both included', () => {
  const steps: Step[] = [CREDIT(30, 1000), { amount_usd: 20, from_kwh: 1500, to_kwh: 2000 }];
  const at = (usage: number) => stepsAt(steps, usage);
  assert.deepEqual([999, 1000, 1499, 1500, 2000, 2001].map(at), [0, 30, 30, 50, 50, 30]);
  assert.equal(stepsAt([], 1000), 0);
});
