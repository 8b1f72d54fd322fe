/** News that are lost: processes of their own find out what they missed, whatever line it was lost on. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readCurrentSnapshot } from '../../src/store/plans/snapshots.ts';
import { spawnReader, startProxy, startRedis } from '../support/cache.ts';
import { createTestDatabase, ONCOR, syncAll, testGate, until } from '../support/support.ts';

const { database, url: databaseUrl } = await createTestDatabase();
const redis = await startRedis();
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
assert.equal((await syncAll(database, source)).status, 'succeeded');

async function newVersion(): Promise<number> {
  sandbox.control.advance(3);
  await syncAll(database, source, { tdsps: [ONCOR], force: true });
  return (await readCurrentSnapshot(database.pool, ONCOR))!.version;
}

/** A process that has the current plans. */
async function startReader({ redisUrl = null as string | null, through = databaseUrl } = {}) {
  const job = { databaseUrl: through, redisUrl, upstream: sandbox.url, mode: 'read', duns: ONCOR };
  const reader = await spawnReader(job);
  reader.go();
  await reader.answer('versions');
  return reader;
}

/** All lines on which PostgreSQL and Redis tell what is new are cut, at both ends' notice. */
async function cutNotifications(): Promise<void> {
  await database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()
        and (query like 'listen%' or query like '%cache_clears%')`,
  );
  await redis.admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
}

test('notifications cut on every line as a version is published: every process has it soon, with and without Redis', async () => {
  const readers = await Promise.all([
    ...[1, 2, 3].map(() => startReader({ redisUrl: redis.url.reveal() })),
    ...[1, 2].map(() => startReader()),
  ]);
  for (let round = 0; round < 5; round++) {
    await cutNotifications();
    const version = await newVersion();
    // Seconds, however busy the machine: without a comparison it would be the half hour of memory.
    const soon = AbortSignal.timeout(10_000);
    const missed = new Promise<never>((_resolve, reject) => {
      soon.onabort = () => reject(new Error(`version ${version} was missed`));
    });
    await Promise.race([Promise.all(readers.map((reader) => reader.sees(version))), missed]);
  }
  for (const { child } of readers) child.kill('SIGKILL');
});

test('a listener whose PostgreSQL vanished without a word finds out by itself', async () => {
  const at = new URL(databaseUrl);
  const proxy = await startProxy(Number(at.port));
  at.port = String(proxy.port);
  const reader = await startReader({ through: at.href });
  const { connections } = proxy.state;
  proxy.vanish();
  const version = await newVersion();
  await reader.sees(version);
  assert.ok(proxy.state.connections > connections, 'over new connections');
  reader.child.kill('SIGKILL');
});

test('a process that was frozen while versions were published goes on with the last one', async () => {
  const reader = await startReader({ redisUrl: redis.url.reveal() });
  reader.child.kill('SIGSTOP');
  await newVersion();
  const version = await newVersion();
  reader.child.kill('SIGCONT');
  await reader.sees(version);
  reader.child.kill('SIGKILL');
});

test('what anybody may say on the channels harms nobody', async () => {
  const reader = await startReader({ redisUrl: redis.url.reveal() });
  const [channel] = (await redis.admin.call('PUBSUB', 'CHANNELS', 'wattsync:*')) as string[];
  const rubbish = [
    'rubbish',
    'null',
    '5',
    '[]',
    '{}',
    `{"tdsp_duns":"${ONCOR}"}`,
    `{"tdsp_duns":"${ONCOR}","version":"7","observed_at":"2026-06-01T12:00:00.000Z"}`,
    `{"tdsp_duns":"${ONCOR}","version":-1,"observed_at":"2026-06-01T12:00:00.000Z"}`,
    `{"tdsp_duns":"${ONCOR}","version":1e300,"observed_at":"2026-06-01T12:00:00.000Z"}`,
    `{"tdsp_duns":"${ONCOR}","version":1,"observed_at":"for ever"}`,
    `{"tdsp_duns":7,"version":1,"observed_at":"2026-06-01T12:00:00.000Z"}`,
  ];
  for (const text of rubbish) {
    await redis.admin.publish(channel!, text);
    for (const name of ['wattsync_plans_published', 'wattsync_cache_cleared'])
      await database.pool.query('select pg_notify($1, $2)', [name, text]);
  }
  const version = await newVersion();
  await reader.sees(version);
  await until(() => reader.child.exitCode === null);
  reader.child.kill('SIGKILL');
});

test('a damaged version in Redis is not waited for', async () => {
  const [key] = (await redis.admin.keys(`wattsync:*:${ONCOR}`)) as [string];
  await redis.admin.hset(key, 'version', '99999');
  const reader = await startReader({ redisUrl: redis.url.reveal() });
  const version = await newVersion();
  await reader.sees(version);
  await until(async () => Number(await redis.admin.hget(key, 'version')) === version);
  reader.child.kill('SIGKILL');
});
