/** What an honest attacker tries: floods, nasty names, long addresses, wrong tokens. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/app/engine.ts';
import { readConfig, Secret } from '../../src/config.ts';
import { DemandRecorder } from '../../src/planning/demand-recorder.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, syncAll, territory, testGate } from '../support/support.ts';

const READER = 'a-token-that-looks';
const OPERATOR = 'a-token-that-operates';
const EVENTS_KEY = 'a-key-for-own-sites';
const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
const errors: unknown[] = [];
const engine = new Engine({
  config: readConfig({ COMPAREPOWER_API_URL: sandbox.url }),
  database,
  territory,
  source,
  roles: [],
  onError: (error) => errors.push(error),
});
await syncAll(database, source);
test.after(async () => {
  await engine.stop(0);
  await sandbox.stop();
});

/** A database that tells how many of its quick connections are in use. */
function watched(): { database: Database; seen: { now: number; most: number } } {
  const seen = { now: 0, most: 0 };
  const query = async (...args: unknown[]) => {
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    try {
      return await (database.quick.query as (...all: unknown[]) => Promise<unknown>)(...args);
    } finally {
      seen.now -= 1;
    }
  };
  const quick = new Proxy(database.quick, {
    get: (of, name) => (name === 'query' ? query : Reflect.get(of, name)),
  });
  return {
    seen,
    database: new Proxy(database, { get: (of, name) => (name === 'quick' ? quick : Reflect.get(of, name)) }),
  };
}

/** A server of its own, with limits that are soon reached. */
function openStrict({ eventsKey = null as string | null, on = database } = {}) {
  const counted: string[] = [];
  const vouched: string[] = [];
  const api = openApi(on, undefined, {
    admin: {
      tokens: [
        { name: 'dana', role: 'read', token: new Secret(READER) },
        { name: 'omar', role: 'operate', token: new Secret(OPERATOR) },
      ],
      engine,
      database,
    },
    onEvent: (slug, _event, isVouched) => (isVouched ? vouched : counted).push(slug),
    strangers: {
      limits: { perMinute: 60, costlyPerMinute: 30, eventsPerMinute: 25 },
      trustedProxies: ['loopback'],
      eventsKey: eventsKey === null ? null : new Secret(eventsKey),
    },
  });
  const from = (
    client: string,
    url: string,
    more: { method?: 'GET' | 'POST' | 'DELETE'; token?: string; payload?: object; accept?: string } = {},
  ) =>
    api.ask({
      method: more.method ?? 'GET',
      url,
      headers: {
        'x-forwarded-for': client,
        ...(more.token && { authorization: `Bearer ${more.token}` }),
        ...(more.accept && { accept: more.accept }),
      },
      ...(more.payload && { payload: more.payload }),
    });
  return { ...api, counted, vouched, from };
}

const times = async <T>(count: number, ask: (at: number) => Promise<T>): Promise<T[]> => {
  const answers: T[] = [];
  for (let at = 0; at < count; at++) answers.push(await ask(at));
  return answers;
};
const statuses = (answers: { statusCode: number }[]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(Object.groupBy(answers, ({ statusCode }) => statusCode)).map(([code, some]) => [
      code,
      some!.length,
    ]),
  );

test('a client that asks without end is told when to come back; others, and plans of now, go on', async () => {
  const { from, planSets } = openStrict();
  await planSets.warm([ONCOR]);
  const flood = await times(70, () => from('203.0.113.7', '/v1/cities/dallas-tx'));
  assert.deepEqual(statuses(flood), { 200: 60, 429: 10 });
  const refused = flood.at(-1)!;
  assert.equal(refused.json().code, 'too_many_requests');
  assert.match(refused.json().detail, /At most 60 questions a minute from one client\. Try again in \d+ s/);
  assert.match(String(refused.headers['retry-after']), /^[1-9]\d?$/);
  assert.equal((await from('203.0.113.8', '/v1/cities/dallas-tx')).statusCode, 200);
  // Plans of now come from memory and are not counted; wrong questions about them are.
  assert.equal((await from('203.0.113.7', '/v1/plans?city=dallas-tx')).statusCode, 200);
  assert.equal((await from('203.0.113.7', '/v1/plans?city=nowhere')).statusCode, 429);
  assert.equal((await from('203.0.113.7', '/nowhere')).statusCode, 429);
});

test('views of a page count as searches of its city as events do, and the page is answered all the same', async () => {
  const { from, planSets, counted } = openStrict();
  await planSets.warm([ONCOR]);
  const views = await times(40, () => from('203.0.113.20', '/cities/dallas-tx'));
  assert.deepEqual(statuses(views), { 200: 40 });
  assert.equal(counted.length, 20, 'of one client and city in an hour');
  await times(20, () => from('203.0.113.20', '/cities/waco-tx'));
  assert.equal(counted.length, 25, 'of one client in a minute');
  await from('203.0.113.21', '/cities/dallas-tx');
  assert.equal(counted.length, 26, 'another client behind the same proxy');
});

