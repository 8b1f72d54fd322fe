import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readRate } from './rate.ts';

const tenthsOfACent = fc.integer({ min: 10, max: 990 });
const always = (law: (tenths: number) => void) => fc.assert(fc.property(tenthsOfACent, law));

test('a price is the same rate in either unit', () =>
  always((tenths) => {
    assert.equal(readRate(tenths / 1000, 'usd_per_kwh'), tenths / 10);
    assert.equal(readRate(tenths / 10, 'cents_per_kwh'), tenths / 10);
  }));

test('a price in the wrong unit is always rejected', () =>
  always((tenths) => {
    assert.throws(() => readRate(tenths / 10, 'usd_per_kwh'), { code: 'rate_rejected' });
    assert.throws(() => readRate(tenths / 1000, 'cents_per_kwh'), { code: 'rate_rejected' });
  }));

test('a rate read again in cents is the same rate', () =>
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 0.99, noNaN: true }), (usd) => {
      const rate = readRate(usd, 'usd_per_kwh');
      assert.equal(readRate(rate, 'cents_per_kwh'), rate);
      assert.ok(Math.abs(rate - usd * 100) <= 0.000_501);
    }),
  ));

test('what is not a number, not a price or not finite is rejected', () => {
  for (const price of [Number.NaN, Number.POSITIVE_INFINITY, 0, -12, 0.999, 99.001]) {
    assert.throws(() => readRate(price, 'cents_per_kwh'), { code: 'rate_rejected' }, String(price));
  }
});

test('the rejection says what was given and what would be right', () =>
  assert.throws(() => readRate(0.145, 'cents_per_kwh'), /0\.145 cents_per_kwh .* 1 to 99 cents per kWh/));
