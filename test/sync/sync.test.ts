import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readCurrentSnapshots } from '../../src/store/plans/snapshots.ts';
import { allDuns, createTestDatabase, ONCOR, syncAll, testGate } from '../support/support.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 60, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());

const sourceAt = (url: string, gate = {}) =>
  new ComparePowerSource({ url, apiKey: null, apiKeyHeader: 'X-API-Key' }, testGate(database, gate));
const source = sourceAt(sandbox.url);

/** Every plan row with the transaction that wrote it: equal before and after means nothing was written. */
async function planRows(): Promise<unknown[]> {
  const { rows } = await database.pool.query(
    'select id, xmin::text, ctid::text, is_active from electricity_plans order by id',
  );
  return rows;
}

async function count(sql: string): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(`select count(*)::int as n from ${sql}`);
  return rows[0]!.n;
}

test('a full sync makes six calls, and a forced second one six more and writes no plan', async () => {
  const first = await syncAll(database, source);
  assert.equal(first.status, 'succeeded');
  assert.equal(first.api_calls, 6);
  assert.equal(first.plans.added, first.plans.seen);
  assert.ok(first.plans.seen > 250);
  assert.equal(await count('electricity_plans where is_active'), first.plans.seen);

  const before = await planRows();
  const second = await syncAll(database, source, { force: true });
  assert.equal(second.api_calls, 6);
  assert.deepEqual(
    { ...second.plans, rejected: 0 },
    {
      seen: first.plans.seen,
      added: 0,
      changed: 0,
      unchanged: first.plans.seen,
      deactivated: 0,
      rejected: 0,
    },
  );
  assert.deepEqual(await planRows(), before);
  assert.equal(sandbox.control.state().calls.total, 12);
});

test('what is fresh is not fetched again, unless from elsewhere', async () => {
  const report = await syncAll(database, source, { freshForMs: 60_000 });
  assert.equal(report.api_calls, 0);
  assert.ok(report.tdsps.every(({ status }) => status === 'fresh'));
  const elsewhere = new ComparePowerSource(
    { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key', origin: 'elsewhere' },
    testGate(database),
  );
  assert.equal((await syncAll(database, elsewhere, { freshForMs: 60_000 })).api_calls, 6);
});

test('plans of a sandbox are called so, whatever address was configured', async () => {
  const snapshots = await readCurrentSnapshots(database.pool);
  assert.deepEqual(new Set(snapshots.map((snapshot) => snapshot.source)), new Set(['sandbox']));
});

test('two syncs at once fetch each TDSP once', async () => {
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault('latency:ms=150')]);
  const reports = await Promise.all([syncAll(database, source), syncAll(database, sourceAt(sandbox.url))]);
  sandbox.control.clearFaults();
  assert.ok(reports.every(({ status }) => status === 'succeeded'));
  assert.equal(sandbox.control.state().calls.total, 6);
  const statuses = reports.flatMap((report) => report.tdsps.map(({ status }) => status));
  assert.equal(statuses.filter((status) => status === 'shared').length, 6);
});

test('re-priced plans come with new ids, and keep their offer, their age and their history', async () => {
  const before = await database.pool.query('select distinct id from offers');
  sandbox.control.advance(3);
  const report = await syncAll(database, source);
  assert.equal(report.status, 'succeeded');
  assert.ok(report.plans.added > 0 && report.plans.deactivated > 0);
  const { rows } = await database.pool.query(
    `select h.*, p.first_seen_at, p.last_changed_at, o.first_seen_at as offer_seen
       from plan_price_history h join electricity_plans p on p.id = h.plan_id join offers o on o.id = h.offer_id
      where h.field = 'rate_1000kwh' and p.is_active`,
  );
  assert.ok(rows.length > 5, `${rows.length} price changes`);
  for (const row of rows) {
    assert.notEqual(row.from_value, row.to_value);
    assert.deepEqual(row.first_seen_at, row.offer_seen);
    assert.ok(row.last_changed_at > row.first_seen_at);
  }
  // Far fewer new offers than new ids: a re-pricing is not a new product.
  const after = await count('offers');
  assert.ok(after - before.rows.length < report.plans.added / 2);
  assert.equal(
    await count('(select offer_id from electricity_plans where is_active group by 1 having count(*) > 1) d'),
    0,
  );
});

const FAULTS: [fault: string, code: RegExp][] = [
  ['500', /^upstream_failed$/],
  ['timeout', /^upstream_unreachable$/],
  ['truncated', /^upstream_unreadable$/],
  ['malformed', /^upstream_unreadable$/],
  ['html', /^upstream_unreadable$/],
  ['reset', /^upstream_unreachable$/],
  ['denied', /^upstream_denied$/],
  ['empty', /^snapshot_held$/],
  ['shrunk', /^snapshot_held$/],
  ['cents', /^snapshot_held$/],
  ['wrong_types:share=1', /^snapshot_held$/],
];

