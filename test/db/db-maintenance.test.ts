import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { type MaintenanceReport, runMaintenance } from '../../src/store/upkeep/maintenance.ts';
import { MAINTENANCE_STEPS } from '../../src/store/upkeep/retention.ts';
import { createTestDatabase, spawnWattsync, until, wattsync } from '../support/support.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const env = { DATABASE_URL, COMPAREPOWER_API_URL: sandbox.url, API_CALL_BUDGET_PER_HOUR: '10000' };
const { retention: keep } = readConfig({});

const count = async (from: string): Promise<number> =>
  (await database.pool.query(`select count(*)::int as n from ${from}`)).rows[0].n;
const json = async (...args: string[]) => {
  const { stdout, code, stderr } = await wattsync(['db', 'maintenance', ...args, '--json'], env);
  assert.equal(code, 0, stderr + stdout);
  return JSON.parse(stdout) as MaintenanceReport & { status: string; removed: number };
};
const counts = ({ steps }: MaintenanceReport) =>
  Object.fromEntries(steps.filter((step) => step.count > 0).map((step) => [step.name, step.count]));

/** Everything a reader, a publish or the history needs. */
const current = async () => {
  const tables = [
    'electricity_plans',
    'offers',
    'plan_price_history',
    'plan_snapshots',
    'providers',
    'tdsp_pauses',
    'cities',
  ];
  const found = await Promise.all(
    tables.map(async (table) => [
      table,
      (
        await database.pool.query(
          `select md5(string_agg(t::text, '|' order by t::text)) as md5 from ${table} t`,
        )
      ).rows[0].md5,
    ]),
  );
  return Object.fromEntries(found);
};

/** Three of everything: one far too old, one just past its time, one just within. */
async function grow(): Promise<void> {
  await database.pool.query(`
    with at (t, d) as (select t, d from (values (90, 'api'), (180, 'runs'), (8, 'cache'), (2, 'query'), (7, 'signal')) k (t0, d0)
         cross join lateral (values (400), (t0 + 1), (t0 - 1)) v (t) cross join lateral (values (d0)) w (d)),
    a as (insert into api_calls (run_id, source, endpoint, params, attempt, duration_ms, called_at)
          select 1, 's', '/x', '{}', 1, 5, now() - make_interval(days => t) from at where d = 'api'),
    q as (insert into quarantined_records (source, tdsp_duns, record_hash, field, reason, record, times, first_seen_at, last_seen_at)
          select 's', '1', t::text, 'f', 'r', '{}', 1, now() - interval '2 years', now() - make_interval(days => t) from at where d = 'api'),
    c as (insert into cache_stats (minute, layer, hits, misses, stale_serves, errors, loads, loaded_bytes, refused_loads, latency, age)
          select now() - make_interval(days => t), 'memory', 1, 1, 0, 0, 0, 0, 0, '{}', '{}' from at where d = 'cache'),
    s as (insert into query_stats (minute, name, calls, errors, rows, total_ms, max_ms, latency)
          select now() - make_interval(days => t), 'x.y', 1, 0, 1, 1, 1, '{}' from at where d = 'query'),
    p as (insert into upstream_permits (source, granted_at, expires_at)
          select 's', now() - make_interval(days => t), now() from at where d = 'signal'),
    l as (insert into cache_clears (requested_at) select now() - make_interval(days => t) from at where d = 'signal'),
    t as (insert into sync_attempts (job_id, tdsp_duns, worker_id, status, started_at, finished_at)
          select gen_random_uuid(), '1', gen_random_uuid(), 'published', now(), now() - make_interval(days => t) from at where d = 'runs'),
    g as (insert into audit_log (at, actor, action)
          select now() - make_interval(days => v), 'cli', 'x' from (values (500), (366), (364)) a (v)),
    m as (insert into city_demand (city_slug, hour, searches)
          select 'dallas-tx', now() - make_interval(days => t), 1 from at where d = 'api'),
    r as (insert into sync_runs (kind, status, source, requested, is_forced, requested_at, started_at)
          select 'full', 'succeeded', 's', '{}', false, now() - make_interval(days => t), now() - make_interval(days => t)
            from at where d = 'runs' returning id, started_at)
    insert into sync_results (run_id, tdsp_duns, status, finished_at, duration_ms)
      select id, duns, 'published', started_at, 5 from r cross join tdsps`);
}

