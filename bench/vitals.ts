/** How fast the pages are to people: a throttled phone loads six of them, presses, goes on and comes back; and what Lighthouse says. */

import { once } from 'node:events';
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { KEEPING_PAGES, launchBrowser, spawnChromium } from '../test/pages/browser.ts';
import { judge } from '../test/pages/lighthouse.ts';
import { startProgram } from './http.ts';
import { withFolder } from './postgres.ts';
import { type Arrival, pressAfterRest } from './prerendering.ts';
import { digits, median, type Say, type Section, spread, verdict } from './report.ts';

const ROUNDS = 5;
/** What Lighthouse calls slow 4G on a mid-range phone; a byte is 8 bits. */
const PHONE = {
  viewport: { width: 412, height: 823 },
  deviceScaleFactor: 1.75,
  isMobile: true,
  hasTouch: true,
};
const LINE = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 };
const SLOWER_CPU = 4;
const THROTTLED = [
  ['Network.enable', {}],
  ['Network.emulateNetworkConditions', LINE],
  ['Emulation.setCPUThrottlingRate', { rate: SLOWER_CPU }],
] as const;
/** After this long what a load or a press sets off is over. */
const SETTLED_MS = 1_000;
const AT_REST_MS = 500;
const BETWEEN_KEYS_MS = 120;
const AS_A_BROWSER = { headers: { accept: 'text/html', 'accept-encoding': 'br' } };
const OPS = '`/ops`';
const TOKEN = 'only-this-bench-knows-it';
/** One client asks for everything within seconds, and signs in. */
const SETTINGS = { RATE_LIMIT_PER_MINUTE: '1000000', ADMIN_TOKEN: TOKEN };

const TARGETS = {
  lcpMs: 1_000,
  cls: 0,
  tbtMs: 50,
  inpMs: 50,
  bytes: 40_000,
  scriptBytes: 5_000,
  nextMs: 100,
  lighthouse: 100,
};

/** Everything but `requests` (a count), `cls` (a score) and the two of `bytes` is in milliseconds. */
interface Visit {
  fcpMs: number;
  lcpMs: number;
  cls: number;
  tbtMs: number;
  inpMs: number;
  bytes: number;
  scriptBytes: number;
  requests: number;
}

/** Runs in the page before anything of it: keeps what the browser tells of its performance. */
const OBSERVE = `
  window.seen = { lcp: 0, cls: 0, long: [], presses: {} };
  const observe = (type, note, more) => new PerformanceObserver((list) => list.getEntries().forEach(note))
    .observe({ type, buffered: true, ...more });
  observe('largest-contentful-paint', ({ startTime }) => { seen.lcp = startTime; });
  observe('layout-shift', ({ value, hadRecentInput }) => { if (!hadRecentInput) seen.cls += value; });
  observe('longtask', ({ startTime, duration }) => seen.long.push([startTime, duration]));
  observe('event', ({ interactionId, duration }) => {
    if (interactionId > 0) seen.presses[interactionId] = Math.max(seen.presses[interactionId] ?? 0, duration);
  }, { durationThreshold: 16 });`;

interface Seen {
  lcp: number;
  cls: number;
  long: [startMs: number, durationMs: number][];
  /** The longest event of each interaction, by its id. */
  presses: Record<string, number>;
  fcp: number;
}
const READ = `({ ...seen, fcp: performance.getEntriesByName('first-contentful-paint')[0].startTime })`;

