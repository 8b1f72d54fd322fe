import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Finding } from '../../src/monitor/finding.ts';
import { type OptimizeResult, optimizeDatabase } from '../../src/store/upkeep/optimize.ts';
import { startCarePostgres } from '../support/db-upkeep.ts';
import { spawnWattsync, until, wattsync } from '../support/support.ts';

const postgres = await startCarePostgres();
const { env, json } = postgres;
const optimize = (...args: string[]) => json('db', 'optimize', ...args);
type Action = OptimizeResult['actions'][number];
const did = ({ actions }: { actions: Action[] }) =>
  actions.map(({ kind, subject, status }) => `${kind} ${subject} ${status}`);

assert.equal((await wattsync(['sync', 'full'], env)).code, 0);
const admin = await postgres.connect();
const sizeOf = async (relation: string): Promise<number> =>
  (await admin.query('select pg_relation_size($1::regclass)::int as size', [relation])).rows[0].size;
/** Counts of changes are shared a moment later, unless they are asked for. */
const settle = (then: string) =>
  admin.query('select pg_stat_force_next_flush()').then(() => admin.query(then));
/** Somebody who began to change a row and went to lunch; gone when the test is over, however it ends. */
async function lazyWriter(t: TestContext) {
  const lazy = await postgres.connect();
  t.after(() => lazy.end());
  await lazy.query('begin isolation level repeatable read');
  await lazy.query('update wide set label = label where id = (select min(id) from wide)');
  return lazy;
}
const oidOf = async (relation: string): Promise<number | null> =>
  (await admin.query('select to_regclass($1)::oid::int as oid', [relation])).rows[0].oid;

test('what was never analysed is, and then there is nothing left to do', async () => {
  await admin.query('alter table api_calls set (autovacuum_enabled = false)');
  const first = await optimize();
  assert.deepEqual([first.status, first.code], ['done', 0]);
  const second = await optimize();
  assert.deepEqual(did(second), []);
  const { stdout } = await wattsync(['db', 'optimize'], env);
  assert.match(stdout, /^Nothing to do/);
});

test('a dry run names the steps with their sizes and changes nothing', async () => {
  // Ever growing keys, of which the first nine tenths go: pages with few entries each.
  await admin.query('create table wide (id int primary key, label text)');
  await admin.query(
    'insert into wide select n, md5(n::text) || md5(n::text) from generate_series(1, 300000) n',
  );
  await admin.query('create index wide_label on wide (label)');
  await admin.query('delete from wide where id % 10 > 0');
  await settle('vacuum analyze wide');
  await admin.query('drop index idx_offers_key');
  const before = [await sizeOf('wide_label'), await oidOf('wide_label')];
  const plan = await optimize('--dry-run');
  assert.equal(plan.status, 'planned');
  assert.deepEqual(did(plan), [
    'create_index idx_offers_key planned',
    'rebuild_index wide_label planned',
    'rebuild_index wide_pkey planned',
  ]);
  assert.deepEqual(
    [await sizeOf('wide_label'), await oidOf('wide_label'), await oidOf('idx_offers_key')],
    [...before, null],
  );
});

test('bloated indexes shrink, by as much as is told, and missing ones come back', async () => {
  const size = await sizeOf('wide_label');
  const done = await optimize();
  assert.deepEqual(did(done), [
    'create_index idx_offers_key done',
    'rebuild_index wide_label done',
    'rebuild_index wide_pkey done',
  ]);
  const action = done.actions.find(({ subject }: Action) => subject === 'wide_label');
  assert.equal(action.bytes_before, size);
  assert.equal(action.bytes_after, await sizeOf('wide_label'));
  assert.ok(action.bytes_after < size / 3, `${action.bytes_after} of ${size}`);
  assert.ok(done.gained_bytes >= size - action.bytes_after);
  assert.ok((await oidOf('idx_offers_key')) !== null);
  assert.deepEqual(did(await optimize()), []);
});

test('a lost key comes back with its constraint', async () => {
  await admin.query(
    'alter table electricity_plans drop constraint electricity_plans_external_id_tdsp_duns_key',
  );
  assert.deepEqual(did(await optimize()), ['create_index electricity_plans_external_id_tdsp_duns_key done']);
  const { rows } = await admin.query(
    "select pg_get_constraintdef(oid) as def from pg_constraint where conname = 'electricity_plans_external_id_tdsp_duns_key'",
  );
  assert.deepEqual(rows, [{ def: 'UNIQUE (external_id, tdsp_duns)' }]);
});

