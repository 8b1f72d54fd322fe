/** The pages met by strangers: what nobody may cause by looking, and what a browser is told when something is wrong. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STRANGERS } from '../../src/api/strangers/strangers.ts';
import { LayerUnavailableError } from '../../src/cache/layer-error.ts';
import { PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { HOUR_MS } from '../../src/units.ts';
import { openApi } from '../support/api.ts';
import { allDuns, createTestDatabase, ONCOR, until } from '../support/support.ts';
import { publishMarket } from './shop-market.ts';

const STALE_AFTER_MS = 2 * HOUR_MS;
const { database } = await createTestDatabase();
/** Every upstream call that was asked for. */
const asked: string[] = [];
const clock = { now: Date.now() };
const planSets = new PlanSetCache({
  layers: [{ name: 'active', read: (duns) => readActivePlanSet(database.pool, duns) }],
  staleAfterMs: STALE_AFTER_MS,
  now: () => clock.now,
  onStale: (duns) => void asked.push(`refresh ${duns}`),
  loadColdly: async (duns) => asked.push(`fetch ${duns}`),
});
const { app, unexpected } = openApi(database, undefined, {
  catalog: new Catalog({ planSets, staleAfterMs: STALE_AFTER_MS, now: () => clock.now }),
  staleAfterMs: STALE_AFTER_MS,
});
const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { accept: 'text/html,*/*;q=0.8', ...headers } });

test('no page causes an upstream call: not where nothing is stored, and not where it is old', async () => {
  const addresses = [
    '/',
    '/cities/dallas-tx',
    '/zip/75201',
    `/markets/${ONCOR}`,
    '/texas',
    '/how-we-rank',
    '/compare',
    '/sitemap.xml',
    '/pictures/texas.png',
    '/docs',
    '/openapi.json',
  ];
  for (const address of addresses) await get(address);
  assert.deepEqual(asked, []);

  await publishMarket(database, new Date(clock.now));
  clock.now += 1_001;
  // Nobody announced it here and no reader of the API came: looking alone brings what is stored into memory.
  await until(async () => (await get('/cities/dallas-tx')).statusCode === 200);
  await planSets.warm(allDuns);
  clock.now += STALE_AFTER_MS + 60_000;
  const plan = planSets.look(ONCOR)!.set.plans[0]!;
  const more = [
    `/plans/${plan.id}`,
    `/es/plans/${plan.id}`,
    `/providers/${plan.provider.id}`,
    `/compare?plans=${plan.id}`,
  ];
  for (let round = 0; round < 2; round++) {
    for (const address of [...addresses, ...more]) assert.ok((await get(address)).statusCode < 500, address);
    clock.now += 1_000;
  }
  assert.match((await get('/cities/dallas-tx')).body, /could not be confirmed lately/);
  assert.deepEqual(asked, []);

  // A reader of the API asks, though pages came in between.
  await app.inject('/v1/plans?city=dallas-tx');
  assert.deepEqual(asked, [`refresh ${ONCOR}`]);
  assert.deepEqual(unexpected, []);
});

test('a browser is told of its own mistakes with a page, a program with a problem', async () => {
  const limits = { perMinute: 3, costlyPerMinute: 1e6, eventsPerMinute: 1e6 };
  const shop = openApi(database, undefined, { strangers: { ...STRANGERS, limits } });
  const ask = (url: string, accept = 'text/html,*/*;q=0.8') => shop.app.inject({ url, headers: { accept } });
  for (let at = 0; at < 3; at++) assert.equal((await ask(`/?at=${at}`)).statusCode, 200);
  const refused = await ask('/es/accessibility');
  assert.equal(refused.statusCode, 429);
  assert.match(String(refused.headers['content-type']), /text\/html/);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal(refused.headers['cache-control'], 'no-store');
  assert.match(refused.body, /<html lang="es">[\s\S]*Demasiadas páginas/);
  const program = await ask('/accessibility', 'application/json');
  assert.deepEqual([program.statusCode, program.json().code], [429, 'too_many_requests']);

  for (const [url, status, told] of [
    ['/cities/%zz', 400, /This address cannot be read/],
    [`/cities/dallas-tx?provider=${'x'.repeat(5_000)}`, 414, /This address is too long/],
  ] as const) {
    const { statusCode, headers, body } = await get(url);
    assert.equal(statusCode, status);
    assert.match(String(headers['content-type']), /text\/html/);
    assert.match(body, told);
  }
});

test('while a layer does not answer a page says that it is not ready, not that something is broken', async () => {
  const catalog = new Catalog({ planSets, staleAfterMs: STALE_AFTER_MS });
  catalog.look = () => {
    throw new LayerUnavailableError('the layer active did not answer within 1000 ms');
  };
  const shop = openApi(database, undefined, { catalog });
  const { statusCode, headers, body } = await shop.app.inject('/texas');
  assert.deepEqual([statusCode, headers['retry-after']], [503, '5']);
  assert.match(body, /The plans are being fetched/);
  assert.deepEqual(shop.unexpected, []);
});

test('no address makes a link of a page lead to another host', async () => {
  for (const url of ['/es//evil.example/x', '/es/%5Cevil.example', '/es/\\evil.example']) {
    const { body } = await get(url);
    assert.doesNotMatch(body, /(?:href|src)="(?:\/|\\){2}/, url);
  }
});