export function measureVitals(say: Say): Promise<Section> {
  return withFolder(async (folder) => {
    const { child, url } = await startProgram(folder, SETTINGS);
    while (!(await fetch(`${url}/readyz`)).ok) await setTimeout(50);
    const browser = await launchBrowser(KEEPING_PAGES);
    const cookie = await signIn(url);
    const visits: Record<string, Visit[]> = {};
    const scores: Record<string, number[]> = {};
    const returns: Return[] = [];
    const arrivals: Arrival[] = [];
    try {
      const pages = await addressesOf(url);
      // Nobody pays for a page that is made for the first time.
      for (const path of [...Object.values(pages), '/how-we-rank']) await fetch(url + path, AS_A_BROWSER);
      for (let round = 1; round <= ROUNDS; round++) {
        for (const [name, path] of Object.entries(pages)) {
          const visit = await visitOnce(browser, url + path, cookie);
          visits[name] = [...(visits[name] ?? []), visit];
          const score = await withFolder((own) => performanceOf(url + path, own, cookie));
          scores[name] = [...(scores[name] ?? []), score];
          say(`round ${round}, ${name}: Lighthouse ${score}, ${JSON.stringify(visit)}`);
        }
        const city = url + pages['a big city']!;
        const back = await comeBack(browser, city);
        const next = await withFolder((own) => pressAfterRest(city, own, THROTTLED));
        returns.push(back);
        arrivals.push(next);
        say(`round ${round}, on and back: ${JSON.stringify({ ...next, ...back })}`);
      }
    } finally {
      await browser.close();
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    return report(visits, { arrivals, returns, scores }, browser.version());
  });
}

/** @returns the cookie of an operator, as `name=value` */
async function signIn(url: string): Promise<string> {
  const answer = await fetch(`${url}/ops/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ who: 'bench', token: TOKEN, next: '/ops' }),
  });
  const [cookie] = answer.headers.getSetCookie();
  if (!cookie) throw new Error(`/ops/login answers ${answer.status} and lets nobody in`);
  return cookie.split(';')[0]!;
}

/** What Lighthouse makes of a first visit, by its own profile of a slow phone: 0 to 100. */
async function performanceOf(address: string, folder: string, cookie: string): Promise<number> {
  const chromium = await spawnChromium(folder);
  try {
    const { performance } = await judge(chromium.port, address, ['performance'], {
      extraHeaders: { cookie },
    });
    return performance!.score;
  } finally {
    await chromium.stop();
  }
}

async function addressesOf(url: string): Promise<Record<string, string>> {
  const city = '/cities/houston-tx';
  const text = await (await fetch(url + city, AS_A_BROWSER)).text();
  const ids = [...text.matchAll(/name="id" value="([^"]+)"/g)].map(([, id]) => id!);
  if (ids.length < 3) throw new Error(`${city} lists ${ids.length} plans, expected three or more to compare`);
  const compared = ids.slice(0, 3).map((id) => `id=${id}`);
  return {
    home: '/',
    'a big city': city,
    'a plan': `/plans/${ids[0]}`,
    compare: `/compare?${compared.join('&')}`,
    'the map': '/texas',
    [OPS]: '/ops',
  };
}

/** A browser that was never there loads the page, and presses what there is to press. */
async function visitOnce(browser: Browser, address: string, cookie: string): Promise<Visit> {
  const { context, page } = await openThrottled(browser);
  const [name, value] = cookie.split('=') as [string, string];
  await context.addCookies([{ name, value, url: new URL('/ops', address).href }]);
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  const kinds = new Map<string, string>();
  const sum = { bytes: 0, scriptBytes: 0 };
  session.on('Network.responseReceived', ({ requestId, type }) => void kinds.set(requestId, type));
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    if (!request.url.startsWith('data:')) kinds.set(requestId, '');
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (!kinds.has(requestId)) return;
    sum.bytes += encodedDataLength;
    if (kinds.get(requestId) === 'Script') sum.scriptBytes += encodedDataLength;
  });
  await page.goto(address, { waitUntil: 'load' });
  await setTimeout(SETTLED_MS);
  const loaded = (await page.evaluate(READ)) as Seen;
  const first = { ...sum, requests: kinds.size };
  await press(page);
  await setTimeout(SETTLED_MS);
  const pressed = (await page.evaluate(READ)) as Seen;
  await context.close();
  const blocking = loaded.long.map(([start, duration]) => {
    // Of a task that began before anything was painted counts what lies after.
    const from = Math.max(start, loaded.fcp);
    return Math.max(0, start + duration - from - 50);
  });
  return {
    fcpMs: loaded.fcp,
    lcpMs: loaded.lcp,
    cls: pressed.cls,
    tbtMs: blocking.reduce((total, ms) => total + ms, 0),
    // Those under 16 ms are not told of.
    inpMs: Math.max(16, ...Object.values(pressed.presses)),
    ...first,
  };
}

/** Types a place, unfolds what is folded, ticks plans, and goes through the page by keyboard, as far as each is there. */
async function press(page: Page): Promise<void> {
  if (await touch(page, '[data-suggest]', 0)) {
    for (const key of 'hous') await page.keyboard.press(key, { delay: BETWEEN_KEYS_MS });
  }
  for (const at of [0, 1]) await touch(page, 'summary', at);
  for (const at of [0, 1]) await touch(page, '.cmp input', at);
  for (let times = 0; times < 3; times++) await page.keyboard.press('Tab', { delay: BETWEEN_KEYS_MS });
}

/**
 * Brings the thing into view, waits until the page is at rest, and touches it. Playwright's own `tap` looks at the page
 * until the very moment of the touch, with up to 300 ms of layout on this phone, and the touch would wait for that.
 * @returns whether it is there
 */
async function touch(page: Page, selector: string, at: number): Promise<boolean> {
  const place = (await page.evaluate(placeOf(selector, at))) as { x: number; y: number } | null;
  if (!place) return false;
  await setTimeout(AT_REST_MS);
  await page.touchscreen.tap(place.x, place.y);
  await setTimeout(AT_REST_MS);
  return true;
}

/** Where a thing that can be seen is in the window, once it was brought there. */
const placeOf = (selector: string, at: number): string => `(() => {
  const found = [...document.querySelectorAll('${selector}')].filter((one) => one.checkVisibility())[${at}];
  if (!found) return null;
  found.scrollIntoView({ block: 'center', behavior: 'instant' });
  const { left, top, width, height } = found.getBoundingClientRect();
  return { x: left + Math.min(width / 2, 40), y: top + height / 2 };
})()`;

async function openThrottled(browser: Browser): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext(PHONE);
  const page = await context.newPage();
  await page.addInitScript(OBSERVE);
  const session = await context.newCDPSession(page);
  for (const [command, more] of THROTTLED) await session.send(command, more);
  return { context, page };
}

interface Return {
  /** Whether the page was kept whole, and what the browser says kept it from that. */
  isKept: boolean;
  notKept: unknown;
}

const LEAVE = `
  addEventListener('pageshow', ({ persisted }) => { window.isKept = persisted; });
  location.href = '/how-we-rank';`;
const BACK = `({ isKept: window.isKept === true,
  notKept: performance.getEntriesByType('navigation')[0].notRestoredReasons })`;

async function comeBack(browser: Browser, address: string): Promise<Return> {
  const { context, page } = await openThrottled(browser);
  await page.goto(address, { waitUntil: 'load' });
  await page.evaluate(LEAVE);
  await page.waitForURL('**/how-we-rank');
  await page.evaluate('history.back()');
  // A page that was kept is not loaded again.
  await page.waitForURL(address, { waitUntil: 'commit' });
  await setTimeout(SETTLED_MS);
  const back = (await page.evaluate(BACK)) as Return;
  await context.close();
  return back;
}

function report(
  visits: Record<string, Visit[]>,
  {
    arrivals,
    returns,
    scores,
  }: { arrivals: readonly Arrival[]; returns: readonly Return[]; scores: Record<string, readonly number[]> },
  version: string,
): Section {
  const pages = Object.entries(visits);
  // Operations are not for shoppers on phones: their figures stand in the table, the targets are not about them.
  const isOfShop = ([name]: [string, unknown]) => name !== OPS;
  const middle = (all: readonly Visit[], of: keyof Visit) => median(all.map((visit) => visit[of]));
  const worst = (of: keyof Visit) =>
    pages.filter(isOfShop).reduce((a, b) => (middle(b[1], of) > middle(a[1], of) ? b : a));
  const target = (what: string, of: keyof Visit, most: number, unit: string) => {
    const [name, all] = worst(of);
    const value = middle(all, of);
    return `${what} at most ${digits(most)}${unit} on each page for shoppers (most on ${name}: ${digits(value)}${unit}): ${verdict(value <= most)}`;
  };
  const city = visits['a big city']!;
  const next = arrivals.map(({ nextMs }) => nextMs);
  const ready = arrivals.filter(({ isPrerendered }) => isPrerendered).length;
  const kept = returns.filter(({ isKept }) => isKept).length;
  const ofShop = Object.entries(scores).filter(isOfShop);
  const [leastLiked, leastScores] = ofShop.reduce((a, b) => (median(b[1]) < median(a[1]) ? b : a));
  const cityBytes = middle(city, 'bytes');
  const scriptBytes = middle(city, 'scriptBytes');
  return {
    title: 'Vitals',
    method:
      `Chromium ${version}, headless, as a phone of ${PHONE.viewport.width} × ${PHONE.viewport.height} pixels: processor slowed ${SLOWER_CPU} times, 1.6 Mbit/s, ${LINE.latency} ms added to each ` +
      `request, browser and server on the same cores; every visit with an empty cache. Bytes are Brotli with headers. TBT counts from the first paint until ` +
      `${digits(SETTLED_MS)} ms after the load; INP is the longest of: a place typed, two folds opened, two plans ticked, three steps by ` +
      `Tab, as far as the page has them (under 16 ms the browser does not tell). Lighthouse is its score for performance with its own throttling. Medians of ${ROUNDS}, in turns; in the last minute ${digits(loadavg()[0]!)} programs wanted the ${availableParallelism()} cores: beyond as many as there are, times tell of the machine, too.`,
    tables: [
      {
        title: 'Six pages on a slow phone',
        head: [
          'page',
          'FCP',
          'LCP',
          'CLS',
          'TBT',
          'INP',
          'bytes',
          'of them script',
          'requests',
          'Lighthouse',
        ],
        rows: pages.map(([name, all]) => [
          name,
          digits(middle(all, 'fcpMs')),
          spread(
            all.map(({ lcpMs }) => lcpMs),
            digits,
          ),
          digits(middle(all, 'cls')),
          spread(
            all.map(({ tbtMs }) => tbtMs),
            digits,
          ),
          spread(
            all.map(({ inpMs }) => inpMs),
            digits,
          ),
          digits(middle(all, 'bytes')),
          digits(middle(all, 'scriptBytes')),
          digits(middle(all, 'requests')),
          spread(scores[name]!, digits),
        ]),
      },
    ],
    findings: [
      `The first load of a big city at most 40,000 bytes (${digits(cityBytes)}): ${verdict(cityBytes <= TARGETS.bytes)}, of which script at most 5,000 (${digits(scriptBytes)}): ${verdict(scriptBytes <= TARGETS.scriptBytes)}`,
      target('LCP', 'lcpMs', TARGETS.lcpMs, ' ms'),
      target('CLS', 'cls', TARGETS.cls, ''),
      target('TBT', 'tbtMs', TARGETS.tbtMs, ' ms'),
      target('INP', 'inpMs', TARGETS.inpMs, ' ms'),
      `The next page painted at most 100 ms after the press on a link that was rested on (${spread(next)}; it was ready before the press ${ready} times of ${arrivals.length}): ${verdict(median(next) <= TARGETS.nextMs)}`,
      `Lighthouse gives ${TARGETS.lighthouse} for performance on each page for shoppers (least on ${leastLiked}: ${spread(leastScores, digits)}): ${verdict(median(leastScores) >= TARGETS.lighthouse)}`,
      `On the way back the page is there as it was left (${kept} of ${returns.length}): ${verdict(kept === returns.length)}`,
    ],
  };
}
