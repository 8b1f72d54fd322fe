import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { readCurrentSnapshots } from '../../src/store/plans/snapshots.ts';
import type { Queryable } from '../../src/store/postgres/database.ts';
import { QueryRecorder } from '../../src/store/postgres/query-recorder.ts';
import {
  QueryStats,
  readDatabaseReadings,
  readQueryStats,
  readQueryTexts,
} from '../../src/store/upkeep/query-stats.ts';
import { skeleton } from '../../src/store/upkeep/readings/statements.ts';
import { insertApiCall } from '../../src/store/upstream/api-calls.ts';
import { startCarePostgres } from '../support/db-upkeep.ts';
import { createTestDatabase, spawnWattsync, until, wattsync } from '../support/support.ts';

const { database } = await createTestDatabase();
const keepDays = readConfig({}).retention.queryStatsDays;
const taken = () => new Map(database.queries.take().counts.map((one) => [one.name, one]));

test('a statement is counted by the function that sends it, through the pool and through a connection', async () => {
  taken();
  await readCurrentSnapshots(database.pool);
  await readCurrentSnapshots(database.quick);
  await database.transaction((connection) => readCurrentSnapshots(connection));
  const found = taken();
  const snapshots = found.get('snapshots.readCurrentSnapshots')!;
  assert.deepEqual([snapshots.calls, snapshots.errors, snapshots.rows], [3, 0, 0]);
  assert.equal(
    snapshots.latency.reduce((sum, n) => sum + n, 0),
    3,
  );
  assert.ok(snapshots.total_ms > 0 && snapshots.max_ms <= snapshots.total_ms);
  assert.deepEqual([found.get('begin')!.calls, found.get('commit')!.calls], [1, 1]);
  assert.equal(taken().size, 0, 'what was taken is not counted again');
});

test('errors are counted, and reach the sender of the statement as before', async () => {
  await assert.rejects(database.pool.query('select nothing from nowhere'), { code: '42P01' });
  await assert.rejects(
    insertApiCall(database.pool, {
      run_id: 1,
      source: 's',
      endpoint: '/',
      params: {},
      attempt: 1,
      status: null,
      bytes: null,
      duration_ms: 2 ** 40,
      error: null,
      called_at: new Date(),
      payload_hash: null,
      age_seconds: null,
    }),
    { code: '22003' },
  );
  const found = taken();
  assert.deepEqual(
    [found.get('api-calls.insertApiCall')!.calls, found.get('api-calls.insertApiCall')!.errors],
    [1, 1],
  );
  assert.equal(found.get('select nothing from')!.errors, 1);
});

test('a program that builds its SQL does not fill the memory', () => {
  const recorder = new QueryRecorder();
  for (let n = 0; n < 5_000; n++) recorder.of(`select ${n}`).calls += 1;
  recorder.of('x'.repeat(1 << 20)).calls += 1;
  const { counts, texts } = recorder.take();
  assert.ok(texts.length <= 500);
  assert.equal(
    counts.reduce((sum, { calls }) => sum + calls, 0),
    5_001,
  );
  assert.ok(counts.find(({ name }) => name === 'other statements')!.calls >= 4_501);
});

test('figures of several processes add up, what could not be written is kept, and what is old is forgotten', async () => {
  let isDown = false;
  const flaky: Queryable = {
    query: ((...args: Parameters<typeof database.pool.query>) =>
      isDown ? Promise.reject(new Error('down')) : database.pool.query(...args)) as Queryable['query'],
  };
  await database.pool.query(`insert into query_stats (minute, name, calls, errors, rows, total_ms, max_ms, latency)
    values (now() - interval '3 days', 'old.one', 1, 0, 0, 1, 1, '{1}')`);
  const make = () => {
    const recorder = new QueryRecorder();
    return { recorder, stats: new QueryStats({ database: flaky, recorder, keepDays }) };
  };
  const [one, other] = [make(), make()];
  const count = ({ recorder }: typeof one, ms: number) => {
    const counts = recorder.of('select 1 /* test */');
    counts.calls += 1;
    counts.rows += 2;
    counts.total_ms += ms;
    counts.max_ms = Math.max(counts.max_ms, ms);
    counts.latency[3]! += 1;
  };
  for (const process of [one, other, other]) count(process, 5);
  await Promise.all([one.stats.flush(), other.stats.flush()]);
  isDown = true;
  count(one, 9);
  await one.stats.flush();
  count(one, 1);
  isDown = false;
  await Promise.all([one.stats.stop(), one.stats.stop(), other.stats.stop()]);
  const rows = await readQueryStats(database.pool, new Date(Date.now() - 3_600_000));
  const {
    name,
    calls,
    rows: returned,
    total_ms,
    max_ms,
    latency,
  } = rows.find((row) => row.name.startsWith('select 1'))!;
  assert.deepEqual([calls, returned, total_ms, max_ms, latency[3]], [5, 10, 25, 9, 5]);
  const { rows: old } = await database.pool.query("select 1 from query_stats where name = 'old.one'");
  assert.equal(old.length, 0);
  assert.deepEqual(
    (await readQueryTexts(database.pool)).filter((text) => text.name === name),
    [{ name, text: 'select 1 /* test */' }],
  );
  assert.equal(
    (await readDatabaseReadings(database.pool, 1)).length,
    1,
    'one reading in ten minutes, not one each',
  );
});

