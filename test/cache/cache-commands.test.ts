import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CacheStats } from '../../src/cache/cache-stats.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { readCacheStats } from '../../src/store/cache/cache-stats.ts';
import type { Queryable } from '../../src/store/postgres/database.ts';
import { createTestDatabase, ONCOR, spawnWattsync, until, wattsync } from '../support/support.ts';

const { database, url } = await createTestDatabase();
const sandbox = await startSandbox({ port: 0 });
after(() => sandbox.stop());
const env = {
  DATABASE_URL: url,
  PLAN_SOURCE: 'sandbox',
  COMPAREPOWER_API_URL: sandbox.url,
  API_CALL_BUDGET_PER_HOUR: '10000',
  PORT: '0',
};
const count = async (from: string): Promise<number> =>
  (await database.pool.query(`select count(*)::int as n from ${from}`)).rows[0].n;
const json = async (args: string[]) => JSON.parse((await wattsync([...args, '--json'], env)).stdout);

test('before anything was published every command says so', async () => {
  const warm = await wattsync(['cache', 'warm'], env);
  assert.equal(warm.code, 1);
  assert.match(warm.stdout, /nothing was ever published: npm run sync:full/);
  const explained = await wattsync(['explain', 'city', 'dallas-tx'], env);
  assert.equal(explained.code, 1);
  assert.match(explained.stdout, /Nothing was ever published here/);
  const { layers, overall_hit_rate } = await json(['cache', 'stats']);
  assert.equal(overall_hit_rate, null);
  assert.equal(layers.memory.hit_rate, null);
});

test('what was cleared is forgotten, and warming puts it back', async () => {
  assert.equal((await wattsync(['sync', 'full'], env)).code, 0);
  assert.equal(await count('plan_cache'), 6);
  const one = await json(['cache', 'clear', 'dallas-tx']);
  assert.deepEqual([one.status, one.tdsps, one.processes], ['cleared', [ONCOR], 0]);
  assert.equal(await count('plan_cache'), 5);
  assert.equal((await json(['explain', 'tdsp', 'oncor'])).tdsps[0].stored_layer, 'active');
  const words = await wattsync(['cache', 'clear', '--all'], env);
  assert.equal(words.code, 0);
  assert.match(words.stdout, /No process is running/);
  assert.equal(await count('plan_cache'), 0);
  assert.equal((await count('electricity_plans where is_active')) > 600, true);
  const warm = await json(['cache', 'warm']);
  assert.deepEqual([warm.status, warm.tdsps.length], ['warm', 6]);
  assert.ok(warm.tdsps.every(({ status }: { status: string }) => status === 'warmed'));
  assert.equal(warm.tdsps[0].duns, ONCOR, 'the most wanted comes first');
  assert.equal(await count('plan_cache'), 6);
  const again = await json(['cache', 'warm']);
  assert.ok(again.tdsps.every(({ status }: { status: string }) => status === 'warm'));
});

test('explain says what is stored, how old it is and what comes next', async () => {
  const { code, stdout } = await wattsync(['explain', 'city', 'Dallas'], env);
  assert.equal(code, 0);
  assert.match(stdout, /Dallas is served by Oncor/);
  assert.match(stdout, /plans, version 1, from sandbox/);
  assert.match(stdout, /fresh until/);
  assert.match(stdout, /ready in plan_cache until/);
  assert.match(stdout, /No server answers here/);
  await wattsync(['sync', 'stop'], env);
  const stopped = await wattsync(['explain', 'city', 'Dallas'], env);
  assert.match(
    stopped.stdout,
    /Next: nothing is fetched before npm run sync:resume, as syncing is stopped\./,
  );
  await wattsync(['sync', 'resume'], env);
  const zip = await json(['explain', 'zip', '77002']);
  assert.equal(zip.tdsps[0].stale, false);
  for (const [args, said] of [
    [['city', 'san-antonio-tx'], /San Antonio/],
    [['tdsp', 'nobody'], /expected one of .*ONCOR.*, got "nobody"/],
    [['zip', '10001'], /10001/],
  ] as const) {
    const wrong = await wattsync(['explain', ...args], env);
    assert.equal(wrong.code, 1);
    assert.match(wrong.stdout, said);
  }
});

test('bad usage ends with 2 and what would be right', async () => {
  for (const args of [['clear'], ['clear', '--all', 'dallas-tx'], ['clear', 'huston']]) {
    const { code, stderr } = await wattsync(['cache', ...args], env);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, /--all|houston-tx|Houston/);
  }
  for (const args of [['cache', 'clear', '--al'], ['cache', 'empty'], ['cache']]) {
    const { code, stdout } = await wattsync([...args, '--json'], env);
    assert.equal(code, 2, args.join(' '));
    assert.equal(JSON.parse(stdout).error.code, 'bad_usage');
  }
});

