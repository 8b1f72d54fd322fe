/** A browser before the pages, with or without script, in either language: what a person sees, and what axe finds. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after } from 'node:test';
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type LaunchOptions,
  type Page,
} from 'playwright-core';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** What a Chromium of a test does without. */
export const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-sync',
  '--no-first-run',
];

const pathOfChromium = (): string => execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim();

/** @param options `ignoreDefaultArgs` takes switches away that Playwright sets by itself */
export function launchBrowser(options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch({ executablePath: pathOfChromium(), args: QUIET, ...options });
}

/** A browser that is not driven by Playwright, for what Playwright stands in the way of. */
export interface SpawnedChromium {
  /** Where it takes the DevTools protocol: `ws://…` */
  address: string;
  port: number;
  stop(): Promise<void>;
}

/** @param folder where it keeps what it keeps */
export async function spawnChromium(folder: string): Promise<SpawnedChromium> {
  const args = [...QUIET, '--headless=new', '--remote-debugging-port=0', `--user-data-dir=${folder}`];
  const child = spawn(pathOfChromium(), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
    const [found] = /ws:\/\/\S+/.exec(said) ?? [];
    if (found) resolve(found);
  });
  child.once('exit', () => reject(new Error(`Chromium ended: ${said}`)));
  const address = await promise;
  return {
    address,
    port: Number(new URL(address).port),
    async stop() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** Lets a browser keep whole pages for the way back, which Playwright forbids by itself. */
export const KEEPING_PAGES: LaunchOptions = { ignoreDefaultArgs: ['--disable-back-forward-cache'] };

export async function openBrowser(options: LaunchOptions = {}): Promise<Browser> {
  const browser = await launchBrowser(options);
  after(() => browser.close());
  return browser;
}

/** A page of its own. Whatever it complains of fails the test. */
export async function openPage(
  browser: Browser,
  baseURL: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[]; close(): Promise<void> }> {
  const context = await browser.newContext({ baseURL, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A page that is not there is told of in the console, too.
    const isComplaint =
      ['error', 'warning'].includes(message.type()) && !message.text().includes('status of 4');
    if (isComplaint) complaints.push(message.text());
  });
  return { page, complaints, close: () => context.close() };
}

/** What axe finds against WCAG 2.2 AA, or by some of its rules only. */
async function axeFinds(page: Page, rules: readonly string[] | null): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async (only) => {
    const { axe } = globalThis as unknown as {
      axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations } = await axe.run({
      runOnly: only ? { type: 'rule', values: only } : { type: 'tag', values: tags },
    });
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`,
    );
  }, rules);
}

/** By how many pixels the page is wider than its window. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

export async function expectClean(
  page: Page,
  what: string,
  rules: readonly string[] | null = null,
): Promise<void> {
  assert.deepEqual(await axeFinds(page, rules), [], what);
  assert.equal(await overflow(page), 0, `${what} is wider than its window`);
}
