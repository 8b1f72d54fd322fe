/** Reads over HTTP while Redis or PostgreSQL is frozen for a minute. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { readTerritory } from '../src/store/territory.ts';
import { withManyConnections } from './own-postgres.ts';
import { withFolder } from './postgres.ts';
import { flush, withRedis } from './redis.ts';
import type { Say, Section } from './report.ts';
import { verdict } from './report.ts';

const FROZEN_SECONDS = 60;
const NORMAL_SECONDS = 20;
const CONNECTIONS = 32;

export function measureFrozen(say: Say): Promise<Section> {
  return withFolder(async (folder) =>
    withRedis(folder, (redisUrl, redisPid) =>
      withManyConnections(folder, async (server) => {
        const rows: string[][] = [];
        const busy = loadavg()[0]!.toFixed(1);
        let errors = 0;
        let isCalmAtFirst = true;
        let isCalmAfter = true;
        for (const [what, redis, freeze] of [
          ['Redis', redisUrl, (signal: NodeJS.Signals) => void process.kill(redisPid, signal)],
          ['PostgreSQL, with Redis', redisUrl, server.signal],
          ['PostgreSQL, without Redis', null, server.signal],
        ] as const) {
          await flush(redisUrl);
          const { normal, first, rest } = await measureOne(await server.newDatabase(), redis, freeze);
          say(
            `${what}: p99 ${normal.p99} ms before, ${first.p99} ms in the first second, ${rest.p99} ms after`,
          );
          errors += first.errors + rest.errors;
          isCalmAtFirst &&= first.p99 <= 50;
          isCalmAfter &&= rest.p99 <= 2 * Math.max(1, normal.p99);
          const asked = (first.asked + rest.asked).toLocaleString('en-US');
          const all = [first.errors + rest.errors, normal.p99, first.p99, rest.p99, rest.longest];
          rows.push([what, asked, ...all.map(String)]);
        }
        return {
          title: 'Frozen',
          method:
            `Frozen means SIGSTOP for ${FROZEN_SECONDS} s. The whole program under ${CONNECTIONS} connections that ask, as fast as they ` +
            `are answered, for plans of all cities in turn; before that ${NORMAL_SECONDS} s of the same with all well. The load average of the machine was ${busy} as it began.`,
          tables: [
            {
              title: 'A service frozen for a minute',
              head: [
                'what',
                'requests meanwhile',
                'errors',
                'p99 before, ms',
                'p99 in the first second',
                'p99 after',
                'longest',
              ],
              rows,
            },
          ],
          findings: [
            `No error: ${verdict(errors === 0)}`,
            `p99 at most 50 ms in the first second: ${verdict(isCalmAtFirst)}; at most twice the normal one after: ${verdict(isCalmAfter)}`,
          ],
        };
      }),
    ),
  );
}

interface Load {
  p99: number;
  longest: number;
  asked: number;
  errors: number;
}

async function measureOne(
  databaseUrl: string,
  redisUrl: string | null,
  freeze: (signal: NodeJS.Signals) => void,
): Promise<{ normal: Load; first: Load; rest: Load }> {
  const program = fileURLToPath(new URL('../bin/wattsync.js', import.meta.url));
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, DATABASE_URL: databaseUrl, PORT: '0', PLAN_SOURCE: 'sandbox' };
  const child = spawn(process.execPath, [program, 'start', '--json'], {
    env: redisUrl ? { ...env, REDIS_URL: redisUrl } : env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    let said = '';
    for await (const chunk of child.stdout!) {
      said += chunk;
      if (said.includes('"synced"') && said.endsWith('\n')) break;
    }
    child.stdout!.resume();
    const { url } = JSON.parse(said.split('\n')[0]!) as { url: string };
    await load(url, 3);
    const normal = await load(url, NORMAL_SECONDS);
    freeze('SIGSTOP');
    try {
      const first = await load(url, 1);
      return { normal, first, rest: await load(url, FROZEN_SECONDS - 1) };
    } finally {
      freeze('SIGCONT');
    }
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

async function load(url: string, seconds: number): Promise<Load> {
  const { cities } = readTerritory();
  let asked = 0;
  const { latency, requests, errors, timeouts, non2xx } = await autocannon({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    timeout: 5,
    requests: [
      {
        method: 'GET',
        setupRequest: (request) => ({
          ...request,
          path: `/v1/plans?city=${cities[asked++ % cities.length]!.slug}`,
        }),
      },
    ],
  });
  const { p99, max: longest } = latency;
  return { p99, longest, asked: requests.total, errors: errors + timeouts + non2xx };
}
