/** What PostgreSQL can do to the whole program, over HTTP: what memory and Redis hold is answered, whatever happens. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { openLayers } from '../../src/cache/open-layers.ts';
import { Secret } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { openApi } from '../support/api.ts';
import { startPostgres, startRedis } from '../support/cache.ts';
import {
  allDuns,
  ONCOR,
  spawnWattsync,
  syncAll,
  territory,
  testGate,
  until,
  wattsync,
} from '../support/support.ts';

const postgres = await startPostgres();
const redis = await startRedis();
const sandbox = await startSandbox();
test.after(() => sandbox.stop());
const env = {
  // The tests ask again and again until something is so.
  RATE_LIMIT_PER_MINUTE: '100000',
  RATE_LIMIT_COSTLY_PER_MINUTE: '100000',
  DATABASE_URL: postgres.url,
  REDIS_URL: redis.url.reveal(),
  PORT: '0',
  LOG_LEVEL: 'silent',
  PLAN_SOURCE: 'sandbox',
  COMPAREPOWER_API_URL: sandbox.url,
  API_CALL_BUDGET_PER_HOUR: '10000',
};

/** A city for each TDSP, and one with two. */
const cities = [
  ...allDuns.map(
    (duns) => territory.cities.find(({ tdsps }) => tdsps.length === 1 && tdsps[0] === duns)!.slug,
  ),
  territory.cities.find(({ tdsps }) => tdsps.length === 2)!.slug,
];

// biome-ignore format: one line reads best
interface Body { status: string; database: string; code: string; data: [{ id: string }]; meta: { version: string; source: string } }

async function startProgram(more: Record<string, string> = {}) {
  const server = spawnWattsync(['start', '--json'], { ...env, ...more });
  await until(() => server.seen.stdout.includes('"synced"'), 60_000);
  const { url } = JSON.parse(server.seen.stdout.split('\n')[0]!) as { url: string };
  const get = async (path: string) => {
    const answer = await fetch(url + path);
    const body = (await answer.json()) as Body;
    return { status: answer.status, headers: answer.headers, body };
  };
  const stop = async () => {
    server.child.kill('SIGTERM');
    assert.equal(await server.ended, 0, server.seen.stderr);
    return server.seen.stderr;
  };
  await until(async () => (await get('/readyz')).status === 200);
  return { get, stop };
}
type Program = Awaited<ReturnType<typeof startProgram>>;

const versionOf = async ({ get }: Program): Promise<string> =>
  (await get(`/v1/plans?tdsp=${ONCOR}`)).body.meta.version;

