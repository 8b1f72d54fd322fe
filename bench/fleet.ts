/** Many processes at once: cold herds, a new version everywhere, and reads while a service is frozen. */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { parseFault } from '../src/sandbox/faults.ts';
import { startSandbox } from '../src/sandbox/server.ts';
import { readTerritory } from '../src/store/territory.ts';
import { makeDrafts } from './drafts.ts';
import type { FleetJob } from './fleet-child.ts';
import { withOwnPostgres, withUrl } from './own-postgres.ts';
import { publishDrafts, withFolder } from './postgres.ts';
import { withRedis } from './redis.ts';
import { digits, median, type Say, type Section, verdict } from './report.ts';

const HERD = 64;
const WATCHERS = 16;
const PUBLISHES = 20;
const CONNECTIONS = 1_000;
const FROZEN_SECONDS = 10;
const LOAD = 32;

export function measureFleet(say: Say): Promise<Section> {
  return withFolder(async (folder) =>
    withRedis(folder, (redisUrl, redisPid) =>
      withOwnPostgres(folder, { max_connections: CONNECTIONS, shared_buffers: '64MB' }, async (server) => {
        const herds: string[][] = [];
        let isOne = true;
        let isQuick = true;
        for (const [fault, title] of [
          ['slow', 'upstream that takes 300 ms'],
          ['500', 'upstream that answers 500'],
        ] as const) {
          for (const redis of [redisUrl, null]) {
            const herd = await measureHerd(await server.newDatabase(), redis, fault);
            const calls = Math.max(...herd.callsByTdsp);
            isOne &&= calls === 1;
            isQuick &&= herd.longestMs < 1_000;
            say(`${title}: at most ${calls} calls for one TDSP, ${digits(herd.longestMs)} ms at most`);
            herds.push([
              `${title}, ${redis ? 'with' : 'without'} Redis`,
              digits(herd.asked),
              digits(herd.answered),
              String(calls),
              digits(herd.longestMs),
            ]);
          }
        }
        const spreads: string[][] = [];
        let isSpread = true;
        for (const redis of [redisUrl, null]) {
          const took = await measureSpread(await server.newDatabase(), redis);
          const p99 = took.toSorted((a, b) => a - b)[Math.ceil(took.length * 0.99) - 1]!;
          isSpread &&= p99 <= 200;
          say(`a new version: ${digits(median(took))} ms, p99 ${digits(p99)} ms`);
          spreads.push([redis ? 'with Redis' : 'without Redis', digits(median(took)), digits(p99)]);
        }
        const frozen: string[][] = [];
        let isCalm = true;
        for (const [what, freeze] of [
          ['Redis', (signal: NodeJS.Signals) => void process.kill(redisPid, signal)],
          ['PostgreSQL', server.signal],
        ] as const) {
          const { normal, first, rest } = await measureFrozen(await server.newDatabase(), redisUrl, freeze);
          say(
            `${what} frozen: p99 ${normal.p99} ms before, ${first.p99} ms in the first second, ${rest.p99} ms after`,
          );
          isCalm &&=
            first.errors + rest.errors === 0 && first.p99 <= 50 && rest.p99 <= 2 * Math.max(1, normal.p99);
          frozen.push([
            what,
            String(first.errors + rest.errors),
            `${normal.p99}`,
            `${first.p99}`,
            `${rest.p99}`,
          ]);
        }
        return {
          title: 'Fleet',
          method:
            `Processes of their own, one PostgreSQL, on this machine. A herd is ${HERD} processes that hold nothing, each with 50 callers ` +
            `for one TDSP at once. A new version is published ${PUBLISHES} times with ${WATCHERS} processes watching. Frozen ` +
            `means SIGSTOP for ${FROZEN_SECONDS} s under ${LOAD} connections that ask for plans of many cities, after as long without.`,
          tables: [
            {
              title: 'A cold herd',
              head: ['what', 'callers', 'got plans', 'calls for one TDSP, at most', 'longest wait, ms'],
              rows: herds,
            },
            {
              title: 'Until all processes serve a new version, ms',
              head: ['', 'median', 'p99'],
              rows: spreads,
            },
            {
              title: 'A service frozen',
              head: ['what', 'errors', 'p99 before, ms', 'p99 in the first second', 'p99 after'],
              rows: frozen,
            },
          ],
          findings: [
            `A herd makes exactly one call for each TDSP: ${verdict(isOne)}; every caller is answered within a second: ${verdict(isQuick)}`,
            `A new version in ${WATCHERS} processes within 200 ms at p99: ${verdict(isSpread)}`,
            `A frozen service: no error, p99 at most 50 ms in the first second and twice the normal one after: ${verdict(isCalm)}`,
          ],
        };
      }),
    ),
  );
}

