/** How long a process takes to be of use, and how much memory it keeps. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startProgram } from './http.ts';
import { withFolder } from './postgres.ts';
import { digits, median, type Say, type Section, verdict } from './report.ts';

const ROUNDS = 9;
const FRESH_ROUNDS = 5;
const PROGRAM = fileURLToPath(new URL('../bin/wattsync.js', import.meta.url));

export function measureStartup(say: Say): Promise<Section> {
  return withFolder(async (folder) => {
    const data = join(folder, 'data');
    await stop((await startProgram(data)).child);

    const times: Record<'again' | 'fresh' | 'empty' | 'status' | 'statusBeside', number[]> = {
      again: [],
      fresh: [],
      empty: [],
      status: [],
      statusBeside: [],
    };
    for (let round = 0; round < ROUNDS; round++) {
      times.again.push(await untilAnswer(data, '/v1/plans?city=dallas-tx'));
      times.empty.push(await runToEnd(['-e', ''], data));
      times.status.push(await runToEnd([PROGRAM, 'sync', 'status', '--json'], data));
      say(
        `round ${round + 1}: existing ${digits(times.again.at(-1)!)}, status ${digits(times.status.at(-1)!)} ms`,
      );
    }
    // By themselves, and removed only at the end: what they write to disk would slow down all that comes after.
    for (let round = 0; round < FRESH_ROUNDS; round++) {
      times.fresh.push(await untilAnswer(join(folder, `fresh-${round}`), '/healthz'));
      say(`fresh folder ${round + 1}: ${digits(times.fresh.at(-1)!)} ms`);
    }
    const { child, url } = await startProgram(data);
    for (let round = 0; round < ROUNDS; round++) {
      times.empty.push(await runToEnd(['-e', ''], data));
      times.statusBeside.push(await runToEnd([PROGRAM, 'sync', 'status', '--json'], data));
    }
    for (const city of CITIES) await (await fetch(`${url}/v1/plans?city=${city}`)).arrayBuffer();
    const loaded = residentMegabytes(child.pid!);
    for (let n = 0; n < 2000; n++)
      await (await fetch(`${url}/v1/plans?city=${CITIES[n % CITIES.length]}&usage=${500 + n}`)).arrayBuffer();
    const megabytes = residentMegabytes(child.pid!);
    await stop(child);

    const empty = median(times.empty);
    const row = (what: string, values: number[]) => [
      what,
      digits(median(values)),
      digits(median(values) / empty),
    ];
    const beside = median(times.statusBeside) / empty;
    return {
      title: 'Start and memory',
      method: `Median of ${ROUNDS} rounds; from the start of the process to its first 200, or to its end. Sandbox data of all six TDSPs.`,
      tables: [
        {
          title: 'Milliseconds',
          head: ['what', 'ms', '× empty Node process'],
          rows: [
            row('empty Node process', times.empty),
            row('`start` to the first 200 of `/v1/plans`, existing data folder', times.again),
            row(
              '`start` to the first 200 of `/healthz`, fresh folder (initdb, before the first sync)',
              times.fresh,
            ),
            row('`sync status`, PostgreSQL stopped before and after', times.status),
            row('`sync status` beside a running server', times.statusBeside),
          ],
        },
        {
          title: 'Memory',
          head: ['what', 'MB'],
          rows: [
            ['resident, all plans loaded', digits(loaded)],
            ['the same after 2,000 questions at 2,000 usages', digits(megabytes)],
          ],
        },
      ],
      findings: [
        `First 200 on an existing folder within 400 ms: ${verdict(median(times.again) <= 400)}`,
        `Listening on a fresh folder within 1.5 s: ${verdict(median(times.fresh) <= 1500)}`,
        `\`sync status\` beside a server at most 4 × an empty Node process: ${verdict(beside <= 4)}`,
        `Resident memory below 200 MB with all plans loaded: ${verdict(loaded < 200)}; after 2,000 questions at as many usages: ${verdict(megabytes < 200)}`,
      ],
    };
  });
}

const CITIES = ['dallas-tx', 'houston-tx', 'abilene-tx', 'lubbock-tx', 'mcallen-tx', 'lewisville-tx'];

const environment = (data: string) => {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, WATTSYNC_DATA_DIR: data, PLAN_SOURCE: 'sandbox' };
};

async function untilAnswer(data: string, path: string): Promise<number> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, [PROGRAM, 'start', '--json'], {
    env: { ...environment(data), PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}${path}`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) break;
    await pause(2);
  }
  const ms = performance.now() - started;
  await stop(child);
  return ms;
}

async function runToEnd(args: string[], data: string): Promise<number> {
  const started = performance.now();
  await once(spawn(process.execPath, args, { env: environment(data), stdio: 'ignore' }), 'exit');
  return performance.now() - started;
}

async function stop(child: ReturnType<typeof spawn>): Promise<void> {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1000;
}
