/** Many processes at once: cold herds, and a new version everywhere. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseFault } from '../src/sandbox/faults/faults.ts';
import { startSandbox } from '../src/sandbox/server.ts';
import { readTerritory } from '../src/store/territory.ts';
import { makeDrafts } from './drafts.ts';
import type { FleetJob, Wanted } from './fleet-child.ts';
import { withManyConnections, withUrl } from './own-postgres.ts';
import { publishDrafts, withFolder } from './postgres.ts';
import { flush, withRedis } from './redis.ts';
import { digits, median, type Say, type Section, verdict } from './report.ts';

const HERD = 64;
const WATCHERS = 16;
const PUBLISHES = 20;

export function measureFleet(say: Say): Promise<Section> {
  return withFolder(async (folder) =>
    withRedis(folder, (redisUrl) =>
      withManyConnections(folder, async (server) => {
        const herds: string[][] = [];
        let isOne = true;
        let longestFailingMs = 0;
        let longestSlowMs = 0;
        for (const [fault, title] of [
          ['slow', 'upstream that takes 300 ms'],
          ['500', 'upstream that answers 500'],
        ] as const) {
          for (const redis of [redisUrl, null]) {
            const herd = await measureHerd(await server.newDatabase(), redis, fault);
            const calls = Math.max(...herd.callsByTdsp);
            isOne &&= calls === 1;
            if (fault === '500') longestFailingMs = Math.max(longestFailingMs, herd.longestMs);
            else longestSlowMs = Math.max(longestSlowMs, herd.longestMs);
            say(
              `${title}: at most ${calls} calls for one TDSP, ${digits(herd.longestMs)} ms at most, floor ${digits(herd.floorMs)}`,
            );
            herds.push([
              `${title}, ${redis ? 'with' : 'without'} Redis`,
              digits(herd.asked),
              digits(herd.answered),
              String(calls),
              digits(herd.longestMs),
              digits(herd.floorMs),
              digits(herd.longestMs / herd.floorMs),
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
        return {
          title: 'Fleet',
          method:
            `Processes of their own, one PostgreSQL, on this machine. A herd is ${HERD} processes that hold nothing, each with 50 callers ` +
            `for one TDSP at once; beside it the longest wait when each process only asks PostgreSQL for \`select 1\`, a moment before. A new version is published ${PUBLISHES} times with ${WATCHERS} processes watching.`,
          tables: [
            {
              title: 'A cold herd',
              head: [
                'what',
                'callers',
                'got plans',
                'calls for one TDSP, at most',
                'longest wait, ms',
                '`select 1`, ms',
                '× that',
              ],
              rows: herds,
            },
            {
              title: 'Until all processes serve a new version, ms',
              head: ['', 'median', 'p99'],
              rows: spreads,
            },
          ],
          findings: [
            `A herd makes exactly one call for each TDSP: ${verdict(isOne)}`,
            `With an upstream that fails every caller is answered in under a second: ${verdict(longestFailingMs < 1_000)}; with a slow one after ${digits(longestSlowMs)} ms at most, with plans or with when to come back`,
            `A new version in ${WATCHERS} processes within 200 ms at p99: ${verdict(isSpread)}`,
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
  // So that it takes as long as it says: plans are made up when they are first asked for.
  const [duns] = readTerritory().tdsps.map((tdsp) => tdsp.duns);
  await fetch(`${sandbox.url}/api/plans/current?tdsp_duns=${duns}`).then((answer) => answer.arrayBuffer());
  const fleet = await startFleet(HERD, { databaseUrl, redisUrl, upstream: sandbox.url });
  try {
    type Answer = { asked: number; answered: number; longestMs: number };
    const longest = (of: readonly Told[]) => Math.max(...of.map(({ longestMs }) => Number(longestMs)));
    // Every process looked for plans when it started, and remembers for a second that there were none.
    await pause(1_100);
    const floorMs = longest(await fleet.tell('floor'));
    const answers = (await fleet.tell('ask')) as unknown as Answer[];
    const { rows } = await withUrl(databaseUrl, async ({ pool }) => {
      // Who was answered may have gone before the fetch was over; calls are written down when they end.
      for (let isHeld = true; isHeld; await pause(20)) {
        const { rowCount } = await pool.query("select from sync_targets where state = 'claimed'");
        isHeld = rowCount !== 0;
      }
      return pool.query<{ calls: number }>(
        `select count(*)::int as calls from api_calls group by params->>'tdsp_duns'`,
      );
    });
    const sum = (read: (one: Answer) => number) => answers.reduce((total, one) => total + read(one), 0);
    return {
      asked: sum(({ asked }) => asked),
      answered: sum(({ answered }) => answered),
      longestMs: longest(answers as unknown as Told[]),
      floorMs,
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

type Told = Record<string, unknown>;

async function startFleet(size: number, job: FleetJob) {
  const file = fileURLToPath(new URL('./fleet-child.ts', import.meta.url));
  const children: ChildProcess[] = [];
  // A few at a time: loading 64 programs at once would only take longer.
  for (let from = 0; from < size; from += 8) {
    const some = Array.from({ length: Math.min(8, size - from) }, () =>
      fork(file, [JSON.stringify(job)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    );
    await Promise.all(some.map(untilReady));
    children.push(...some);
  }
  return {
    async tell(what: Wanted): Promise<Told[]> {
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

function untilReady(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(() => {
    throw new Error('A process of the fleet ended before it was ready');
  });
  ended.catch(() => {});
  return Promise.race([once(child, 'message'), ended]);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
