/**
 * Wordings of every kind, invented as adversaries would write them, in English and Spanish. Whatever the words, no bill may be
 * called exact that is another one; and of those that state an amount and a usage plainly most must be understood.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { billCurve } from '../../src/plan/bill/bill.ts';

const WORDINGS: Record<string, string[]> = JSON.parse(
  readFileSync(new URL('../fixtures/wordings.json', import.meta.url), 'utf8'),
);
const MOST_KWH = 3000;
const BASE_USD = 4.39;
const SLOPE_USD = 0.135;

type Step = [usd: number, from_kwh: number, to_kwh: number | null];
interface Case {
  usd: number;
  kwh: number;
  /** The end of a window, or where the second amount begins. */
  upper?: number;
  /** The second amount: on top of the first, or instead of it. */
  more?: number;
  other?: number;
}

const stepsOf: Record<string, (given: Required<Case>) => Step[]> = {
  credit_from: ({ usd, kwh }) => [[-usd, kwh, null]],
  credit_above: ({ usd, kwh }) => [[-usd, kwh + 1, null]],
  fee_below: ({ usd, kwh }) => [[usd, 1, kwh - 1]],
  fee_up_to: ({ usd, kwh }) => [[usd, 1, kwh]],
  credit_within: ({ usd, kwh, upper }) => [[-usd, kwh, upper]],
  credit_and_more: ({ usd, kwh, upper, more }) => [
    [-usd, kwh, null],
    [-more, upper, null],
  ],
  credit_or_more: ({ usd, kwh, upper, other }) => [
    [-usd, kwh, upper - 1],
    [-other, upper, null],
  ],
};
/** Usages that three prices cannot tell apart, so that a number read wrongly would fit. */
const CASES: Record<string, Case[]> = {
  credit_from: [
    { usd: 50, kwh: 1000 },
    { usd: 125, kwh: 800 },
    { usd: 35, kwh: 1200 },
    { usd: 30, kwh: 501 },
    { usd: 40, kwh: 400 },
    { usd: 60, kwh: 2500 },
  ],
  credit_above: [
    { usd: 50, kwh: 999 },
    { usd: 125, kwh: 799 },
    { usd: 35, kwh: 1200 },
    { usd: 100, kwh: 1000 },
  ],
  fee_below: [
    { usd: 9.95, kwh: 1000 },
    { usd: 14.95, kwh: 800 },
    { usd: 19, kwh: 1500 },
    { usd: 12, kwh: 300 },
  ],
  fee_up_to: [
    { usd: 9.95, kwh: 999 },
    { usd: 14.95, kwh: 800 },
    { usd: 9.95, kwh: 500 },
  ],
  credit_within: [
    { usd: 50, kwh: 1000, upper: 2000 },
    { usd: 100, kwh: 800, upper: 1500 },
    { usd: 35, kwh: 999, upper: 1200 },
    { usd: 75, kwh: 500, upper: 1000 },
  ],
  credit_and_more: [
    { usd: 50, kwh: 1000, upper: 2000, more: 25 },
    { usd: 100, kwh: 800, upper: 1600, more: 50 },
  ],
  credit_or_more: [
    { usd: 50, kwh: 1000, upper: 2000, other: 100 },
    { usd: 30, kwh: 800, upper: 1600, other: 75 },
  ],
};

const withComma = (kwh: number) => kwh.toLocaleString('en-US');
const money = (usd: number) => (Number.isInteger(usd) ? String(usd) : usd.toFixed(2));

function textOf(wording: string, { usd, kwh, upper = 0, more = 0, other = 0 }: Case): string {
  const values: Record<string, string> = {
    usd: money(usd),
    more: money(more),
    other: money(other),
    kwh: String(kwh),
    kWh: withComma(kwh),
    upper: withComma(upper),
    last: withComma(upper - 1),
  };
  return wording.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!);
}

function curveOf(text: string, truth: (kwh: number) => number, flag: boolean | null) {
  const rate = (kwh: number) => Math.round((truth(kwh) / kwh) * 1000) / 10;
  return billCurve({
    name: 'Saver 12',
    fees_text: text,
    special_terms: null,
    price_components: null,
    is_time_of_use: false,
    has_minimum_usage_fee: null,
    has_fees_or_credits: flag,
    rates_cents_per_kwh: { 500: rate(500), 1000: rate(1000), 2000: rate(2000) },
  });
}
const line = (kwh: number) => BASE_USD + SLOPE_USD * kwh;

