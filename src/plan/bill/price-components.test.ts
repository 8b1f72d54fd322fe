import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PriceComponent } from '../plan.ts';
import { sumComponents } from './price-components.ts';

const component = (some: Partial<PriceComponent>): PriceComponent => ({
  min_kwh: null,
  max_kwh: null,
  amount: 0,
  is_per_kwh: false,
  is_tdsp_charge: false,
  is_compound: false,
  is_percentage: false,
  ...some,
});
const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-6, `${actual} instead of ${expected}`);

const usages = fc.integer({ min: 1, max: 5000 });
const price = fc.integer({ min: 10, max: 400 }).map((mills) => mills / 1000);
const fee = fc.integer({ min: 0, max: 3000 }).map((cents) => cents / 100);

test('a base charge and prices per kWh add up, no matter who gets the money', () =>
  fc.assert(
    fc.property(usages, fee, price, price, (usage, base, energy, wires) =>
      near(
        sumComponents(
          [
            component({ amount: base }),
            component({ amount: energy, is_per_kwh: true }),
            component({ amount: wires, is_per_kwh: true, is_tdsp_charge: true }),
          ],
          usage,
        ),
        base + (energy + wires) * usage,
      ),
    ),
  ));

test('tiers of one price cost as much as that price without tiers, wherever the border lies', () =>
  fc.assert(
    fc.property(
      usages,
      price,
      fc.integer({ min: 1, max: 300 }).map((tens) => tens * 10),
      (usage, amount, border) => {
        for (const next of [border, border + 1]) {
          const tiers = [
            component({ amount, is_per_kwh: true, max_kwh: border }),
            component({ amount, is_per_kwh: true, min_kwh: next }),
          ];
          near(sumComponents(tiers, usage), amount * usage);
        }
      },
    ),
  ));

test('a tier costs only the kWh inside of it', () => {
  const tiers = [
    component({ amount: 0.1, is_per_kwh: true, min_kwh: 0, max_kwh: 1000 }),
    component({ amount: 0.2, is_per_kwh: true, min_kwh: 1001 }),
  ];
  near(sumComponents(tiers, 500), 50);
  near(sumComponents(tiers, 1000), 100);
  near(sumComponents(tiers, 1500), 200);
});

test('a credit applies at its limits and between them only', () => {
  const bill = [
    component({ amount: 100 }),
    component({ amount: -25, min_kwh: 1000, max_kwh: 2000 }),
    component({ amount: 9.95, max_kwh: 999 }),
  ];
  const sums = [999, 1000, 2000, 2001].map((usage) => sumComponents(bill, usage));
  assert.deepEqual(sums, [109.95, 75, 75, 100]);
});

test('a share is one of the energy charges, a compound share one of all before it', () =>
  fc.assert(
    fc.property(usages, fee, price, price, (usage, base, energy, wires) => {
      const charges = [
        component({ amount: base }),
        component({ amount: energy, is_per_kwh: true }),
        component({ amount: wires, is_per_kwh: true, is_tdsp_charge: true }),
      ];
      const simple = component({ amount: 0.05, is_percentage: true });
      const compound = { ...simple, is_compound: true };
      const sum = base + (energy + wires) * usage;
      const withShare = sum + 0.05 * energy * usage;
      near(sumComponents([simple, ...charges], usage), withShare);
      near(sumComponents([compound, ...charges], usage), sum * 1.05);
      near(sumComponents([simple, compound, ...charges], usage), withShare * 1.05);
    }),
  ));

test('a share outside of its limits charges nothing', () =>
  assert.equal(
    sumComponents(
      [
        component({ amount: 0.1, is_per_kwh: true }),
        component({ amount: 0.5, is_percentage: true, min_kwh: 2000 }),
      ],
      1000,
    ),
    100,
  ));

test('no components cost nothing', () => assert.equal(sumComponents([], 1000), 0));