/** Readers of all cities, until they are stopped. */
function startLoad({ get }: Program) {
  let isOver = false;
  let reads = 0;
  const wrong: string[] = [];
  const readers = cities.map(async (city) => {
    while (!isOver) {
      const { status } = await get(`/v1/plans?city=${city}`).catch((error) => ({ status: String(error) }));
      if (status !== 200) wrong.push(`${city}: ${status}`);
      reads += 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  return {
    reads: () => reads,
    async stop() {
      isOver = true;
      await Promise.all(readers);
      assert.deepEqual(wrong, []);
    },
  };
}

/** The plans of Oncor move on, by a process of its own; the program has them soon. */
async function expectNewVersion(program: Program): Promise<void> {
  const before = await versionOf(program);
  const database = await openDatabase({ databaseUrl: new Secret(postgres.url), dataDir: '', connections: 3 });
  try {
    const source = new ComparePowerSource(
      { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
      testGate(database),
    );
    sandbox.control.advance(3);
    assert.equal((await syncAll(database, source, { tdsps: [ONCOR], force: true })).status, 'succeeded');
  } finally {
    await database.close();
  }
  await until(async () => (await versionOf(program)) !== before);
}

const program = await startProgram();

test('PostgreSQL crashes and comes back under load: no error, and afterwards the program is current', async () => {
  const load = startLoad(program);
  await until(() => load.reads() > 100);
  await postgres.crash();
  const since = load.reads();
  await until(() => load.reads() > since + 200);
  const { body } = await program.get('/readyz');
  assert.deepEqual([body.status, body.database], ['degraded', 'down']);
  await postgres.restart();
  await until(async () => (await program.get('/readyz')).body.status === 'ready');
  await expectNewVersion(program);
  await load.stop();
});

test('PostgreSQL frozen: all cities are answered, readiness says degraded, what needs it says when to come back', async () => {
  const { body } = await program.get(`/v1/plans?tdsp=${ONCOR}`);
  const history = `/v1/plans/${body.data[0].id}/history`;
  assert.equal((await program.get(history)).status, 200);
  const load = startLoad(program);
  postgres.signal('SIGSTOP');
  try {
    const { status, body: readiness } = await program.get('/readyz');
    assert.deepEqual([status, readiness.status, readiness.database], [200, 'degraded', 'down']);
    const refused = await program.get(history);
    assert.deepEqual([refused.status, refused.body.code], [503, 'storage_unavailable']);
    assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
    const since = load.reads();
    await until(() => load.reads() > since + 500);
  } finally {
    postgres.signal('SIGCONT');
  }
  await until(async () => (await program.get('/readyz')).body.status === 'ready');
  assert.equal((await program.get(history)).status, 200);
  await expectNewVersion(program);
  await load.stop();
});

test('more plans than CACHE_MEMORY_MAX_MB: that is logged once, and all of them stay in memory', async () => {
  const small = await startProgram({ CACHE_MEMORY_MAX_MB: '1', LOG_LEVEL: 'warn' });
  postgres.signal('SIGSTOP');
  redis.signal('SIGSTOP');
  try {
    for (const duns of allDuns) {
      const { status, body } = await small.get(`/v1/plans?tdsp=${duns}`);
      assert.deepEqual([status, body.meta.source], [200, 'memory']);
    }
  } finally {
    redis.signal('SIGCONT');
    postgres.signal('SIGCONT');
  }
  const stderr = await small.stop();
  assert.equal(stderr.match(/CACHE_MEMORY_MAX_MB/g)?.length, 1, stderr);
});

test('PostgreSQL frozen, and nothing in memory: Redis has the plans; without it, 503 and when to come back', async () => {
  const databaseUrl = new Secret(postgres.url);
  const database = await openDatabase({ databaseUrl, dataDir: '', connections: 3 });
  const config = { redisUrl: redis.url, cacheRedisTtlMinutes: 60 };
  const layers = await openLayers({ config, database, tdsps: allDuns, ttlMs: 7_200_000 });
  // As after a start: each with a memory of its own, in which nothing is yet.
  // Asked without a look at /openapi.json, whose examples bring plans into memory.
  const starts = ['Redis answers', 'Redis is frozen, too'].map(() => {
    const { app } = openApi(database, layers.all);
    return async (url: string) => {
      const { statusCode: status, headers, body } = await app.inject(url);
      return { status, headers, body: JSON.parse(body) };
    };
  });
  const isConnected = () =>
    layers.all[0]!.read(ONCOR, AbortSignal.timeout(1_000)).then((set) => set !== null);
  await until(() => isConnected().catch(() => false));
  postgres.signal('SIGSTOP');
  try {
    for (const duns of allDuns) {
      // On a busy machine Redis may not answer in time at first; nothing else can.
      let source: unknown;
      await until(async () => {
        const { status, body } = await starts[0]!(`/v1/plans?tdsp=${duns}`);
        source = body.meta?.source;
        return status === 200;
      }, 30_000);
      assert.equal(source, 'redis');
    }
    redis.signal('SIGSTOP');
    const answers = await Promise.all(allDuns.map((duns) => starts[1]!(`/v1/plans?tdsp=${duns}`)));
    for (const { status, body, headers } of answers) {
      assert.deepEqual([status, body.code], [503, 'storage_unavailable']);
      assert.match(String(headers['retry-after']), /^\d+$/);
    }
  } finally {
    redis.signal('SIGCONT');
    postgres.signal('SIGCONT');
  }
  try {
    for (const duns of allDuns)
      await until(async () => (await starts[1]!(`/v1/plans?tdsp=${duns}`)).status === 200, 30_000);
  } finally {
    await layers.stop();
    await database.close();
  }
});

test('PostgreSQL fails over to one that is read-only: everything is read, and writing goes on when it can', async () => {
  const admin = new pg.Client(postgres.url);
  await admin.connect();
  const failOver = async (isReadOnly: boolean) => {
    await admin.query('set default_transaction_read_only = off');
    await admin.query(`alter database postgres set default_transaction_read_only = ${isReadOnly}`);
    await admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
  };
  const { body } = await program.get(`/v1/plans?tdsp=${ONCOR}`);
  const load = startLoad(program);
  await failOver(true);
  const since = load.reads();
  await until(() => load.reads() > since + 200);
  await until(async () => (await program.get(`/v1/plans/${body.data[0].id}/history`)).status === 200);
  const sync = await wattsync(['sync', 'city', 'dallas-tx', '--force'], env);
  assert.equal(sync.code, 1);
  assert.match(sync.stderr, /read-only/);
  await failOver(false);
  await admin.end();
  await expectNewVersion(program);
  await load.stop();
});

test('another client takes every connection: memory goes on, and afterwards the program has its own again', async (t) => {
  const { body } = await program.get(`/v1/plans?tdsp=${ONCOR}`);
  const history = `/v1/plans/${body.data[0].id}/history`;
  const load = startLoad(program);
  const greedy: pg.Client[] = [];
  const letGo = () => Promise.all(greedy.splice(0).map((client) => client.end()));
  // Whatever fails: what goes on for ever would keep this file from ending.
  t.after(() => Promise.all([load.stop(), letGo()]));
  const grab = async () => {
    const client = new pg.Client(postgres.url);
    client.on('error', () => {});
    await client.connect();
    greedy.push(client);
  };
  await grab();
  const isFull = () =>
    grab().then(
      () => false,
      (error) => error.code === '53300',
    );
  await until(isFull);
  // What the program still has is taken from it, and grabbed at once: again, where the program was quicker.
  await until(async () => {
    await greedy[0]!.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'wattsync'`,
    );
    await until(isFull);
    return (await program.get(history)).status === 503;
  });
  const since = load.reads();
  await until(() => load.reads() > since + 300);
  assert.equal((await program.get('/readyz')).body.status, 'degraded');
  await letGo();
  await until(async () => (await program.get('/readyz')).body.status === 'ready');
  assert.equal((await program.get(history)).status, 200);
  await expectNewVersion(program);
  await load.stop();
});

test('after all of that the program stops cleanly', async () => {
  await program.stop();
});