test('a lost index of the history comes back on every month under its name, also where somebody was stopped half-way', async () => {
  const named = async () =>
    (
      await admin.query(
        `select indexrelid::regclass::text as index, indrelid::regclass::text as table
           from pg_index where indrelid in (select relid from pg_partition_tree('plan_price_history')) order by 1`,
      )
    ).rows;
  const before = await named();
  await admin.query('drop index idx_history_plan');
  await admin.query('alter table plan_price_history drop constraint plan_price_history_pkey');
  const month = before.find(({ index }) => /^idx_history_plan_\d/.test(index))!;
  await admin.query(`create index ${month.index} on ${month.table} (plan_id)`);
  assert.deepEqual(
    did(await optimize())
      .filter((one) => one.startsWith('create'))
      .toSorted(),
    ['create_index idx_history_plan done', 'create_index plan_price_history_pkey done'],
  );
  const isKey = ({ index }: { index: string }) => index.includes('pkey');
  const after = await named();
  assert.deepEqual(
    after.filter((one) => !isKey(one)),
    before.filter((one) => !isKey(one)),
  );
  assert.equal(after.filter(isKey).length, before.filter(isKey).length);
  const { lines } = await json('db', 'health');
  const checks = ['schema', 'redundant_indexes', 'unused_indexes', 'invalid_indexes'];
  assert.deepEqual(
    lines.filter(({ check, verdict }: Finding) => checks.includes(check) && verdict !== 'ok'),
    [],
  );
});

test('an index of ours that rows forbid stays missing, and the rows are named', async () => {
  await admin.query('alter table providers drop constraint providers_pkey cascade');
  await admin.query('insert into providers select * from providers order by id limit 1');
  const failed = await optimize();
  assert.deepEqual([failed.status, failed.code], ['failed', 1]);
  const action = failed.actions.find(({ subject }: Action) => subject === 'providers_pkey');
  assert.match(action.message, /Key \(id\)=\(.*\) is duplicated/);
  assert.equal(await oidOf('providers_pkey'), null, 'nothing half made is left behind');
  await admin.query(
    'delete from providers where ctid in (select min(ctid) from providers group by id having count(*) > 1)',
  );
  assert.equal((await optimize()).status, 'done');
  assert.ok((await oidOf('providers_pkey')) !== null);
});

test('views are refreshed beside their readers, dead rows removed beside everybody', async () => {
  await admin.query(
    'create materialized view cheapest as select tdsp_duns, min(rate_1000kwh) as rate from electricity_plans group by 1',
  );
  await admin.query('create unique index cheapest_key on cheapest (tdsp_duns)');
  await admin.query('create materialized view unfilled as select 1 as one with no data');
  await admin.query('create materialized view keyless as select 1 as one');
  await admin.query('alter table wide set (autovacuum_enabled = false)');
  await admin.query('update wide set label = label where id % 3 = 0');
  await admin.query('update electricity_plans set rate_1000kwh = 1 where is_active');
  const reader = await postgres.connect();
  await reader.query('begin');
  await reader.query('select * from cheapest');
  await settle('select 1');
  await until(async () => did(await optimize('--dry-run')).some((one) => one.startsWith('vacuum wide')));
  const done = await optimize();
  assert.equal(done.status, 'done');
  const steps = did(done);
  for (const step of [
    'refresh_view cheapest done',
    'refresh_view unfilled done',
    'refresh_view keyless skipped',
    'vacuum wide done',
  ]) {
    assert.ok(steps.includes(step), `${step} in ${steps}`);
  }
  await reader.query('rollback');
  const { rows } = await admin.query('select distinct rate::float from cheapest');
  assert.deepEqual(rows, [{ rate: 1 }]);
  await admin.query('drop materialized view keyless, unfilled, cheapest');
});

test('an open transaction that a rebuild has to wait for is named', async (t) => {
  await admin.query('update wide set id = id + 1000000');
  await admin.query('delete from wide where id % 7 > 0');
  await settle('vacuum analyze wide');
  const lazy = await lazyWriter(t);
  const { rows } = await lazy.query('select pg_backend_pid() as pid');
  const oid = await oidOf('wide_label');
  const database = { connectionString: postgres.url } as Parameters<typeof optimizeDatabase>[0];
  const result = (await optimizeDatabase(database, { patienceMs: 1_000 })) as OptimizeResult;
  const failed = result.actions.filter(({ status }) => status === 'failed');
  assert.deepEqual(
    failed.map(({ subject }) => subject),
    ['wide_label'],
  );
  for (const { message } of failed) assert.match(message!, new RegExp(`session ${rows[0].pid}`));
  assert.equal(await oidOf('wide_label'), oid);
  await lazy.query('rollback');
  assert.equal((await optimize()).status, 'done');
  const left = await admin.query(
    'select indexrelid::regclass::text as name from pg_index where not indisvalid',
  );
  assert.deepEqual(left.rows, []);
});