test('a text of ours and what PostgreSQL makes of it are the same without their values', () => {
  const ours = `select count(*) from t -- all
    where a > $1 and b = 'x''y' and c is not null and at > now() - interval '1 hour' and n < 1.5e3 and t2.c3 = 7`;
  const theirs =
    'select count(*) from t where a > $1 and b = $2 and c is not null and at > now() - interval $3 and n < $4 and t2.c3 = $5';
  assert.equal(skeleton(ours), skeleton(theirs).replace('is not null', 'is not ?'));
  assert.notEqual(skeleton('select a from t'), skeleton('select b from t'));
});

test('db metrics: what a running server and a sync did, from our own figures and from PostgreSQL', async () => {
  const { env, url, json } = await startCarePostgres();
  const empty = await json('db', 'metrics');
  assert.deepEqual([empty.status, empty.code, empty.hour.queries, empty.hour.overall], ['ok', 0, [], null]);
  assert.equal((await wattsync(['sync', 'full'], env)).code, 0);
  const server = spawnWattsync(['start', '--json'], { ...env, PORT: '0' });
  await until(() => server.seen.stdout.includes('"synced"'));
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);

  const { hour, day, statements, database: size, code } = await json('db', 'metrics');
  assert.equal(code, 0);
  const named = (name: string) => hour.queries.find((one: { name: string }) => one.name === name);
  const write = named('publish-plans.writeChange');
  assert.deepEqual([write.calls, write.errors, write.rows], [6, 0, 6]);
  for (const figure of ['p50_ms', 'p95_ms', 'p99_ms', 'mean_ms', 'max_ms'])
    assert.ok(write[figure] > 0, figure);
  const shares = hour.queries.reduce((sum: number, { share }: { share: number }) => sum + share, 0);
  assert.ok(Math.abs(shares - 1) < 1e-9);
  assert.deepEqual(day.overall.calls, hour.overall.calls);
  assert.equal(statements.available, true);
  const inside = statements.statements.map((one: { name: string | null }) => one.name);
  for (const name of ['publish-plans.writeChange', 'plans.readActivePlanSet', 'permits.lockGate']) {
    assert.ok(inside.includes(name), `${name} in ${inside}`);
  }
  assert.ok(size.bytes > 5e6 && hour.database.transactions_per_second > 0);

  const { stdout } = await wattsync(['db', 'metrics'], env);
  assert.match(stdout, /publish-plans\.writeChange +\d+/);
  assert.doesNotMatch(stdout, /…$/m, 'what goes into a pipe is not cut at the width of a screen');

  // A statement that takes more than a second on average is an alert, and the command ends with 1.
  const { openDatabase } = await import('../../src/store/postgres/database.ts');
  const { Secret } = await import('../../src/config.ts');
  const { addQueryStats } = await import('../../src/store/upkeep/query-stats.ts');
  const own = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 1 });
  const slow = { name: 'plans.slow', calls: 10, errors: 0, rows: 0, total_ms: 15_000, max_ms: 3_000 };
  await addQueryStats(own.pool, new Date(), [{ ...slow, latency: [...new Array(12).fill(0), 10, 0, 0, 0] }]);
  await own.pool.query('drop extension pg_stat_statements');
  await own.close();
  const alarmed = await json('db', 'metrics');
  assert.deepEqual(
    [alarmed.status, alarmed.code, alarmed.alerts[0].code],
    ['alert', 1, 'query_slow_on_average'],
  );
  assert.equal(alarmed.statements.available, false);
  assert.match(alarmed.statements.reason, /create extension pg_stat_statements/);
});
