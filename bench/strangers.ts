/** Readers of plans while sixty strangers do their worst: what the limits, the turns and the caps are worth. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { startProgram } from './http.ts';
import { withFolder } from './postgres.ts';
import { digits, median, type Say, type Section, verdict } from './report.ts';

const ROUNDS = 5;
const SECONDS = 4;
const READERS = 8;
const PER_SECOND = 400;
const PAGE = '/v1/plans?city=dallas-tx&limit=18';
const ATTACK = fileURLToPath(new URL('./attack.ts', import.meta.url));

interface Read {
  p99Ms: number;
  lost: number;
}

async function read(url: string): Promise<Read> {
  const { latency, errors, timeouts, non2xx } = await autocannon({
    url: url + PAGE,
    connections: READERS,
    overallRate: PER_SECOND,
    duration: SECONDS,
  });
  return { p99Ms: latency.p99, lost: errors + timeouts + non2xx };
}

export function measureStrangers(say: Say): Promise<Section> {
  return withFolder(async (folder) => {
    const { child, url } = await startProgram(folder);
    const quiet: Read[] = [];
    const besieged: Read[] = [];
    const statuses: Record<string, number> = {};
    try {
      for (let round = 0; round <= ROUNDS; round++) {
        const before = await read(url);
        const attack = fork(ATTACK, [url]);
        await once(attack, 'message');
        const during = await read(url);
        attack.send('enough');
        const [seen] = (await once(attack, 'message')) as [Record<string, number>];
        // The first round warms up.
        if (round === 0) continue;
        quiet.push(before);
        besieged.push(during);
        for (const [status, times] of Object.entries(seen))
          statuses[status] = (statuses[status] ?? 0) + times;
        say(`round ${round}: p99 ${digits(before.p99Ms)} ms quiet, ${digits(during.p99Ms)} ms besieged`);
      }
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    const p99 = (reads: Read[]) => median(reads.map(({ p99Ms }) => p99Ms));
    const ratio = median(besieged.map(({ p99Ms }, round) => p99Ms / quiet[round]!.p99Ms));
    const lost = besieged.reduce((sum, one) => sum + one.lost, 0);
    const failed = Object.entries(statuses).filter(([status]) => status === '500' || status === 'error');
    const total = Object.values(statuses).reduce((sum, times) => sum + times, 0);
    return {
      title: 'Strangers',
      method:
        `\`${PAGE}\` over ${READERS} connections, ${PER_SECOND} times a second, alone and while 60 connections from as many addresses ask about the past, ` +
        `the index, words, pages and combinations never seen, send events, wrong names, wrong tokens and requests that never end, each up to 20 times a second. ` +
        `All on the same cores, the strangers with a lower priority. Median of ${ROUNDS} interleaved rounds of ${SECONDS} s.`,
      tables: [
        {
          title: 'Readers of plans',
          head: ['', 'p99 in ms', 'answers lost'],
          rows: [
            ['quiet', digits(p99(quiet)), String(quiet.reduce((sum, one) => sum + one.lost, 0))],
            ['besieged', digits(p99(besieged)), String(lost)],
          ],
        },
        {
          title: 'What the strangers got',
          head: ['status', 'answers'],
          rows: Object.entries(statuses).map(([status, times]) => [status, digits(times)]),
        },
      ],
      findings: [
        `p99 of readers at most 3 times the quiet one (${digits(ratio)}): ${verdict(ratio <= 3)}`,
        `No 500, no connection broken in ${digits(total)} hostile requests, and no reader's answer lost (${lost}): ${verdict(failed.length === 0 && lost === 0)}`,
      ],
    };
  });
}
