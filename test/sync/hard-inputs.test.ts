/** Small files that are easy to get wrong, each with its right result; other wordings of the same kinds are invented here. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { billCurve } from '../../src/plan/bill/bill.ts';
import type { Plan, PlanDraft } from '../../src/plan/plan.ts';
import { remarksOf } from '../../src/plan/quality/quality.ts';
import { normalisePlans } from '../../src/sources/comparepower/normalise.ts';
import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import {
  allDuns,
  createTestDatabase,
  ONCOR,
  syncAll,
  territory,
  testGate,
  wattsync,
} from '../support/support.ts';

const AEP_CENTRAL = territory.tdspByFeedName('AEP TEXAS CENTRAL COMPANY')!.duns;
const { database, url: DATABASE_URL } = await createTestDatabase();
const at = (name: string) => new URL(`../fixtures/inputs/${name}`, import.meta.url);
const tdspByName = (name: string) => territory.tdspByFeedName(name)?.duns;

const parse = (bytes: Uint8Array) => parsePowerToChoose(bytes, { duns: allDuns, tdspByName });
function read(name: string): PlanDraft[] {
  const { tdsps } = parse(readFileSync(at(name)));
  assert.deepEqual(
    tdsps.flatMap(({ rejections }) => rejections),
    [],
  );
  return tdsps.flatMap(({ plans }) => plans);
}
const sync = (name: string, tdsps: string[]) =>
  syncAll(
    database,
    new PowerToChooseSource({ csv: fileURLToPath(at(name)), tdspByName }, testGate(database)),
    { tdsps, force: true },
  );
const stored = async (duns: string) => (await readActivePlanSet(database.pool, duns))!.plans;

test('quotes that nobody doubled cost no row and no file', () => {
  const plans = read('01-unescaped-quotes.csv');
  assert.deepEqual(
    plans.map(({ name }) => name),
    ['Plain 12', 'Named 12', 'Other 24'],
  );
  assert.equal(plans[1]!.special_terms, 'Enroll in "paperless eBilling" and save.');
});

test('a TDSP that arrives under an unknown name keeps its plans, and the name is told', async () => {
  await sync('02-tdu-renamed-day1.csv', [AEP_CENTRAL, ONCOR]);
  const before = await stored(AEP_CENTRAL);
  const report = await sync('02-tdu-renamed-day2.csv', [AEP_CENTRAL, ONCOR]);
  assert.deepEqual(await stored(AEP_CENTRAL), before);
  assert.equal(report.tdsps.find(({ tdsp_duns }) => tdsp_duns === AEP_CENTRAL)!.status, 'held');
  assert.ok(Object.keys(report.skipped).some((reason) => reason.includes('AEP TEXAS CENTRAL DIVISION')));
  const { rows } = await database.pool.query(`select from plan_price_history where event = 'withdrawn'`);
  assert.equal(rows.length, 0);
  for (const command of [['doctor'], ['sync', 'status'], ['held'], ['held', 'show', 'AEP_CENTRAL']]) {
    const { stdout } = await wattsync(command, { DATABASE_URL, COLUMNS: '1000' });
    // Of the first file it is true that nothing came for some: that is told with its run only.
    const said = stdout.split('LAST RUNS')[0]!.replaceAll(/\s+/g, ' ');
    assert.match(said, /"?AEP TEXAS CENTRAL DIVISION"?/, `${command.join(' ')}: ${stdout}`);
    assert.doesNotMatch(said, /sent no plans|held drop|--force/i, command.join(' '));
  }
});

test('a step above 2,000 or below 500 kWh is in the bill, and never called exact there', () => {
  const [big, little] = read('03-step-above-2000.csv').map(billCurve);
  for (const [curve, usage, usd] of [
    [big!, 2499, 333.87],
    [big!, 2500, 284],
    [big!, 3000, 350],
    [little!, 99, 27.02],
    [little!, 100, 17.2],
  ] as const) {
    const bill = curve.at(usage);
    assert.deepEqual([bill.total_usd, bill.exact], [usd, false]);
  }
  assert.deepEqual(big!.at(950).cliffs, [{ at_kwh: 2500, size_usd: 50, change: 'falls' }]);
});

test('free hours in the text, whatever the flag: exact where published and nowhere else', () => {
  const [plan] = read('05-free-hours-flag-false.csv');
  assert.equal(plan!.is_time_of_use, false);
  const curve = billCurve(plan!);
  for (let usage = 1; usage <= 3000; usage++) {
    assert.equal(curve.at(usage).exact, usage === 500 || usage === 1000 || usage === 2000, `${usage}`);
  }
});

test('a term corrected under the same id is a change of one offer', async () => {
  const duns = read('09-term-corrected-day1.csv')[0]!.tdsp_duns;
  const { database: own } = await createTestDatabase();
  const source = (name: string) =>
    new PowerToChooseSource({ csv: fileURLToPath(at(name)), tdspByName }, testGate(own));
  await syncAll(own, source('09-term-corrected-day1.csv'), { tdsps: [duns], force: true });
  await syncAll(own, source('09-term-corrected-day2.csv'), { tdsps: [duns], force: true });
  const { rows } = await own.pool.query(
    'select event, field, from_value, to_value from plan_price_history order by id',
  );
  assert.deepEqual(rows, [{ event: 'changed', field: 'term_months', from_value: 6, to_value: 5 }]);
  const { rows: offers } = await own.pool.query('select count(*)::int as n from offers');
  assert.equal(offers[0].n, 2);
});

test('an exit fee is what its words say, and unknown where they say something else', () => {
  const fees = read('10-exit-fee-texts.csv').map((plan) => plan.early_termination_fee_usd);
  assert.deepEqual(fees, [175, 0, null]);
});

test('a file saved by another program is read, or named for what it is', () => {
  for (const name of ['12-excel-resaved.csv', '12-utf8-bom.csv', '12-windows-1252.csv']) {
    const plans = read(name);
    assert.deepEqual(
      plans.map((plan) => plan.name),
      ['Plain 12', 'Other 24'],
      name,
    );
    assert.equal(plans[0]!.special_terms, 'Energía verde – precio fijo', name);
  }
  for (const [name, message] of [
    ['12-excel-semicolon-decimal-comma.csv', /semicolons/],
    ['12-tab.csv', /tabs/],
    ['12-utf16le-bom.csv', /UTF-16/],
    ['12-export.zip', /ZIP archive/],
  ] as const) {
    const bytes = readFileSync(at(name));
    assert.throws(() => parse(bytes), message, name);
    assert.throws(
      () => parse(bytes),
      (error: Error) => !error.message.includes('cut off'),
    );
  }
});

test('a name and a term that disagree are both kept, and remarked', () => {
  const [plan] = read('13-name-and-term-disagree.csv');
  assert.deepEqual([plan!.name, plan!.term_months], ['Smart Secure 9', 10]);
  const remarks = remarksOf({ ...plan, id: 'plan', offer_id: 'offer' } as unknown as Plan);
  assert.deepEqual(
    remarks.map(({ rule, message }) => [rule, message]),
    [['name_term', 'The name says 9 months, the term is 10']],
  );
});

test('an offer listed only in Spanish is sold, its fee read from Spanish', () => {
  const plan = read('14-spanish-only.csv').find(({ name }) => name === 'Energía Básica 36')!;
  assert.equal(plan.early_termination_fee_per_month_usd, 20);
  assert.equal(plan.early_termination_fee_usd, 720);
});

const records = (name: string): unknown[] =>
  (JSON.parse(readFileSync(at(name), 'utf8')) as Record<string, unknown[]>)[ONCOR]!;
const normalise = (name: string) =>
  normalisePlans(records(name), ONCOR, { enrollUrl: () => null, rateTypeOf: () => null });

test("ComparePower's documents, shares and bands as its own pages tell them", () => {
  const { plans, rejections } = normalise('20-comparepower-docs.json');
  assert.deepEqual(rejections, []);
  const named = (name: string) => plans.find((plan) => plan.name === name)!;
  assert.ok(plans.every(({ documents }) => documents.yrac !== null));
  assert.equal(named('Snapshot only').documents.efl, 'https://docs.example.com/efl-snapshot.pdf');
  assert.ok(named('Numeric percentage').price_components!.every(({ is_percentage }) => !is_percentage));
  const at3000 = (name: string) => {
    const { total_usd, exact, low_usd, high_usd } = billCurve(named(name)).at(3000);
    return { total_usd, exact, low_usd, high_usd };
  };
  // The published totals decide that these are bands; of those from 2,001 kWh on they say nothing.
  const decided = { total_usd: 394.39, exact: true, low_usd: 394.39, high_usd: 394.39 };
  assert.deepEqual(at3000('Band 1000'), decided);
  const open = at3000('Band 2000');
  assert.deepEqual([open.exact, open.low_usd, open.high_usd], [false, 394.39, 434.39]);
});

test('numbers sent as text are rejected with field and value, every record of them', () => {
  const { plans, rejections } = normalise('21-comparepower-strings.json');
  assert.equal(plans.length, 0);
  assert.equal(rejections.length, records('21-comparepower-strings.json').length);
  for (const { field, reason } of rejections) {
    assert.match(`${field}: ${reason}`, /product\.term|expected number/);
  }
});