test('what a dry run says is exactly what a run removes, and the next one finds nothing', async () => {
  assert.equal((await wattsync(['sync', 'full'], env)).code, 0);
  const before = await current();
  await grow();
  await database.pool.query(
    "update plan_cache set expires_at = now() - interval '1 minute' where cache_key = 'plans:1039940674000'",
  );
  await database.pool.query("update plan_cache set version = 7 where cache_key = 'plans:957877905'");
  const planned = await json('--dry-run');
  assert.equal(planned.status, 'planned');
  const expected = {
    plan_cache: 2,
    api_calls: 2,
    sync_runs: 2,
    quarantined_records: 2,
    cache_stats: 2,
    query_stats: 2,
    cache_clears: 2,
    upstream_permits: 2,
    sync_attempts: 2,
    audit_log: 2,
    city_demand: 2,
  };
  assert.deepEqual(counts(planned), expected);
  assert.equal(await count("api_calls where endpoint = '/x'"), 3, 'a dry run changes nothing');
  const done = await json();
  assert.deepEqual([done.status, counts(done)], ['done', expected]);
  assert.deepEqual(counts(await json()), {});
  assert.deepEqual(await current(), before);
  for (const rest of [
    "api_calls where endpoint = '/x'",
    'quarantined_records',
    "upstream_permits where source = 's'",
    'cache_clears',
  ])
    assert.equal(await count(rest), 1, rest);
  assert.equal(await count('sync_results where run_id not in (select id from sync_runs)'), 0);
});

test('the last result of every TDSP stays, however old it and its run are', async () => {
  await database.pool.query(`
    delete from sync_results; delete from sync_runs;
    insert into sync_runs (id, kind, status, source, requested, is_forced, requested_at) overriding system value
      values (9001, 'full', 'succeeded', 's', '{}', false, now() - interval '3 years'),
             (9002, 'city', 'succeeded', 's', '{}', false, now() - interval '2 years');
    insert into sync_results (run_id, tdsp_duns, status, finished_at, duration_ms)
      select 9001, duns, 'published', now() - interval '3 years', 5 from tdsps;
    insert into sync_results (run_id, tdsp_duns, status, finished_at, duration_ms)
      select 9002, '1039940674000', 'failed', now() - interval '2 years', 5;
    insert into sync_results (run_id, tdsp_duns, status, finished_at, duration_ms)
      select 9002, '957877905', 'fresh', now() - interval '2 years', 5`);
  await json();
  assert.equal(await count('sync_runs'), 2);
  await database.pool.query("delete from sync_results where run_id = 9001 and tdsp_duns <> '1039940674000'");
  await json();
  const { rows } = await database.pool.query('select id::int from sync_runs');
  assert.deepEqual(rows, [{ id: 9002 }], 'nobody needs the older result of Oncor');
});

test('it repairs sequences behind their table', async () => {
  await database.pool.query(`
    insert into sync_runs (id, kind, status, source, requested, is_forced, started_at) overriding system value
      values (9100, 'full', 'succeeded', 's', '{}', false, now());
    insert into api_calls (id, source, endpoint, params, attempt, duration_ms, called_at) overriding system value
      values (500000, 's', '/y', '{}', 1, 5, now())`);
  assert.deepEqual(counts(await json()), { sequences: 2 });
  assert.deepEqual(counts(await json()), {});
  const { rows } = await database.pool.query(
    "insert into api_calls (source, endpoint, params, attempt, duration_ms, called_at) values ('s', '/y', '{}', 1, 5, now()) returning id",
  );
  assert.equal(rows[0].id, 500_001);
});

test('the history gets its months ahead, and loses old ones only where that was asked for', async () => {
  const names = ['history_partitions', 'plan_price_history'];
  const steps = MAINTENANCE_STEPS.filter(({ name }) => names.includes(name));
  const now = new Date(Date.now() + 500 * 86_400_000);
  const run = async (more: object) =>
    counts(
      (await runMaintenance(database, { steps, now, vacuum: false, keep, ...more })) as MaintenanceReport,
    );
  const months = () => count('history_partitions');
  const before = await months();
  assert.deepEqual(await run({ dryRun: true }), { history_partitions: 4 });
  assert.equal(await months(), before);
  assert.deepEqual(await run({}), { history_partitions: 4 });
  assert.equal(await months(), before + 4, 'nobody asked for anything to be dropped');
  const short = { keep: { ...keep, historyMonths: 13 } };
  const planned = await run({ ...short, dryRun: true });
  assert.ok(planned.plan_price_history! >= 1 && planned.plan_price_history! <= before);
  assert.deepEqual(await run(short), planned);
  assert.equal(await months(), before + 4 - planned.plan_price_history!);
  assert.deepEqual(await run(short), {});
});

