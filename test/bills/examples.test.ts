/** What the API's description and docs/truth.md show of real plans is what the program says of them. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BILL, YEAR } from '../../src/api/description/bill-schemas.ts';
import { billCurve } from '../../src/plan/bill/bill.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import { yearOf } from '../../src/plan/profiles/year.ts';
import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import { usageProfiles } from '../../src/store/profiles.ts';
import { ONCOR, territory } from '../support/support.ts';

const bytes = readFileSync(new URL('../fixtures/oncor-2026-07-20.csv', import.meta.url));
const tdspByName = (name: string) => territory.tdspByFeedName(name)?.duns;
const plans: readonly PlanDraft[] = parsePowerToChoose(bytes, { duns: [ONCOR], tdspByName }).tdsps[0]!.plans;
const named = (name: string) => plans.find((plan) => plan.name.startsWith(name))!;

const SAVER = named('SimpleSaver 12');
const TRUE_VALUE = named('True Value 12');
const LUNCH = named('SoFed Free Energy Lunch');

test('the examples in the description of the API', () => {
  const bills = [SAVER, TRUE_VALUE, LUNCH].map((plan, at) =>
    billCurve(plan).at(BILL.examples[at]!.usage_kwh),
  );
  assert.deepEqual(BILL.examples, bills);
  const [year] = YEAR.examples;
  assert.deepEqual(year, yearOf(billCurve(SAVER), SAVER, usageProfiles().get('house')!));
});

test('the examples of docs/truth.md', () => {
  const text = readFileSync(new URL('../../docs/truth.md', import.meta.url), 'utf8');
  const row = (name: string, usage: string) =>
    text.split('\n').find((line) => line.includes(`| ${name}`) && line.includes(`| ${usage} kWh`)) ?? '';
  for (const [plan, name, usage, kwh] of [
    [TRUE_VALUE, 'True Value 12', '950', 950],
    [TRUE_VALUE, 'True Value 12', '400', 400],
    [SAVER, 'SimpleSaver 12', '999', 999],
    [SAVER, 'SimpleSaver 12', '1,000', 1000],
    [LUNCH, 'SoFed Free Energy Lunch', '950', 950],
  ] as const) {
    const { total_usd, evidence } = billCurve(plan).at(kwh);
    assert.ok(row(name, usage).includes(`$${total_usd!.toFixed(2)}`), `${name}, ${usage} kWh: ${total_usd}`);
    assert.ok(row(name, usage).includes(`\`${evidence}\``));
  }
  const year = (plan: PlanDraft) => yearOf(billCurve(plan), plan, usageProfiles().get('house')!).total_usd!;
  assert.ok(text.includes(`$${Math.round(year(TRUE_VALUE)).toLocaleString('en-US')} in a year`));
  assert.ok(text.includes(`costs $${Math.round(year(SAVER)).toLocaleString('en-US')}`));
});
