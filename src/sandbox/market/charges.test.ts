import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  baseCharge,
  billCredits,
  billUsd,
  componentsOf,
  flat,
  minimumUsageFee,
  percentage,
  type Shape,
  tiers,
} from './charges.ts';

const TDSP = { monthly_usd: 4, usd_per_kwh: 0.05 };

/** Bills at these usages with energy at 10 cents, the TDSP at $4 and 5 cents; worked out by hand below. */
function bills(shape: Shape, usagesKwh: number[]): number[] {
  return usagesKwh.map((usage) => Math.round(billUsd(componentsOf(shape, 0.1, TDSP), usage) * 100) / 100);
}

test('a flat rate is energy and TDSP charges, with or without a base charge', () => {
  assert.deepEqual(bills(flat(), [0, 1000]), [4, 154]);
  assert.deepEqual(bills(baseCharge(9.95), [0, 1000]), [13.95, 163.95]);
});

test('a credit begins with its usage, and a second one adds to the first', () => {
  const shape = billCredits([1000, 50], [2000, 15]);
  assert.deepEqual(bills(shape, [999, 1000, 1999, 2000]), [153.85, 104, 253.85, 239]);
});

test('a minimum usage fee ends one kWh below its limit', () => {
  assert.deepEqual(bills(minimumUsageFee(10), [999, 1000]), [163.85, 154]);
});

test('a tier makes only the kWh above its limit cheaper', () => {
  assert.deepEqual(bills(tiers(0.02), [1000, 2000]), [154, 284]);
});

test('a percentage is of the running total or of the energy charges alone', () => {
  assert.deepEqual(bills(percentage(0.02, 'total'), [1000]), [157.08]);
  assert.deepEqual(bills(percentage(0.02, 'energy charges'), [1000]), [156]);
});

test('components say which of the money is for the TDSP, and leave out a charge of nothing', () => {
  const ofTdsp = (monthly_usd: number) =>
    componentsOf(flat(), 0.1, { ...TDSP, monthly_usd })
      .filter(({ tdsp_charge }) => tdsp_charge)
      .map(({ amount, multiplicative }) => [amount, multiplicative]);
  assert.deepEqual(ofTdsp(4), [
    [4, false],
    [0.05, true],
  ]);
  assert.deepEqual(ofTdsp(0), [[0.05, true]]);
});