async function measureHerd(databaseUrl: string, redisUrl: string | null, fault: 'slow' | '500') {
  if (redisUrl) await flush(redisUrl);
  const sandbox = await startSandbox({ port: 0, ...(fault === 'slow' ? { latencyMs: 300 } : {}) });
  if (fault === '500') sandbox.control.setFaults([parseFault('500')]);
  const fleet = await startFleet(HERD, { databaseUrl, redisUrl, upstream: sandbox.url });
  try {
    type Answer = { asked: number; answered: number; longestMs: number };
    const answers = (await fleet.tell('ask')) as unknown as Answer[];
    const { rows } = await withUrl(databaseUrl, ({ pool }) =>
      pool.query<{ calls: number }>(
        `select count(*)::int as calls from api_calls group by params->>'tdsp_duns'`,
      ),
    );
    const sum = (read: (one: Answer) => number) => answers.reduce((total, one) => total + read(one), 0);
    return {
      asked: sum(({ asked }) => asked),
      answered: sum(({ answered }) => answered),
      longestMs: Math.max(...answers.map(({ longestMs }) => longestMs)),
      callsByTdsp: rows.length > 0 ? rows.map(({ calls }) => calls) : [0],
    };
  } finally {
    await fleet.stop();
    await sandbox.stop();
  }
}

async function measureSpread(databaseUrl: string, redisUrl: string | null): Promise<number[]> {
  if (redisUrl) await flush(redisUrl);
  return withUrl(databaseUrl, async (database) => {
    const [duns] = readTerritory().tdsps.map((tdsp) => tdsp.duns);
    await publishDrafts(database, duns!, makeDrafts(duns!, 160, 1));
    const fleet = await startFleet(WATCHERS, { databaseUrl, redisUrl, upstream: 'http://127.0.0.1:9' });
    try {
      await fleet.tell({ duns: duns!, version: 1 });
      const took: number[] = [];
      for (let at = 2; at < 2 + PUBLISHES; at++) {
        const heard = fleet.tell({ duns: duns!, version: at });
        const { version } = await publishDrafts(database, duns!, makeDrafts(duns!, 160, at));
        const published = Date.now();
        if (version !== at) throw new Error(`version ${version} instead of ${at}`);
        for (const one of await heard) took.push(Math.max(0, Number(one.at) - published));
      }
      return took;
    } finally {
      await fleet.stop();
    }
  });
}

interface Calm {
  p99: number;
  errors: number;
}

async function measureFrozen(
  databaseUrl: string,
  redisUrl: string,
  freeze: (signal: NodeJS.Signals) => void,
): Promise<{ normal: Calm; first: Calm; rest: Calm }> {
  const program = fileURLToPath(new URL('../bin/wattsync.js', import.meta.url));
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [program, 'start', '--json'], {
    env: { PATH, HOME, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, PORT: '0', PLAN_SOURCE: 'sandbox' },
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
    const normal = await load(url, FROZEN_SECONDS);
    freeze('SIGSTOP');
    try {
      const first = await load(url, 1);
      return { normal, first, rest: await load(url, FROZEN_SECONDS) };
    } finally {
      freeze('SIGCONT');
    }
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

async function load(url: string, seconds: number): Promise<Calm> {
  const { cities } = readTerritory();
  let asked = 0;
  const result = await autocannon({
    ...{ url, connections: LOAD, duration: seconds, timeout: 5 },
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
  return { p99: result.latency.p99, errors: result.errors + result.timeouts + result.non2xx };
}

type Told = Record<string, unknown>;

async function startFleet(size: number, job: FleetJob) {
  const file = fileURLToPath(new URL('./fleet-child.ts', import.meta.url));
  const children: ChildProcess[] = [];
  // A few at a time: loading 64 programs at once would only take longer.
  for (let from = 0; from < size; from += 8) {
    const some = Array.from({ length: Math.min(8, size - from) }, () =>
      fork(file, [JSON.stringify(job)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    );
    await Promise.all(some.map((child) => once(child, 'message')));
    children.push(...some);
  }
  return {
    async tell(what: 'ask' | { duns: string; version: number }): Promise<Told[]> {
      const answers = children.map(async (child) => (await once(child, 'message'))[0] as Told);
      for (const child of children) child.send(what);
      return Promise.all(answers);
    },
    async stop(): Promise<void> {
      const ended = children.map((child) => once(child, 'exit'));
      for (const child of children) child.disconnect();
      await Promise.all(ended);
    },
  };
}

async function flush(redisUrl: string): Promise<void> {
  const { Redis } = await import('ioredis');
  const client = new Redis(redisUrl);
  await client.flushall();
  client.disconnect();
}
