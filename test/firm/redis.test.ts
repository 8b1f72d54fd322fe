import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RedisLayer } from '../../src/cache/redis/redis-layer.ts';
import { RedisListener } from '../../src/cache/redis/redis-listener.ts';
import { RedisValues } from '../../src/cache/redis/redis-values.ts';
import { Secret } from '../../src/config.ts';
import { checkRedis } from '../../src/monitor/check-system.ts';
import { probeRedis } from '../../src/monitor/probe-redis.ts';
import { encodePlanSet } from '../../src/plan/packed/plan-set-bytes.ts';
import type { PlanSet } from '../../src/plan/plan-set.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { isPublished } from '../../src/store/plans/snapshots.ts';
import { readDatabaseIdentity } from '../../src/store/postgres/database-identity.ts';
import { freePort, startRedis } from '../support/cache.ts';
import { createTestDatabase, ONCOR, syncAll, testGate, until } from '../support/support.ts';

const { database } = await createTestDatabase();
const redis = await startRedis();
const sandbox = await startSandbox({ plansPerTdsp: 5 });
test.after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
await syncAll(database, source, { tdsps: [ONCOR] });
const truth = (await readActivePlanSet(database.pool, ONCOR))!;
const identity = await readDatabaseIdentity(database.pool);
const values = new RedisValues({
  identity,
  isPublished: (duns, version) => isPublished(database.pool, duns, version),
});
const layer = new RedisLayer({ url: redis.url, values, ttlMs: 60_000, tdsps: [ONCOR] });
test.after(() => layer.stop());
await until(() =>
  layer.read(ONCOR).then(
    () => true,
    () => false,
  ),
);

const FUTURE = '2099-01-01T00:00:00.000Z';
const signed = (set: PlanSet, seal: (set: PlanSet, body: Buffer) => string) => {
  const body = encodePlanSet({ ...set, encoded: undefined } as PlanSet);
  return { version: set.version, observed_at: set.observed_at, body, seal: seal(set, body) };
};
const forgery = { ...truth, version: truth.version + 900_000 } as PlanSet;

test('what was put into Redis by somebody else is a miss, and heals itself', async () => {
  const stranger = new RedisValues({ identity: { id: identity.id, redis_key: 'guessed' } });
  const forgeries: [string, PlanSet, RedisValues][] = [
    ['sealed with another key', truth, stranger],
    ['a version far ahead', forgery, stranger],
    // Ours, and of a PostgreSQL that was set back since.
    ['a version PostgreSQL does not know', forgery, values],
    ['confirmed in the future', { ...truth, observed_at: FUTURE } as PlanSet, values],
  ];
  for (const [what, set, maker] of forgeries) {
    await redis.admin.hset(
      values.keyOf(ONCOR),
      signed(set, (one, body) => maker.seal(one, body)),
    );
    assert.equal(await layer.read(ONCOR), null, what);
    assert.equal(await redis.admin.exists(values.keyOf(ONCOR)), 0, `${what}: not left there`);
  }
  await redis.admin.hset(
    values.keyOf(ONCOR),
    signed(forgery, (one, body) => stranger.seal(one, body)),
  );
  assert.ok((await layer.write(truth)) > 0);
  assert.equal((await layer.read(ONCOR))?.version, truth.version);
});

test('news from somebody else is not heard', async () => {
  const heard: number[] = [];
  const listener = new RedisListener({
    url: redis.url,
    values,
    tdsps: [],
    onVersion: ({ version }) => heard.push(version),
  });
  test.after(() => listener.stop());
  await until(async () => (await redis.admin.publish(values.channel, 'nothing')) === 1);
  const { tdsp_duns, observed_at } = truth;
  for (const message of [
    JSON.stringify({ tdsp_duns, version: 900_001, observed_at }),
    JSON.stringify({ tdsp_duns, version: 900_002, observed_at, seal: 'x'.repeat(64) }),
    values.announcement({ tdsp_duns, version: 900_003, observed_at: FUTURE }),
    values.announcement({ tdsp_duns, version: 7, observed_at }).replace('"version":7', '"version":900004'),
    values.announcement({ tdsp_duns, version: 8, observed_at }),
  ]) {
    await redis.admin.publish(values.channel, message);
  }
  await until(() => heard.length > 0);
  assert.deepEqual(heard, [8]);
});

