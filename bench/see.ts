/** What it costs to see everything: counting on the hot path, a scrape, the roll-up, and fifty viewers of `/ops`. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { attachEmbeddedPostgres } from '../src/store/embedded/attach.ts';
import { startProgram } from './http.ts';
import { withUrl } from './own-postgres.ts';
import { withFolder } from './postgres.ts';
import { digits, duration, median, type Say, type Section, spread, verdict } from './report.ts';

const PAGE = '/v1/plans?city=dallas-tx&limit=18';
const PAIRS = 20;
const PAIR_SECONDS = 2;
const SCRAPES = 200;
const ROLL_UP_MINUTES = 2;
const VIEWERS = 50;
const VIEWER_ROUNDS = 5;
const VIEWER_SECONDS = 10;
/** What the shoppers of a busy hour ask, and far from what the program could answer: their waits are looked at. */
const ASKED_PER_SECOND = 500;
const TOKEN = 'a-token-of-the-benchmark';
const BEARER = { authorization: `Bearer ${TOKEN}` };

export function measureSee(say: Say): Promise<Section> {
  return withFolder(async (folder) => {
    const busy = loadavg()[0]!;
    const { child, url } = await startProgram(folder, {
      ADMIN_TOKEN: TOKEN,
      RATE_LIMIT_PER_MINUTE: '1000000',
      LOG_LEVEL: 'silent',
    });
    const { connectionString, detach } = await attachEmbeddedPostgres(folder);
    try {
      const scrape = await measureScrapes(url, say);
      const viewers = await measureViewers(url, say);
      const rollUp = await measureRollUp(url, connectionString, say);
      const counting = await measureCounting(connectionString, say);
      return sectionOf({ scrape, viewers, rollUp, counting, busy });
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
      await detach();
    }
  });
}

interface Load {
  answers: number;
  p50Ms: number;
  p99Ms: number;
}

async function load(url: string, seconds: number, more: Partial<autocannon.Options> = {}): Promise<Load> {
  const result = await autocannon({ url: url + PAGE, connections: 32, duration: seconds, ...more });
  if (result.non2xx + result.errors > 0)
    throw new Error(`${result.non2xx} bad answers, ${result.errors} errors`);
  const { p50, p99 } = result.latency;
  return { answers: result.requests.total, p50Ms: p50, p99Ms: p99 };
}

/** Microseconds of processor time, of the process and what the kernel did for it. */
async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu');
  const [{ user, system }] = (await once(child, 'message')) as [NodeJS.CpuUsage];
  return user + system;
}

/**
 * Two servers of one process, asked in turns: each pair in the order that the one before did not have. What an answer costs
 * is processor time of the process: how many come in a second is as much the doing of who asks on the same cores.
 */
async function measureCounting(connectionString: string, say: Say) {
  const script = fileURLToPath(new URL('./see-child.ts', import.meta.url));
  const child = fork(script, [connectionString], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ counted, bare, nanoseconds }] = (await once(child, 'message')) as [
    { counted: string; bare: string; nanoseconds: number },
  ];
  const pairs: { counted: number; bare: number }[] = [];
  try {
    for (let n = -1; n < PAIRS; n++) {
      const found = new Map<string, number>();
      for (const url of n % 2 === 0 ? [counted, bare] : [bare, counted]) {
        const before = await cpuOf(child);
        const { answers } = await load(url, PAIR_SECONDS);
        found.set(url, ((await cpuOf(child)) - before) / answers);
      }
      // The first pair warms up.
      if (n >= 0) pairs.push({ counted: found.get(counted)!, bare: found.get(bare)! });
    }
  } finally {
    child.disconnect();
    await once(child, 'exit');
  }
  const share = (one: (typeof pairs)[number]) => 100 * (one.counted / one.bare - 1);
  say(`counting: ${digits(nanoseconds)} ns an answer, ${spread(pairs.map(share), digits)} % of its time`);
  return {
    nanoseconds,
    share: median(pairs.map(share)),
    /** Half of the pairs lie between them. */
    middle: middleOf(pairs.map(share)),
    counted: median(pairs.map((one) => one.counted)),
    bare: median(pairs.map((one) => one.bare)),
  };
}

function middleOf(values: readonly number[]): [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return [at(0.25), at(0.75)];
}

async function measureScrapes(url: string, say: Say) {
  // What the observer saw of the fleet is in the answer from the second round on.
  while (!(await (await fetch(`${url}/metrics`)).text()).includes('wattsync_fleet_plans')) await pause(500);
  let bytes = 0;
  const took: number[] = [];
  for (let n = 0; n < SCRAPES; n++) {
    const began = performance.now();
    bytes = (await (await fetch(`${url}/metrics`)).text()).length;
    took.push(performance.now() - began);
    await pause(5);
  }
  const sorted = took.toSorted((a, b) => a - b);
  const found = { bytes, p50: median(took), p95: sorted[Math.floor(SCRAPES * 0.95)]! };
  say(`/metrics: ${duration(found.p50)}, p95 ${duration(found.p95)}, ${digits(bytes)} bytes`);
  return found;
}

