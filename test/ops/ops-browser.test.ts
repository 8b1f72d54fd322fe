import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { expectClean, openBrowser, openPage } from '../pages/browser.ts';
import { writePastDay } from '../support/past-day.ts';
import { createTestDatabase, ONCOR, syncAll, testGate } from '../support/support.ts';
import { openOps, TOKEN } from './open-ops.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 60, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
await writePastDay(database, new Date());
await syncAll(database, source);
sandbox.control.setFaults([parseFault('shrunk')]);
const { run_id } = await syncAll(database, source, { tdsps: [ONCOR], force: true });
sandbox.control.clearFaults();
const { app, engine, unexpected } = await openOps(database, source);
await app.listen({ port: 0, host: '127.0.0.1' });
const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
const browser = await openBrowser();

const WIDE = { width: 1440, height: 1000 };
const PHONE = { width: 390, height: 844 };

/** As a person does it who has no mouse. */
async function logIn(page: Page): Promise<void> {
  await page.goto('/ops');
  await page.locator('#who').focus();
  await page.keyboard.type('Ada');
  await page.keyboard.press('Tab');
  await page.keyboard.type(TOKEN);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/ops');
}

test('every page is clean by axe, on a phone and a desk, in light and dark', async () => {
  const paths = [
    '/ops',
    `/ops/runs/${run_id}`,
    '/ops/held/ONCOR',
    '/ops/alerts',
    '/ops/runbook',
    '/ops/database',
    '/ops/reports',
    '/ops/log',
    '/ops/runs',
    '/ops/do/silence',
  ];
  for (const [viewport, colorScheme] of [
    [WIDE, 'light'],
    [PHONE, 'dark'],
  ] as const) {
    const { page, complaints, close } = await openPage(browser, base, { viewport, colorScheme });
    await page.goto('/ops/login');
    await expectClean(page, `login ${viewport.width}`);
    await logIn(page);
    for (const path of paths) {
      await page.goto(path);
      await expectClean(page, `${path} ${viewport.width} ${colorScheme}`);
    }
    assert.deepEqual(complaints, []);
    await close();
  }
});

test('the page says what happens without being loaded again, and keeps what the reader is at', async () => {
  const { page, complaints, close } = await openPage(browser, base, { viewport: WIDE });
  await logIn(page);
  await page.locator('#live', { hasText: /^live$/ }).waitFor();
  const figure = page.locator('[popovertarget="x-calls"]');
  await figure.focus();
  await page.keyboard.press('Enter');
  const told = page.locator('#x-calls');
  assert.ok(await told.isVisible());
  assert.match((await told.textContent())!, /upstream_permits/);
  await engine.changeControl('stopped', { by: 'test', reason: null });
  await page.locator('h1', { hasText: 'Syncing was stopped' }).waitFor();
  assert.match(await page.title(), /stopped/);
  assert.ok(await page.locator('#hand', { hasText: 'Resume syncing…' }).isVisible());
  assert.ok(await told.isVisible(), 'what was open stays open');
  assert.ok(
    (await page.evaluate('document.activeElement.getAttribute("popovertarget")')) === 'x-calls',
    'and the focus where it was',
  );
  await page.keyboard.press('Escape');
  await page.locator('#hand a', { hasText: 'Resume syncing…' }).click();
  await page.locator('button', { hasText: 'Resume syncing' }).click();
  await page.locator('[role=status]', { hasText: 'Syncing goes on.' }).waitFor();
  assert.deepEqual(complaints, []);
  await close();
});

test('nothing moves while it loads, all of it is small, and the charts can be read point by point', async () => {
  const { page, complaints, close } = await openPage(browser, base, { viewport: WIDE });
  await logIn(page);
  const bytes: number[] = [];
  page.on('response', async (response) => {
    if (response.url().includes('/stream')) return;
    bytes.push((await response.request().sizes()).responseBodySize);
  });
  await page.addInitScript(`
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries()) shifts.push([value, ...sources.map(({ node }) => node?.parentElement?.outerHTML.slice(0, 90))].join(' '));
    }).observe({ type: 'layout-shift', buffered: true });
  `);
  await page.goto('/ops');
  await page.locator('[data-chart=latency] canvas').waitFor({ timeout: 30_000 });
  await page.locator('#live', { hasText: /^live$/ }).waitFor();
  assert.deepEqual(await page.evaluate('shifts'), []);
  const total = bytes.reduce((sum, one) => sum + one, 0);
  assert.ok(bytes.length >= 4 && total < 100_000, `${total} bytes in ${bytes.length} answers`);
  await page.locator('[data-chart=latency] .u-over').hover();
  await page.locator('[data-chart=latency] .tip', { hasText: /answers, p99 \d/ }).waitFor();
  const rows = page.locator('#t-calls tbody tr');
  await page.locator('#t-calls summary').click();
  assert.ok((await rows.count()) >= 24, 'the same numbers as a table');
  assert.deepEqual(complaints, []);
  await close();
});

test('without script it is a still, whole: figures explain themselves, charts are drawn, forms act', async () => {
  const { page, close } = await openPage(browser, base, { viewport: PHONE, javaScriptEnabled: false });
  await logIn(page);
  assert.match((await page.locator('#told').textContent())!, /a still$/);
  assert.ok(await page.locator('[data-chart=calls] svg').first().isVisible());
  await page.locator('a', { hasText: 'as a table' }).click();
  assert.ok(await page.locator('#t-latency tbody tr').first().isVisible());
  await page.locator('#hand a', { hasText: 'See what would change' }).click();
  await page.locator('summary', { hasText: 'Publish…' }).click();
  await page.locator('#vanish').fill('1');
  await page.locator('button', { hasText: /^Publish / }).click();
  assert.match((await page.locator('[role=alert]').textContent())!, /Type how many plans would vanish/);
  await page.locator('button', { hasText: 'Drop this snapshot' }).click();
  assert.match((await page.locator('[role=status]').textContent())!, /was dropped/);
  await page.goto('/ops/logout');
  await page.locator('button', { hasText: 'Log out' }).click();
  await page.goto('/ops/runs');
  assert.match(page.url(), /\/ops\/login\?next=/);
  assert.deepEqual(unexpected, []);
  await close();
});
