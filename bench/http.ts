/** `/v1/plans` over HTTP, against raw node:http sending the same bytes with the same headers. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { withFolder } from './postgres.ts';
import { digits, median, type Say, type Section, verdict } from './report.ts';

const ROUNDS = 5;
const SECONDS = 4;
const CONNECTIONS = 64;
const PAGE = '/v1/plans?city=dallas-tx&limit=18';

export const RAW_SERVER = `
  const { createServer } = require('node:http');
  process.once('message', ({ headers, body }) => {
    const bytes = Buffer.from(body, 'latin1');
    const { 'content-length': _length, ...bare } = headers;
    const server = createServer((request, response) => {
      if (request.url === '/304') { response.writeHead(304, bare); response.end(); }
      else { response.writeHead(200, headers); response.end(bytes); }
    });
    server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  });`;

export function measureHttp(say: Say): Promise<Section> {
  return withFolder(async (folder) => {
    const { child, url } = await startProgram(folder);
    const answer = await fetch(url + PAGE);
    const body = await answer.text();
    const raw = spawn(process.execPath, ['-e', RAW_SERVER], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    raw.send({ headers: headersOf([...answer.headers]), body });
    const [port] = (await once(raw, 'message')) as [number];
    let seen = 0;
    const neverSeen = () => `${PAGE}&max_rate=${(40 + seen++ / 10_000).toFixed(4)}`;
    const tag = answer.headers.get('etag')!;
    const results: Record<string, Load[]> = { raw: [], same: [], new: [], raw304: [], held: [] };
    try {
      for (let round = 0; round <= ROUNDS; round++) {
        const now = {
          raw: await load(`http://127.0.0.1:${port}`, () => PAGE),
          same: await load(url, () => PAGE),
          new: await load(url, neverSeen),
          raw304: await load(`http://127.0.0.1:${port}/304`, () => '/304'),
          held: await load(url, () => PAGE, { 'if-none-match': tag }),
        };
        // The first round warms up.
        if (round > 0) for (const [name, value] of Object.entries(now)) results[name]!.push(value);
        say(
          `round ${round}: raw ${digits(now.raw.perSecond)}, same ${digits(now.same.perSecond)}, never seen ${digits(now.new.perSecond)}, 304 ${digits(now.held.perSecond)} of ${digits(now.raw304.perSecond)} requests/s`,
        );
      }
    } finally {
      raw.kill();
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    const ratio = (name: string, of = 'raw', read: (one: Load) => number = ({ perSecond }) => perSecond) =>
      median(results[name]!.map((one, round) => read(one) / read(results[of]![round]!)));
    const row = (title: string, name: string, of = 'raw') => {
      const all = results[name]!;
      return [
        title,
        digits(median(all.map(({ perSecond }) => perSecond))),
        digits(ratio(name, of)),
        digits(median(all.map(({ p99Ms }) => p99Ms))),
      ];
    };
    const p99 = ratio('same', 'raw', ({ p99Ms }) => p99Ms);
    return {
      title: 'HTTP',
      method:
        `\`${PAGE}\`: ${digits(body.length)} bytes, ${CONNECTIONS} connections (autocannon), server and load on the same cores. ` +
        `Raw is node:http with one ready Buffer and the same headers, or a 304 with them. Median of ${ROUNDS} interleaved rounds of ${SECONDS} s.`,
      tables: [
        {
          title: 'Requests a second',
          head: ['server', 'requests/s', '× raw', 'p99 in ms'],
          rows: [
            row('raw node:http, the same bytes', 'raw'),
            row('wattsync, the same question again and again', 'same'),
            row('wattsync, a combination of filters never seen before', 'new'),
            row('raw node:http, 304', 'raw304', 'raw304'),
            row('wattsync, `If-None-Match` with the tag it has', 'held', 'raw304'),
          ],
        },
      ],
      findings: [
        `The same question at least 0.9 of raw (${digits(ratio('same'))}): ${verdict(ratio('same') >= 0.9)}, its p99 at most 1.3 times that of raw (${digits(p99)}): ${verdict(p99 <= 1.3)}`,
        `With \`If-None-Match\` at least 0.95 of raw (${digits(ratio('held', 'raw304'))}): ${verdict(ratio('held', 'raw304') >= 0.95)}`,
        `A never-seen combination at least 0.5 of raw (${digits(ratio('new'))}): ${verdict(ratio('new') >= 0.5)}`,
      ],
    };
  });
}

export interface Load {
  perSecond: number;
  p99Ms: number;
}

export function headersOf(headers: readonly [string, string][]): Record<string, string> {
  const automatic = ['date', 'connection', 'keep-alive'];
  return Object.fromEntries(headers.filter(([name]) => !automatic.includes(name)));
}

export async function load(
  url: string,
  nextPath: () => string,
  headers: Record<string, string> = {},
): Promise<Load> {
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: SECONDS,
    headers,
    requests: [{ method: 'GET', setupRequest: (request) => ({ ...request, path: nextPath() }) }],
  });
  const answered = result.non2xx - (result['3xx'] ?? 0);
  if (answered > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} bad answers, ${result.errors} errors`);
  return { perSecond: result.requests.average, p99Ms: result.latency.p99 };
}

const PROGRAM = fileURLToPath(new URL('../bin/wattsync.js', import.meta.url));

/**
 * The whole program on sandbox data; resolves when its first sync is over.
 * @param settings variables that differ from what the program does by itself
 */
export async function startProgram(
  folder: string,
  settings: Record<string, string> = {},
): Promise<{ child: ChildProcess; url: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, WATTSYNC_DATA_DIR: folder, PORT: '0', PLAN_SOURCE: 'sandbox', ...settings };
  const child = spawn(process.execPath, [PROGRAM, 'start', '--json'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of child.stdout!) {
    said += chunk;
    if (said.includes('"synced"') && said.endsWith('\n')) break;
  }
  child.stdout!.resume();
  return { child, url: JSON.parse(said.split('\n')[0]!).url };
}
