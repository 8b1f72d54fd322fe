/** The real exports of summer 2026 where they are at hand, and always the invented one the repository brings. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parsePowerToChoose } from './normalise.ts';

const TDSPS = [
  { duns: '1039940674000', names: ['ONCOR', 'ONCOR ELECTRIC DELIVERY COMPANY'] },
  { duns: '957877905', names: ['CENTERPOINT', 'CENTERPOINT ENERGY HOUSTON ELECTRIC LLC'] },
  { duns: '007924772', names: ['AEP TEXAS CENTRAL', 'AEP TEXAS CENTRAL COMPANY'] },
  { duns: '007923311', names: ['AEP TEXAS NORTH', 'AEP TEXAS NORTH COMPANY'] },
  { duns: '007929441', names: ['TEXAS-NEW MEXICO POWER', 'TEXAS-NEW MEXICO POWER COMPANY'] },
  { duns: '0582138934100', names: ['LUBBOCK POWER & LIGHT', 'LUBBOCK POWER & LIGHT SYSTEM'] },
];
const DUNS = TDSPS.map(({ duns }) => duns);
const tdspByName = (name: string) => TDSPS.find(({ names }) => names.includes(name.toUpperCase()))?.duns;

/** Of each TDSP, in the order of `TDSPS`. */
interface Expected {
  plans: number[];
  withSpanish: number[];
  skipped: Record<string, number>;
}

const OTHER_PRICE = 'prices of a Spanish row, which differ from those of its English row';
const NUECES = 'TDSP "NUECES ELECTRIC COOPERATIVE" is none of the six';
const ONCOR_NTU = 'TDSP "Oncor NTU LLC" is none of the six';

const FIXTURE: [string, Expected] = [
  fileURLToPath(new URL('../../../test/fixtures/powertochoose-small.csv', import.meta.url)),
  {
    plans: [6, 5, 5, 4, 4, 5],
    withSpanish: [4, 3, 2, 2, 2, 3],
    skipped: { [NUECES]: 1, [ONCOR_NTU]: 1, [OTHER_PRICE]: 1 },
  },
];
const real = (name: string) =>
  fileURLToPath(new URL(`../../../../shared/data/plans/${name}`, import.meta.url));
// English plans plus the Spanish ones without an English row: three in each file.
const REAL: [string, Expected][] = [
  [
    real('powertochoose-2026-07-20.csv'),
    {
      plans: [159, 165 + 1, 156, 156, 151, 89 + 2],
      withSpanish: [138, 144, 135, 135, 135, 83],
      skipped: { [NUECES]: 2, [ONCOR_NTU]: 1, [OTHER_PRICE]: 7 },
    },
  ],
  [
    real('powertochoose-2026-08-01.csv'),
    {
      plans: [138, 165, 154 + 1, 155, 155, 93 + 2],
      withSpanish: [134, 160, 149, 150, 150, 93],
      skipped: { [OTHER_PRICE]: 6 },
    },
  ],
];

for (const [path, expected] of [FIXTURE, ...REAL.filter(([path]) => existsSync(path))]) {
  const { tdsps, schema_drift, skipped } = parsePowerToChoose(readFileSync(path), { duns: DUNS, tdspByName });
  const name = basename(path);
  const plans = tdsps.flatMap((tdsp) => tdsp.plans);

  test(`${name}: every row is a plan or the translation of one`, () => {
    assert.deepEqual(
      tdsps.map((tdsp) => tdsp.plans.length),
      expected.plans,
    );
    assert.deepEqual(
      tdsps.map((tdsp) => tdsp.plans.filter((plan) => plan.translations.es).length),
      expected.withSpanish,
    );
    assert.deepEqual(
      tdsps.flatMap((tdsp) => tdsp.rejections),
      [],
    );
    assert.deepEqual(skipped, expected.skipped);
    assert.deepEqual(schema_drift, []);
  });

  test(`${name}: ids are unique in their TDSP, labels and prices are there`, () => {
    for (const tdsp of tdsps) {
      assert.equal(new Set(tdsp.plans.map((plan) => plan.external_id)).size, tdsp.plans.length);
    }
    assert.deepEqual(
      plans.filter((plan) => plan.documents.efl === null),
      [],
    );
    assert.ok(plans.every((plan) => Object.values(plan.rates_cents_per_kwh).every((rate) => rate !== null)));
  });

  test(`${name}: exit fees are understood, and fees per month add up`, () => {
    // The fixture has two plans with "Call us for details", July has one with an empty cell.
    assert.ok(plans.filter((plan) => plan.early_termination_fee_usd === null).length <= 2);
    for (const plan of plans) {
      if (plan.early_termination_fee_per_month_usd === null) continue;
      assert.equal(
        plan.early_termination_fee_usd,
        plan.early_termination_fee_per_month_usd * (plan.term_months ?? 0),
      );
    }
  });
}
