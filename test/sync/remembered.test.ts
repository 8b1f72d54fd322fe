/** What a text once told is known later, when the upstream sends prices without texts: through import, PostgreSQL and the caches. */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { billCurve } from '../../src/plan/bill/bill.ts';
import { PackedPlans } from '../../src/plan/packed/packed-plans.ts';
import { decodePlanSet, encodePlanSet } from '../../src/plan/packed/plan-set-bytes.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import { readCachedPlanSet } from '../../src/store/plans/plan-cache.ts';
import { rebuildPlanSet } from '../../src/store/plans/plan-revisions.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { readCurrentSnapshot } from '../../src/store/plans/snapshots.ts';
import { createTestDatabase, ONCOR, syncAll, territory, testGate } from '../support/support.ts';

const { database } = await createTestDatabase();
const path = (day: string) => fileURLToPath(new URL(`../fixtures/oncor-${day}.csv`, import.meta.url));
const source = (csv: string) =>
  new PowerToChooseSource(
    { csv, tdspByName: (name) => territory.tdspByFeedName(name)?.duns },
    testGate(database),
  );

async function publishFile(csv: string): Promise<readonly Plan[]> {
  const report = await syncAll(database, source(csv), { tdsps: [ONCOR], force: true });
  const oncor = report.tdsps.find(({ tdsp_duns }) => tdsp_duns === ONCOR)!;
  assert.match(oncor.status, /published|unchanged/, JSON.stringify(report.errors));
  return (await readActivePlanSet(database.pool, ONCOR))!.plans;
}
const publishDay = (day: string) => publishFile(path(day));

/** One plan gives an hour a day free, whatever its flag says. */
const isPlain = ({ rate_type, is_time_of_use, name }: Plan) =>
  rate_type === 'fixed' && is_time_of_use !== true && !name.includes('Free Energy Lunch');
const shareExact = (plans: readonly Plan[]) => {
  const plain = plans.filter(isPlain);
  return plain.filter((plan) => billCurve(plan).at(950).exact).length / plain.length;
};

const withTexts = await publishDay('2026-07-20');
const told = (await readCurrentSnapshot(database.pool, ONCOR))!.observed_at.toISOString();
const without = await publishDay('2026-08-01');

test('a file without texts after one with texts: nearly every plain plan is known to the dollar', () => {
  assert.ok(shareExact(withTexts) >= 0.98, `${shareExact(withTexts)}`);
  assert.ok(without.every(({ fees_text, special_terms }) => fees_text === null && special_terms === null));
  assert.ok(shareExact(without) >= 0.965, `${shareExact(without)}`);
  const forgotten = without.map((plan) => ({ ...plan, remembered_text: null }));
  assert.ok(shareExact(forgotten) < 0.9, 'the memory is what makes it so');
});

test('such a bill says that it rests on what was told, and when', () => {
  const plan = without.find(({ name }) => name === 'SimpleSaver 12')!;
  assert.equal(plan.remembered_text!.told_at, told);
  assert.match(plan.remembered_text!.fees_text!, /credit/i);
  const bill = billCurve(plan).at(950);
  assert.deepEqual([bill.exact, bill.evidence], [true, 'remembered_text']);
  assert.match(
    bill.why,
    /\$125 credit from 1000 kWh .*; the text is of [A-Z][a-z]+ \d+, \d{4}, as none is told now/,
  );
  assert.deepEqual(
    bill.cliffs.map(({ at_kwh, change }) => [at_kwh, change]),
    [[1000, 'falls']],
  );
  const credit = billCurve(plan).at(999).total_usd! - billCurve(plan).at(1000).total_usd!;
  assert.ok(credit > 120 && credit < 125);
});

test('active plans, database cache, Redis bytes and the past version answer alike', async () => {
  const { version, observed_at } = (await readCurrentSnapshot(database.pool, ONCOR))!;
  const active = (await readActivePlanSet(database.pool, ONCOR))!;
  const cached = (await readCachedPlanSet(database.pool, ONCOR))!;
  const bytes = encodePlanSet(active);
  const about = { tdsp_duns: ONCOR, version, observed_at: observed_at.toISOString() };
  const redis = decodePlanSet(bytes, about)!;
  const past = (await rebuildPlanSet(database.pool, ONCOR, version)) as { plans: readonly Plan[] };
  const bills = (plans: readonly Plan[]) =>
    plans.map((plan) => [plan.id, billCurve(plan).at(950)] as const).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const expected = bills(without);
  assert.ok(expected.some(([, { evidence }]) => evidence === 'remembered_text'));
  for (const set of [active, cached, redis, past]) assert.deepEqual(bills(set.plans), expected);
  const packed = PackedPlans.of(without);
  assert.deepEqual(packed.curve(3).at(950), billCurve(without[3]!).at(950));
});

test('a further file without texts changes nothing, and one with texts ends the memory', async () => {
  const before = (await readCurrentSnapshot(database.pool, ONCOR))!.version;
  await publishDay('2026-08-01');
  assert.equal((await readCurrentSnapshot(database.pool, ONCOR))!.version, before);
  // The very file of before would be held for being it, so one price differs.
  const later = join(await mkdtemp(join(tmpdir(), 'wattsync-remembered-')), 'later.csv');
  await writeFile(later, (await readFile(path('2026-07-20'), 'utf8')).replace(',0.134,', ',0.135,'));
  const back = await publishFile(later);
  assert.ok(back.every((plan) => plan.special_terms === null || plan.remembered_text === null));
  const bill = billCurve(back.find(({ name }) => name === 'SimpleSaver 12')!).at(950);
  assert.equal(bill.evidence, 'stated_credit');
  const left = withTexts.filter(({ offer_id }) => without.every((plan) => plan.offer_id !== offer_id));
  assert.ok(left.length > 0, 'some offers ended and came back');
});
