/** Lighthouse finds nothing: on the pages that a shopper sees first, and on operations. What it measures is `bench vitals`. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { openOps } from '../ops/open-ops.ts';
import { openApi } from '../support/api.ts';
import { allDuns, createTestDatabase, ONCOR, syncAll, testGate } from '../support/support.ts';
import { spawnChromium } from './browser.ts';
import { type Category, judge } from './lighthouse.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 60 });
after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
await syncAll(database, source);
const { app, planSets } = openApi(database);
await planSets.warm(allDuns);
const shop = await app.listen({ port: 0, host: '127.0.0.1' });
const ops = await openOps(database, source);
await ops.app.listen({ port: 0, host: '127.0.0.1' });
const { port: opsPort } = ops.app.server.address() as AddressInfo;

const folder = mkdtempSync(join(tmpdir(), 'wattsync-lighthouse-'));
const chromium = await spawnChromium(folder);
after(async () => {
  await chromium.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** It waits for a page to be at rest: ours are with their first answer. */
const AT_REST = {
  pauseAfterFcpMs: 0,
  pauseAfterLoadMs: 0,
  networkQuietThresholdMs: 50,
  cpuQuietThresholdMs: 0,
};
const SHOP: readonly Category[] = ['accessibility', 'best-practices', 'seo'];
const [one, two, three] = planSets.peek(ONCOR)!.set.plans.map(({ id }) => id);

for (const [name, path] of [
  ['the front page', '/'],
  ['a big city', '/cities/dallas-tx'],
  ['a plan', `/plans/${one}`],
  ['the map, in Spanish', '/es/texas'],
] as const) {
  test(`${name} gets all points for accessibility, best practices, and being found`, async () => {
    const verdicts = await judge(chromium.port, `${shop}${path}`, SHOP, AT_REST);
    for (const category of SHOP)
      assert.deepEqual(verdicts[category], { score: 100, faults: [] }, `${path}, ${category}`);
  });
}

test('plans side by side get all points, but are kept from search engines on purpose', async () => {
  const path = `/compare?id=${one}&id=${two}&id=${three}&from=/cities/dallas-tx`;
  const { seo, ...others } = await judge(chromium.port, `${shop}${path}`, SHOP, AT_REST);
  for (const verdict of Object.values(others)) assert.deepEqual(verdict, { score: 100, faults: [] });
  // Any four of hundreds of plans would be a page of its own, each for as long as its plans are sold.
  assert.deepEqual(seo?.faults, ['is-crawlable']);
});

test('operations get all points for accessibility and best practices', async () => {
  const cookie = ops.cookieOf(await ops.logIn());
  const categories: readonly Category[] = ['accessibility', 'best-practices'];
  const verdicts = await judge(chromium.port, `http://127.0.0.1:${opsPort}/ops`, categories, {
    ...AT_REST,
    extraHeaders: { cookie },
  });
  for (const category of categories) assert.deepEqual(verdicts[category], { score: 100, faults: [] });
});