test('what takes long is limited more tightly: the past, the index, words, CSV', async () => {
  const { from, planSets } = openStrict();
  await planSets.warm(territory.tdsps.map(({ duns }) => duns));
  const past = encodeURIComponent(new Date().toISOString());
  const { id } = (await from('192.0.2.1', '/v1/plans?tdsp=ONCOR&limit=1')).json().data[0];
  const costly = [
    `/v1/plans?city=dallas-tx&as_of=${past}`,
    `/v1/plans/${id}?as_of=${past}`,
    `/v1/plans/${id}/history`,
    '/v1/markets/ONCOR/index',
    '/v1/markets/ONCOR/changes',
    '/v1/search?q=da',
    '/sitemaps/cities.xml',
  ];
  for (const [at, url] of costly.entries()) {
    const seen = await times(31, () => from(`198.51.100.${at}`, url));
    assert.equal(seen.at(-2)!.statusCode, 200, url);
    assert.equal(seen.at(-1)!.statusCode, 429, url);
  }
  const { provider } = (await from('192.0.2.1', '/v1/plans?tdsp=ONCOR&limit=1')).json().data[0];
  const csv = await times(31, () =>
    from('198.51.100.77', `/v1/providers/${provider.id}`, { accept: 'text/csv' }),
  );
  assert.deepEqual(statuses(csv), { 200: 30, 429: 1 });
  assert.equal((await from('198.51.100.77', `/v1/providers/${provider.id}`)).statusCode, 200);
});

test('clients are told apart by what trusted proxies say, IPv6 by the network of 64 bits', async () => {
  const { app, from } = openStrict();
  await times(61, (at) => from(`2001:db8:1:2::${at.toString(16)}`, '/v1/cities/dallas-tx'));
  assert.equal((await from('2001:db8:1:2:ffff::1', '/v1/cities/dallas-tx')).statusCode, 429);
  assert.equal((await from('2001:db8:1:3::1', '/v1/cities/dallas-tx')).statusCode, 200);
  // A stranger who invents the header is known by his own address.
  const invented = await times(61, (at) =>
    app.inject({
      url: '/v1/cities/dallas-tx',
      remoteAddress: '198.51.100.200',
      headers: { 'x-forwarded-for': `10.0.0.${at}` },
    }),
  );
  assert.equal(invented.at(-1)!.statusCode, 429);
});

test('a crowd that asks about the past holds half of the connections at most, and nobody waits behind a flood', async () => {
  const { database: counted, seen } = watched();
  const { from, planSets } = openStrict({ on: counted });
  await planSets.warm([ONCOR]);
  const order: string[] = [];
  const note = async (client: string) => {
    const { statusCode } = await from(client, '/v1/markets/ONCOR/index?by=week');
    order.push(client);
    return statusCode;
  };
  await from('203.0.113.1', '/openapi.json');
  seen.most = 0;
  const flood = [...Array(30).keys()].map(() => note('203.0.113.1'));
  const others = [note('203.0.113.2'), note('203.0.113.3')];
  const answered = await Promise.all([...flood, ...others]);
  assert.ok(seen.most <= 2, `${seen.most} connections`);
  assert.deepEqual(answered.slice(-2), [200, 200]);
  // One runs and sixteen wait; what is beyond that is this client's own fault.
  assert.equal(answered.filter((status) => status === 429).length, 13);
  const served = order.filter((_, at) => at >= 13);
  assert.ok(served.indexOf('203.0.113.3') <= 4, `waited behind ${served.indexOf('203.0.113.3')} others`);
});

test('names that every object has are unknown parameters, and never more than five are told', async () => {
  const { from } = openStrict();
  const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'prototype', 'valueOf'];
  for (const path of [
    '/v1/plans?city=dallas-tx&',
    '/v1/cities?',
    '/v1/providers?',
    '/v1/markets/ONCOR/index?',
  ]) {
    for (const name of names) {
      const answer = await from(`192.0.2.${name.length}`, `${path}${name}=1`);
      assert.equal(answer.statusCode, 400, `${path}${name}`);
      assert.deepEqual(
        answer.json().errors.map(({ field }: { field: string }) => field),
        [name],
      );
    }
  }
  for (const name of names) {
    for (const path of [
      '/v1/cities/',
      '/v1/providers/',
      '/v1/markets/',
      '/v1/plans?city=',
      '/v1/plans?tdsp=',
    ]) {
      const index = path === '/v1/markets/' ? '/index' : '';
      const { statusCode, body } = await from(`192.0.3.${name.length}`, `${path}${name}${index}`);
      assert.ok(statusCode === 400 || statusCode === 404, `${path}${name}: ${body}`);
    }
  }
  for (const path of ['/v1/plans?city=%00', '/v1/cities/%00', '/v1/providers/a%00b', '/v1/search?q=%1b']) {
    const answer = await from('192.0.2.99', path);
    assert.equal(answer.statusCode, 400, path);
    assert.equal(answer.json().errors.length, 1, path);
  }
  const many = await from(
    '192.0.2.98',
    `/v1/plans?${[...Array(400).keys()].map((at) => `p${at}=1`).join('&')}`,
  );
  assert.equal(many.statusCode, 400);
  assert.equal(many.json().errors.length, 5);
  assert.match(many.json().detail, /and 395 more$/);
  assert.ok(many.body.length < 4_000, `${many.body.length} bytes`);
  const long = await from('192.0.2.97', `/v1/plans?city=${'x'.repeat(13_700)}`);
  assert.equal(long.statusCode, 414);
  assert.ok(long.body.length < 1_000);
});

