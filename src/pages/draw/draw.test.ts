import assert from 'node:assert/strict';
import { test } from 'node:test';
import { billCurve } from '../../plan/bill/bill.ts';
import { readTerritory } from '../../store/territory.ts';
import { drawBillCurve, stretchesOf } from './bill-curve.ts';
import { niceTicks } from './frame.ts';
import { drawMonthBars } from './month-bars.ts';
import { MAP_SIZE, mapPoint } from './projection.ts';
import { drawSteps } from './steps.ts';
import { drawStrip } from './strip.ts';
import { drawTexas } from './texas-map.ts';

const saver = (fees_text: string | null) =>
  billCurve({
    name: 'Saver 12',
    fees_text,
    special_terms: null,
    price_components: null,
    is_time_of_use: false,
    has_minimum_usage_fee: null,
    has_fees_or_credits: null,
    rates_cents_per_kwh: { 500: 20, 1000: 7.1, 2000: 13.1 },
  });
const words = {
  label: 'Bill of Saver 12',
  plan: 'Saver <12>',
  median: 'middle',
  yours: 'your months',
  usd: (usd: number) => `$${usd}`,
  kwh: (kwh: number) => `${kwh} kWh`,
  gap: (usd: number, kwh: number) => [`$${usd} gap`, `at ${kwh}`] as const,
};
const numbersIn = (svg: string) =>
  [...svg.matchAll(/ d="([^"]*)"/g)].flatMap(([, path]) => path!.match(/-?[\d.]+/g)!.map(Number));

test('a curve is cut where the bill jumps and where it is no longer known', () => {
  const curve = saver('$125 bill credit when usage is at least 1000 kWh');
  const stretches = stretchesOf(curve);
  const ends = stretches.map(({ isKnown, points }) => [isKnown, points[0]![0], points.at(-1)![0]]);
  assert.deepEqual(ends, [
    [false, 1, 500],
    [true, 500, 999],
    [true, 1000, 2000],
    [false, 2000, 3000],
  ]);
  // No piece falls: the whole drop is in the gap.
  for (const { points } of stretches) {
    for (const [at, [, usd]] of points.slice(1).entries()) assert.ok(usd > points[at]![1]);
  }
});

test('the drawing of a curve names its gap and escapes the plan; no coordinate is lost', () => {
  const curve = saver('$125 bill credit when usage is at least 1000 kWh');
  const svg = String(drawBillCurve(curve, (kwh) => kwh * 0.13, [800, 1200], words));
  assert.match(svg, /role="img" aria-label="Bill of Saver 12"/);
  assert.match(svg, />\$125 gap</);
  assert.match(svg, />Saver &lt;12&gt;</);
  assert.doesNotMatch(svg, /NaN|Infinity|style=/);
  assert.ok(numbersIn(svg).every((one) => one >= -1 && one <= 1001));
});

test('an estimate is dotted throughout, over what it may be', () => {
  const curve = saver(null);
  assert.equal(curve.evidence, 'estimate');
  assert.ok(stretchesOf(curve).every(({ isKnown }) => !isKnown));
  assert.match(String(drawBillCurve(curve, () => null, [], words)), /class="band"/);
});

test('a month that misses its credit has a hollow part of just that size', () => {
  const bar = { name: 'Jan', kwh: '900', median_usd: null };
  const svg = String(
    drawMonthBars(
      [
        { ...bar, usd: 200, missed_usd: 0 },
        { ...bar, usd: 150, missed_usd: 50 },
      ],
      'bars',
    ),
  );
  const heights = [...svg.matchAll(/<rect class="(bar|miss)"[^>]* height="([\d.]+)"/g)].map(
    ([, look, height]) => [look, Number(height)],
  );
  const [first, hollow, solid] = heights;
  assert.deepEqual([first![0], hollow![0], solid![0]], ['bar', 'miss', 'bar']);
  assert.ok(Math.abs((hollow![1] as number) / (first![1] as number) - 0.25) < 0.01);
  assert.ok(Math.abs((solid![1] as number) / (first![1] as number) - 0.5) < 0.01);
});

test('a price over time has a gap while it was not sold, and nothing is drawn of nothing', () => {
  const time = { from: 0, to: 100, ticks: [] };
  const steps = [
    { at: 0, value: 12 },
    { at: 40, value: null },
    { at: 60, value: 11 },
  ];
  const svg = String(drawSteps([{ steps, look: 'k', name: 'Plan' }], time, { label: 'l', value: String }));
  const path = / class="k" d="([^"]+)"/.exec(svg)![1]!;
  assert.equal(path.match(/M/g)!.length, 2);
  assert.equal(
    drawSteps([{ steps: [{ at: 0, value: null }], look: 'k', name: '' }], time, { label: '', value: String }),
    null,
  );
  assert.equal(drawStrip([], [], ''), null);
});

test('round figures cover what they are to cover', () => {
  for (const [least, most] of [
    [0, 1],
    [0, 487],
    [9.8, 14.3],
    [0, 0],
    [12, 12.01],
  ] as const) {
    const ticks = niceTicks(least, most, 4);
    assert.ok(ticks[0]! <= least && ticks.at(-1)! >= most, `${ticks}`);
    assert.ok(ticks.length <= 8, `${ticks}`);
  }
});

test('every place is on the map, and the map has every county of a place', () => {
  const { cities } = readTerritory();
  for (const { name, lat, lon } of cities) {
    const [x, y] = mapPoint(lat, lon);
    assert.ok(x > 0 && x < MAP_SIZE.width && y > 0 && y < MAP_SIZE.height, `${name} at ${x}, ${y}`);
  }
  // El Paso is west of Dallas, Brownsville south of Amarillo.
  assert.ok(mapPoint(31.8, -106.4)[0] < mapPoint(32.8, -96.8)[0]);
  assert.ok(mapPoint(25.9, -97.5)[1] > mapPoint(35.2, -101.8)[1]);
  const counties = [...new Set(cities.map(({ county }) => county))];
  const draw = (filled: ReadonlyMap<string, string>) =>
    String(drawTexas({ label: 'map', layers: [], names: [], filled }));
  for (const county of counties) assert.match(draw(new Map([[county, 'p1']])), /class="p1" d="M\d/, county);
});
