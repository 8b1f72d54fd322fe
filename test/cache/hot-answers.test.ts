/** Answers that go past the router, over a real connection: byte for byte those of the router, packed or not. */

import assert from 'node:assert/strict';
import { get as httpGet, type IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { buildServer } from '../../src/app/server.ts';
import { PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { Places } from '../../src/territory/places.ts';
import { allDuns, createTestDatabase, syncAll, territory, testGate, until } from '../support/support.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 40, now: () => new Date('2026-06-01T12:00:00Z') });
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
await syncAll(database, source);
// Signs beyond Latin-1, as names have them: an answer is sent as it is, without being encoded.
await database.pool.query("update electricity_plans set name = name || ' — Noches™ más 電'");
const clock = { aheadMs: 0 };
const now = () => Date.now() + clock.aheadMs;
const staleAfterMs = 7_200_000;
const planSets = new PlanSetCache({
  layers: [{ name: 'active', read: (duns) => readActivePlanSet(database.pool, duns) }],
  staleAfterMs,
  now,
});
const catalog = new Catalog({ planSets, staleAfterMs, now });
const app = buildServer(
  {
    catalog,
    database: { pool: database.quick },
    territory,
    places: new Places(territory),
    syncIntervalMs: 3_600_000,
    staleAfterMs,
    onEvent: () => {},
    admin: null,
    publicUrl: null,
    recentPrices: () => null,
  },
  (error) => assert.fail(String(error)),
);
await planSets.warm(allDuns);
const url = await app.listen({ port: 0 });
test.after(async () => {
  await app.close();
  await sandbox.stop();
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
}

const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    httpGet(`${url}${path}`, { headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, bytes: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });

/** The seconds go on while one looks. */
const ageless = (body: string): string => body.replace(/"age_seconds":\d+/, '"age_seconds":0');

const PATHS = [
  '/v1/plans?city=dallas-tx',
  '/v1/plans?city=houston-tx&limit=3&sort=-green',
  '/v1/plans?tdsp=oncor&term=12&min_green=50&usage=1337',
  '/v1/plans?zip=75201&q=a&sort=provider&limit=7',
];

test('the answer is that of the router: the first time, from then on, and packed with gzip or brotli', async () => {
  for (const path of PATHS) {
    const routed = ageless((await app.inject({ url: path })).body);
    for (const { name } of JSON.parse(routed).data) assert.match(name, / — Noches™ más 電$/);
    for (let time = 0; time < 3; time++) {
      const { status, headers, bytes } = await get(path);
      assert.equal(status, 200);
      assert.equal(headers['content-encoding'], undefined);
      assert.equal(headers['content-length'], String(bytes.length));
      assert.equal(ageless(bytes.toString()), routed);
    }
    for (const [encoding, unpack] of [
      ['gzip', gunzipSync],
      ['br', brotliDecompressSync],
    ] as const) {
      let packed: Answer | null = null;
      // The first who wants it packed gets it plain; it is packed behind.
      await until(async () => {
        packed = await get(path, { 'accept-encoding': encoding });
        return packed.headers['content-encoding'] === encoding;
      });
      const { headers, bytes } = packed!;
      assert.equal(ageless(unpack(bytes).toString()), routed);
      assert.equal(headers.vary, 'accept-encoding');
      const plain = await get(path);
      assert.equal(headers.etag, plain.headers.etag, 'one weak tag for all encodings');
      assert.match(String(headers.etag), /^W\//);
    }
  }
});

test('a 304 says what the whole answer says of itself, and has neither body nor content headers', async () => {
  for (const path of PATHS) {
    const whole = await get(path);
    const { status, headers, bytes } = await get(path, { 'if-none-match': String(whole.headers.etag) });
    assert.deepEqual([status, bytes.length], [304, 0]);
    for (const name of ['etag', 'cache-control', 'cache-status', 'vary'] as const) {
      const ageless = (value: unknown) => String(value).replace(/ttl=-?\d+/, 'ttl');
      assert.equal(ageless(headers[name]), ageless(whole.headers[name]), name);
    }
    assert.match(String(headers.age), /^\d+$/);
    for (const name of ['content-type', 'content-length', 'content-encoding']) {
      assert.equal(headers[name], undefined, name);
    }
  }
});

test('plans that grow old while they are asked for are called stale in header, body and tag alike', async () => {
  const fresh = await get(PATHS[0]!);
  clock.aheadMs = staleAfterMs + 5_000;
  const stale = await get(PATHS[0]!, { 'if-none-match': String(fresh.headers.etag) });
  assert.equal(stale.status, 200);
  const { meta } = JSON.parse(stale.bytes.toString());
  assert.equal(meta.stale, true);
  assert.equal(String(meta.age_seconds), stale.headers.age);
  assert.equal(stale.headers.etag, String(fresh.headers.etag).replace(/"$/, '-stale"'));
  assert.match(
    String(stale.headers['cache-status']),
    /^wattsync; hit; ttl=-\d+; detail="memory, stale: not refreshed"$/,
  );
});
