/** What a person does on the pages, done in a browser: in English and Spanish, with script and without, on real plans. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import type { Locator, Page } from 'playwright-core';
import { type Visit, VitalsRecorder } from '../../src/pages/beacon/vitals-recorder.ts';
import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import { readPageVitals } from '../../src/store/observation/page-vitals.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { openApi } from '../support/api.ts';
import { allDuns, createTestDatabase, ONCOR, territory, until } from '../support/support.ts';
import { expectClean, KEEPING_PAGES, openBrowser, openPage, overflow, QUIET } from './browser.ts';

const PHONE = { width: 390, height: 844 };
const SMALLEST = { width: 320, height: 640 };
const DESK = { width: 1440, height: 900 };
/** A window of 1,280 × 1,024 pixels at 400 % (WCAG 2.2, 1.4.10). */
const ZOOMED = { viewport: { width: 320, height: 256 }, deviceScaleFactor: 4 };

const { database } = await createTestDatabase();
const bytes = readFileSync(new URL('../fixtures/oncor-2026-07-20.csv', import.meta.url));
const tdspByName = (name: string, year: number | null) => territory.tdspByFeedName(name, year)?.duns;
const drafts = parsePowerToChoose(bytes, { duns: allDuns, tdspByName }).tdsps.flatMap(({ plans }) => plans);
for (const tdsp_duns of allDuns) {
  const now = new Date();
  // The file that comes with the tests has no addresses.
  const documents = { efl: 'https://example.com/label.pdf', tos: null, yrac: null };
  const plans = drafts
    .filter((one) => one.tdsp_duns === ONCOR)
    .map((one) => ({ ...one, tdsp_duns, documents }));
  const snapshot = {
    tdsp_duns,
    source: 'powertochoose',
    origin: 'test',
    plans,
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

const SPEECH = {
  en: {
    home: '/',
    find: 'Find plans',
    headline: /A house in Dallas pays \$1,601 a year or more/,
    apartment: /^Apartment/,
    apartmentPays: /[Aa]n apartment in Dallas pays/,
    filter: /Filter \d+ plans/,
    terms: /12 to 18 months/,
    credits: /Bill credits/,
    show: 'Show these plans',
    compare: 'Compare',
    costsLess: / costs \$\d+ less a year than |cost the same a year/,
    own: /My own/,
    showOwn: 'Show',
    ownPays: /[Yy]our home in Dallas pays/,
    label: /^Open/,
  },
  es: {
    home: '/es',
    find: 'Buscar planes',
    headline: /Una casa en Dallas paga \$1,601 al año o más por la luz/,
    apartment: /^Apartamento/,
    apartmentPays: /[Uu]n apartamento en Dallas paga/,
    filter: /Filtrar \d+ planes/,
    terms: /12 a 18 meses/,
    credits: /Créditos por consumo/,
    show: 'Ver estos planes',
    compare: 'Comparar',
    costsLess: / cuesta \$\d+ menos al año que |cuestan lo mismo al año/,
    own: /El mío/,
    showOwn: 'Ver',
    ownPays: /[Ss]u casa en Dallas paga/,
    label: /^Abrir/,
  },
} as const;

/** How somebody points at things and presses them. */
interface Hand {
  press(thing: Locator): Promise<void>;
  fill(field: Locator, text: string): Promise<void>;
}

const pointer: Hand = { press: (thing) => thing.click(), fill: (field, text) => field.fill(text) };

/** Nothing lies over its middle (WCAG 2.2, 2.4.11). */
const isInSight = (thing: Locator): Promise<boolean> =>
  thing.evaluate((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const found = element.ownerDocument.elementFromPoint(left + width / 2, top + height / 2);
    return found !== null && (element.contains(found) || found.contains(element));
  });

/** Goes by Tab to what it presses, and sees where it is. */
const keyboardOf = (page: Page): Hand => {
  const reach = async (thing: Locator) => {
    const isThere = () => thing.evaluate((element) => element === element.ownerDocument.activeElement);
    for (let steps = 0; !(await isThere()); steps++) {
      assert.ok(steps < 200, `${thing} cannot be reached by Tab`);
      await page.keyboard.press('Tab');
    }
    assert.ok(await isInSight(thing), `${thing} has the focus, and is out of sight`);
  };
  return {
    async press(thing) {
      await reach(thing);
      const isBox = (await thing.getAttribute('type')) === 'checkbox';
      await page.keyboard.press(isBox ? 'Space' : 'Enter');
      await page.waitForLoadState();
    },
    async fill(field, text) {
      await reach(field);
      await page.keyboard.press('ControlOrMeta+a');
      await page.keyboard.type(text);
    },
  };
};

const WAYS = [
  { language: 'en', javaScriptEnabled: true, by: 'pointer', window: { viewport: PHONE } },
  { language: 'es', javaScriptEnabled: false, by: 'pointer', window: { viewport: SMALLEST } },
  { language: 'es', javaScriptEnabled: true, by: 'keyboard', window: { viewport: DESK } },
  { language: 'en', javaScriptEnabled: false, by: 'keyboard', window: ZOOMED },
] as const;

for (const { language, javaScriptEnabled, by, window } of WAYS) {
  const size = `${window.viewport.width} × ${window.viewport.height}`;
  const how = `${language}, ${javaScriptEnabled ? 'with' : 'without'} script, by ${by}, ${size}`;
  test(`somebody finds plans, changes the usage, filters, and sets plans side by side (${how})`, async () => {
    const say = SPEECH[language];
    const { page, complaints, close } = await openPage(browser, url, { javaScriptEnabled, ...window });
    const { press, fill } = by === 'pointer' ? pointer : keyboardOf(page);
    const h1 = async () => String(await page.locator('h1').textContent());
    await page.goto(say.home);
    await fill(page.getByRole(javaScriptEnabled ? 'combobox' : 'textbox'), 'Dallas');
    await press(page.getByRole('button', { name: say.find }));
    await page.waitForURL('**/cities/dallas-tx');
    assert.match(await h1(), say.headline);
    await press(page.getByRole('link', { name: say.apartment }));
    await page.waitForURL('**profile=apartment');
    assert.match(await h1(), say.apartmentPays);
    // On a wide screen the filters are unfolded.
    if (window.viewport !== DESK) await press(page.locator('summary', { hasText: say.filter }));
    await press(page.getByRole('checkbox', { name: say.terms }));
    await press(page.getByRole('checkbox', { name: say.credits }));
    await press(page.getByRole('button', { name: say.show }));
    await page.waitForURL('**without=credits**');
    assert.match(page.url(), /\?profile=apartment&term=12-18&without=credits&provider=$/);
    assert.match(await h1(), say.apartmentPays);
    await press(page.locator('.cmp input').nth(1));
    await press(page.locator('.cmp input').nth(4));
    assert.equal(await overflow(page), 0);
    await press(page.getByRole('button', { name: say.compare, exact: true }));
    await page.waitForURL('**/compare?**');
    assert.match(await h1(), say.costsLess);
    assert.ok(
      (await page.getByRole('link', { name: say.label }).first().getAttribute('href'))!.startsWith('http'),
    );
    await page.goBack();
    assert.match(await h1(), say.apartmentPays);
    await press(page.getByRole('link', { name: say.own }));
    await page.waitForURL('**own=1**');
    for (const field of await page.locator('[name=m]').all()) await fill(field, '1,200');
    await press(page.locator('.own').getByRole('button', { name: say.showOwn }));
    await page.waitForURL('**kwh=1200**');
    assert.match(await h1(), say.ownPays);
    assert.equal(await overflow(page), 0);
    assert.deepEqual(complaints, []);
    await close();
  });
}

test('by keyboard alone: skip to the content, choose a suggestion, come back to a place kept on the device', async () => {
  const { page, complaints, close } = await openPage(browser, url, { viewport: DESK });
  await page.goto('/');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement.className'), 'skip');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement.id'), 'q');
  await page.keyboard.type('7506');
  await page.getByRole('option', { name: /75067/ }).waitFor();
  const options = await page.getByRole('option').allTextContents();
  const at = options.findIndex((text) => text.startsWith('75067'));
  for (let press = 0; press <= at; press++) await page.keyboard.press('ArrowDown');
  assert.equal(await page.locator('#q').getAttribute('aria-activedescendant'), `s${at}`);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/zip/75067');
  assert.match(String(await page.locator('main').textContent()), /In 75067 two companies deliver/);
  await page.goto('/');
  await page.getByRole('link', { name: '75067 (Lewisville)' }).waitFor();
  await page.getByRole('button', { name: 'Forget them' }).click();
  await page.reload();
  assert.equal(await page.getByRole('link', { name: '75067 (Lewisville)' }).count(), 0);
  assert.deepEqual(complaints, []);
  await close();
});

