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

const RAW_SERVER = `
  const { createServer } = require('node:http');
  process.once('message', ({ headers, body }) => {
    const bytes = Buffer.from(body, 'latin1');
    const server = createServer((_request, response) => { response.writeHead(200, headers); response.end(bytes); });
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
    raw.send({ headers: headersOf(answer), body });
    const [port] = (await once(raw, 'message')) as [number];
    let seen = 0;
    const neverSeen = () => `${PAGE}&max_rate=${(40 + seen++ / 10_000).toFixed(4)}`;
    const results: Record<string, number[]> = { raw: [], same: [], new: [] };
    try {
      for (let round = 0; round <= ROUNDS; round++) {
        const now = {
          raw: await load(`http://127.0.0.1:${port}`, () => PAGE),
          same: await load(url, () => PAGE),
          new: await load(url, neverSeen),
        };
        // The first round warms up.
        if (round > 0) for (const [name, value] of Object.entries(now)) results[name]!.push(value);
        say(
          `round ${round}: raw ${digits(now.raw)}, same ${digits(now.same)}, never seen ${digits(now.new)} requests/s`,
        );
      }
    } finally {
      raw.kill();
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    const ratio = (name: string) =>
      median(results[name]!.map((value, round) => value / results.raw![round]!));
    const row = (title: string, name: string) => [title, digits(median(results[name]!)), digits(ratio(name))];
    return {
      title: 'HTTP',
      method:
        `\`${PAGE}\`: ${digits(body.length)} bytes, ${CONNECTIONS} connections (autocannon), server and load on the same cores. ` +
        `Raw is node:http with one ready Buffer and the same headers. Median of ${ROUNDS} interleaved rounds of ${SECONDS} s.`,
      tables: [
        {
          title: 'Requests a second',
          head: ['server', 'requests/s', '× raw'],
          rows: [
            row('raw node:http, the same bytes', 'raw'),
            row('wattsync, the same question again and again', 'same'),
            row('wattsync, a combination of filters never seen before', 'new'),
          ],
        },
      ],
      findings: [`A never-seen combination at least 0.5 of raw: ${verdict(ratio('new') >= 0.5)}`],
    };
  });
}

function headersOf(answer: Response): Record<string, string> {
  const automatic = ['date', 'connection', 'keep-alive'];
  return Object.fromEntries([...answer.headers].filter(([name]) => !automatic.includes(name)));
}

async function load(url: string, nextPath: () => string): Promise<number> {
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: SECONDS,
    requests: [{ method: 'GET', setupRequest: (request) => ({ ...request, path: nextPath() }) }],
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} bad answers, ${result.errors} errors`);
  return result.requests.average;
}

const PROGRAM = fileURLToPath(new URL('../bin/wattsync.js', import.meta.url));

/** The whole program on sandbox data; resolves when its first sync is over. */
export async function startProgram(folder: string): Promise<{ child: ChildProcess; url: string }> {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, WATTSYNC_DATA_DIR: folder, PORT: '0', PLAN_SOURCE: 'sandbox' };
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
