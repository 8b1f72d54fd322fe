import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PriceComponent } from '../plan.ts';
import { PUBLISHED_USAGES_KWH, type Rates } from '../rate.ts';
import { billCurve, type PricedTerms } from './bill.ts';
import { sumComponents } from './price-components.ts';

const priced = (rates_cents_per_kwh: Rates, some: Partial<PricedTerms> = {}): PricedTerms => ({
  rates_cents_per_kwh,
  price_components: null,
  fees_text: null,
  special_terms: null,
  name: 'Saver 12',
  is_time_of_use: false,
  has_minimum_usage_fee: null,
  has_fees_or_credits: null,
  ...some,
});

/** The average prices that a bill leads to, rounded as labels round them. */
function published(bill: (usage: number) => number, decimals = 1): Rates {
  const rate = (usage: number) => Number(((bill(usage) * 100) / usage).toFixed(decimals));
  return { 500: rate(500), 1000: rate(1000), 2000: rate(2000) };
}

const isPublished = (usage: number) => PUBLISHED_USAGES_KWH.some((one) => one === usage);
/** Where prices are published on both sides: beyond that a line is an extrapolation. */
const isInside = (usage: number) => usage >= 500 && usage <= 2000;
const cents = (min: number, max: number) => fc.integer({ min, max }).map((all) => all / 100);
const base = cents(0, 2000);
const slope = fc.integer({ min: 60, max: 300 }).map((mills) => mills / 1000);
const usages = fc.integer({ min: 300, max: 2500 });

/**
 * USD that prices rounded to a tenth of a cent leave open: 0.25 at 500 and 1.00 at 2,000 kWh, so as much on the line
 * between them and more where the line goes on.
 */
const uncertainty = (usage: number) => (usage <= 2000 ? 1.1 : 1.01 + ((usage - 2000) / 1500) * (1.0 + 0.25));

const SENTENCES: ((usd: string, kwh: number) => string)[] = [
  (usd, kwh) => `$${usd} bill credit when usage is ${kwh} kWh or more`,
  (usd, kwh) => `$${usd} usage credit at ${kwh.toLocaleString('en-US')} kWh`,
  (usd, kwh) => `Bills over ${kwh - 1} kWh of usage get a credit of $${usd} per month`,
  (usd, kwh) => `Crédito de $${usd} si su consumo es de ${kwh} kWh o más`,
  (usd, kwh) => `A minimum usage fee of $${usd} applies below ${kwh} kWh`,
];

const credited = fc.record({
  // Also less the amount a base charge that somebody may ask: a fee below a limit is told as a credit from it.
  base: cents(4500, 6500),
  slope,
  // Less than this hides in the rounding at 2,000 kWh.
  credit: cents(700, 4500),
  threshold: fc.constantFrom(1000, 800, 2000),
  sentence: fc.constantFrom(...SENTENCES),
  field: fc.constantFrom('fees_text' as const, 'special_terms' as const, 'name' as const),
});

test('with a stated credit the bill is known at every usage within the rounding of the published prices', () =>
  fc.assert(
    fc.property(credited, usages, ({ base, slope, credit, threshold, sentence, field }, usage) => {
      const truth = (kwh: number) => base + slope * kwh - (kwh >= threshold ? credit : 0);
      const curve = billCurve(priced(published(truth), { [field]: sentence(credit.toFixed(2), threshold) }));
      assert.equal(curve.evidence, 'stated_credit');
      for (const at of [usage, threshold - 1, threshold, threshold + 1]) {
        const { total_usd, exact, evidence } = curve.at(at);
        assert.deepEqual([evidence, exact], ['stated_credit', isInside(at)]);
        const error = Math.abs(total_usd! - truth(at));
        assert.ok(error <= uncertainty(at), `${total_usd} at ${at} kWh instead of ${truth(at)}`);
      }
    }),
    { numRuns: 1000 },
  ));

test('without steps the bill is known at every usage within the rounding of the published prices', () =>
  fc.assert(
    fc.property(base, slope, usages, (base, slope, usage) => {
      const curve = billCurve(priced(published((kwh) => base + slope * kwh)));
      const { total_usd, exact } = curve.at(usage);
      assert.deepEqual([curve.evidence, exact], ['line', isInside(usage)]);
      assert.ok(Math.abs(total_usd! - (base + slope * usage)) <= uncertainty(usage));
    }),
    { numRuns: 1000 },
  ));