test('bodies of upstreams go when they are old, unless they are needed, and missing days are made up for', async () => {
  await json();
  const needed = await count('source_payloads');
  assert.ok(needed > 0);
  await database.pool.query(`
    update source_payloads set last_seen_at = now() - interval '1 year';
    insert into source_payloads (hash, source, origin, request, bytes, stored_bytes, body, times, first_seen_at, last_seen_at)
      values ('00', 's', 'o', '{}', 1, 1, 'x', 1, now() - interval '1 year', now() - interval '1 year');
    update market_progress set version = 0 where tdsp_duns = '1039940674000'`);
  assert.deepEqual(counts(await json()), { source_payloads: 1, daily_rate_index: 1 });
  assert.equal(await count('source_payloads'), needed);
});

test('killed in the middle it loses nothing, and the next run goes on', async () => {
  const total = 200_000;
  await database.pool.query(
    `insert into api_calls (source, endpoint, params, attempt, duration_ms, called_at)
     select 's', '/old', '{}', 1, 5, now() - interval '1 year' from generate_series(1, $1)`,
    [total],
  );
  const before = await current();
  const kept = await count("api_calls where called_at > now() - interval '90 days'");
  const { child, ended } = spawnWattsync(['db', 'maintenance'], env);
  const left = () => count("api_calls where endpoint = '/old'");
  await until(async () => (await left()) < total);
  child.kill('SIGKILL');
  await ended;
  // The server notices a moment later that nobody is there.
  await until(async () => (await count("pg_locks where locktype = 'advisory' and objid = 7748061")) === 0);
  const rest = await left();
  assert.ok(rest > 0 && rest < total, `${rest} left`);
  assert.deepEqual(await current(), before);
  const done = await json();
  assert.deepEqual(counts(done), { api_calls: rest });
  assert.equal(await left(), 0);
  assert.equal(await count("api_calls where called_at > now() - interval '90 days'"), kept);
  assert.deepEqual(
    done.vacuumed.map(({ table, status }) => [table, status]),
    [['api_calls', 'done']],
  );
});

test('a row that somebody works on is left for another time, and nobody waits', async () => {
  await database.pool.query(
    `insert into api_calls (source, endpoint, params, attempt, duration_ms, called_at)
     select 's', '/old', '{}', 1, 5, now() - interval '1 year' from generate_series(1, 10)`,
  );
  const connection = await database.pool.connect();
  await connection.query('begin');
  await connection.query(
    "update api_calls set bytes = 1 where id = (select min(id) from api_calls where endpoint = '/old')",
  );
  assert.equal((await json()).status, 'done');
  assert.equal(await count("api_calls where endpoint = '/old'"), 1);
  await connection.query('commit');
  connection.release();
  assert.deepEqual(counts(await json()), { api_calls: 1 });
});

test('of two at once one works, and the other says so', async () => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const slow = {
    name: 'slow',
    what: () => 'waits',
    count: async () => 1,
    next: async () => {
      begun.resolve();
      await gate.promise;
      return 0;
    },
  };
  const first = runMaintenance(database, { keep, steps: [slow] });
  await begun.promise;
  const second = await wattsync(['db', 'maintenance'], env);
  assert.equal(second.code, 0);
  assert.match(second.stdout, /Another db:maintenance \(session \d+\) is at work/);
  gate.resolve();
  assert.ok('steps' in (await first));
});

test('a step that fails is told and ends with 1, and the others are done', async () => {
  const broken = {
    name: 'broken',
    what: () => 'breaks',
    count: async () => 1,
    next: () => Promise.reject(new Error('no luck')),
  };
  const seen: string[] = [];
  const fine = {
    name: 'fine',
    what: () => 'works',
    count: async () => 2,
    next: async () => (seen.push('x') > 1 ? 0 : 2),
  };
  const report = (await runMaintenance(database, { keep, steps: [broken, fine] })) as MaintenanceReport;
  assert.deepEqual(
    report.steps.map(({ name, status, count, message }) => [name, status, count, message]),
    [
      ['broken', 'failed', 0, 'no luck'],
      ['fine', 'done', 2, null],
    ],
  );
});

test('periods come from the environment, and bad ones are named', async () => {
  await database.pool.query(
    `insert into api_calls (source, endpoint, params, attempt, duration_ms, called_at)
     select 's', '/new', '{}', 1, 5, now() - interval '3 days'`,
  );
  const short = await wattsync(['db', 'maintenance', '--dry-run'], { ...env, RETENTION_API_CALLS_DAYS: '2' });
  assert.match(short.stdout, /api_calls +2 {2}calls of an upstream, older than 2 days/);
  assert.deepEqual(
    short.stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
  const wrong = await wattsync(['db', 'maintenance'], {
    ...env,
    RETENTION_API_CALLS_DAYS: '0',
    RETENTION_SIGNALS_DAYS: 'x',
  });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /RETENTION_API_CALLS_DAYS.*RETENTION_SIGNALS_DAYS/s);
});
