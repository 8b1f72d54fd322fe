import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PlanView } from '../../catalog/catalog.ts';
import { UNKNOWN } from '../../plan/fields.ts';
import type { Plan } from '../../plan/plan.ts';
import { usageProfiles } from '../../store/profiles.ts';
import { arithmeticOf } from './arithmetic.ts';
import { planFacts, tellingMonths } from './plan-facts.ts';
import { YearMarket } from './year-market.ts';

interface Stated {
  text: string;
  base: number;
  cents: number;
  steps: [usd: number, from: number, to: number | null][];
}
const stated: Stated[] = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/stated-bills.json', import.meta.url), 'utf8'),
);

const plans = stated.map(({ text, base, cents, steps }, at): Plan => {
  const bill = (usage: number) =>
    base +
    (cents / 100) * usage +
    steps.reduce((sum, [usd, from, to]) => sum + (usage >= from && usage <= (to ?? Infinity) ? usd : 0), 0);
  const rate = (usage: number) => Math.round((bill(usage) / usage) * 1000) / 10;
  return {
    ...UNKNOWN,
    id: `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
    offer_id: `00000000-0000-4000-9000-${String(at).padStart(12, '0')}`,
    external_id: String(at),
    tdsp_duns: '1039940674000',
    provider: { id: 'alpha', name: 'Alpha' },
    name: `Stated ${at}`,
    term_months: 12,
    rate_type: 'fixed',
    early_termination_fee_usd: 100 + at,
    is_time_of_use: false,
    is_prepaid: false,
    fees_text: text,
    rates_cents_per_kwh: { 500: rate(500), 1000: rate(1000), 2000: rate(2000) },
    first_seen_at: '2026-07-01T00:00:00.000Z',
    last_changed_at: '2026-07-01T00:00:00.000Z',
    is_active: true,
    remembered_text: null,
  };
});
const set = {
  tdsp_duns: '1039940674000',
  version: 1,
  source: 'test',
  observed_at: '2026-11-29T00:00:00.000Z',
  plans,
};
const view = new PlanView(['1039940674000'], [set]);
const house = usageProfiles().get('house')!;
const market = YearMarket.of(view, house);
const NOW = Date.parse('2026-11-29T12:00:00Z');
const factsOf = (row: (typeof market.rows)[number], change: number | null = null) =>
  planFacts(row, market, { nowMs: NOW, change });

test('the twelve months are the next twelve, and add up to the year', () => {
  for (const row of market.rows) {
    const { months, year } = factsOf(row);
    assert.deepEqual(
      [months[0]!.month, months[0]!.year, months.at(-1)!.month, months.at(-1)!.year],
      [12, 2026, 11, 2027],
    );
    const sum = months.reduce((total, { usd }) => total + usd!, year.once_usd);
    assert.ok(Math.abs(sum - year.total_usd!) < 0.01, row.plan.fees_text!);
    assert.equal(months.filter(({ missed }) => missed !== null).length, year.months_missing_credit);
  }
});

test('the charges of a bill add up to it, to the cent, in every month of every plan', () => {
  for (const { plan, curve } of market.rows) {
    const months = house.months_kwh.map((kwh, at) => ({ kwh, month: at + 1 }));
    const rows = arithmeticOf(plan, curve, months);
    for (const [at, { kwh, month }] of months.entries()) {
      const sum = rows.reduce((total, { usd }) => total + (usd[at] ?? 0), 0);
      assert.ok(Math.abs(sum - curve.usd(kwh, month)!) < 0.005, `${plan.fees_text}: ${sum} at ${kwh} kWh`);
    }
  }
});

test('a charge that the text states is quoted from it, and one that is missed says so', () => {
  const row = market.rows.find(
    ({ plan }) => plan.fees_text === '$125 bill credit when monthly usage is >= 1000 kWh',
  )!;
  const facts = factsOf(row);
  const [large, small] = tellingMonths(facts);
  assert.ok(large.missed === null && small.missed !== null && large.kwh > small.kwh);
  assert.equal(small.missed.usd, 125);
  const credit = arithmeticOf(row.plan, row.curve, [large, small]).find(
    ({ charge }) => charge.kind === 'step',
  )!;
  assert.deepEqual([credit.usd, credit.quote], [[-125, null], row.plan.fees_text]);
  // 998 and 999 kWh are a toss of a coin away.
  assert.equal(facts.near_misses, 2);
  assert.equal(facts.missed_usd, 125 * facts.year.months_missing_credit);
});

test('known plans have a place, estimates have none, and the middle is the bill of some plan', () => {
  assert.ok(market.known.length > 10 && market.known.length < market.rows.length);
  for (const [at, row] of market.rows.entries()) {
    const { place } = factsOf(row);
    assert.equal(place, at < market.known.length ? at + 1 : null);
  }
  const bills = market.known.map(({ curve }) => curve.usd(1100));
  assert.ok(bills.includes(market.middleBill(1100)));
});

test('cheaper plans are of the same kind, no dearer to leave, and cheaper', () => {
  const last = market.known.at(-1)!;
  const { cheaper } = factsOf(last);
  assert.ok(cheaper.length > 0 && cheaper.length <= 5);
  for (const { plan, year } of cheaper) {
    assert.ok(year.total_usd < last.year.total_usd);
    assert.ok(plan.early_termination_fee_usd! <= last.plan.early_termination_fee_usd!);
  }
  assert.deepEqual(factsOf(market.known[0]!).cheaper, []);
});

test('another usage is told as the year works it out', () => {
  const row = market.known[0]!;
  const { whatIf, year } = factsOf(row, 35);
  assert.deepEqual(
    whatIf.map(({ percent }) => percent),
    [-20, -10, 0, 10, 20, 35],
  );
  assert.equal(whatIf.find(({ percent }) => percent === 0)!.year.total_usd, year.total_usd);
  assert.equal(whatIf.find(({ percent }) => percent === 10)!.year.total_usd, year.at_110_percent_usd);
});
