/** What an upstream can do to us, through the gate: the right error, the stored plans as they were, and nothing hangs. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildServer } from '../../src/app/server.ts';
import { openLayers } from '../../src/cache/open-layers.ts';
import { PlanSetCache, type PlanSetCacheOptions } from '../../src/cache/plan-set-cache.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import { Secret } from '../../src/config.ts';
import type { Fault } from '../../src/sandbox/faults/faults.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import type { GateOptions } from '../../src/sources/gate.ts';
import { readCurrentSnapshots } from '../../src/store/plans/snapshots.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import { readOpenTargets } from '../../src/store/queue/sync-targets.ts';
import { Places } from '../../src/territory/places.ts';
import { makeCertificate } from '../support/certificate.ts';
import {
  allDuns,
  createTestDatabase,
  ONCOR,
  startReader,
  syncAll,
  territory,
  testGate,
  until,
  wattsync,
} from '../support/support.ts';

const { database, url: databaseUrl } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 40, now: () => new Date('2026-06-01T12:00:00Z') });
after(() => sandbox.stop());
const sourceAt = (url: string, gate = {}) =>
  new ComparePowerSource(
    { url, apiKey: new Secret('of our own'), apiKeyHeader: 'X-API-Key' },
    testGate(database, { attempts: 2, timeoutMs: 20_000, ...gate }),
  );
assert.equal((await syncAll(database, sourceAt(sandbox.url))).status, 'succeeded');

const stored = async (): Promise<unknown[]> => [
  await readCurrentSnapshots(database.pool),
  (await database.pool.query('select id, xmin::text, is_active from electricity_plans order by id')).rows,
];

/** A sync of one TDSP that must fail with this code and these words, and change nothing. */
async function expectFailure(source: ComparePowerSource, code: string, words: RegExp): Promise<void> {
  const before = await stored();
  const report = await syncAll(database, source, { tdsps: [ONCOR], force: true });
  assert.deepEqual(
    report.errors.map((error) => error.code),
    [code],
    JSON.stringify(report.errors),
  );
  assert.match(report.errors[0]!.message, words);
  assert.deepEqual(await stored(), before);
}

const FAULTS: [fault: string | Fault, code: string, words: RegExp][] = [
  ['gzip_bomb', 'upstream_unreadable', /longer than 64 MiB/],
  ['oversized', 'upstream_unreadable', /longer than 64 MiB/],
  ['redirect', 'upstream_unreachable', /redirects more than 3 times/],
  ['html', 'upstream_unreadable', /something other than JSON.*We will be right back/],
  ['truncated', 'upstream_unreadable', /cut off/],
  ['truncated:aborted', 'upstream_unreachable', /no whole answer/],
  ['slow_body:ms=200', 'upstream_unreachable', /took too long/],
  ['reset', 'upstream_unreachable', /no whole answer/],
  [{ kind: 'rate_limit', retry_after: 'none' }, 'upstream_rate_limited', /429, too many calls$/],
  [{ kind: 'rate_limit', retry_after: 'when pigs fly' }, 'upstream_rate_limited', /429, too many calls$/],
  [{ kind: 'rate_limit', retry_after: '99999999999999999999' }, 'upstream_rate_limited', /asked to wait/],
  [
    { kind: 'rate_limit', retry_after: 'Fri, 31 Dec 9999 23:59:59 GMT' },
    'upstream_rate_limited',
    /asked to wait/,
  ],
];

for (const [fault, code, words] of FAULTS) {
  const name = typeof fault === 'string' ? fault : `${fault.kind}, Retry-After: ${fault.retry_after}`;
  test(`the fault ${name} is ${code}, and the stored plans stay`, async () => {
    sandbox.control.setFaults([fault]);
    const isSlow = /took too long/.test(words.source);
    await expectFailure(sourceAt(sandbox.url, isSlow ? { timeoutMs: 1_500 } : {}), code, words);
    sandbox.control.clearFaults();
    // What it asked us to wait is over.
    await database.pool.query('update upstream_gates set wait_until = null');
    const healed = await syncAll(database, sourceAt(sandbox.url), { tdsps: [ONCOR], force: true });
    assert.equal(healed.status, 'succeeded');
  });
}