test('a fifth plan cannot be ticked, and what was ticked is still there on the way back', async () => {
  const { page, close } = await openPage(browser, url, { viewport: DESK });
  await page.goto('/cities/dallas-tx');
  for (const row of [0, 1, 2, 3]) await page.locator('.cmp input').nth(row).check();
  assert.ok(await page.locator('.cmp input').nth(5).isDisabled());
  assert.match(String(await page.locator('.tray').textContent()), /4 of 4/);
  await page.getByRole('button', { name: 'Compare', exact: true }).click();
  await page.waitForURL('**/compare?**');
  await page.goBack();
  await page.waitForFunction(`document.querySelectorAll('.cmp :checked').length === 4`);
  assert.match(String(await page.locator('.tray').textContent()), /4 of 4/);
  await close();
});

const somePlans = async () => {
  const { body } = await app.inject('/cities/dallas-tx?all=1');
  return [...body.matchAll(/name="id" value="([^"]+)"/g)].map(([, id]) => id!);
};

test('axe finds nothing, in the light and in the dark, on a phone of 320 pixels and on a desk', async () => {
  const ids = await somePlans();
  const paths = [
    '/',
    '/es?q=San+Antonio',
    '/cities/dallas-tx?own=1&without=credits',
    '/zip/75067',
    `/es/compare?id=${ids[0]}&id=${ids[57]}&id=${ids.at(-1)}&from=/cities/dallas-tx`,
    '/nothing',
  ];
  await Promise.all(
    (
      [
        ['light', SMALLEST],
        ['dark', DESK],
      ] as const
    ).map(async ([colorScheme, viewport]) => {
      const { page, close } = await openPage(browser, url, { colorScheme, viewport });
      for (const path of paths) {
        await page.goto(path);
        await expectClean(
          page,
          `${path}, ${colorScheme}`,
          colorScheme === 'dark' ? ['color-contrast'] : null,
        );
      }
      await close();
    }),
  );
});

