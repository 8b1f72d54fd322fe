/** What Redis can do to those who use it, by a real one: no reader waits for it or fails because of it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLayers } from '../../src/cache/open-layers.ts';
import { PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { RedisLayer } from '../../src/cache/redis/redis-layer.ts';
import { RedisListener } from '../../src/cache/redis/redis-listener.ts';
import { RedisValues } from '../../src/cache/redis/redis-values.ts';
import type { Secret } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readCurrentSnapshot } from '../../src/store/plans/snapshots.ts';
import { readDatabaseIdentity } from '../../src/store/postgres/database-identity.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import { startProxy, startRedis } from '../support/cache.ts';
import { countingRecorder } from '../support/counting-recorder.ts';
import { allDuns, createTestDatabase, ONCOR, syncAll, testGate, until } from '../support/support.ts';

const { database } = await createTestDatabase();
const redis = await startRedis();
const values = new RedisValues({ identity: await readDatabaseIdentity(database.quick) });
const redisKey = values.keyOf;
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
assert.equal((await syncAll(database, source)).status, 'succeeded');

/** A process's cache as `start` makes it, with what its layers did. */
async function openProcess(redisUrl: Secret, { ttlMs = 1_800_000, isWell = true, isPatient = false } = {}) {
  const config = { redisUrl, cacheRedisTtlMinutes: 60 };
  const layers = await openLayers({
    config,
    database,
    tdsps: allDuns,
    ttlMs: 7_200_000,
    ...(isPatient ? { deadlinesMs: { redis: 10_000, database: 10_000 } } : {}),
  });
  if (isWell) await until(() => succeeds(layers.all[0]!.read(ONCOR, new AbortController().signal)));
  const { counts, recorder } = countingRecorder();
  const cache = new PlanSetCache({
    layers: layers.all,
    recorder,
    ttlMs,
    ...(isPatient ? { hedgeMs: 10_000, longestWaitMs: 20_000 } : {}),
  });
  const listener = new PublishListener(database, (published) => cache.announce(published));
  await listener.start();
  layers.listen((published) => cache.announce(published));
  let stopped: Promise<unknown> | undefined;
  const stop = () => (stopped ??= Promise.all([listener.stop(), layers.stop()]));
  test.after(stop);
  return { cache, counts, stop };
}

async function newVersion(): Promise<number> {
  sandbox.control.advance(3);
  await syncAll(database, source, { tdsps: [ONCOR], force: true });
  return (await readCurrentSnapshot(database.pool, ONCOR))!.version;
}

const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );
const totalConnections = async (): Promise<number> =>
  Number(/total_connections_received:(\d+)/.exec(await redis.admin.info('stats'))![1]);

/** Redis has the current version, though it may have been left alone for a while: then a later one reaches it. */
async function untilUsedAgain(): Promise<void> {
  await until(async () => {
    const { version } = (await readCurrentSnapshot(database.pool, ONCOR))!;
    if (Number(await redis.admin.hget(redisKey(ONCOR), 'version')) === version) return true;
    await newVersion();
    return false;
  }, 40_000);
}

async function askForSettledConnection(): Promise<RedisLayer> {
  const layer = new RedisLayer({ url: redis.url, values, ttlMs: 60_000, tdsps: allDuns });
  test.after(() => layer.stop());
  await until(() => succeeds(layer.read(ONCOR)));
  return layer;
}

test('a password set while it runs: everybody is answered, it is not besieged, and is used again afterwards', async () => {
  const warm = await openProcess(redis.url);
  await warm.cache.warm(allDuns);
  await redis.admin.config('SET', 'requirepass', 'secret');
  try {
    await redis.admin.call('AUTH', 'secret');
    for (const kind of ['normal', 'pubsub']) await redis.admin.call('CLIENT', 'KILL', 'TYPE', kind);
    await until(async () => /errorstat_NOAUTH/.test(await redis.admin.info('errorstats')));
    const cold = await openProcess(redis.url, { isWell: false });
    for (const duns of allDuns) assert.ok((await cold.cache.get(duns))?.set);
    const version = await newVersion();
    for (const { cache } of [warm, cold]) await until(() => cache.peek(ONCOR)?.set.version === version);
    const [before, since] = [await totalConnections(), performance.now()];
    await until(async () => (await totalConnections()) >= before + 24);
    const seconds = (performance.now() - since) / 1_000;
    assert.ok(seconds > 1.2, `24 connections within ${seconds} s: two processes do not give it a rest`);
  } finally {
    await redis.admin.config('SET', 'requirepass', '');
  }
  await untilUsedAgain();
  await warm.stop();
});