test('a body is given up at its limit, not when it ends: memory does not grow with it', async () => {
  sandbox.control.setFaults([parseFault('gzip_bomb:mib=2048')]);
  const before = process.memoryUsage().rss;
  await expectFailure(sourceAt(sandbox.url, { attempts: 1 }), 'upstream_unreadable', /longer than 64 MiB/);
  sandbox.control.clearFaults();
  const grownMib = (process.memoryUsage().rss - before) / (1 << 20);
  assert.ok(grownMib < 600, `${grownMib} MiB for a body of 2 GiB`);
});

test('an upstream that redirects in a circle is called a few times, not twenty for each attempt', async () => {
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault('redirect')]);
  await expectFailure(sourceAt(sandbox.url, { attempts: 1 }), 'upstream_unreachable', /redirects/);
  sandbox.control.clearFaults();
  assert.equal(sandbox.control.state().calls.total, 4);
});

test('a moved upstream is followed, and another host does not get our API key', async () => {
  const keys: (string | undefined)[] = [];
  const elsewhere = createPlainServer((request, response) => {
    keys.push(request.headers['x-api-key'] as string | undefined);
    response.writeHead(307, { location: sandbox.url + request.url }).end();
  });
  const moved = createPlainServer((request, response) => {
    keys.push(request.headers['x-api-key'] as string | undefined);
    const { port } = elsewhere.address() as AddressInfo;
    response.writeHead(301, { location: `http://127.0.0.1:${port}${request.url}` }).end();
  });
  for (const server of [elsewhere, moved]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    after(() => server.close());
  }
  const { port } = moved.address() as AddressInfo;
  const report = await syncAll(database, sourceAt(`http://127.0.0.1:${port}`), {
    tdsps: [ONCOR],
    force: true,
  });
  assert.equal(report.status, 'succeeded');
  assert.deepEqual(keys, ['of our own', undefined]);
});

test('a name that does not exist is said to be unreachable', () =>
  expectFailure(
    sourceAt('http://no-such-host.invalid'),
    'upstream_unreachable',
    /no-such-host\.invalid gave/,
  ));

