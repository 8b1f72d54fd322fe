/** What HTTP expects of a server beside its answers: methods, types, encodings, tags, errors of every kind. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { InjectOptions } from 'fastify';
import type pg from 'pg';
import { EDITION } from '../../src/api/edition.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { refreshMarketViews } from '../../src/sync/work/refresh-views.ts';
import { openApi } from '../support/api.ts';
import { allDuns, createTestDatabase, syncAll, testGate } from '../support/support.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
await syncAll(database, source);
await refreshMarketViews(database);
test.after(() => sandbox.stop());

/** PostgreSQL can be away. */
let isAway = false;
const quick = new Proxy(database.quick, {
  get: (of: pg.Pool, name) =>
    name === 'query' && isAway
      ? () => Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }))
      : Reflect.get(of, name),
});
const { app, ask, get, planSets, unexpected } = openApi(
  new Proxy<Database>(database, { get: (of, name) => (name === 'quick' ? quick : Reflect.get(of, name)) }),
);
await planSets.warm(allDuns);
const raw = (options: InjectOptions) => app.inject(options);
const address = new URL(await app.listen({ port: 0, host: '127.0.0.1' }));

test('a method that an address does not take is a 405 that names those it takes', async () => {
  for (const [method, url, allow] of [
    ['POST', '/v1/plans', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/v1/cities/dallas-tx', 'GET, HEAD, OPTIONS'],
    ['GET', '/v1/events', 'OPTIONS, POST'],
    ['PUT', '/docs', 'GET, HEAD, OPTIONS'],
  ] as const) {
    const { statusCode, headers, body } = await raw({ method, url });
    assert.deepEqual([statusCode, headers.allow], [405, allow], url);
    assert.match(String(headers['content-type']), /^application\/problem\+json/);
    assert.equal(JSON.parse(body).code, 'method_not_allowed');
  }
  assert.equal((await raw({ method: 'POST', url: '/nowhere' })).statusCode, 404);
});

test('a browser that asks for another site is told what it may send and what it may read', async () => {
  const preflight = await raw({
    method: 'OPTIONS',
    url: '/v1/events',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
  });
  assert.equal(preflight.statusCode, 204);
  assert.match(String(preflight.headers['access-control-allow-methods']), /POST/);
  assert.match(String(preflight.headers['access-control-allow-headers']), /content-type/);
  assert.match(String(preflight.headers['access-control-max-age']), /^\d+$/);
  const { headers } = await raw({
    url: '/v1/plans?city=dallas-tx',
    headers: { origin: 'https://shop.example' },
  });
  assert.equal(headers['access-control-allow-origin'], '*');
  for (const name of ['etag', 'link', 'cache-status', 'retry-after', 'age']) {
    assert.ok(String(headers['access-control-expose-headers']).split(', ').includes(name), name);
  }
});

test('a body that is not JSON is a 415, one that is not whole a 400, one too large a 413', async () => {
  const post = (payload: string, type: string) =>
    ask({ method: 'POST', url: '/v1/events', payload, headers: { 'content-type': type } });
  assert.equal((await post('{}', 'text/plain')).statusCode, 415);
  assert.equal((await post('<a/>', 'application/xml')).statusCode, 415);
  assert.equal((await post('{"type":', 'application/json')).statusCode, 400);
  assert.equal((await post('{"__proto__":{"a":1}}', 'application/json')).statusCode, 400);
  assert.equal((await post(`{"type":"${'x'.repeat(2_000)}"}`, 'application/json')).statusCode, 413);
  const wrong = (await post('{"type":"visit","city":7,"constructor":1}', 'application/json')).json();
  assert.deepEqual(
    wrong.errors.map(({ field }: { field: string }) => field),
    ['type', 'city', 'body'],
  );
});

async function say(text: string): Promise<string> {
  const socket = connect(Number(address.port), '127.0.0.1');
  let heard = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    heard += chunk;
  });
  socket.write(text);
  await once(socket, 'close');
  return heard;
}