test('a stranger cannot lift a hamlet above Houston, and with a key a stranger moves nothing', async () => {
  const open = openStrict();
  const tell = (client: string, token?: string) => (at: number) =>
    open.from(client, '/v1/events', {
      method: 'POST',
      payload: { type: at % 2 ? 'conversion' : 'lead', city: 'Blue Ridge' },
      ...(token && { token }),
    });
  assert.deepEqual(statuses(await times(60, tell('203.0.113.5'))), { 202: 20, 429: 40 });
  assert.equal(open.counted.length, 20);
  assert.equal(open.vouched.length, 0);
  // Each of ten thousand addresses in its turn, against a Houston that nobody asks for: src/planning has the law.
  const recorder = new DemandRecorder({ database: database.pool, onError: (error) => errors.push(error) });
  for (let address = 0; address < 10_000; address++) {
    for (let at = 0; at < 20; at++) recorder.count(open.counted[0]!, 'conversion', false);
  }
  await recorder.stop();
  const { targets, cities } = await engine.explain({ kind: 'priority', requested_by: 'test', force: true });
  assert.ok(cities.includes(open.counted[0]!));
  // A reason names the city that was most urgent.
  assert.equal(targets.length, 6);
  assert.doesNotMatch(targets.map(({ reason }) => reason).join(), /Blue Ridge/);

  const closed = openStrict({ eventsKey: EVENTS_KEY });
  const event = { method: 'POST', payload: { type: 'search', city: 'Blue Ridge' } } as const;
  assert.equal((await closed.from('203.0.113.5', '/v1/events', event)).statusCode, 401);
  assert.equal(
    (await closed.from('203.0.113.5', '/v1/events', { ...event, token: OPERATOR })).statusCode,
    401,
  );
  assert.equal(closed.counted.length, 0);
  const own = await times(40, () =>
    closed.from('203.0.113.6', '/v1/events', { ...event, token: EVENTS_KEY }),
  );
  assert.deepEqual(statuses(own), { 202: 40 });
  assert.equal(closed.vouched.length, 40);
  assert.deepEqual(
    (await closed.from('192.0.2.5', '/openapi.json')).json().paths['/v1/events'].post.security,
    [{ eventsKey: [] }],
  );
});

test('tokens have names and roles; wrong ones are counted, limited and audited, and other sites get nothing', async () => {
  const { from } = openStrict();
  const look = await from('192.0.2.20', '/v1/admin/audit', { token: READER });
  assert.equal(look.statusCode, 200);
  assert.equal(look.headers['access-control-allow-origin'], undefined);
  const act = { method: 'DELETE', token: READER } as const;
  const refused = await from('192.0.2.20', '/v1/admin/cache?place=dallas-tx', act);
  assert.deepEqual([refused.statusCode, refused.json().code], [403, 'forbidden']);
  assert.match(refused.json().detail, /"dana" has the role read; this needs one with the role operate/);
  assert.equal(refused.headers['access-control-allow-origin'], undefined);
  assert.equal(
    (await from('192.0.2.21', '/v1/admin/cache?place=dallas-tx', { ...act, token: OPERATOR })).statusCode,
    200,
  );

  const wrong = await times(12, (at) => from('192.0.2.66', '/v1/admin/audit', { token: `${OPERATOR}${at}` }));
  assert.deepEqual(statuses(wrong), { 401: 10, 429: 2 });
  assert.equal((await from('192.0.2.66', '/v1/admin/audit', { token: OPERATOR })).statusCode, 429);
  assert.equal((await from('192.0.2.67', '/v1/admin/audit', { token: OPERATOR })).statusCode, 200);
  assert.equal((await from('192.0.2.67', '/v1/admin/audit')).statusCode, 401);

  const { data } = (await from('192.0.2.67', '/v1/admin/audit', { token: READER })).json();
  const told = data.map(
    ({ actor, action, details }: { actor: string; action: string; details: { client?: string } }) =>
      [actor, action, details.client].filter(Boolean).join(' '),
  );
  assert.deepEqual(told, [
    'unknown token_refused 192.0.2.66',
    'unknown token_refused 192.0.2.66',
    'omar cache_cleared',
    'dana role_refused 192.0.2.20',
    // With a token that is not the key of events, above.
    'unknown token_refused 203.0.113.5',
  ]);
});

test('nothing unexpected happened on the way', () => assert.deepEqual(errors, []));