test('a certificate that is expired or nobody vouches for is not accepted, and one that is good is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-tls-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const make = (name: string, by: string | null, days = 30) =>
    makeCertificate(folder, name, { authority: by, days });
  const { file: authority } = make('authority', null);
  const certificates = {
    good: make('good', 'authority'),
    expired: make('expired', 'authority', 0),
    'self-signed': make('self-signed', null),
  };
  const { validToDate } = new X509Certificate(certificates.expired.cert);
  await until(() => Date.now() > validToDate.getTime() + 1_000);
  const saysOf = { good: null, expired: /certificate has expired/, 'self-signed': /self-signed certificate/ };
  for (const [name, says] of Object.entries(saysOf) as [keyof typeof saysOf, RegExp | null][]) {
    const server = createServer(certificates[name], async (request, response) => {
      const answer = await fetch(sandbox.url + request.url);
      response.writeHead(answer.status, { 'x-wattsync-sandbox': '1' }).end(await answer.text());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    after(() => server.close());
    const env = {
      DATABASE_URL: databaseUrl,
      PLAN_SOURCE: 'comparepower',
      NODE_EXTRA_CA_CERTS: authority,
      API_CALL_BUDGET_PER_HOUR: '10000',
      EMERGENCY_CALL_BUDGET_PER_HOUR: '10000',
      COMPAREPOWER_API_URL: `https://localhost:${(server.address() as AddressInfo).port}`,
    };
    const before = await stored();
    const { code, stdout } = await wattsync(['sync', 'city', 'dallas-tx', '--force', '--json'], env);
    const report = JSON.parse(stdout) as { status: string; errors: { code: string; message: string }[] };
    if (says === null) {
      assert.deepEqual([code, report.status], [0, 'succeeded'], stdout);
      continue;
    }
    assert.equal(code, 1);
    assert.equal(report.errors[0]?.code, 'upstream_unreachable');
    assert.match(report.errors[0]?.message ?? '', says);
    assert.deepEqual(await stored(), before);
  }
});

/** Reads through the API as `start` binds it together, with nothing stored, and no sync but for readers. */
async function emptyProgram(gate: Partial<GateOptions> = {}, waits: Partial<PlanSetCacheOptions> = {}) {
  const fresh = await createTestDatabase();
  const source = new ComparePowerSource(
    { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
    testGate(fresh.database, gate),
  );
  const { engine, refreshes } = await startReader(fresh.database, source, { freshForMs: 60_000 });
  const config = { redisUrl: null, cacheRedisTtlMinutes: 60 };
  const layers = await openLayers({ config, database: fresh.database, tdsps: allDuns, ttlMs: 7_200_000 });
  const planSets = new PlanSetCache({
    layers: layers.all,
    loadColdly: (duns) => refreshes.cold(duns),
    ...waits,
  });
  const listener = new PublishListener(fresh.database, (published) => planSets.announce(published));
  await listener.start();
  const parts = { database: { pool: fresh.database.quick }, territory, places: new Places(territory) };
  const catalog = new Catalog({ planSets, staleAfterMs: 7_200_000 });
  const app = buildServer(
    {
      ...parts,
      catalog,
      syncIntervalMs: 3_600_000,
      staleAfterMs: 7_200_000,
      onEvent: () => {},
      admin: null,
      publicUrl: null,
      recentPrices: () => null,
    },
    () => {},
  );
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  after(() => Promise.all([app.close(), listener.stop(), engine.stop(0)]));
  return { url, database: fresh.database, refreshes };
}

test('a caller who goes away does not end the fetch that all wait for', async () => {
  const { url } = await emptyProgram({}, { coldWaitMs: 20_000, longestWaitMs: 20_000 });
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault('latency:ms=400')]);
  const leaving = new AbortController();
  const left = fetch(`${url}/v1/plans?city=dallas-tx`, { signal: leaving.signal });
  await until(() => sandbox.control.state().calls.total === 1);
  const stays = fetch(`${url}/v1/plans?city=dallas-tx`);
  leaving.abort();
  await assert.rejects(left, { name: 'AbortError' });
  const answer = await stays;
  assert.equal(answer.status, 200);
  const { meta } = (await answer.json()) as { meta: { source: string } };
  assert.equal(meta.source, 'api');
  assert.equal(sandbox.control.state().calls.total, 1);
  sandbox.control.clearFaults();
});

test('a fetch that hangs ends at its deadline, is written down, and gives its claim back', async () => {
  const { url, database: own, refreshes } = await emptyProgram({ timeoutMs: 1_200 });
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault('timeout')]);
  const answer = await fetch(`${url}/v1/plans?city=dallas-tx`);
  assert.equal(answer.status, 503, 'told in time, while the fetch still hangs');
  assert.match(answer.headers.get('retry-after') ?? '', /^\d+$/);
  assert.deepEqual(sandbox.control.state().calls.by_status, {});
  assert.equal((await readOpenTargets(own.pool, null))[0]?.state, 'claimed');
  await until(async () => (await readOpenTargets(own.pool, null)).length === 0);
  const { rows: results } = await own.pool.query('select error_code from sync_results');
  assert.deepEqual(results, [{ error_code: 'upstream_unreachable' }]);
  await until(() => sandbox.control.state().calls.by_status.no_answer === 1);
  const { rows } = await own.pool.query('select error from api_calls');
  assert.match(rows[0].error, /took too long/);
  sandbox.control.clearFaults();
  await own.pool.query(
    `delete from tdsp_pauses; update upstream_gates set wait_until = null, open_until = null`,
  );
  // The first one may still be that of before, on its last steps.
  await until(async () => (await refreshes.cold(ONCOR)) === 'refreshed');
});
