/** What is in Redis and in the database cache is what was published: across formats, and for each deployment by itself. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { buildServer } from '../../src/app/server.ts';
import { openLayers } from '../../src/cache/open-layers.ts';
import { PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { RedisLayer } from '../../src/cache/redis/redis-layer.ts';
import { RedisValues } from '../../src/cache/redis/redis-values.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import { encodePlanSet } from '../../src/plan/packed/plan-set-bytes.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readCachedPlanSet, refillPlanCache } from '../../src/store/plans/plan-cache.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { readCurrentSnapshot } from '../../src/store/plans/snapshots.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { readDatabaseIdentity } from '../../src/store/postgres/database-identity.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import { Places } from '../../src/territory/places.ts';
import { startRedis } from '../support/cache.ts';
import {
  allDuns,
  createTestDatabase,
  ONCOR,
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
await syncAll(database, sourceFor(database));

async function openCache(some: Database) {
  const config = { redisUrl: redis.url, cacheRedisTtlMinutes: 60 };
  const layers = await openLayers({ config, database: some, tdsps: allDuns, ttlMs: 7_200_000 });
  const cache = new PlanSetCache({ layers: layers.all });
  const listener = new PublishListener(some, (published) => cache.announce(published));
  await listener.start();
  layers.listen((published) => cache.announce(published));
  test.after(() => Promise.all([listener.stop(), layers.stop()]));
  return { cache, layers };
}

async function redisLayer() {
  const layer = new RedisLayer({ url: redis.url, values, ttlMs: 60_000, tdsps: allDuns });
  test.after(() => layer.stop());
  await until(() =>
    layer.read(ONCOR).then(
      () => true,
      () => false,
    ),
  );
  return layer;
}

async function newVersion(some: Database): Promise<number> {
  sandbox.control.advance(3);
  await syncAll(some, sourceFor(some), { tdsps: [ONCOR], force: true });
  return (await readCurrentSnapshot(some.pool, ONCOR))!.version;
}

test('a set from Redis answers every question byte for byte like the one from PostgreSQL', async () => {
  await redis.admin.flushall();
  const layer = await redisLayer();
  const stored = (await readActivePlanSet(database.pool, ONCOR))!;
  await layer.write(stored);
  const catalogs = [
    layer,
    { name: 'active' as const, read: async (duns: string) => (duns === ONCOR ? stored : null) },
  ].map((one) => new Catalog({ planSets: new PlanSetCache({ layers: [one] }), staleAfterMs: 7_200_000 }));
  const servers = catalogs.map((catalog) =>
    buildServer(
      {
        catalog,
        database: { pool: database.quick },
        territory,
        places: new Places(territory),
        syncIntervalMs: 3_600_000,
        staleAfterMs: 7_200_000,
        onEvent: () => {},
        admin: null,
        publicUrl: null,
        recentPrices: () => null,
      },
      (error) => assert.fail(String(error)),
    ),
  );
  const word = stored.plans[0]!.name.split(' ')[0]!;
  const paths = [
    ...[
      '',
      '&term=12&min_green=50',
      '&usage=1337&sort=-bill&limit=200',
      '&sort=provider&limit=3',
      '&prepaid=false',
    ].map((query) => `/v1/plans?tdsp=oncor${query}`),
    `/v1/plans?tdsp=oncor&q=${word}`,
    `/v1/search?q=${word}`,
    ...stored.plans.flatMap(({ id, offer_id }) => [`/v1/plans/${id}`, `/v1/plans/${offer_id}?usage=777`]),
  ];
  for (const path of paths) {
    // The second time both answer from memory, and say so.
    for (const server of servers) await server.inject({ url: path });
    const [fromRedis, fromDatabase] = await Promise.all(
      servers.map((server) => server.inject({ url: path })),
    );
    const ageless = (body: string) => body.replace(/"age_seconds":\d+/, '');
    assert.equal(fromRedis!.statusCode, 200);
    assert.equal(ageless(fromRedis!.body), ageless(fromDatabase!.body), path);
    assert.equal(fromRedis!.headers.etag, fromDatabase!.headers.etag);
  }
});

test('the database cache answers with what was published, and a row it cannot read is a miss until it is written again', async () => {
  const truth = (await readActivePlanSet(database.pool, ONCOR))!;
  const { plans, version, source, observed_at } = (await readCachedPlanSet(database.pool, ONCOR))!;
  assert.deepEqual({ tdsp_duns: ONCOR, version, source, observed_at, plans }, truth);
  const { rows } = await database.pool.query(
    'select plans_data, packed from plan_cache where cache_key = $1',
    [`plans:${ONCOR}`],
  );
  assert.equal(rows[0].plans_data.length, truth.plans.length, 'and can be queried');
  const older = encodePlanSet({ ...truth, version: truth.version - 1, plans: [] });
  for (const packed of [null, Buffer.from('rubbish'), older, rows[0].packed.subarray(0, 900)]) {
    await database.pool.query('update plan_cache set packed = $1 where cache_key = $2', [
      packed,
      `plans:${ONCOR}`,
    ]);
    assert.equal(await readCachedPlanSet(database.pool, ONCOR), null, String(packed?.length));
    assert.ok((await refillPlanCache(database.pool, truth, 3_600_000)) > 0);
    assert.deepEqual((await readCachedPlanSet(database.pool, ONCOR))!.plans, truth.plans);
    assert.equal(await refillPlanCache(database.pool, truth, 3_600_000), 0);
  }
});

test('during a deployment values of the format before are side by side with ours, and nobody notices', async () => {
  await redis.admin.flushall();
  const stored = (await readActivePlanSet(database.pool, ONCOR))!;
  // As the version before wrote it; under its own key, and, for the worst case, under ours.
  const body = zstdCompressSync(JSON.stringify(stored));
  const { version, observed_at } = stored;
  const sum = createHash('sha1').update(`${version} ${observed_at} `).update(body).digest('hex');
  const before = { version, observed_at, body, sum };
  const keyBefore = `wattsync:plans:1:${ONCOR}`;
  await redis.admin.hset(keyBefore, before);
  await redis.admin.hset(redisKey(ONCOR), before);
  const { cache, layers } = await openCache(database);
  await until(() =>
    layers.all[0]!.read(ONCOR, AbortSignal.timeout(1_000)).then(
      () => true,
      () => false,
    ),
  );
  const held = await cache.get(ONCOR);
  assert.equal(held?.set.version, version);
  assert.notEqual(held?.layer, 'redis');
  const layer = await redisLayer();
  await until(async () => (await layer.read(ONCOR)) !== null);
  // Ours healed the one under our key; the other process still finds what it wrote.
  assert.deepEqual(await redis.admin.hgetBuffer(keyBefore, 'body'), body);
  const next = await newVersion(database);
  await redis.admin.publish(
    'wattsync:published:1',
    JSON.stringify({ tdsp_duns: ONCOR, version: next + 5, observed_at }),
  );
  await until(() => cache.peek(ONCOR)?.set.version === next);
});

test('two deployments on one Redis have nothing in common, a copy of the database included', async () => {
  await redis.admin.flushall();
  const other = await createTestDatabase();
  // As a restored dump has it: the row of the database it was copied from.
  const { rows } = await database.pool.query('select id, made_for, redis_key from database_identity');
  await other.database.pool.query(
    'insert into database_identity (id, made_for, redis_key) values ($1, $2, $3)',
    [rows[0].id, rows[0].made_for, rows[0].redis_key],
  );
  const identity = await readDatabaseIdentity(other.database.quick);
  assert.notEqual(identity.id, (await readDatabaseIdentity(database.quick)).id);
  assert.deepEqual(await readDatabaseIdentity(other.database.pool), identity, 'made once');
  await syncAll(other.database, sourceFor(other.database));
  const ours = await openCache(database);
  const theirs = await openCache(other.database);
  await newVersion(database);
  await until(() => ours.cache.peek(ONCOR) !== null);
  await until(async () => (await redis.admin.exists(redisKey(ONCOR))) === 1);
  assert.deepEqual((await theirs.cache.get(ONCOR))?.set.version, 1);
  const channels = [values.channel, new RedisValues({ identity }).channel];
  await until(async () => {
    const heard = (await redis.admin.pubsub('NUMSUB', ...channels)) as (string | number)[];
    return Number(heard[1]) > 0 && Number(heard[3]) > 0;
  });
});