test('a Redis that is loading its data: everybody is answered, and it is used afterwards', async () => {
  const layer = await askForSettledConnection();
  const warm = await openProcess(redis.url);
  await warm.cache.warm(allDuns);
  for (let key = 0; key < 150; key++) await redis.admin.set(`other:${key}`, 'x'.repeat(5_000));
  await redis.admin.save();
  await redis.kill();
  // Each key takes a while, so that there is a time of loading, however late it is seen; then it ends at once.
  await redis.restart(['--key-load-delay', '100000', '--loading-process-events-interval-bytes', '1024']);
  await assert.rejects(redis.admin.ping(), /LOADING/);
  const cold = await openProcess(redis.url, { isWell: false });
  for (const duns of allDuns) assert.ok((await cold.cache.get(duns))?.set);
  const version = await newVersion();
  for (const { cache } of [warm, cold]) await until(() => cache.peek(ONCOR)?.set.version === version);
  await redis.admin.config('SET', 'key-load-delay', '0');
  await until(() => succeeds(layer.read(ONCOR)));
  await untilUsedAgain();
  await Promise.all([warm.stop(), cold.stop()]);
});

test('a Redis that takes 100 ms for each command delays nobody, and is kept up to date', async () => {
  const proxy = await startProxy(redis.port);
  const near = await openProcess(proxy.url);
  await near.cache.warm(allDuns);
  proxy.state.delayMs = 50;
  const far = await openProcess(proxy.url);
  for (const duns of allDuns) assert.ok((await far.cache.get(duns))?.set);
  await until(() => far.counts.redis.hits === allDuns.length);
  assert.equal(near.counts.redis.errors + far.counts.redis.errors, 0, 'slow, but of use');
  const version = await newVersion();
  for (const { cache } of [near, far]) await until(() => cache.peek(ONCOR)?.set.version === version);
  await until(async () => Number(await redis.admin.hget(redisKey(ONCOR), 'version')) === version);
  await Promise.all([near.stop(), far.stop()]);
});

test('a Redis that sends one byte a second delays nobody, and is used again afterwards', async () => {
  const proxy = await startProxy(redis.port);
  const { stop } = await openProcess(proxy.url);
  proxy.state.bytesPerSecond = 1;
  const cold = await openProcess(proxy.url, { isWell: false });
  for (const duns of allDuns) assert.ok((await cold.cache.get(duns))?.set);
  const version = await newVersion();
  await until(() => cold.cache.peek(ONCOR)?.set.version === version);
  await until(() => cold.counts.redis.errors > 0);
  proxy.state.bytesPerSecond = Number.POSITIVE_INFINITY;
  await untilUsedAgain();
  await Promise.all([stop(), cold.stop()]);
});

test('a Redis that vanished without a word is missed within ten seconds, on both connections', async () => {
  const proxy = await startProxy(redis.port);
  const { cache, stop } = await openProcess(proxy.url);
  await cache.warm(allDuns);
  await until(() => proxy.state.connections === 2);
  await until(async () => Number(/pubsub=(\d+)/.exec(await redis.admin.info('clients'))?.[1] ?? 1) >= 1);
  proxy.vanish();
  await until(() => proxy.state.connections === 4, 10_000);
  const heard: number[] = [];
  const listener = new RedisListener({
    url: proxy.url,
    values,
    tdsps: allDuns,
    onVersion: ({ version }) => heard.push(version),
  });
  test.after(() => listener.stop());
  await until(() => heard.length > 0);
  await Promise.all([stop(), listener.stop()]);
});