for (const [fault, code] of FAULTS) {
  test(`the fault ${fault} leaves the stored plans as they are and says what happened`, async () => {
    const broken = sourceAt(sandbox.url, { timeoutMs: 300, attempts: 2 });
    const before = await planRows();
    sandbox.control.setFaults([parseFault(fault)]);
    const report = await syncAll(database, broken);
    sandbox.control.clearFaults();
    assert.equal(report.status, 'failed');
    assert.equal(report.errors.length, 6);
    for (const error of report.errors) {
      assert.match(error.code, code);
      assert.ok(error.message.length > 20, error.message);
    }
    assert.deepEqual(await planRows(), before);
  });
}

test('records that cannot be read are kept with their reason, and their plans stay on sale as they were', async () => {
  const onSale = async () =>
    (
      await database.pool.query<{ id: string }>(
        `select id, external_id, offer_id, rate_500kwh, rate_1000kwh, rate_2000kwh, term_months, first_seen_at
           from electricity_plans where is_active order by id`,
      )
    ).rows;
  const before = await onSale();
  sandbox.control.setFaults([parseFault('wrong_types:share=0.2')]);
  const report = await syncAll(database, source);
  sandbox.control.clearFaults();
  assert.equal(report.status, 'succeeded');
  assert.ok(report.plans.rejected > 10);
  assert.equal(report.plans.deactivated, 0);
  assert.deepEqual(await onSale(), before);
  assert.ok((await count('quarantined_records where length(reason) > 5')) >= report.plans.rejected);
  assert.equal((await syncAll(database, source)).plans.seen, before.length);
  assert.deepEqual(await onSale(), before);
});

test('one TDSP that fails does not disturb the others', async () => {
  sandbox.control.setFaults([parseFault(`tdsp=${ONCOR}:500`)]);
  sandbox.control.advance(1);
  const report = await syncAll(database, sourceAt(sandbox.url, { attempts: 1 }));
  sandbox.control.clearFaults();
  assert.equal(report.status, 'partial');
  assert.deepEqual(
    report.errors.map(({ tdsp_duns }) => tdsp_duns),
    [ONCOR],
  );
  assert.equal(report.tdsps.filter(({ status }) => status === 'published').length, 5);
});

test('429 is waited out as the upstream asks, and every call is written down', async () => {
  sandbox.control.reset();
  sandbox.control.setFaults([{ kind: 'rate_limit', tdsp: ONCOR, times: 1, retry_after_seconds: 0 }]);
  const report = await syncAll(database, source, { tdsps: [ONCOR] });
  sandbox.control.clearFaults();
  assert.equal(report.status, 'succeeded');
  assert.equal(report.api_calls, 2);
  const { rows } = await database.pool.query('select * from api_calls where run_id = $1 order by attempt', [
    report.run_id,
  ]);
  assert.deepEqual(
    rows.map(({ status, attempt, endpoint }) => ({ status, attempt, endpoint })),
    [
      { status: 429, attempt: 1, endpoint: '/api/plans/current' },
      { status: 200, attempt: 2, endpoint: '/api/plans/current' },
    ],
  );
  assert.equal(rows[1].params.tdsp_duns, ONCOR);
  assert.ok(rows[1].bytes > 1000);
});

test('the hourly budget stops calls before they are made; --force may use its reserve, and no more', async () => {
  const used = await count("upstream_permits where granted_at > now() - interval '1 hour'");
  const poor = sourceAt(sandbox.url, { callBudgetPerHour: used + 6 });
  sandbox.control.reset();
  const report = await syncAll(database, poor);
  assert.equal(report.status, 'failed');
  assert.ok(report.errors.every(({ code }) => code === 'call_budget_exhausted'));
  assert.equal(sandbox.control.state().calls.total, 0);
  const forced = await syncAll(database, poor, { force: true });
  assert.equal(forced.api_calls, 6);
  assert.equal(forced.status, 'succeeded');
  const again = await syncAll(database, poor, { force: true });
  assert.ok(again.errors.every(({ code }) => code === 'call_budget_exhausted'));
  assert.equal(sandbox.control.state().calls.total, 6);
});

test('force does not pass the guard, and good data passes by itself', async () => {
  sandbox.control.setFaults([parseFault('shrunk')]);
  const held = await syncAll(database, source);
  assert.ok(held.tdsps.every(({ status }) => status === 'held'));
  const before = await planRows();
  const forced = await syncAll(database, source, { force: true });
  sandbox.control.clearFaults();
  assert.ok(forced.tdsps.every(({ status }) => status === 'held'));
  assert.deepEqual(await planRows(), before);
  assert.equal((await syncAll(database, source)).status, 'succeeded');
});

test('a stopped run says so and leaves the plans alone', async () => {
  const stopping = new AbortController();
  sandbox.control.setFaults([parseFault('timeout')]);
  const before = await planRows();
  const running = syncAll(database, source, { signal: stopping.signal });
  stopping.abort();
  const report = await running;
  sandbox.control.clearFaults();
  assert.equal(report.status, 'stopped');
  assert.deepEqual(await planRows(), before);
  assert.deepEqual(report.tdsps.map(({ tdsp_duns }) => tdsp_duns).toSorted(), allDuns.toSorted());
});