test('with text of twice the size a window of 1,280 pixels is wide enough, and all of the text is larger', async () => {
  const large = await openBrowser({ args: [...QUIET, '--blink-settings=defaultFontSize=32'] });
  const { page, close } = await openPage(large, url, { viewport: { width: 1280, height: 1024 } });
  const [one, two, three] = await somePlans();
  for (const path of [
    '/',
    '/es/cities/dallas-tx?own=1',
    '/zip/75067',
    `/plans/${one}`,
    `/es/compare?id=${one}&id=${two}&id=${three}&from=/cities/dallas-tx`,
    '/es/texas',
    `/markets/${ONCOR}`,
    '/how-we-rank',
  ]) {
    await page.goto(path);
    await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
    assert.equal(await overflow(page), 0, path);
    const size = await page.evaluate(
      'parseFloat(getComputedStyle(document.querySelector("footer p")).fontSize)',
    );
    assert.equal(size, 26, path);
  }
  await close();
});

test('on a phone the choice of a usage keeps to the margin that everything else keeps to', async () => {
  for (const viewport of [PHONE, SMALLEST]) {
    const { page, close } = await openPage(browser, url, { viewport });
    await page.goto('/cities/dallas-tx');
    const [title, choice] = await Promise.all(
      ['h1', '.prof ul'].map((selector) => page.locator(selector).first().boundingBox()),
    );
    assert.equal(choice!.x, title!.x);
    assert.ok(choice!.x + choice!.width <= viewport.width - title!.x);
    await close();
  }
});

test('nothing moves while a page loads', async () => {
  const { page, close } = await openPage(browser, url, { viewport: PHONE });
  for (const path of ['/', '/cities/dallas-tx', '/zip/75067']) {
    await page.addInitScript(`
      window.shifts = 0;
      new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shifts += one.value; })
        .observe({ type: 'layout-shift', buffered: true });`);
    const answer = await page.goto(path);
    assert.ok(!answer!.headers()['cache-control']!.includes('no-store'));
    assert.equal(await page.evaluate('window.shifts'), 0, path);
  }
  await close();
});

test('on the way back every page is there as it was left', async () => {
  const { page, complaints, close } = await openPage(await openBrowser(KEEPING_PAGES), url, {
    viewport: PHONE,
  });
  const [one, two] = await somePlans();
  const from = 'from=/cities/dallas-tx';
  for (const path of [
    '/',
    '/cities/dallas-tx',
    '/zip/75067',
    `/plans/${one}`,
    `/compare?id=${one}&id=${two}&${from}`,
    '/texas',
  ]) {
    await page.goto(path);
    await page.evaluate(`addEventListener('pageshow', ({ persisted }) => { window.isKept = persisted; });`);
    await page.evaluate(`location.href = '/how-we-rank'`);
    await page.waitForURL('**/how-we-rank', { waitUntil: 'commit' });
    await page.evaluate('history.back()');
    // A page that was kept is not loaded again.
    await page.waitForURL((now) => now.pathname + now.search === path, { waitUntil: 'commit' });
    // A page that was loaded anew has no such listener, and tells what kept it from being kept.
    const back = await page.evaluate(`new Promise((done) => {
      const look = () => {
        const { notRestoredReasons } = performance.getEntriesByType('navigation')[0];
        if (window.isKept || notRestoredReasons) done({ isKept: window.isKept ?? false, notRestoredReasons });
        else setTimeout(look, 20);
      };
      look();
    })`);
    assert.deepEqual(back, { isKept: true, notRestoredReasons: null }, path);
  }
  assert.deepEqual(complaints, []);
  await close();
});

