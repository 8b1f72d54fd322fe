/** A person looks closer, in a browser: at a plan, a market, a provider and the map; by keyboard, without script, in both languages. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { openApi } from '../support/api.ts';
import { allDuns, createTestDatabase, ONCOR, territory } from '../support/support.ts';
import { expectClean, openBrowser, openPage } from './browser.ts';

const { database } = await createTestDatabase();
const bytes = readFileSync(new URL('../fixtures/oncor-2026-07-20.csv', import.meta.url));
const tdspByName = (name: string, year: number | null) => territory.tdspByFeedName(name, year)?.duns;
const { plans } = parsePowerToChoose(bytes, { duns: allDuns, tdspByName }).tdsps.find(
  ({ tdsp_duns }) => tdsp_duns === ONCOR,
)!;
const now = new Date();
for (const tdsp_duns of allDuns) {
  const own = plans.map((plan) => ({ ...plan, tdsp_duns }));
  const snapshot = {
    tdsp_duns,
    source: 'powertochoose',
    origin: 'test',
    plans: own,
    rejected: [],
    observed_at: now,
    run_id: 1,
  };
  await publish(database, snapshot, { now, cacheTtlMs: 7_200_000, passed_as: 'overridden' });
}
const { app, planSets, unexpected } = openApi(database);
await planSets.warm(allDuns);
const url = await app.listen({ port: 0, host: '127.0.0.1' });
const browser = await openBrowser();
const saver = planSets.peek(ONCOR)!.set.plans.find(({ name }) => name === 'SimpleSaver 12')!;
const PATHS = [
  `/plans/${saver.id}`,
  `/markets/${ONCOR}`,
  `/providers/${saver.provider.id}`,
  '/texas',
  '/texas?by=price',
  '/how-we-rank',
  '/accessibility',
];

test('axe finds nothing on any page, and none is wider than its window: on a phone, at 320 px, dark, in Spanish', async () => {
  for (const [prefix, width, colorScheme, paths] of [
    ['', 390, 'light', PATHS],
    ['/es', 320, 'dark', PATHS.slice(0, 4)],
  ] as const) {
    const { page, complaints, close } = await openPage(browser, url, {
      viewport: { width, height: 800 },
      colorScheme,
    });
    for (const path of paths) {
      await page.goto(`${prefix}${path}`);
      for (const more of await page.locator('summary').all()) await more.click();
      await expectClean(page, `${prefix}${path} at ${width}`);
    }
    assert.deepEqual(complaints, []);
    await close();
  }
});

test('without script a person changes the usage, asks what if, and reads the figures of a drawing', async () => {
  const { page, close } = await openPage(browser, url, { javaScriptEnabled: false });
  await page.goto(`/plans/${saver.id}`);
  assert.match((await page.locator('h1').textContent())!, /^SimpleSaver 12 costs a house \$1,90\d a year$/);
  await page.getByLabel('Change of usage, in %').fill('10');
  await page.getByRole('button', { name: 'Work it out' }).click();
  assert.match(page.url(), /change=10#what$/);
  const asked = page.locator('tr.now');
  assert.match((await asked.textContent())!, /^10 % more/);
  await page.getByRole('link', { name: /^Apartment/ }).click();
  assert.match((await page.locator('h1').textContent())!, /costs an apartment \$/);
  const months = page.locator('details').first();
  await months.locator('summary').click();
  assert.equal(await months.getByRole('row').count(), 13);
  await close();
});

test('by keyboard a person goes from the map to a market and from there to a plan, in Spanish', async () => {
  const { page, close } = await openPage(browser, url);
  await page.goto('/es/texas');
  const press = async (name: string) => {
    const link = page.getByRole('link', { name, exact: true }).first();
    for (let presses = 0; presses < 60; presses++) {
      if (await link.evaluate((element) => element === element.ownerDocument.activeElement)) break;
      await page.keyboard.press('Tab');
    }
    const outline = await link.evaluate(
      (element) => element.ownerDocument.defaultView!.getComputedStyle(element).outlineWidth,
    );
    assert.equal(outline, '3px', `${name} has a visible focus`);
    await page.keyboard.press('Enter');
    await page.waitForLoadState();
  };
  await press('Oncor');
  await page.waitForURL(/\/es\/markets\//);
  assert.match((await page.locator('h1').textContent())!, /Una casa paga \$1,60\d al año o más/);
  await press('True Value 12');
  await page.waitForURL(/\/es\/plans\//);
  assert.match(
    (await page.locator('h1').textContent())!,
    /True Value 12 le cuesta a una casa \$1,60\d al año/,
  );
  await close();
});

test('first loads are small: a plan and the map with all their drawings', async () => {
  for (const [path, most] of [
    [PATHS[0]!, 16_000],
    ['/texas', 24_000],
    ['/texas?by=price', 26_000],
    [PATHS[1]!, 14_000],
  ] as const) {
    const html = Buffer.from(
      await (await fetch(`${url}${path}`, { headers: { accept: 'text/html' } })).arrayBuffer(),
    );
    const size = brotliCompressSync(html).length;
    assert.ok(size <= most, `${path}: ${size} bytes, at most ${most}`);
  }
  assert.deepEqual(unexpected, []);
});
