import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNKNOWN } from '../../plan/fields.ts';
import type { PlanDraft } from '../../plan/plan.ts';
import type { Fetched } from '../../sources/source.ts';
import { startSandbox } from '../server.ts';
import { replayFromPowerToChoose } from './replay.ts';
import type { UpstreamPlan } from './upstream-plan.ts';

const ONCOR = '1039940674000';

function draft(external_id: string, cents: number): PlanDraft {
  return {
    ...UNKNOWN,
    external_id,
    tdsp_duns: ONCOR,
    provider: { name: 'Recorded Power', legal_name: null, puct_number: null, phone: '(512) 555-0100' },
    name: `Plan ${external_id}`,
    term_months: 12,
    rate_type: 'fixed',
    percent_green: 24,
    rates_cents_per_kwh: { 500: cents + 1, 1000: cents, 2000: null },
    early_termination_fee_usd: 240,
    early_termination_fee_per_month_usd: 20,
    is_prepaid: false,
    fees_text: '$20 per remaining month',
    documents: { efl: 'https://example.invalid/efl.pdf', tos: null, yrac: null },
    translations: {
      es: {
        name: null,
        fees_text: null,
        special_terms: null,
        documents: { efl: 'https://example.invalid/efl-es.pdf', tos: null, yrac: null },
        enroll_url: null,
      },
    },
  };
}

/** A file of the form `a=12.3 b=9`, in place of Power to Choose's CSV. */
const parse = (bytes: Uint8Array): Fetched => ({
  source: 'powertochoose',
  tdsps: [
    {
      tdsp_duns: ONCOR,
      plans: Buffer.from(bytes)
        .toString()
        .split(' ')
        .map((entry) => draft(entry.split('=')[0]!, Number(entry.split('=')[1]))),
      rejections: [],
    },
  ],
  schema_drift: [],
  skipped: {},
});

const file = (name: string, text: string) => ({ name, bytes: Buffer.from(text) });
const idsOf = (plans: UpstreamPlan[]) =>
  Object.fromEntries(plans.map(({ product, _id }) => [product.name.slice(5), _id]));

test('recorded days come in the order of their dates, and only a new price mints a new id', () => {
  const snapshots = replayFromPowerToChoose(
    [
      file('ptc-2026-07-22.csv', 'a=12.3 b=9'),
      file('ptc-2026-07-20.csv', 'a=12.3 b=9'),
      file('2026-07-21.csv', 'a=12.3 b=9.4'),
    ],
    parse,
  );
  assert.deepEqual(
    snapshots.map(({ date }) => date),
    ['2026-07-20', '2026-07-21', '2026-07-22'],
  );
  const [first, second, third] = snapshots.map(({ rowsByDuns }) => idsOf(rowsByDuns.get(ONCOR)!));
  assert.equal(first!.a, third!.a);
  assert.equal(new Set([first!.b, second!.b, third!.b]).size, 3, 'an old price that returns is new, too');
  assert.equal(Number.parseInt(second!.b!.slice(0, 8), 16), Date.UTC(2026, 6, 21) / 1000);
});

test('a draft keeps on the wire what the wire can say, and leaves out what is unknown', () => {
  const [snapshot] = replayFromPowerToChoose([file('2026-07-20.csv', 'a=12.3')], parse);
  const plan = snapshot!.rowsByDuns.get(ONCOR)![0]!;
  assert.deepEqual(plan.display_pricing_1000, { usage: 1000, avg: 0.123, avg_cents: 12.3, total: 123 });
  assert.equal('display_pricing_2000' in plan, false);
  assert.equal('components' in plan, false);
  assert.equal(plan.product.early_termination_fee, 20);
  assert.match(plan.product.description, /\$20 per remaining month/);
  assert.equal(plan.product.is_time_of_use, null);
  assert.deepEqual(
    plan.document_links.map(({ type, language }) => `${type} ${language}`),
    ['efl en', 'efl es'],
  );
});

test('files without a date and two files of one day are refused by name', () => {
  assert.throws(() => replayFromPowerToChoose([file('plans.csv', 'a=1')], parse), /plans\.csv has no date/);
  const dated = { ...file('plans.csv', 'a=9'), modified_at: new Date('2026-07-20T08:00:00Z') };
  assert.equal(replayFromPowerToChoose([dated], parse)[0]!.date, '2026-07-20');
  assert.throws(
    () => replayFromPowerToChoose([dated, file('x-2026-07-20.csv', 'a=1')], parse),
    /plans\.csv and x-2026-07-20\.csv are both of 2026-07-20/,
  );
});

test('a replay steps on with virtual time, stays at its last day and answers nothing elsewhere', async (t) => {
  const replay = replayFromPowerToChoose(
    [file('2026-07-20.csv', 'a=12.3'), file('2026-07-21.csv', 'a=12.3 b=9')],
    parse,
  );
  const sandbox = await startSandbox({ replay, speed: 0 });
  t.after(() => sandbox.stop());
  const count = async (duns: string) => {
    const answer = await fetch(`${sandbox.url}/api/plans/current?tdsp_duns=${duns}`);
    return ((await answer.json()) as unknown[]).length;
  };
  assert.equal(await count(ONCOR), 1);
  sandbox.control.advance(1);
  assert.deepEqual(sandbox.control.state().replay, { date: '2026-07-21', step: 1, steps: 2 });
  assert.equal(await count(ONCOR), 2);
  sandbox.control.advance(30);
  assert.equal(await count(ONCOR), 2);
  assert.equal(await count('957877905'), 0);
});