test('a connection on which all is well is left alone, the one that listens, too', async () => {
  const proxy = await startProxy(redis.port);
  const common = { url: proxy.url, values, tdsps: allDuns, pingEveryMs: 30 };
  const layer = new RedisLayer({ ...common, ttlMs: 60_000 });
  const listener = new RedisListener({ ...common, onVersion: () => {} });
  test.after(() => Promise.all([layer.stop(), listener.stop()]));
  const pings = async () =>
    Number(/cmdstat_ping:calls=(\d+)/.exec(await redis.admin.info('commandstats'))![1]);
  const before = await pings();
  await until(async () => (await pings()) >= before + 40);
  assert.equal(proxy.state.connections, 2);
});

test('Redis restarts under load: nobody gets an error, and it is filled again', async () => {
  const processes = await Promise.all([1, 2, 3].map(() => openProcess(redis.url, { ttlMs: 50 })));
  const load = await startLoad(processes);
  await until(() => processes.every(({ counts }) => counts.redis.hits > 5));
  await redis.kill();
  await until(() => processes.every(({ counts }) => counts.redis.errors > 2));
  await redis.restart();
  const hits = processes.map(({ counts }) => counts.redis.hits);
  await until(() => processes.every(({ counts }, at) => counts.redis.hits > hits[at]! + 10), 40_000);
  const { reads, errors } = await load.stop();
  assert.deepEqual(errors, []);
  assert.ok(reads > 1_000, `${reads} reads`);
  await Promise.all(processes.map(({ stop }) => stop()));
});

test('Redis is emptied under load: there is no herd on PostgreSQL, and Redis is soon asked again', async () => {
  const processes = await Promise.all(
    [1, 2, 3, 4, 5, 6].map(() => openProcess(redis.url, { ttlMs: 700, isPatient: true })),
  );
  const load = await startLoad(processes);
  await until(() => processes.every(({ counts }) => counts.redis.hits >= 2 * allDuns.length));
  const asked = ({ counts: { database: d, active: a } }: (typeof processes)[0]) =>
    d.hits + d.misses + d.errors + a.hits + a.misses + a.errors;
  const before = processes.map(asked);
  const hits = processes.map(({ counts }) => counts.redis.hits);
  await redis.admin.flushall();
  await until(
    () => processes.every(({ counts }, at) => counts.redis.hits > hits[at]! + 3 * allDuns.length),
    60_000,
  );
  const { errors } = await load.stop();
  assert.deepEqual(errors, []);
  // Of 20 readers of each TDSP in each process one load asks; a second one, where Redis was not filled again by then.
  for (const [at, now] of processes.map(asked).entries())
    assert.ok(now - before[at]! <= 2 * allDuns.length, `${now - before[at]!} reads by one process`);
  await Promise.all(processes.map(({ stop }) => stop()));
});

test('sets stored at one moment do not expire at one moment', async () => {
  const layer = await askForSettledConnection();
  await redis.admin.flushall();
  const { cache, stop } = await openProcess(redis.url);
  await cache.warm(allDuns);
  await until(async () => (await redis.admin.exists(...allDuns.map(redisKey))) === allDuns.length);
  const left = await Promise.all(allDuns.map((duns) => redis.admin.pttl(redisKey(duns))));
  const spreadMs = Math.max(...left) - Math.min(...left);
  assert.ok(spreadMs > 5_000, `all expire within ${spreadMs} ms`);
  assert.ok(left.every((ms) => ms > 3_600_000 * 0.89 && ms <= 3_600_000));
  await Promise.all([stop(), layer.stop()]);
});

/** Twenty readers of each TDSP at each process, until they are stopped. */
async function startLoad(processes: readonly { cache: PlanSetCache }[]) {
  let isOver = false;
  let reads = 0;
  const errors: unknown[] = [];
  const readers = processes.flatMap(({ cache }) =>
    new Array(20)
      .fill(allDuns)
      .flat()
      .map(async (duns: string) => {
        while (!isOver) {
          const held = await cache.get(duns).catch((error) => void errors.push(error));
          if (held === null) errors.push(`nothing of ${duns}`);
          reads += 1;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }),
  );
  return {
    async stop() {
      isOver = true;
      await Promise.all(readers);
      return { reads, errors };
    },
  };
}