test('killed while it rebuilds, it leaves a half-made index, which the next run removes', async (t) => {
  await admin.query('insert into wide select n, md5(n::text) from generate_series(3000000, 3300000) n');
  await admin.query('delete from wide where id % 10 > 0');
  await settle('vacuum analyze wide');
  const lazy = await lazyWriter(t);
  const { child, ended } = spawnWattsync(['db', 'optimize'], env);
  const isLeft = async () =>
    (await oidOf('wide_label_ccnew')) !== null || (await oidOf('wide_pkey_ccnew')) !== null;
  await until(isLeft);
  const busy = await optimize();
  assert.deepEqual([busy.status, busy.code], ['busy', 0]);
  child.kill('SIGKILL');
  await ended;
  await lazy.query('rollback');
  await until(async () => (await optimize()).status !== 'busy');
  assert.equal(await isLeft(), false);
  const { rows } = await admin.query('select count(*)::int as n from pg_index where not indisvalid');
  assert.equal(rows[0].n, 0);
});

test('Ctrl-C ends it cleanly: the statement is cancelled, nothing half made stays', async (t) => {
  await admin.query('insert into wide select n, md5(n::text) from generate_series(4000000, 4300000) n');
  await admin.query('delete from wide where id % 10 > 1');
  await settle('vacuum analyze wide');
  const lazy = await lazyWriter(t);
  const { child, ended, seen } = spawnWattsync(['db', 'optimize'], env);
  await until(async () => {
    const { rows } = await admin.query(
      "select count(*)::int as n from pg_stat_activity where query like 'reindex%' and wait_event_type = 'Lock'",
    );
    return rows[0].n > 0;
  });
  child.kill('SIGINT');
  assert.equal(await ended, 130, seen.stderr);
  assert.match(seen.stdout, /cancelled[\s\S]*Stopped before the end/);
  await lazy.query('rollback');
  assert.equal((await optimize()).status, 'done');
});

test('a table is written anew only by name, and a wrong name is bad usage', async () => {
  const wrong = await wattsync(['db', 'optimize', '--rewrite', 'plans'], env);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /no such table.*electricity_plans/s);
  const size = await sizeOf('wide');
  const done = await optimize('--rewrite', 'wide');
  assert.ok(did(done).includes('rewrite wide done'));
  assert.ok((await sizeOf('wide')) < size / 2);
});

test('the planner guesses better afterwards, and how much is told', async () => {
  await admin.query("delete from pg_statistic where starelid = 'electricity_plans'::regclass");
  const { estimates } = await optimize();
  assert.equal(estimates.before.length, 5);
  for (const { expected, found } of estimates.after) assert.ok(found > 0 && expected > 0);
});

test('views that are behind the plans are refreshed, and that is noted', async () => {
  const current = () =>
    admin
      .query("select count(*)::int as n from view_refreshes where market <> 'older'")
      .then(({ rows }) => rows[0].n);
  await admin.query("update view_refreshes set market = 'older' where view_name <> 'market_words'");
  const refreshed = (all: string[]) => all.filter((one) => one.startsWith('refresh'));
  assert.deepEqual(refreshed(did(await optimize())), [
    'refresh_view market_by_area done',
    'refresh_view provider_performance done',
    'refresh_view facet_counts done',
    'refresh_view market_products done',
  ]);
  assert.equal(await current(), 5);
  assert.deepEqual(refreshed(did(await optimize())), []);
});

test('a view that could not be refreshed is named by db:health, and repaired together with its key', async () => {
  await admin.query('drop index idx_facet_counts_key');
  await admin.query("update view_refreshes set market = 'older' where view_name = 'facet_counts'");
  assert.equal((await wattsync(['sync', 'full', '--force'], env)).code, 0);
  const views = async () =>
    (await json('db', 'health')).lines.filter(({ check }: Finding) => check === 'materialized_views');
  const [failed] = await views();
  assert.deepEqual(
    [failed.verdict, failed.subject, failed.command],
    ['warn', 'facet_counts', 'npm run db:optimize'],
  );
  assert.match(failed.reading, /could not be refreshed .* ago: .*concurrently/);
  const steps = did(await optimize());
  for (const step of ['create_index idx_facet_counts_key done', 'refresh_view facet_counts done']) {
    assert.ok(steps.includes(step), `${step} in ${steps}`);
  }
  assert.deepEqual(
    (await views()).map(({ verdict }: Finding) => verdict),
    ['ok'],
  );
});
