import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DAY_MS, HOUR_MS } from '../units.ts';
import {
  decide,
  endOfWatch,
  type LowestPlan,
  sumOf,
  type ToldBefore,
  type WatchQuestion,
} from './question.ts';

const QUESTION: WatchQuestion = {
  place: 'cities/dallas-tx',
  tdsp_duns: '1039940674000',
  usage: 'house',
  year_usd: 1_800,
  exit_fee_usd: 150,
  by_usd: 100,
  ends_on: '2027-03-31',
  since: '2026-11-29',
};
const plan = (year_usd: number): LowestPlan => ({
  plan_id: 'p',
  name: 'Saver 12',
  provider: 'Acme',
  term_months: 12,
  year_usd,
});
const NOW = new Date('2026-12-05T12:00:00Z');
const sum = (year_usd: number | null, now = NOW, chargeCents = 0) =>
  sumOf(QUESTION, { lowest: year_usd === null ? null : plan(year_usd), kwh: 13_594, chargeCents, now });
const NOTHING: ToldBefore = { told_at: null, told_year_usd: null, told_end_at: null };

test('what leaving costs is taken off, except in the last two weeks; the charge moves theirs as all others', () => {
  assert.equal(sum(1_500).saving_usd, 150);
  assert.equal(sum(1_500, new Date('2027-03-17T12:00:00Z')).saving_usd, 300);
  assert.equal(sum(1_500, new Date('2027-03-16T12:00:00Z')).saving_usd, 150);
  // The charge falls by half a cent: every plan costs $67.97 less, and so does theirs.
  assert.equal(sum(1_500 - 67.97, NOW, -0.5).saving_usd, 150);
  assert.equal(sum(null).saving_usd, null);
});

test('it is told once; again where another costs less by as much, or after none beat theirs', () => {
  const told = { ...NOTHING, told_at: new Date(NOW.getTime() - 2 * DAY_MS), told_year_usd: 1_500 };
  assert.equal(decide(QUESTION, sum(1_500), NOTHING, NOW).plan, true);
  assert.equal(decide(QUESTION, sum(1_551), NOTHING, NOW).plan, false, 'by less than was asked');
  assert.equal(decide(QUESTION, sum(1_500), told, NOW).plan, false);
  assert.equal(decide(QUESTION, sum(1_401), told, NOW).plan, false);
  assert.equal(decide(QUESTION, sum(1_400), told, NOW).plan, true);
  assert.deepEqual(decide(QUESTION, sum(1_590), told, NOW), { plan: false, end: false, forget: false });
  assert.deepEqual(decide(QUESTION, sum(1_601), told, NOW), { plan: false, end: false, forget: true });
  assert.equal(decide(QUESTION, sum(null), told, NOW).forget, true);
});

test('the end is told once, two weeks before it, and the watch ends two months behind it', () => {
  const near = new Date('2027-03-18T12:00:00Z');
  assert.equal(decide(QUESTION, sum(1_800, near), NOTHING, near).end, true);
  assert.equal(decide(QUESTION, sum(1_800, near), { ...NOTHING, told_end_at: near }, near).end, false);
  assert.equal(decide(QUESTION, sum(1_800), NOTHING, NOW).end, false);
  assert.equal(endOfWatch(QUESTION, NOW).toISOString().slice(0, 10), '2027-05-30');
  assert.ok(endOfWatch({ ends_on: null }, NOW).getTime() > NOW.getTime() + 365 * DAY_MS);
});

/** What somebody gets over some days of prices, looked at every two hours. */
function messages(prices: readonly number[]): { at: number; year_usd: number | null }[] {
  const sent: { at: number; year_usd: number | null }[] = [];
  let before = NOTHING;
  for (const [at, price] of prices.entries()) {
    const now = new Date(NOW.getTime() + at * 2 * HOUR_MS);
    const verdict = decide(QUESTION, sum(price, now), before, now);
    if (verdict.forget) before = { ...before, told_year_usd: null };
    if (!verdict.plan && !verdict.end) continue;
    before = {
      told_at: now,
      told_year_usd: verdict.plan ? price : before.told_year_usd,
      told_end_at: verdict.end ? now : before.told_end_at,
    };
    sent.push({ at: now.getTime(), year_usd: verdict.plan ? price : null });
  }
  return sent;
}

test('laws: one message a day at most, none below what was asked, and no price that wavers is told twice', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1_200, max: 1_900 }), { maxLength: 120 }), (prices) => {
      const sent = messages(prices);
      for (const [at, one] of sent.entries()) {
        if (at > 0) assert.ok(one.at - sent[at - 1]!.at >= 22 * HOUR_MS);
        if (one.year_usd !== null) assert.ok(one.year_usd <= 1_550);
      }
    }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1_501, max: 1_599 }), { minLength: 1, maxLength: 120 }),
      (prices) => {
        assert.ok(messages(prices).length <= 1, 'all within a band of $100');
      },
    ),
  );
});
