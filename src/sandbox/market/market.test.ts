import assert from 'node:assert/strict';
import { test } from 'node:test';
import { midnightMs } from '../virtual-clock.ts';
import { SANDBOX_BRANDS } from './brands.ts';
import { billUsd } from './charges.ts';
import { planSet } from './market.ts';
import { chargeChangeDays, SANDBOX_TDSPS, type SandboxTdsp } from './tdsps.ts';
import type { UpstreamPlan } from './upstream-plan.ts';

const SEED = 7;
const oncor = SANDBOX_TDSPS.find(({ wire }) => wire.abbreviation === 'ONCOR')!;
const plansOn = (tdsp: SandboxTdsp, day: number) => planSet(SEED, tdsp, day, 150);
const byProduct = (plans: UpstreamPlan[]) => new Map(plans.map((plan) => [plan.product._id, plan]));
const pricings = (plan: UpstreamPlan) => [
  plan.display_pricing_500!,
  plan.display_pricing_1000!,
  plan.display_pricing_2000!,
];
const totals = (plan: UpstreamPlan) => pricings(plan).map(({ total }) => total);
const everywhere = (day: number) => SANDBOX_TDSPS.flatMap((tdsp) => plansOn(tdsp, day));
const reproduces = (plan: UpstreamPlan) =>
  plan.components !== undefined &&
  pricings(plan).every(({ usage, total }) => Math.abs(billUsd(plan.components!, usage) - total) <= 0.005_001);

/** What tests of many days ask about a plan: 1,200 whole plan sets would not fit into the memory. */
interface Listed {
  id: string;
  cents: number;
  totals: string;
}
const LAST_DAY = 200;
const listedOn = new Map(
  SANDBOX_TDSPS.map((tdsp) => [
    tdsp,
    Array.from(
      { length: LAST_DAY + 1 },
      (_, day): ReadonlyMap<string, Listed> =>
        new Map(
          plansOn(tdsp, day).map((plan) => [
            plan.product._id,
            {
              id: plan._id,
              cents: plan.display_pricing_1000!.avg_cents,
              totals: totals(plan).join(),
            },
          ]),
        ),
    ),
  ]),
);

/** Walks through pairs of successive days in all six TDSPs. */
function* dayPairs() {
  for (const [tdsp, days] of listedOn) {
    for (let day = 1; day <= LAST_DAY; day++) {
      yield { tdsp, day, before: days[day - 1]!, after: days[day]! };
    }
  }
}

const at = (sorted: number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)]!;
const sort = (numbers: number[]) => numbers.sort((a, b) => a - b);

test('a plan set is a function of seed, TDSP and day alone, whatever was asked before', () => {
  const alone = JSON.stringify(plansOn(oncor, 200));
  for (const day of [900, 3, 201, -50]) plansOn(oncor, day);
  assert.equal(JSON.stringify(plansOn(oncor, 200)), alone);
  assert.notEqual(JSON.stringify(planSet(SEED + 1, oncor, 200, 150)), alone);
});

test('each TDSP has about 150 plans, Lubbock about 90, and no two share brand, name and term', () => {
  for (const tdsp of SANDBOX_TDSPS) {
    const plans = plansOn(tdsp, 42);
    const expected = tdsp.wire.abbreviation === 'LPL' ? 90 : 150;
    assert.ok(Math.abs(plans.length - expected) < 25, `${tdsp.wire.name}: ${plans.length}`);
    const identity = ({ product }: UpstreamPlan) => `${product.brand.name}/${product.name}/${product.term}`;
    assert.equal(new Set(plans.map(identity)).size, plans.length);
    assert.equal(new Set(plans.map(({ _id }) => _id)).size, plans.length);
  }
  assert.equal(new Set(planSet(SEED, oncor, 42, 900).map(({ product }) => product._id)).size > 700, true);
});

test('components reproduce the published totals to the cent, except in the few that are meant not to', () => {
  const plans = everywhere(100);
  const honest = plans.filter(reproduces);
  const without = plans.filter(({ components }) => components === undefined);
  const wrong = plans.filter((plan) => plan.components && !reproduces(plan));
  assert.ok(honest.length / plans.length > 0.9, `${honest.length} of ${plans.length}`);
  for (const few of [without, wrong]) {
    assert.ok(few.length > 0 && few.length / plans.length < 0.06, `${few.length} of ${plans.length}`);
  }
  // The upstream's own check tells the wrong ones, and only them.
  for (const plan of plans) {
    assert.equal(
      plan.expected_prices.every(({ valid }) => valid),
      !wrong.includes(plan),
      plan._id,
    );
  }
});

test('the three published figures of a price agree', () => {
  for (const { usage, avg, avg_cents, total } of everywhere(100).flatMap(pricings)) {
    assert.ok(Math.abs(avg * usage - total) <= 0.01 + usage * 5e-6, `${avg} × ${usage} against ${total}`);
    assert.equal(avg_cents, Math.round(avg * 1e5) / 1e3);
  }
});

test('no average price leaves 7 to 30 cents, in any year', () => {
  for (const day of [-400, 0, 61, 500, 1500, 3000, 4500]) {
    for (const { avg_cents, usage } of everywhere(day).flatMap(pricings)) {
      assert.ok(avg_cents >= 7 && avg_cents <= 30, `${avg_cents} cents at ${usage} kWh on day ${day}`);
    }
  }
});

test('an id changes with the price and only then', () => {
  for (const { tdsp, day, before, after } of dayPairs()) {
    for (const [product, plan] of after) {
      const old = before.get(product);
      if (!old) continue;
      assert.equal(
        old.id === plan.id,
        old.totals === plan.totals,
        `${tdsp.wire.name}, day ${day}, ${product}`,
      );
    }
  }
});

