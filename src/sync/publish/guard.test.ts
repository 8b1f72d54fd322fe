import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findAnomaly } from './guard.ts';

const market = (plans: number, rate: number | null = 12) => ({
  rates: Array<number | null>(plans).fill(rate),
});
const passes = (...args: Parameters<typeof findAnomaly>) => assert.equal(findAnomaly(...args), null);
const held = (why: RegExp, ...args: Parameters<typeof findAnomaly>) =>
  assert.match(findAnomaly(...args) ?? 'passed', why);

test('an empty snapshot is held, even the first', () => {
  held(/no plans at all/, market(100), market(0), 0);
  held(/no plans at all/, null, market(0), 0);
});

test('a snapshot whose records were all rejected is held and says so', () => {
  held(/all 87 records were rejected/, market(100), market(0), 87);
  held(/all 87 records were rejected/, null, market(0), 87);
});

test('41 % fewer plans are held, with the numbers', () =>
  held(
    /59 plans instead of 100: 41 % fewer, more than 40 %, 7 records rejected/,
    market(100),
    market(59),
    7,
  ));

test('40 % and 17 % fewer plans pass', () => {
  passes(market(100), market(60), 0);
  passes(market(100), market(83), 0);
});

test('40 % fewer pass and one plan less is held, whatever the size of the market', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2000 }), (fifth) => {
      passes(market(fifth * 5), market(fifth * 3), 0);
      if (fifth > 1) held(/fewer/, market(fifth * 5), market(fifth * 3 - 1), 0);
    }),
  ));

test('any number of plans more passes', () => passes(market(10), market(1000), 0));

test('a median more than twice as high or less than half as high is held', () => {
  held(/median rate went from 12 to 24.1 cents/, market(50), market(50, 24.1), 0);
  held(/median rate went from 12 to 5.9 cents/, market(50), market(50, 5.9), 0);
  passes(market(50), market(50, 24), 0);
  passes(market(50), market(50, 6), 0);
});

test('a price in the wrong unit is held in either direction', () =>
  fc.assert(
    fc.property(fc.array(fc.double({ min: 6, max: 31, noNaN: true }), { minLength: 1 }), (rates) => {
      held(/factor of 2/, { rates }, { rates: rates.map((rate) => rate * 100) }, 0);
      held(/factor of 2/, { rates }, { rates: rates.map((rate) => rate / 100) }, 0);
    }),
  ));

test('a rise of all prices by 1.3 cents, as on 1 March and 1 September, passes', () =>
  fc.assert(
    fc.property(fc.array(fc.double({ min: 6, max: 31, noNaN: true }), { minLength: 1 }), (rates) => {
      passes({ rates }, { rates: rates.map((rate) => rate + 1.3) }, 0);
      passes({ rates: rates.map((rate) => rate + 1.3) }, { rates }, 0);
    }),
  ));

test('a few wild prices among many do not hold a snapshot', () =>
  passes(market(50), { rates: [...market(45).rates, 98, 98, 98, 1, 1] }, 0));

test('the first snapshot passes, of whatever size and price', () => {
  passes(null, market(1), 0);
  passes(null, market(1, 90), 500);
  passes(market(0), market(1, 90), 0);
});

test('unknown rates are not compared', () => {
  passes(market(50, null), market(50, 90), 0);
  passes(market(50), market(50, null), 0);
  passes({ rates: [null, 12, null] }, { rates: [12.5, null, null] }, 0);
});