for (const [kind, cases] of Object.entries(CASES)) {
  test(`${kind}: no wording makes a false bill exact, and most are understood`, () => {
    let [asked, understood] = [0, 0];
    for (const wording of WORDINGS[kind]!) {
      for (const given of cases) {
        const text = textOf(wording, given);
        const steps = stepsOf[kind]!({ upper: 0, more: 0, other: 0, ...given });
        const truth = (kwh: number) =>
          steps.reduce(
            (sum, [usd, from, to]) => sum + (kwh >= from && kwh <= (to ?? Infinity) ? usd : 0),
            line(kwh),
          );
        const curve = curveOf(text, truth, true);
        for (let kwh = 1; kwh <= MOST_KWH; kwh++) {
          const certainty = curve.certainty(kwh);
          if (certainty === 'estimate') continue;
          const error = Math.abs(curve.usd(kwh)! - Math.max(0, truth(kwh)));
          assert.ok(error <= (certainty === 'exact' ? 1.05 : 2.6), `${text}: off by ${error} at ${kwh} kWh`);
        }
        asked += 1;
        if (curve.evidence === 'stated_credit') understood += 1;
      }
    }
    assert.ok(understood / asked >= 0.8, `${understood} of ${asked}`);
  });
}

test('tiers_told: prices by usage are understood where the published prices prove them, whichever way they are meant', () => {
  let [asked, understood] = [0, 0];
  for (const wording of WORDINGS.tiers_told!) {
    for (const [kwh, low, high, delivery] of [
      [1000, 8.9, 12.9, 0.055],
      [800, 10.1, 7.5, 0.06],
      [1200, 9.3, 11.3, 0],
      [400, 15, 9, 0.05],
      [2400, 9, 14, 0.05],
    ] as const) {
      const text = wording
        .replaceAll('{kWh}', withComma(kwh))
        .replaceAll('{next}', withComma(kwh + 1))
        .replaceAll('{low}', String(low))
        .replaceAll('{high}', String(high))
        .replaceAll('{lowUsd}', (low / 100).toFixed(4))
        .replaceAll('{highUsd}', (high / 100).toFixed(4));
      const ofBlocks = (usage: number) => Math.min(usage, kwh) * low + Math.max(0, usage - kwh) * high;
      const ofBands = (usage: number) => usage * (usage <= kwh ? low : high);
      for (const energy of [ofBlocks, ofBands]) {
        const truth = (usage: number) => BASE_USD + delivery * usage + energy(usage) / 100;
        const curve = curveOf(text, truth, null);
        for (let usage = 1; usage <= MOST_KWH; usage++) {
          const certainty = curve.certainty(usage);
          const error = Math.abs(curve.usd(usage)! - truth(usage));
          if (certainty === 'exact') assert.ok(error <= 1.05, `${text}: off by ${error} at ${usage} kWh`);
          if (certainty === 'extrapolated') assert.ok(error <= 2.6, `${text}: ${error} at ${usage} kWh`);
        }
        asked += 1;
        if (curve.evidence === 'stated_credit') understood += 1;
        // Another price in the text, and the prices do not agree with it any more.
        const wrong = text.replace(String(high), String(high + 2)).replace((high / 100).toFixed(4), '0.2299');
        if (kwh > 500 && kwh < 2000) assert.equal(curveOf(wrong, truth, null).at(777).exact, false, wrong);
      }
    }
  }
  assert.ok(understood / asked > 0.95, `${understood} of ${asked}`);
});

for (const kind of ['hours', 'tiers', 'part_of_the_year']) {
  test(`${kind}: exact where prices are published and nowhere else, however straight they are`, () => {
    for (const text of WORDINGS[kind]!) {
      const curve = curveOf(text, line, null);
      for (const kwh of [1, 499, 501, 777, 999, 1001, 1999, 2001, 3000]) {
        assert.equal(curve.certainty(kwh), 'estimate', text);
      }
      assert.equal(curve.at(1000).exact, true);
      assert.match(curve.at(777).why, /^An estimate: /);
    }
  });
}

for (const kind of ['says_nothing', 'flat']) {
  test(`${kind}: a straight line stays what it is`, () => {
    for (const text of WORDINGS[kind]!) {
      const { exact, total_usd, why } = curveOf(text, line, null).at(777);
      assert.equal(exact, true, `${text}: ${why}`);
      assert.ok(Math.abs(total_usd! - line(777)) < 0.6);
    }
  });
}

test('a text that is repeated, shouted or without accents says the same', () => {
  const truth = (kwh: number) => line(kwh) - (kwh >= 1000 ? 50 : 0);
  const text = 'Recibe un crédito de $50 cuando uses 1,000 kWh o más.';
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '');
  for (const one of [text, plain, text.toUpperCase(), `${text} ${text}`, `${text}\n${plain}`]) {
    assert.deepEqual(curveOf(one, truth, true).at(999), curveOf(text, truth, true).at(999), one);
  }
});
