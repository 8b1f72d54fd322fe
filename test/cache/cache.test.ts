import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLayers } from '../../src/cache/open-layers.ts';
import { PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { RedisLayer } from '../../src/cache/redis/redis-layer.ts';
import { RedisValues } from '../../src/cache/redis/redis-values.ts';
import { type Secret, Secret as SecretText } from '../../src/config.ts';
import type { PlanSet } from '../../src/plan/plan-set.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { requestClear } from '../../src/store/cache/cache-clears.ts';
import { readCurrentSnapshot } from '../../src/store/plans/snapshots.ts';
import { type Database, openDatabase } from '../../src/store/postgres/database.ts';
import { readDatabaseIdentity } from '../../src/store/postgres/database-identity.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { storeTerritory } from '../../src/store/territory.ts';
import { freePort, spawnReader, startPostgres, startProxy, startRedis } from '../support/cache.ts';
import {
  allDuns,
  createTestDatabase,
  ONCOR,
  startReader,
  syncAll,
  territory,
  testGate,
  until,
} from '../support/support.ts';

const { database } = await createTestDatabase();
const redis = await startRedis();
const values = new RedisValues({ identity: await readDatabaseIdentity(database.quick) });
const redisKey = values.keyOf;
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const sourceFor = (some: Database) =>
  new ComparePowerSource({ url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' }, testGate(some));
assert.equal((await syncAll(database, sourceFor(database))).status, 'succeeded');

/** A process's cache, listening, over this database and this Redis. */
async function openCache(some: Database, redisUrl: Secret | null, { isListening = true } = {}) {
  const config = { redisUrl, cacheRedisTtlMinutes: 60 };
  const layers = await openLayers({ config, database: some, tdsps: allDuns, ttlMs: 7_200_000 });
  const cache = new PlanSetCache({ layers: layers.all });
  const listener = new PublishListener(some, (published) => cache.announce(published), {
    compareEveryMs: 500,
    deadlineMs: 500,
    onClear: ({ tdsp_duns }) => void cache.clear(tdsp_duns),
  });
  if (isListening) await listener.start();
  if (isListening) layers.listen((published) => cache.announce(published));
  let stopped: Promise<unknown> | undefined;
  const stop = () => (stopped ??= Promise.all([listener.stop(), layers.stop()]));
  test.after(stop);
  return { cache, layers, stop };
}
const plain = ({ tdsp_duns, version, source, observed_at, plans }: PlanSet) => ({
  tdsp_duns,
  version,
  source,
  observed_at,
  plans,
});
const plansOf = (version: number, some: Partial<PlanSet> = {}): PlanSet => ({
  tdsp_duns: ONCOR,
  version,
  source: 'sandbox',
  observed_at: '2026-06-01T12:00:00.000Z',
  plans: [],
  ...some,
});
async function redisLayer(url: Secret = redis.url) {
  const layer = new RedisLayer({ url, values, ttlMs: 60_000, tdsps: allDuns });
  test.after(() => layer.stop());
  await until(() =>
    layer.read(ONCOR).then(
      () => true,
      () => false,
    ),
  );
  return layer;
}
async function newVersion(some: Database, duns = ONCOR): Promise<number> {
  sandbox.control.advance(3);
  await syncAll(some, sourceFor(some), { tdsps: [duns], force: true });
  return (await readCurrentSnapshot(some.pool, duns))!.version;
}

test('in Redis versions never go backwards, whatever the order of events', async () => {
  await redis.admin.flushall();
  const layer = await redisLayer();
  assert.ok((await layer.write(plansOf(3))) > 0);
  assert.equal(await layer.write(plansOf(2)), 0);
  assert.equal(await layer.write(plansOf(3)), 0);
  assert.ok((await layer.write(plansOf(3, { observed_at: '2026-06-01T13:00:00.000Z' }))) > 0);
  assert.equal((await layer.read(ONCOR))?.observed_at, '2026-06-01T13:00:00.000Z');
  const ttl = await redis.admin.pttl(redisKey(ONCOR));
  assert.ok(ttl > 30_000 && ttl <= 60_000);
  for (const cleared of [ONCOR, null]) {
    await layer.clear(cleared);
    assert.equal(await layer.read(ONCOR), null);
    assert.ok((await layer.write(plansOf(3))) > 0);
  }
});

test('the database cache is filled again where each write takes longer than a reader would wait', async () => {
  const { cache, stop } = await openCache(database, null);
  await cache.warm(allDuns);
  const stored = async (): Promise<number> =>
    (await database.pool.query('select count(*)::int as n from plan_cache')).rows[0].n;
  // As on a machine with too much to do; a reader's statement is cut off after a second.
  await database.pool.query(`create function busy() returns trigger language plpgsql as
    'begin perform pg_sleep(1.2); return new; end';
    create trigger busy before insert on plan_cache for each row execute function busy()`);
  try {
    await requestClear(database, null);
    await until(async () => (await stored()) === allDuns.length);
  } finally {
    await database.pool.query('drop function busy cascade');
    await stop();
  }
});

test('a value that is damaged or of another kind is a miss, and the next write repairs it', async () => {
  const layer = await redisLayer();
  const key = redisKey(ONCOR);
  const damages = [
    () => redis.admin.hset(key, 'body', 'rubbish'),
    () => redis.admin.hset(key, 'version', '99'),
    () => redis.admin.hdel(key, 'seal'),
    async () => redis.admin.multi().del(key).set(key, 'a string').exec(),
    async () => redis.admin.multi().del(key).lpush(key, 'a list').exec(),
    () => redis.admin.flushall(),
  ];
  for (const damage of damages) {
    await layer.write(plansOf(4));
    assert.equal((await layer.read(ONCOR))?.version, 4);
    await damage();
    assert.equal(await layer.read(ONCOR), null, damage.toString());
    assert.ok((await layer.write(plansOf(4))) > 0, damage.toString());
    assert.equal((await layer.read(ONCOR))?.version, 4);
  }
});

test('a set comes from the database first, then from Redis for the next process', async () => {
  await redis.admin.flushall();
  const first = await openCache(database, redis.url);
  await first.cache.warm(allDuns);
  await until(async () => (await redis.admin.exists(redisKey(ONCOR))) === 1);
  const layer = await redisLayer();
  const { version } = first.cache.peek(ONCOR)!.set;
  const [fromRedis, inMemory] = [(await layer.read(ONCOR))!, (await first.cache.get(ONCOR))!.set];
  assert.deepEqual(plain(fromRedis), plain(inMemory));
  const second = await openCache(database, redis.url, { isListening: false });
  await until(
    async () =>
      (await second.layers.all[0]!.read(ONCOR, AbortSignal.timeout(1_000)).catch(() => null)) !== null,
  );
  const held = await second.cache.get(ONCOR);
  assert.deepEqual([held?.layer, held?.set.version], ['redis', version]);
});

const FAULTS: Record<string, { break(): unknown; heal(): unknown }> = {
  frozen: { break: () => redis.signal('SIGSTOP'), heal: () => redis.signal('SIGCONT') },
  killed: { break: () => redis.kill(), heal: () => redis.restart() },
  full: {
    break: () => redis.admin.config('SET', 'maxmemory', '1'),
    heal: () => redis.admin.config('SET', 'maxmemory', '0'),
  },
  'read-only': {
    break: async () => redis.admin.replicaof('127.0.0.1', await freePort()),
    heal: () => redis.admin.replicaof('NO', 'ONE'),
  },
  emptied: { break: () => redis.admin.flushall(), heal: () => {} },
};
for (const [name, fault] of Object.entries(FAULTS)) {
  test(`Redis ${name}: every reader is answered, the new version too, and Redis is used again afterwards`, async () => {
    const { cache } = await openCache(database, redis.url);
    const cold = await openCache(database, redis.url);
    await cache.warm(allDuns);
    await fault.break();
    for (const duns of allDuns) assert.ok((await cold.cache.get(duns))?.set);
    const version = await newVersion(database);
    await until(() => cache.peek(ONCOR)?.set.version === version);
    await until(() => cold.cache.peek(ONCOR)?.set.version === version);
    await fault.heal();
    const layer = await redisLayer();
    const next = await newVersion(database);
    await until(() => cache.peek(ONCOR)?.set.version === next);
    // Left alone for up to ten seconds; then a later version reaches it.
    await until(async () => {
      if ((await layer.read(ONCOR))?.version === (await readCurrentSnapshot(database.pool, ONCOR))!.version)
        return true;
      await newVersion(database);
      return false;
    }, 40_000);
  });
}

test('a Redis that is silent, slow, or cuts the line costs no answer, and is found again', async () => {
  const proxy = await startProxy(redis.port);
  const layer = await redisLayer(proxy.url);
  await layer.write(plansOf(1_000));
  await redis.admin.del(redisKey(ONCOR));
  for (const disturb of [
    () => (proxy.state.delayMs = 300),
    () => (proxy.state.isSilent = true),
    () => proxy.cut(),
  ]) {
    const { cache, stop } = await openCache(database, proxy.url);
    disturb();
    for (const duns of allDuns) assert.ok((await cache.get(duns))?.set);
    proxy.state.delayMs = 0;
    // The peer is back, but this connection of it never answers again: only a ping can tell.
    const isSilent = proxy.state.isSilent;
    if (isSilent)
      await until(() =>
        layer.read(ONCOR).then(
          () => false,
          () => true,
        ),
      );
    proxy.state.isSilent = false;
    await until(
      () =>
        layer.read(ONCOR).then(
          () => true,
          () => false,
        ),
      15_000,
    );
    await stop();
  }
});

test('without Redis, or with one that refuses, all is the same', async () => {
  const nobody = new SecretText(`redis://127.0.0.1:${await freePort()}`);
  for (const url of [null, nobody]) {
    const { cache } = await openCache(database, url);
    assert.ok((await cache.get(ONCOR))?.set);
    const version = await newVersion(database);
    await until(() => cache.peek(ONCOR)?.set.version === version);
  }
});

test('a clear reaches every process and Redis, and memory is filled again', async () => {
  const { cache } = await openCache(database, redis.url);
  const before = (await cache.get(ONCOR))!.set;
  await requestClear(database, null);
  await until(() => {
    const held = cache.peek(ONCOR);
    return held !== null && held.set !== before;
  });
  const after = cache.peek(ONCOR)!.set;
  assert.equal(after.version, before.version);
  for (const [index, plan] of after.plans.entries()) assert.deepEqual(plan, before.plans[index]);
});

test('notifications that are lost are made up for: a killed connection compares versions', async () => {
  const { cache } = await openCache(database, null);
  await cache.get(ONCOR);
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
        and (query like 'listen%' or query like '%cache_clears%')`,
  );
  const version = await newVersion(database);
  await until(() => cache.peek(ONCOR)?.set.version === version, 5_000);
});

for (const url of [null, redis.url]) {
  const name = url ? 'with Redis' : 'without Redis';
  test(`a cold herd of processes makes one call per TDSP, and a failing upstream one call in all, ${name}`, async () => {
    await redis.admin.flushall();
    for (const isFailing of [false, true]) {
      const fresh = await createTestDatabase();
      sandbox.control.reset();
      sandbox.control.setFaults([parseFault(isFailing ? '500' : 'latency:ms=100')]);
      const job = {
        databaseUrl: fresh.url,
        redisUrl: url?.reveal() ?? null,
        upstream: sandbox.url,
        mode: 'read',
      };
      const readers = await Promise.all(Array.from({ length: 4 }, () => spawnReader(job)));
      for (const { go } of readers) go();
      const answers = await Promise.all(readers.map(({ answer }) => answer('versions')));
      const callsByTdsp = async () =>
        (
          await fresh.database.pool.query<{ duns: string; n: number }>(
            `select params->>'tdsp_duns' as duns, count(*)::int as n from api_calls group by 1`,
          )
        ).rows;
      // On a busy machine the last calls end after the readers went away.
      if (!isFailing) await until(async () => (await callsByTdsp()).length === allDuns.length);
      sandbox.control.clearFaults();
      for (const { child } of readers) child.kill('SIGKILL');
      const versions = answers.flatMap((answer) => answer.versions as (number | null)[]);
      assert.equal(versions.length, 4 * 50 * allDuns.length);
      const calls = await callsByTdsp();
      for (const { n } of calls) assert.equal(n, 1, JSON.stringify(calls));
      if (isFailing) assert.ok(versions.every((version) => version === null));
      await redis.admin.flushall();
    }
  });
}

test('a holder that is killed is replaced, one that is frozen too, and what it publishes late is refused', async () => {
  const fresh = await createTestDatabase();
  sandbox.control.reset();
  const source = sourceFor(fresh.database);
  const { engine, refreshes } = await startReader(fresh.database, source);
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    sandbox.control.setFaults([parseFault('latency:ms=700')]);
    const calls = sandbox.control.state().calls.total;
    const job = {
      databaseUrl: fresh.url,
      redisUrl: null,
      upstream: sandbox.url,
      mode: 'refresh',
      duns: ONCOR,
    };
    await fresh.database.pool.query(
      "update plan_snapshots set observed_at = observed_at - interval '1 hour'",
    );
    const holder = await spawnReader(job);
    holder.go();
    await until(() => sandbox.control.state().calls.total > calls);
    holder.child.kill(signal);
    // A process that was killed is missed as soon as its connection ends; a frozen one after a while.
    if (signal === 'SIGSTOP') assert.equal(await refreshes.cold(ONCOR), 'elsewhere');
    sandbox.control.clearFaults();
    await until(async () => (await refreshes.cold(ONCOR)) === 'refreshed', 40_000);
    const current = await readCurrentSnapshot(fresh.database.pool, ONCOR);
    assert.ok(current);
    assert.equal(sandbox.control.state().calls.total, calls + 2, 'the one that was cut off, and one more');
    if (signal === 'SIGKILL') continue;
    holder.child.kill('SIGCONT');
    await holder.answer('result');
    assert.deepEqual(await readCurrentSnapshot(fresh.database.pool, ONCOR), current);
    const { rows } = await fresh.database.pool.query(
      'select run_id from sync_results where tdsp_duns = $1 group by run_id having count(*) > 1',
      [ONCOR],
    );
    assert.deepEqual(rows, []);
  }
  await engine.stop(0);
});

test('PostgreSQL frozen: memory answers, what needs PostgreSQL fails soon, and afterwards all is current', async () => {
  const server = await startPostgres();
  const own = await openDatabase({ databaseUrl: new SecretText(server.url), dataDir: '', connections: 5 });
  test.after(() => own.close());
  await migrate(own);
  await storeTerritory(own, territory);
  sandbox.control.reset();
  await syncAll(own, sourceFor(own));
  await redis.admin.flushall();
  const { cache, stop } = await openCache(own, redis.url);
  await cache.warm(allDuns);
  const { keyOf } = new RedisValues({ identity: await readDatabaseIdentity(own.quick) });
  await until(async () => (await redis.admin.exists(...allDuns.map(keyOf))) === allDuns.length);
  server.signal('SIGSTOP');
  try {
    for (const duns of allDuns) assert.ok(cache.peek(duns));
    // A process that starts now has Redis.
    const late = await openCache(own, redis.url, { isListening: false });
    await until(async () => (await late.cache.get(ONCOR).catch(() => null)) !== null);
    const nowhere = await openCache(own, null, { isListening: false });
    await assert.rejects(nowhere.cache.get(ONCOR), { code: 'layer_unavailable' });
    await assert.rejects(own.quick.query('select 1'), /timeout/i);
  } finally {
    server.signal('SIGCONT');
  }
  const version = await newVersion(own);
  await until(() => cache.peek(ONCOR)?.set.version === version);
  await stop();
});