test('a straight plan is interpolated in dollars and not in cents', () => {
  const curve = billCurve(priced({ 500: 15, 1000: 12, 2000: 10.5 }));
  assert.deepEqual(curve.at(750), {
    usage_kwh: 750,
    total_usd: 97.5,
    rate_cents_per_kwh: 13,
    exact: true,
    evidence: 'line',
    low_usd: 97.5,
    high_usd: 97.5,
    cliffs: [],
    why: 'A straight line through the three published prices.',
  });
});

const rate = fc.integer({ min: 10, max: 990 }).map((tenths) => tenths / 10);
const anyRates = fc.record({
  500: fc.option(rate, { nil: null }),
  1000: fc.option(rate, { nil: null }),
  2000: fc.option(rate, { nil: null }),
});
const anyTerms = fc.record({
  fees_text: fc.option(fc.constantFrom('$50 credit at 1000 kWh usage', '$9.95 fee below 500 kWh usage')),
  is_time_of_use: fc.option(fc.boolean()),
});

test('at a published usage the published rate comes back unchanged, whatever the plan', () =>
  fc.assert(
    fc.property(anyRates, anyTerms, (rates, terms) => {
      const curve = billCurve(priced(rates, terms));
      for (const usage of PUBLISHED_USAGES_KWH) {
        if (rates[usage] === null) continue;
        const { rate_cents_per_kwh, total_usd, exact } = curve.at(usage);
        assert.deepEqual([rate_cents_per_kwh, exact], [rates[usage], true]);
        assert.ok(Math.abs(total_usd! - (rates[usage] * usage) / 100) < 0.006);
      }
    }),
  ));

test('a bill is whole cents and never below zero, and its rate fits it', () =>
  fc.assert(
    fc.property(anyRates, anyTerms, fc.integer({ min: 1, max: 5000 }), (rates, terms, usage) => {
      const { total_usd, rate_cents_per_kwh, exact } = billCurve(priced(rates, terms)).at(usage);
      if (total_usd === null || rate_cents_per_kwh === null) {
        assert.deepEqual([total_usd, rate_cents_per_kwh, exact], [null, null, false]);
        return;
      }
      assert.ok(Math.abs(total_usd * 100 - Math.round(total_usd * 100)) < 1e-6);
      assert.ok(Math.abs((total_usd * 100) / usage - rate_cents_per_kwh) <= 0.5 / usage + 0.001);
    }),
  ));

const part = (some: Partial<PriceComponent>): PriceComponent => ({
  min_kwh: null,
  max_kwh: null,
  amount: 0,
  is_per_kwh: false,
  is_tdsp_charge: false,
  is_compound: false,
  is_percentage: false,
  ...some,
});
const components = fc
  .record({ base, slope, credit: cents(0, 4500), threshold: fc.integer({ min: 300, max: 2500 }) })
  .map(({ base, slope, credit, threshold }) => [
    part({ amount: base }),
    part({ amount: slope / 2, is_per_kwh: true }),
    part({ amount: slope / 2, is_per_kwh: true, is_tdsp_charge: true }),
    part({ amount: -credit, min_kwh: threshold }),
  ]);

test('components that reproduce the published totals are the bill at any usage', () =>
  fc.assert(
    fc.property(components, fc.integer({ min: 1, max: 5000 }), (parts, usage) => {
      const sum = (kwh: number) => sumComponents(parts, kwh);
      // A credit larger than the rest leaves nothing to pay, and what then becomes of it is not known.
      fc.pre([usage, ...PUBLISHED_USAGES_KWH].every((kwh) => sum(kwh) > 0));
      const curve = billCurve(priced(published(sum, 3), { price_components: parts }));
      const { total_usd, exact } = curve.at(usage);
      assert.deepEqual([curve.evidence, exact], ['components', true]);
      assert.ok(Math.abs(total_usd! - sum(usage)) <= (isPublished(usage) ? 0.016 : 0.006));
    }),
  ));