test('a link that is rested on is fetched ahead, and counts as demand once somebody looks', async () => {
  const events: string[] = [];
  const asking = openApi(database, undefined, {
    onEvent: (slug, event) => void events.push(`${slug} ${event}`),
  });
  await asking.planSets.warm(allDuns);
  const address = await asking.app.listen({ port: 0, host: '127.0.0.1' });
  const asked: string[] = [];
  asking.app.server.on('request', ({ url: path, headers }) =>
    asked.push(`${path} ${headers['sec-purpose']}`),
  );
  const { page, close } = await openPage(browser, address);
  await page.goto('/');
  const link = page.locator('a[href="/cities/houston-tx"]');
  await link.hover();
  await until(() => asked.some((one) => one.startsWith('/cities/houston-tx prefetch')));
  assert.deepEqual(events, []);
  await link.click();
  await page.waitForURL('**/cities/houston-tx');
  await until(() => events.length > 0);
  await page.goto('/cities/dallas-tx');
  assert.deepEqual(events, ['houston-tx search', 'dallas-tx search']);
  assert.equal(asked.filter((one) => one.startsWith('/views ')).length, 1);
  assert.ok(
    !asked.includes('/cities/houston-tx undefined'),
    'what was fetched ahead was not asked for again',
  );
  await close();
});

test('a first visit of a city costs at most 40 kB, of which 5 kB are script', async () => {
  const page = await app.inject({ url: '/cities/dallas-tx', headers: { 'accept-encoding': 'br' } });
  const script = /src="(\/assets\/[^"]+)"/.exec(String((await app.inject('/cities/dallas-tx')).body))![1]!;
  const scriptBytes = brotliCompressSync((await app.inject(script)).rawPayload).length;
  assert.ok(scriptBytes <= 5_000, `${scriptBytes} bytes of script`);
  assert.ok(page.rawPayload.length + scriptBytes <= 40_000, `${page.rawPayload.length + scriptBytes} bytes`);
  // Nothing else is asked for.
  const { page: tab, close } = await openPage(browser, url);
  const asked: string[] = [];
  tab.on('request', (request) => asked.push(request.resourceType()));
  await tab.goto('/cities/dallas-tx', { waitUntil: 'networkidle' });
  assert.deepEqual(asked.toSorted(), ['document', 'script']);
  await close();
});

test('where the operator asks for it, a browser tells how fast a page was, and nothing else', async () => {
  const recorder = new VitalsRecorder({
    database: database.pool,
    onError: (error) => assert.fail(String(error)),
  });
  const told: [string, Visit][] = [];
  const asking = openApi(database, undefined, {
    onVisit: (kind, visit) => {
      told.push([kind, visit]);
      recorder.note(kind, visit);
    },
  });
  await asking.planSets.warm(allDuns);
  const address = await asking.app.listen({ port: 0, host: '127.0.0.1' });
  const { page, complaints, close } = await openPage(browser, address, { viewport: PHONE });
  await page.goto('/zip/75201');
  await page.getByRole('link', { name: SPEECH.en.apartment }).click();
  await page.goto('/');
  await until(() => told.length > 0);
  const [kind, visit] = told[0]!;
  assert.equal(kind, '/zip/:zip');
  assert.ok(Object.keys(visit).every((name) => ['lcp', 'inp', 'cls'].includes(name)));
  assert.ok(visit.lcp! > 0);
  await until(async () => {
    await recorder.flush();
    const range = { from: new Date(Date.now() - 7_200_000), to: new Date(Date.now() + 7_200_000) };
    const [kept] = await readPageVitals(database.pool, range);
    return kept?.page === '/zip/:zip' && kept.visits >= 1 && kept.p75.cls === 0;
  });
  assert.deepEqual(complaints, []);
  await close();
  for (const bad of [{}, { page: '/zip/75201' }, { page: '/', lcp: -1 }, { page: '/', who: 'me' }]) {
    const answer = await asking.app.inject({ method: 'POST', url: '/beacon', payload: bad });
    assert.equal(answer.statusCode, 400, JSON.stringify(bad));
  }
  // Unasked, no page measures anything, and nobody listens.
  assert.doesNotMatch((await app.inject('/zip/75201')).body, /vitals/);
  assert.equal(
    (await app.inject({ method: 'POST', url: '/beacon', payload: { page: '/' } })).statusCode,
    404,
  );
});

test('nothing went wrong that nobody expected', () => assert.deepEqual(unexpected, []));