test('what cannot be read as HTTP, or as an address, is a problem as everything else', async () => {
  for (const [text, status, code] of [
    ['NONSENSE\r\n\r\n', 400, 'bad_request'],
    [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
    ['GET /v1/cities/%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 400, 'bad_request'],
    [
      'POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'bad_request',
    ],
  ] as const) {
    const heard = await say(text);
    assert.match(heard, new RegExp(`^HTTP/1\\.1 ${status} `), text.slice(0, 40));
    assert.match(heard, /content-type: application\/problem\+json/i);
    assert.equal(JSON.parse(heard.split('\r\n\r\n')[1]!).code, code);
  }
});

test('answers are compressed as the caller takes them, and say so to caches', async () => {
  const url = '/v1/cities?limit=200';
  const plain = await raw({ url });
  assert.equal(plain.headers['content-encoding'], undefined);
  for (const [encoding, unpack] of [
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ] as const) {
    const packed = await raw({ url, headers: { 'accept-encoding': encoding } });
    assert.equal(packed.headers['content-encoding'], encoding);
    assert.match(String(packed.headers.vary), /accept-encoding/);
    assert.equal(unpack(packed.rawPayload).toString(), plain.body);
    assert.ok(packed.rawPayload.length * 4 < plain.rawPayload.length);
    assert.equal(packed.headers.etag, plain.headers.etag);
  }
});

test('every cacheable answer has a tag of this edition or of its bytes, and may be used stale', async () => {
  const { id } = (await get('/v1/plans?city=dallas-tx&limit=1')).body.data[0];
  const urls = [
    '/v1/plans?city=dallas-tx',
    `/v1/plans/${id}`,
    '/v1/cities',
    '/v1/cities/dallas-tx',
    '/v1/zips/75201',
    '/v1/tdsps',
    '/v1/providers',
    '/v1/search?q=da',
    '/v1/markets/ONCOR/index',
    '/openapi.json',
  ];
  for (const url of urls) {
    const { headers } = await get(url);
    assert.match(String(headers['cache-control']), /stale-while-revalidate=\d+, stale-if-error=\d+/, url);
    const held = await get(url, { 'if-none-match': String(headers.etag) });
    assert.equal(held.status, 304, url);
    if (url.startsWith('/v1/plans')) assert.ok(String(headers.etag).startsWith(`W/"${EDITION}.`), url);
  }
});

test('a header that is a list may come on several lines', async () => {
  const url = '/v1/plans?city=dallas-tx&limit=3';
  const tag = String((await get(url)).headers.etag);
  const lines = (more: string) => say(`GET ${url} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}\r\n`);
  for (let time = 0; time < 3; time++) {
    assert.match(await lines(`If-None-Match: "x"\r\nIf-None-Match: ${tag}\r\n`), /^HTTP\/1\.1 304 /);
    assert.match(await lines('If-None-Match: "x"\r\nIf-None-Match: "y"\r\n'), /^HTTP\/1\.1 200 /);
  }
});

test('every list of several pages leads to the next in header and body alike', async () => {
  for (const url of [
    '/v1/plans?city=dallas-tx&limit=3',
    '/v1/cities?limit=3',
    '/v1/markets/ONCOR/changes?since=0&limit=3',
  ]) {
    for (let time = 0; time < 3; time++) {
      const { headers, body } = await get(url);
      assert.equal(headers.link, `<${body.links.next}>; rel="next"`, url);
      assert.equal((await get(body.links.next)).status, 200);
    }
  }
});

test('HEAD says what GET says, without the body; a trailing slash makes no difference', async () => {
  for (const url of ['/v1/plans?city=dallas-tx', '/v1/cities', '/healthz', '/docs']) {
    const [head, whole] = [await raw({ method: 'HEAD', url }), await raw({ url })];
    assert.deepEqual([head.statusCode, head.body], [200, ''], url);
    assert.equal(head.headers.etag, whole.headers.etag, url);
    assert.equal(head.headers['content-type'], whole.headers['content-type'], url);
    const [path, query] = url.split('?');
    const slashed = await raw({ url: query ? `${path}/?${query}` : `${path}/` });
    assert.equal(slashed.statusCode, 200, url);
  }
  const heard = await say('HEAD /v1/plans?city=dallas-tx HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  assert.match(heard, /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n$/);
});

test('without PostgreSQL memory answers who the TDSPs and the providers are', async () => {
  const before = { tdsps: (await get('/v1/tdsps')).body, providers: (await get('/v1/providers')).body };
  isAway = true;
  try {
    const tdsps = (await get('/v1/tdsps')).body;
    for (const [row, { active_plans, version, market }] of tdsps.data.entries()) {
      assert.deepEqual(
        [active_plans, version],
        [before.tdsps.data[row].active_plans, before.tdsps.data[row].version],
      );
      assert.equal(market, null);
    }
    const sorted = (list: { id: string; active_plans: number; tdsps: string[] }[]) =>
      list.map(({ id, active_plans, tdsps }) => [id, active_plans, tdsps.toSorted()]).toSorted();
    assert.deepEqual(sorted((await get('/v1/providers')).body.data), sorted(before.providers.data));
    const { status, body, headers } = await get('/v1/markets/ONCOR/index');
    assert.deepEqual([status, body.code, headers['retry-after']], [503, 'storage_unavailable', '5']);
  } finally {
    isAway = false;
  }
  assert.equal(unexpected.length, 1);
});
