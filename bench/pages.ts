/** Pages: one from memory against raw node:http with the same bytes, and all pages of cities made anew. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { readTerritory } from '../src/store/territory.ts';
import { headersOf, type Load, load, RAW_SERVER, startProgram } from './http.ts';
import { withFolder } from './postgres.ts';
import { digits, median, type Say, type Section, verdict } from './report.ts';

const ROUNDS = 5;
const PAGE = '/cities/dallas-tx';
const PACKED = { 'accept-encoding': 'br' };
const AT_ONCE = 8;
/** One client asks for every city within seconds. */
const MANY_PAGES = { RATE_LIMIT_PER_MINUTE: '1000000' };

export function measurePages(say: Say): Promise<Section> {
  return withFolder(async (folder) => {
    const { child, url } = await startProgram(folder, MANY_PAGES);
    while (!(await fetch(`${url}/readyz`)).ok) await setTimeout(50);
    const { headers, body } = await bytesOf(url, PAGE);
    const raw = spawn(process.execPath, ['-e', RAW_SERVER], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    raw.send({ headers: headersOf(headers), body: body.toString('latin1') });
    const [port] = (await once(raw, 'message')) as [number];
    const pairs: { raw: Load; own: Load }[] = [];
    let cold: { plainMs: number; packedMs: number; pages: number };
    try {
      cold = await makeAll(url);
      say(`${cold.pages} pages of cities: ${digits(cold.plainMs)} ms, in Brotli ${digits(cold.packedMs)} ms`);
      for (let round = 0; round <= ROUNDS; round++) {
        const now = {
          raw: await load(`http://127.0.0.1:${port}`, () => PAGE, PACKED),
          own: await load(url, () => PAGE, PACKED),
        };
        // The first round warms up.
        if (round > 0) pairs.push(now);
        say(
          `round ${round}: raw ${digits(now.raw.perSecond)}, pages ${digits(now.own.perSecond)} requests/s`,
        );
      }
    } finally {
      raw.kill();
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    const ratio = median(pairs.map(({ raw, own }) => own.perSecond / raw.perSecond));
    const row = (title: string, loads: readonly Load[], times: number) => [
      title,
      digits(median(loads.map(({ perSecond }) => perSecond))),
      digits(times),
      digits(median(loads.map(({ p99Ms }) => p99Ms))),
    ];
    return {
      title: 'Pages',
      method:
        `\`${PAGE}\` in Brotli: ${digits(body.length)} bytes, 64 connections, server and load on the same cores; raw is node:http with ` +
        `one ready Buffer and the same headers; median of ${ROUNDS} interleaved rounds of 4 s. And the page of every city asked for ` +
        `once, ${AT_ONCE} at a time, before any of them was made: as text, then in Brotli.`,
      tables: [
        {
          title: 'A page from memory',
          head: ['server', 'requests/s', '× raw', 'p99 in ms'],
          rows: [
            row(
              'raw node:http, the same bytes',
              pairs.map(({ raw }) => raw),
              1,
            ),
            row(
              'wattsync',
              pairs.map(({ own }) => own),
              ratio,
            ),
          ],
        },
        {
          title: 'All pages of cities, made anew',
          head: ['pages', 'as text, ms', 'in Brotli, ms'],
          rows: [[digits(cold.pages), digits(cold.plainMs), digits(cold.packedMs)]],
        },
      ],
      findings: [
        `A page from memory at least 0.85 of raw (${digits(ratio)}): ${verdict(ratio >= 0.85)}`,
        `All pages of cities made anew within 3,000 ms (${digits(cold.plainMs)}): ${verdict(cold.plainMs <= 3_000)}`,
      ],
    };
  });
}

async function makeAll(url: string): Promise<{ plainMs: number; packedMs: number; pages: number }> {
  const paths = readTerritory().cities.map(({ slug }) => `/cities/${slug}`);
  const measure = async (headers: Record<string, string>): Promise<number> => {
    const started = performance.now();
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    await Promise.all(paths.map((path) => bytesOf(url, path, headers, agent)));
    agent.destroy();
    return performance.now() - started;
  };
  return { plainMs: await measure({}), packedMs: await measure(PACKED), pages: paths.length };
}

/** As they are sent: `fetch` would unpack them. */
function bytesOf(url: string, path: string, headers: Record<string, string> = PACKED, agent?: Agent) {
  const { promise, resolve, reject } = Promise.withResolvers<{ headers: [string, string][]; body: Buffer }>();
  get(url + path, { headers, agent }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      if (answer.statusCode !== 200) reject(new Error(`${path}: ${answer.statusCode}`));
      resolve({
        headers: Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
        body: Buffer.concat(chunks),
      });
    });
  }).on('error', reject);
  return promise;
}
