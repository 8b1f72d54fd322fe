/** Rules about machines beside the program: a certificate, a disk, a replica. What they say is theirs, nothing is made up. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import pg from 'pg';
import { Secret } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { attachEmbeddedPostgres } from '../../src/store/embedded/attach.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { storeTerritory } from '../../src/store/territory.ts';
import { startProxy } from '../support/cache.ts';
import { makeCertificate } from '../support/certificate.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { createTestDatabase, ONCOR, syncAll, territory, testGate, until } from '../support/support.ts';
import { CAUSES_OF, rules, watch } from '../support/watch.ts';

const folder = mkdtempSync(join(tmpdir(), 'wattsync-causes-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const seen = new Set<string>();
const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 20, now: () => new Date('2026-06-01T12:00:00Z') });
after(() => sandbox.stop());

test('the certificate of the upstream nears its end, and nearer, as its TLS server shows it', async () => {
  const { file: authority, cert } = makeCertificate(folder, 'authority', { authority: null, days: 400 });
  assert.ok(authority);
  setDefaultCACertificates([...getCACertificates('default'), String(cert)]);
  const certificate = (days: number) =>
    makeCertificate(folder, `in-${days}`, { authority: 'authority', days });
  const server = createServer(certificate(10), async (request, response) => {
    const answer = await fetch(sandbox.url + request.url);
    response.writeHead(answer.status, { 'x-wattsync-sandbox': '1' }).end(await answer.text());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  const source = new ComparePowerSource(
    { url, apiKey: null, apiKeyHeader: 'X-API-Key' },
    testGate(database, { attempts: 1 }),
  );
  const call = async () => {
    const { errors } = await syncAll(database, source, { tdsps: [ONCOR], force: true });
    assert.deepEqual(errors, []);
  };
  /** As its owner puts another one in: connections there are go on with the old one until they end. */
  const replace = async (days: number) => {
    server.setSecureContext(certificate(days));
    server.closeAllConnections();
    await call();
  };
  await syncAll(database, source, { force: true });
  const { look, news, errors } = await watch(database);
  const told = async () => {
    await look();
    await look();
    assert.deepEqual(errors, []);
    return news().filter((one) => one.includes('certificate'));
  };
  assert.deepEqual(await told(), ['fired certificate_ends']);
  await replace(2);
  assert.deepEqual(await told(), ['worsened certificate_ends'], 'three days before the end it is a page');
  await replace(90);
  assert.deepEqual(await told(), ['resolved certificate_ends']);
  seen.add('certificate_ends');
});

test('the disk of the embedded database fills', async () => {
  const { database: other } = await createTestDatabase();
  const watching = await watch(other);
  const disk = mountSmallDisk('1m');
  const file = join(disk ?? folder, 'something large');
  // Where no disk can be mounted, what the system would say is handed in.
  const full = disk ? undefined : { total_bytes: 1_000, free_bytes: 60 };
  const env = { WATTSYNC_DATA_DIR: disk ?? folder };
  const look = (isFull: boolean) =>
    watching.look({ env, disk: disk ? 'real' : isFull ? full! : { total_bytes: 1_000, free_bytes: 900 } });
  const told = async (isFull: boolean) => {
    await look(isFull);
    await look(isFull);
    return watching.news();
  };
  assert.deepEqual(await told(false), []);
  if (disk) writeFileSync(file, Buffer.alloc(970_000));
  assert.deepEqual(await told(true), ['fired disk_full']);
  if (disk) rmSync(file);
  assert.deepEqual(await told(false), ['resolved disk_full']);
  seen.add('disk_full');
});

test('a replica falls behind', async () => {
  // Two servers of this test alone: a primary that is copied while it is down, and the copy as its standby.
  const [first, second] = ['primary', 'standby'].map((name) => join(folder, name)) as [string, string];
  await (await attachEmbeddedPostgres(first)).detach();
  execFileSync('cp', ['-a', first, second]);
  const primary = await attachEmbeddedPostgres(first);
  const url = new URL(primary.connectionString);
  const conninfo = `host=127.0.0.1 port=${url.port} user=${url.username} password=${url.password} application_name=standby`;
  appendFileSync(join(second, 'postgres', 'postgresql.auto.conf'), `primary_conninfo = '${conninfo}'\n`);
  writeFileSync(join(second, 'postgres', 'standby.signal'), '');
  const standby = await attachEmbeddedPostgres(second);
  const onStandby = new pg.Client({ connectionString: standby.connectionString });
  await onStandby.connect();
  const own = await openDatabase({
    databaseUrl: new Secret(primary.connectionString),
    dataDir: '',
    connections: 4,
  });
  after(async () => {
    await own.close();
    await onStandby.end();
    await standby.detach();
    await primary.detach();
  });
  await migrate(own);
  await storeTerritory(own, territory);
  // Nobody waits ten minutes for a test: a second behind is behind.
  const shorter = rules.rules.map((rule) =>
    rule.id === 'replica_behind' ? { ...rule, fires: 1, clears: 0.5 } : rule,
  );
  const { firesAndResolves, seen: fired } = await watch(own, { ...rules, rules: shorter });
  const lag = async () => {
    await own.pool.query('select pg_logical_emit_message(false, $1, $1)', ['something new']);
    const { rows } = await own.pool.query(
      `select coalesce(extract(epoch from replay_lag), 0)::float8 as lag from pg_stat_replication
        where application_name = 'standby'`,
    );
    return rows[0]?.lag ?? null;
  };
  await until(async () => (await lag()) !== null, 60_000);
  await firesAndResolves({
    rules: ['replica_behind'],
    subject: 'standby',
    seconds: 300,
    make: async () => {
      await onStandby.query('select pg_wal_replay_pause()');
      await until(async () => (await lag()) > 1.5, 60_000);
    },
    undo: async () => {
      await onStandby.query('select pg_wal_replay_resume()');
      await until(async () => (await lag()) < 0.3, 60_000);
    },
  });
  for (const rule of fired) seen.add(rule);
});

test('PostgreSQL does not answer', async () => {
  const { url } = await createTestDatabase();
  const address = new URL(url);
  const proxy = await startProxy(Number(address.port));
  address.port = String(proxy.port);
  const away = await openDatabase({ databaseUrl: new Secret(address.href), dataDir: '', connections: 4 });
  after(() => away.close());
  const shorter = rules.rules.map((rule) =>
    rule.id === 'postgres_away' ? { ...rule, fires: 0, clears: -1, for: 0 } : rule,
  );
  const { look, news, errors } = await watch(away, { ...rules, rules: shorter });
  await look();
  assert.deepEqual([news(), errors], [[], []]);
  proxy.state.isRefusing = true;
  proxy.cut();
  for (let n = 0; n < 3; n++) await look();
  assert.deepEqual(news(), ['fired postgres_away'], 'told once');
  assert.ok(errors.length > 0);
  proxy.state.isRefusing = false;
  const told: string[] = [];
  await until(async () => {
    await look();
    told.push(...news());
    return told.length > 0;
  }, 60_000);
  await look();
  assert.deepEqual([...told, ...news()], ['resolved postgres_away']);
  seen.add('postgres_away');
});

test('every rule that is left to this file has its cause made here', () => {
  assert.deepEqual([...seen].toSorted(), CAUSES_OF['alert-causes.test.ts']!.toSorted());
});