test('components that do not reproduce them are not trusted', () =>
  fc.assert(
    fc.property(components, fc.constantFrom(...PUBLISHED_USAGES_KWH), usages, (parts, wrong, usage) => {
      const rates = published((kwh) => sumComponents(parts, kwh), 3);
      // Six cents at any of the three usages, one more than is forgiven, and one for the rounding.
      const price_components = [...parts, part({ amount: 0.07, min_kwh: wrong, max_kwh: wrong })];
      const curve = billCurve(priced(rates, { price_components }));
      assert.notEqual(curve.evidence, 'components');
      const without = billCurve(priced(rates));
      assert.deepEqual(curve.at(usage), without.at(usage));
    }),
  ));

test('components are not trusted where not all three totals are published', () => {
  const price_components = [part({ amount: 0.12, is_per_kwh: true })];
  const curve = billCurve(priced({ 500: 12, 1000: 12, 2000: null }, { price_components }));
  assert.equal(curve.evidence, 'estimate');
});

test('bent prices without a text that says why are an estimate between the published usages', () =>
  fc.assert(
    fc.property(base, slope, cents(700, 4500), usages, (base, slope, credit, usage) => {
      const rates = published((kwh) => base + slope * kwh - (kwh >= 1000 ? credit : 0));
      const curve = billCurve(priced(rates));
      const { total_usd, exact } = curve.at(usage);
      assert.equal(curve.evidence, 'estimate');
      assert.equal(exact, isPublished(usage));
      assert.ok(total_usd! >= 0);
    }),
  ));

test('a text that states another credit than the prices show is not believed', () => {
  const rates = published((kwh) => 5 + 0.12 * kwh - (kwh >= 1000 ? 50 : 0));
  const curve = billCurve(priced(rates, { fees_text: '$20 credit at 1000 kWh usage' }));
  assert.deepEqual([curve.evidence, curve.at(750).exact], ['estimate', false]);
});

test('an estimate goes from point to point in dollars', () => {
  const curve = billCurve(priced({ 500: 16, 1000: 8, 2000: 10 }));
  assert.deepEqual(
    [750, 1500, 2500].map((usage) => curve.at(usage).total_usd),
    [80, 140, 260],
  );
});

test('a fee below a usage that no published price shows is added below it', () => {
  const rates = published((kwh) => 5 + 0.1 * kwh);
  const curve = billCurve(priced(rates, { fees_text: 'A $9.95 fee applies to usage below 500 kWh' }));
  assert.deepEqual(
    [499, 500, 501].map((usage) => curve.at(usage).total_usd),
    [64.85, 55, 55.1],
  );
});

test('a time-of-use plan is known at the published usages only', () =>
  fc.assert(
    fc.property(base, slope, usages, (base, slope, usage) => {
      const rates = published((kwh) => base + slope * kwh);
      const curve = billCurve(priced(rates, { is_time_of_use: true }));
      assert.equal(curve.at(usage).exact, isPublished(usage));
      assert.notEqual(curve.at(usage).total_usd, null);
    }),
  ));

test('one known rate says nothing about any other usage', () =>
  fc.assert(
    fc.property(fc.constantFrom(...PUBLISHED_USAGES_KWH), rate, usages, (known, rate, usage) => {
      const curve = billCurve(priced({ 500: null, 1000: null, 2000: null, [known]: rate }));
      const { total_usd, rate_cents_per_kwh, exact } = curve.at(usage);
      if (usage === known) assert.deepEqual([rate_cents_per_kwh, exact], [rate, true]);
      else assert.deepEqual([total_usd, rate_cents_per_kwh, exact], [null, null, false]);
    }),
  ));

test('two known rates give an estimate', () => {
  const curve = billCurve(priced({ 500: null, 1000: 12, 2000: 10 }));
  assert.deepEqual(curve.at(1500), {
    usage_kwh: 1500,
    total_usd: 160,
    rate_cents_per_kwh: 10.667,
    exact: false,
    evidence: 'estimate',
    low_usd: 140,
    high_usd: 180,
    cliffs: [],
    why: 'Only two prices are published.',
  });
});

test('what is not a usage is refused', () => {
  const curve = billCurve(priced({ 500: 15, 1000: 12, 2000: 10.5 }));
  for (const usage of [0, -1, 750.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => curve.at(usage), /expected a usage/);
});
