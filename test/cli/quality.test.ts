/** Remarks of stored plans, by the command and by the API, and offers through a correction, on a database. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UNKNOWN } from '../../src/plan/fields.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, syncAll, territory, testGate, wattsync } from '../support/support.ts';

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

test('a stored price that is not the one the upstream told is remarked, by its kept answer', async () => {
  const { database: own, url } = await createTestDatabase();
  const csv = fileURLToPath(new URL('../fixtures/inputs/02-tdu-renamed-day1.csv', import.meta.url));
  const tdspByName = (name: string) => territory.tdspByFeedName(name)?.duns;
  await syncAll(own, new PowerToChooseSource({ csv, tdspByName }, testGate(own)), { tdsps: [ONCOR] });
  const look = async () =>
    JSON.parse(
      (
        await wattsync(['quality', '--tdsp', 'ONCOR', '--rule', 'stored_prices', '--json'], {
          DATABASE_URL: url,
        })
      ).stdout,
    );
  const sound = await look();
  assert.deepEqual([sound.plans, sound.reread, sound.remarks], [5, 5, []]);
  await own.pool.query(
    `update electricity_plans set rate_1000kwh = 13.7 where external_id =
       (select min(external_id) from electricity_plans where tdsp_duns = $1)`,
    [ONCOR],
  );
  const { remarks } = await look();
  assert.equal(remarks.length, 1);
  assert.match(
    remarks[0].message,
    /other prices than the upstream told: 13\.7 instead of [\d.]+ ¢ at 1000 kWh$/,
  );
  assert.equal(remarks[0].evidence.rates_cents_per_kwh['1000'], 13.7);
  // An answer that is not kept any more says nothing.
  await own.pool.query('truncate source_payloads cascade');
  const without = await look();
  assert.deepEqual([without.reread, without.remarks], [0, []]);
});

test('links are asked for on command only, and none that leads inside', async () => {
  const TNMP = territory.tdsp('TNMP')!.duns;
  const now = new Date();
  const inside = { ...draft('9', 'Inside 12', 12), tdsp_duns: TNMP };
  const plans = ['https://127.0.0.1/efl.pdf', 'https://127.0.0.1/efl.pdf?of=2'].map((efl, at) => ({
    ...inside,
    external_id: `9${at}`,
    name: `Inside ${at}`,
    documents: { efl, tos: null, yrac: null },
  }));
  const snapshot = {
    tdsp_duns: TNMP,
    plans,
    rejected: [],
    source: 'sandbox',
    origin: 'test',
    observed_at: now,
    run_id: 1,
  };
  await publish(database, snapshot, { now, cacheTtlMs: 3_600_000, passed_as: 'overridden' });
  const args = ['quality', '--tdsp', 'TNMP', '--rule', 'links_reachable'];
  const silent = JSON.parse((await wattsync([...args, '--json'], { DATABASE_URL })).stdout);
  assert.deepEqual([silent.links, silent.remarks], [undefined, []]);
  const { stdout, code } = await wattsync([...args, '--links', '--json'], { DATABASE_URL });
  const { links, remarks } = JSON.parse(stdout);
  assert.equal(code, 0);
  assert.deepEqual(links, { distinct: 1, asked: 1, reached: 0, refused: 0, unreachable: 1 });
  assert.equal(remarks.length, 2);
  assert.match(remarks[0].message, /^The link efl leads nowhere: 127\.0\.0\.1 is internal/);
  const told = await wattsync([...args, '--links', '5'], { DATABASE_URL });
  assert.match(told.stdout, /1 of 1 links were asked for: 0 reached, 1 not, 0 do not answer programs\.$/m);
  for (const wrong of ['0', '501', '1.5', 'x']) {
    const { code, stderr } = await wattsync([...args, '--links', wrong], { DATABASE_URL });
    assert.deepEqual([code, /--links/.test(stderr)], [2, true], stderr);
  }
});
