/** Remarks of stored plans, by the command and by the API, and offers through a correction, on a database. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UNKNOWN } from '../../src/plan/fields.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, wattsync } from '../support/support.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const { get } = openApi(database);

const draft = (external_id: string, name: string, term_months: number, cents = 14.5): PlanDraft => ({
  ...UNKNOWN,
  external_id,
  tdsp_duns: ONCOR,
  provider: { name: 'Pecan Energy', legal_name: null, puct_number: '10001', phone: null },
  name,
  term_months,
  rate_type: 'fixed',
  percent_green: 20,
  rates_cents_per_kwh: { 500: cents + 0.5, 1000: cents, 2000: cents - 0.2 },
  early_termination_fee_usd: 100,
  documents: { efl: 'https://pecan.example/efl.pdf', tos: null, yrac: null },
});

let clock = Date.now() - 6 * 3_600_000;

async function send(...plans: PlanDraft[]): Promise<Map<string, { id: string; offer_id: string }>> {
  clock += 3_600_000;
  const now = new Date(clock);
  const from = { source: 'sandbox', origin: 'test', observed_at: now, run_id: 1 };
  const snapshot = { tdsp_duns: ONCOR, plans, rejected: [], ...from };
  await publish(database, snapshot, { now, cacheTtlMs: 3_600_000, passed_as: 'overridden' });
  const set = await readActivePlanSet(database.pool, ONCOR);
  return new Map(set!.plans.map((plan) => [plan.external_id, plan]));
}

const plain = draft('2', 'Plain 12', 12);

test('a term corrected under one id is a change of one offer, and the next id finds it by its new term', async () => {
  const first = await send(draft('1', 'Better Rate - 5', 6), plain);
  const then = await send(draft('1', 'Better Rate - 5', 5), plain);
  assert.deepEqual(then.get('1')?.offer_id, first.get('1')?.offer_id);
  assert.deepEqual(then.get('1')?.id, first.get('1')?.id);
  const later = await send(draft('3', 'Better Rate - 5', 5, 13.5), plain);
  assert.equal(later.get('3')?.offer_id, first.get('1')?.offer_id);
  const { body } = await get(`/v1/plans/${first.get('1')!.offer_id}/history`);
  const changes = body.data.flatMap((event: { changes?: unknown[] }) => event.changes ?? []);
  assert.deepEqual(
    changes.filter(({ field }: { field: string }) => field === 'term_months'),
    [{ field: 'term_months', from: 6, to: 5 }],
  );
  const { rows } = await database.pool.query('select term_months, ended_at from offers order by term_months');
  assert.deepEqual(rows, [
    { term_months: 5, ended_at: null },
    { term_months: 12, ended_at: null },
  ]);
});

test('a name that contradicts its term is told by the API and by the command, and both are kept', async () => {
  const odd = draft('4', 'Smart Secure 9', 10);
  await send(odd);
  const plans = await send(odd, plain, draft('5', 'Plain 12', 12, 15));
  const { body } = await get(`/v1/plans/${plans.get('4')!.id}`);
  assert.deepEqual([body.data.name, body.data.term_months], ['Smart Secure 9', 10]);
  assert.deepEqual(body.data.quality, [
    {
      rule: 'name_term',
      message: 'The name says 9 months, the term is 10',
      evidence: { name: 'Smart Secure 9', term_months: 10, stated_months: 9 },
    },
  ]);
  const { stdout, code } = await wattsync(['quality', '--json'], { DATABASE_URL });
  assert.equal(code, 0);
  const found = JSON.parse(stdout);
  assert.equal(found.plans, 3);
  assert.deepEqual(
    found.remarks.map(({ rule, tdsp, plan }: { rule: string; tdsp: string; plan: { external_id: string } }) =>
      [rule, tdsp, plan.external_id].join(' '),
    ),
    ['duplicate ONCOR 2', 'duplicate ONCOR 5', 'flapping ONCOR 2', 'name_term ONCOR 4'],
  );
});

test('remarks are asked for by TDSP and by rule', async () => {
  const one = await wattsync(['quality', '--rule', 'name_term', '--tdsp', 'ONCOR'], { DATABASE_URL });
  assert.equal(one.code, 0);
  assert.match(
    one.stdout,
    /^1 remark about 3 plans\.\n\nname_term: 1 \(.*\)\n {2}ONCOR {2}Pecan Energy, Smart Secure 9 \(4\): /,
  );
  const none = await wattsync(['quality', '--tdsp', 'CENTERPOINT'], { DATABASE_URL });
  assert.match(none.stdout, /There are no plans to look at/);
  for (const wrong of [
    ['--rule', 'x'],
    ['--tdsp', 'x'],
  ]) {
    const { code, stderr } = await wattsync(['quality', ...wrong], { DATABASE_URL });
    assert.equal(code, 2);
    assert.match(stderr, /unknown .* "x": expected one of/);
  }
});

test('prices are compared with those of an export, and what is not one is named', async () => {
  const csv = fileURLToPath(new URL('../fixtures/powertochoose-small.csv', import.meta.url));
  const { stdout, code } = await wattsync(['quality', '--beside', csv, '--json'], { DATABASE_URL });
  assert.equal(code, 0);
  assert.equal(typeof JSON.parse(stdout).compared, 'number');
  const wrong = await wattsync(['quality', '--beside', '/nowhere.csv'], { DATABASE_URL });
  assert.deepEqual([wrong.code, /--beside: .*nowhere/.test(wrong.stderr)], [2, true], wrong.stderr);
});