test('a running server counts what it answers, obeys a clear, and its figures outlive it', async () => {
  const server = spawnWattsync(['start', '--json'], env);
  await until(() => server.seen.stdout.includes('"synced"'));
  const { url: base } = JSON.parse(server.seen.stdout.split('\n')[0]!);
  for (let at = 0; at < 20; at++) assert.equal((await fetch(`${base}/v1/plans?city=dallas-tx`)).status, 200);
  const port = new URL(base).port;
  const explained = JSON.parse(
    (await wattsync(['explain', 'city', 'dallas-tx', '--json'], { ...env, PORT: port })).stdout,
  );
  assert.equal(explained.tdsps[0].served.source, 'memory');
  const cleared = database.pool.query('select max(id) as id from cache_clears');
  assert.ok((await cleared).rows[0].id > 0);
  assert.equal((await wattsync(['cache', 'clear', '--all'], env)).code, 0);
  assert.equal((await fetch(`${base}/v1/plans?city=dallas-tx`)).status, 200);
  // The server puts back what it read from the plans themselves; on a busy machine it may give up some of the writes.
  await until(async () => (await count('plan_cache')) > 0);
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);
  const { layers, overall_hit_rate, processes, day } = await json(['cache', 'stats']);
  assert.ok(layers.memory.hits >= 21, `${layers.memory.hits} hits`);
  assert.ok(layers.active.hits > 0, 'after the clear the plans came from the database');
  assert.equal(overall_hit_rate, 1);
  assert.equal(layers.redis.hit_rate, null);
  assert.equal(processes, 0);
  assert.equal(day.layers.memory.hits, layers.memory.hits);
  const { stdout } = await wattsync(['cache', 'stats'], env);
  assert.match(stdout, /Answered without the upstream: 100 %/);
  assert.ok(stdout.split('\n').every((line) => line.length <= 80));
});

test('figures of several processes add up, and those that could not be written are kept', async () => {
  await database.pool.query('truncate cache_stats');
  let isDown = false;
  const flaky: Queryable = {
    query: ((...args: Parameters<typeof database.pool.query>) =>
      isDown ? Promise.reject(new Error('down')) : database.pool.query(...args)) as Queryable['query'],
  };
  const size = () => ({ entries: 6, bytes: 1_000 });
  const [one, other] = [1, 2].map(() => new CacheStats({ database: flaky, size }));
  for (const stats of [one!, other!]) {
    stats.memoryHits(1, 60_000, false);
    stats.memoryHits(1, 7_300_000, true);
    stats.miss('redis', 2);
    stats.error('redis', 240);
    stats.load('memory', 500);
  }
  await Promise.all([one!.flush(), other!.flush()]);
  isDown = true;
  one!.memoryHits(1, 1_000, false);
  await one!.flush();
  one!.memoryHits(1, 2_000, false);
  isDown = false;
  await Promise.all([one!.flush(), one!.flush()]);
  const rows = await readCacheStats(database.pool, new Date(Date.now() - 3_600_000));
  const memory = rows.find(({ layer }) => layer === 'memory')!;
  const redis = rows.find(({ layer }) => layer === 'redis')!;
  assert.deepEqual([memory.hits, memory.stale_serves, memory.loads, memory.loaded_bytes], [6, 2, 2, 1_000]);
  assert.equal(memory.max_age_seconds, 7_300);
  assert.equal(
    memory.age.reduce((sum, n) => sum + n, 0),
    6,
  );
  assert.deepEqual([redis.misses, redis.errors], [2, 2]);
  assert.equal(
    redis.latency.reduce((sum, n) => sum + n, 0),
    4,
  );
  assert.equal(await count('cache_processes'), 2);
  await Promise.all([one!.stop(), other!.stop()]);
  assert.equal(await count('cache_processes'), 0);
});

test('explain bill shows the arithmetic, and refuses what is not a plan or a usage', async () => {
  const { rows } = await database.pool.query('select id from electricity_plans where is_active limit 1');
  const [plan] = rows as [{ id: string }];
  const { bill, lines } = await json(['explain', 'bill', plan.id, '1250']);
  assert.equal(bill.usage_kwh, 1250);
  const sum = lines.reduce((total: number, { usd }: { usd: number }) => total + usd, 0);
  assert.ok(Math.abs(sum - bill.total_usd) < 0.05, `${sum} instead of ${bill.total_usd}`);
  const words = await wattsync(['explain', 'bill', plan.id, '1250'], env);
  assert.equal(words.code, 0);
  assert.match(words.stdout, /1250 kWh: (?:about )?\$[\d.]+ before tax/);
  assert.equal((await wattsync(['explain', 'bill', 'x', '1250'], env)).code, 2);
  assert.equal((await wattsync(['explain', 'bill', plan.id, 'much'], env)).code, 2);
  assert.equal(
    (await wattsync(['explain', 'bill', '00000000-0000-4000-8000-000000000000', '9'], env)).code,
    1,
  );
});