/** Rows that the program writes for the fleet while it is read, by table, in a minute. */
async function measureRollUp(url: string, connectionString: string, say: Say) {
  return withUrl(connectionString, async ({ pool }) => {
    const count = async () => {
      await pool.query('select pg_stat_force_next_flush()');
      const { rows } = await pool.query<{ name: string; written: number }>(
        `select relname as name, (n_tup_ins + n_tup_upd)::float8 as written from pg_stat_user_tables
          where relname in ('figures', 'answer_stats', 'cache_stats', 'query_stats', 'alerts', 'observer')`,
      );
      return new Map(rows.map(({ name, written }) => [name, written]));
    };
    // The first one writes a whole day down.
    const isRolledUp = async () => ((await count()).get('figures') ?? 0) > 1_000;
    while (!(await isRolledUp())) await pause(1_000);
    const before = await count();
    await load(url, ROLL_UP_MINUTES * 60, { overallRate: ASKED_PER_SECOND });
    const after = await count();
    const rows = [...after].map(([name, written]) => ({
      name,
      aMinute: (written - (before.get(name) ?? 0)) / ROLL_UP_MINUTES,
    }));
    for (const { name, aMinute } of rows) say(`${name}: ${digits(aMinute)} rows a minute`);
    return rows.toSorted((a, b) => b.aMinute - a.aMinute);
  });
}

/** The same load with nobody at `/ops` and with fifty who have its stream open, in turns. */
async function measureViewers(url: string, say: Say) {
  const rounds: { alone: Load; watched: Load; bytes: number }[] = [];
  const ask = () => load(url, VIEWER_SECONDS, { overallRate: ASKED_PER_SECOND });
  for (let round = 0; round < VIEWER_ROUNDS; round++) {
    const alone = await ask();
    const ending = new AbortController();
    let bytes = 0;
    let heard = 0;
    const viewers = Array.from({ length: VIEWERS }, async () => {
      const answer = await fetch(`${url}/ops/stream`, { headers: BEARER, signal: ending.signal });
      if (!answer.ok) throw new Error(`the stream answered ${answer.status}`);
      let isFirst = true;
      for await (const chunk of answer.body!) {
        bytes += chunk.byteLength;
        if (isFirst && chunk.byteLength > 100) {
          heard += 1;
          isFirst = false;
        }
      }
    });
    const ended = Promise.allSettled(viewers);
    while (heard < VIEWERS) await pause(50);
    const watched = await ask();
    ending.abort();
    await ended;
    rounds.push({ alone, watched, bytes });
    say(`viewers: p99 ${alone.p99Ms} ms alone, ${watched.p99Ms} ms with ${VIEWERS} of them`);
  }
  return rounds;
}

interface Measured {
  scrape: { bytes: number; p50: number; p95: number };
  viewers: readonly { alone: Load; watched: Load; bytes: number }[];
  rollUp: readonly { name: string; aMinute: number }[];
  counting: Awaited<ReturnType<typeof measureCounting>>;
  busy: number;
}

function sectionOf({ scrape, viewers, rollUp, counting, busy }: Measured): Section {
  const of = (read: (one: (typeof viewers)[number]) => number) => viewers.map(read);
  const figures = rollUp.find(({ name }) => name === 'figures')!.aMinute;
  const p99 = (who: 'alone' | 'watched') => median(of((one) => one[who].p99Ms));
  // Autocannon counts whole milliseconds: one more or less is none.
  const isUnchanged = p99('watched') <= p99('alone') + 1;
  return {
    title: 'See',
    method:
      `\`${PAGE}\` from memory. Counting: two servers of one process, one with all counters and one with none, asked in turns, ` +
      `${PAIRS} pairs of ${PAIR_SECONDS} s. Viewers: ${ASKED_PER_SECOND} requests/s while nobody and while ${VIEWERS} viewers have the stream of \`/ops\` open, ` +
      `${VIEWER_ROUNDS} rounds of ${VIEWER_SECONDS} s each. Rows: what PostgreSQL counted as inserted or updated in ${ROLL_UP_MINUTES} minutes at ${ASKED_PER_SECOND} requests/s. ` +
      `The load average of the machine was ${busy.toFixed(1)} as it began.`,
    tables: [
      {
        title: 'Counting on the hot path',
        head: ['server', 'processor time of an answer, µs', 'cost'],
        rows: [
          ['nothing counted', digits(counting.bare), '–'],
          [
            'everything counted',
            digits(counting.counted),
            `${digits(counting.share)} % (half of the pairs ${digits(counting.middle[0])} to ${digits(counting.middle[1])} %)`,
          ],
          ['one answer, counted by itself', '–', `${digits(counting.nanoseconds)} ns`],
        ],
      },
      {
        title: `Plans while ${VIEWERS} watch`,
        head: ['viewers', 'p50 in ms', 'p99 in ms', 'bytes a viewer and second'],
        rows: [
          [
            'none',
            spread(
              of(({ alone }) => alone.p50Ms),
              digits,
            ),
            spread(
              of(({ alone }) => alone.p99Ms),
              digits,
            ),
            '–',
          ],
          [
            String(VIEWERS),
            spread(
              of(({ watched }) => watched.p50Ms),
              digits,
            ),
            spread(
              of(({ watched }) => watched.p99Ms),
              digits,
            ),
            digits(median(of(({ bytes }) => bytes / VIEWERS / VIEWER_SECONDS))),
          ],
        ],
      },
      {
        title: 'Rows written in a minute, for the whole fleet',
        head: ['table', 'rows a minute'],
        rows: rollUp.map(({ name, aMinute }) => [`\`${name}\``, digits(aMinute)]),
      },
    ],
    findings: [
      `Counting costs less than 3 % of the hot path (${digits(counting.share)} %): ${verdict(counting.share < 3)}`,
      `\`/metrics\` within 5 ms (${duration(scrape.p50)}, p95 ${duration(scrape.p95)}, ${digits(scrape.bytes)} bytes): ${verdict(scrape.p50 < 5)}`,
      `The roll-up writes fewer than 50 rows a minute (${digits(figures)}): ${verdict(figures < 50)}`,
      `${VIEWERS} viewers do not change the p99 of plans (${digits(p99('alone'))} ms alone, ${digits(p99('watched'))} ms with them): ${verdict(isUnchanged)}`,
    ],
  };
}