test('doctor does what the cache does, and says what a Redis refuses and what to do', async (t) => {
  const url = `127.0.0.1:${redis.port}`;
  const said = async (address: string) => {
    const { verdict, reading, advice } = checkRedis(await probeRedis(new Secret(address), identity));
    return `${verdict}: ${reading} ${advice ?? ''}`;
  };
  assert.match(await said(`redis://${url}`), /^ok: Writes, reads back and tells in \d+ ms/);
  const rights = '+ping +subscribe +publish +hmget +hset +pexpire +del +info';
  await redis.admin.call(
    'acl',
    'setuser',
    'reader',
    'on',
    '>secret',
    '~wattsync:*',
    '&wattsync:*',
    ...rights.split(' '),
  );
  assert.match(
    await said(`redis://reader:secret@${url}`),
    /^bad: Redis does not do "write": NOPERM.*ACL SETUSER/,
  );
  await redis.admin.call('acl', 'setuser', 'writer', 'on', '>secret', '~wattsync:*', '&other', '+@all');
  assert.match(await said(`redis://writer:secret@${url}`), /^bad: Redis does not do "subscribe": NOPERM/);
  assert.match(
    await said(`redis://writer:wrong@${url}`),
    /^bad: Redis does not answer: WRONGPASS.*Correct user and password/,
  );
  await redis.admin.config('SET', 'maxmemory', '1');
  assert.match(await said(`redis://${url}`), /^bad: Redis does not do "write": .*OOM.*maxmemory/);
  await redis.admin.config('SET', 'maxmemory', '0');
  await redis.admin.call('replicaof', '127.0.0.1', '1');
  t.after(() => redis.admin.call('replicaof', 'no', 'one'));
  assert.match(await said(`redis://${url}`), /^bad: .*READONLY.*primary/);
});

test('a Redis Cluster and a Sentinel are told as unsupported, and TLS works', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-redis-kinds-'));
  const run = (args: string[]) => {
    const child = spawn('redis-server', args, { cwd: folder, stdio: 'ignore' });
    test.after(() => child.kill('SIGKILL'));
  };
  const told = async (address: string) => {
    let found = checkRedis({ step: 'connect', error: 'not tried' });
    await until(async () => {
      found = checkRedis(await probeRedis(new Secret(address), identity));
      return !/ECONNREFUSED|LOADING/.test(found.reading);
    });
    return `${found.verdict}: ${found.reading} ${found.advice}`;
  };
  const cluster = await freePort();
  run([
    '--port',
    String(cluster),
    '--cluster-enabled',
    'yes',
    '--cluster-config-file',
    'nodes.conf',
    '--save',
    '',
  ]);
  assert.match(
    await told(`redis://127.0.0.1:${cluster}`),
    /^bad: .*CLUSTERDOWN.*Redis Cluster, which is not supported/,
  );
  const sentinel = await freePort();
  execFileSync('touch', [join(folder, 'sentinel.conf')]);
  run([join(folder, 'sentinel.conf'), '--sentinel', '--port', String(sentinel)]);
  assert.match(await told(`redis://127.0.0.1:${sentinel}`), /^bad: .*Sentinel is not supported/);
  const tls = await freePort();
  const made = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
    '-days',
    '1',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
  ];
  execFileSync('openssl', made, { cwd: folder, stdio: 'ignore' });
  run([
    '--port',
    '0',
    '--tls-port',
    String(tls),
    '--tls-cert-file',
    'cert.pem',
    '--tls-key-file',
    'key.pem',
    '--tls-ca-cert-file',
    'cert.pem',
    '--tls-auth-clients',
    'no',
    '--save',
    '',
  ]);
  // Not known to this machine, and told so: no certificate is believed that nobody vouches for.
  assert.match(await told(`rediss://localhost:${tls}`), /^bad: .*(self-signed|self signed)/);
  const program = `
    import { probeRedis } from './src/monitor/probe-redis.ts';
    import { Secret } from './src/config.ts';
    console.log(JSON.stringify(await probeRedis(new Secret('rediss://localhost:${tls}'), null)));`;
  const answer = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', program], {
    cwd: new URL('../..', import.meta.url),
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'cert.pem') },
    encoding: 'utf8',
  });
  assert.match(answer, /"ms":/);
});
