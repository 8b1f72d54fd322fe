import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BillCurve, billCurve } from '../bill/bill.ts';
import type { Rates } from '../rate.ts';
import { parseProfiles, readProfile } from './profiles.ts';
import { yearOf } from './year.ts';

const curveOf = (fees_text: string | null, bill: (usage: number) => number, name = 'Saver 12'): BillCurve => {
  const rate = (usage: number) => Number(((bill(usage) * 100) / usage).toFixed(1));
  const rates: Rates = { 500: rate(500), 1000: rate(1000), 2000: rate(2000) };
  return billCurve({
    rates_cents_per_kwh: rates,
    price_components: null,
    fees_text,
    special_terms: null,
    name,
    is_time_of_use: false,
    has_minimum_usage_fee: null,
    has_fees_or_credits: null,
  });
};
const FIXED = {
  term_months: 12,
  rate_type: 'fixed' as const,
  early_termination_fee_usd: 150,
  early_termination_fee_per_month_usd: null,
};
const profile = {
  name: 'own',
  months_kwh: [1100, 900, 900, 800, 1000, 1300, 1600, 1600, 1400, 1000, 800, 900],
};
const straight = (usage: number) => 5 + 0.12 * usage;
const saver = (usage: number) => 45 + 0.12 * usage - (usage >= 1000 ? 125 : 0);
const SAVER = '$125 bill credit when usage is at least 1000 kWh';

test('a year is the sum of its months, and a home that misses a credit pays for it', () => {
  const plain = yearOf(curveOf(null, straight), FIXED, profile);
  assert.deepEqual([plain.usage_kwh, plain.exact, plain.evidence], [13_300, true, 'line']);
  assert.ok(Math.abs(plain.total_usd! - (60 + 0.12 * 13_300)) < 6);
  const bent = yearOf(curveOf(SAVER, saver), FIXED, profile);
  assert.deepEqual([bent.months_missing_credit, bent.evidence], [5, 'stated_credit']);
  // A tenth less usage, and two more months miss it.
  assert.ok(bent.at_90_percent_usd! > bent.total_usd!);
});

test('a year is an estimate where a month is one, or where the price is not agreed for all of it', () => {
  const open = yearOf(curveOf('Receive a bill credit for usage of 1,000 kWh or more', saver), FIXED, profile);
  assert.deepEqual([open.exact, open.evidence], [false, 'estimate']);
  assert.ok(open.low_usd! < open.total_usd! && open.total_usd! < open.high_usd!);
  const curve = curveOf(null, straight);
  const short = yearOf(curve, { ...FIXED, term_months: 6 }, profile);
  assert.deepEqual([short.exact, short.evidence, short.covered_months], [false, 'estimate', 6]);
  assert.equal(yearOf(curve, { ...FIXED, rate_type: 'variable' }, profile).covered_months, 1);
});

test('what comes once is in the first year, and what leaving costs depends on the month', () => {
  const text = 'A one-month setup and carbon offset purchase of $49.99 is required.';
  const [one, none] = [text, null].map((said) => yearOf(curveOf(said, straight), FIXED, profile));
  assert.ok(Math.abs(one!.total_usd! - none!.total_usd! - 49.99) < 0.011);
  assert.deepEqual([none!.leave_after_6_months_usd, none!.leave_after_12_months_usd], [150, 0]);
  const monthly = {
    ...FIXED,
    term_months: 24,
    early_termination_fee_usd: 480,
    early_termination_fee_per_month_usd: 20,
  };
  const long = yearOf(curveOf(null, straight), monthly, profile);
  assert.deepEqual([long.leave_after_6_months_usd, long.leave_after_12_months_usd], [360, 240]);
});

test('a credit of some months counts in those months, and is spread where an average month is asked for', () => {
  const text = 'A $24 bill credit in July, August and September when usage is 1000 kWh or more';
  const curve = curveOf(text, (usage) => 5 + 0.12 * usage - (usage >= 1000 ? 6 : 0));
  const [average, july, may] = [0, 7, 5].map((month) => curve.usd(1500, month)!);
  assert.ok(Math.abs(average! - july! - 18) < 0.01);
  assert.ok(Math.abs(may! - average! - 6) < 0.01);
});

test('a profile is a name or twelve whole numbers', () => {
  const months = profile.months_kwh.join();
  const known = parseProfiles(`id,name,jan\nhouse,House,${months},measured,somebody,2024-12\n`);
  assert.deepEqual(readProfile('House', known)?.months_kwh, profile.months_kwh);
  assert.deepEqual(readProfile(months, known)?.name, 'own');
  for (const wrong of [
    'castle',
    '1,2,3',
    `${months},5`,
    months.replace('1100', '0'),
    months.replace('1100', '-5'),
  ])
    assert.equal(readProfile(wrong, known), undefined);
  assert.throws(() => parseProfiles('id,name\nhouse,House,1,2,3'), /expected twelve usages/);
});