test('an id is 24 hex and begins with the virtual midnight at which the price came up', () => {
  const today = midnightMs(90) / 1000;
  const [before, after] = [plansOn(oncor, 89), plansOn(oncor, 90)];
  const old = new Set(before.map(({ _id }) => _id));
  for (const { _id } of after) {
    assert.match(_id, /^[0-9a-f]{24}$/);
    const seconds = Number.parseInt(_id.slice(0, 8), 16);
    assert.equal(seconds % 86_400, 0);
    assert.equal(seconds === today, !old.has(_id));
  }
});

test('the market moves from day to day as the real one was measured to', () => {
  const shares: number[] = [];
  const moves: number[] = [];
  let [kept, withdrawn, added] = [0, 0, 0];
  for (const { tdsp, day, before, after } of dayPairs()) {
    added += [...after.keys()].filter((product) => !before.has(product)).length;
    withdrawn += [...before.keys()].filter((product) => !after.has(product)).length;
    const both = [...after].filter(([product]) => before.has(product));
    kept += both.length;
    if (chargeChangeDays(SEED, tdsp).includes(day)) continue;
    const changed = both
      .map(([product, { cents }]) => Math.abs(cents - before.get(product)!.cents))
      .filter((move) => move > 0);
    shares.push(changed.length / both.length);
    moves.push(...changed);
  }
  sort(shares);
  sort(moves);
  const within = (value: number, low: number, high: number, what: string) =>
    assert.ok(value >= low && value <= high, `${what}: ${value}`);
  within(at(shares, 0.5), 0.14, 0.2, 'median share');
  within(at(shares, 0), 0, 0, 'lowest share');
  within(at(shares, 1), 0.2, 0.29, 'highest share');
  within(at(moves, 0.5), 0.25, 0.35, 'median move');
  within(at(moves, 0.9), 0.8, 1.2, 'p90 of the moves');
  within(at(moves, 0.99), 2.8, 3.7, 'p99 of the moves');
  within(at(moves, 1), 3.3, 3.9, 'largest move');
  within(withdrawn / kept, 0.005, 0.02, 'withdrawn a day');
  within(added / kept, 0.005, 0.02, 'new a day');
});

test('on 1 March and 1 September one TDSP becomes dearer by about a cent, and no other moves as a whole', () => {
  for (const date of ['2026-03-01', '2026-09-01', '2027-03-01']) {
    const day = (Date.parse(date) - midnightMs(0)) / 86_400_000;
    const lifted = SANDBOX_TDSPS.filter((tdsp) => {
      const before = byProduct(plansOn(tdsp, day - 1));
      const moves = plansOn(tdsp, day).flatMap((plan) => {
        const old = before.get(plan.product._id);
        return old ? [plan.display_pricing_1000!.avg_cents - old.display_pricing_1000!.avg_cents] : [];
      });
      return moves.every((move) => move > 0.85 && move < 1.4);
    });
    assert.equal(lifted.length, 1, date);
    assert.ok(chargeChangeDays(SEED, lifted[0]!).includes(day));
  }
});

test('the mix is that of the market: a third 12 months, bent plans, prepaid, time of use, decimals of green', () => {
  const plans = SANDBOX_TDSPS.flatMap((tdsp) => planSet(SEED, tdsp, 10, 1500));
  const share = (is: (plan: UpstreamPlan) => unknown) => plans.filter(is).length / plans.length;
  const near = (value: number, expected: number, what: string) =>
    assert.ok(Math.abs(value - expected) < expected * 0.6, `${what}: ${value}`);
  near(
    share(({ product }) => product.term === 12),
    0.33,
    '12 months',
  );
  near(
    share(({ product }) => product.is_pre_pay),
    0.02,
    'prepaid',
  );
  near(
    share(({ product }) => product.is_time_of_use),
    0.05,
    'time of use',
  );
  near(
    share(({ components }) => components?.some(({ amount }) => amount < 0)),
    0.1,
    'bill credits',
  );
  near(
    share(({ components }) => components?.some(({ percentage }) => percentage)),
    0.03,
    'percentages',
  );
  const terms = new Set(plans.map(({ product }) => product.term));
  assert.deepEqual(sort([...terms].map(Number)), [1, 3, 5, 6, 9, 10, 11, 12, 13, 14, 18, 24, 25, 36]);
  assert.ok(share(({ product }) => product.percent_green === 26.3) > 0);
});

test('everything says that it is invented', () => {
  assert.equal(new Set(SANDBOX_BRANDS.map(({ name }) => name)).size, 40);
  for (const plan of plansOn(oncor, 5)) {
    assert.match(plan.product.brand.legal_name!, /\(sandbox\)$/);
    assert.match(plan.product.description, /Invented for the sandbox/);
    for (const { link, snapshot_url } of plan.document_links) {
      const address = link ?? snapshot_url ?? '';
      assert.ok(address.startsWith('https://sandbox.invalid/'), address);
    }
  }
});

test('the shapes that callers of the real upstream see occur here too', () => {
  const plans = plansOn(oncor, 5);
  const papers = plans.flatMap(({ document_links }) => document_links);
  for (const type of ['yrac', 'YRAAC'])
    assert.ok(
      papers.some((one) => one.type === type),
      type,
    );
  assert.ok(papers.some(({ link, snapshot_url }) => link === null && snapshot_url !== null));
  const flags = new Set(
    plans.flatMap(({ components }) => (components ?? []).map(({ percentage }) => percentage)),
  );
  assert.ok(flags.has(0) && flags.has(false));
});
