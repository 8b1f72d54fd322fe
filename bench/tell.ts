/** How soon the world is told: the stream, a thousand webhooks, ten thousand listeners, and senders that are killed. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { readWebhooks } from '../src/store/events/webhooks.ts';
import { type Database, openDatabase } from '../src/store/postgres/database.ts';
import { publish } from '../src/sync/publish/publish.ts';
import { heardBy, insertReceivers, kill, startTelling } from '../test/support/tell.ts';
import type { Heard } from '../test/support/tell-child.ts';
import { makeDrafts, repriced, seeded } from './drafts.ts';
import { startProgram } from './http.ts';
import { withFolder } from './postgres.ts';
import { digits, duration, median, type Say, type Section, type Table, verdict } from './report.ts';

const ONCOR = '1039940674000';
const PLANS = 160;
/** Every 50th plan: three events and the word that the version is whole. */
const CHANGED_NTH = 50;
const PUBLISHES = 20;
const LISTENERS = { few: 100, many: 10_000 } as const;
const ENDPOINTS = 1_000;
const WEBHOOK_PUBLISHES = 8;
const KILLED = { endpoints: 10, events: 1_000, kills: 12, senders: 2, holdMs: 2_000 } as const;
const QUESTIONS = 200;
const QUESTION = '/v1/plans?city=dallas-tx';
const TARGETS = { streamMs: 150, webhookMs: 1_000, bytes: 250e6 };

const now = () => performance.timeOrigin + performance.now();
const rssOf = ({ pid }: ChildProcess): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1_024;
const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)]!;

/** Publishes versions of one market, one after the other. */
class Market {
  readonly #database: Database;
  readonly #plans = makeDrafts(ONCOR, PLANS, 3);
  #round = 0;
  /** When each publish began and had committed, by the last event it had told. */
  readonly begun: { upTo: number; at: number; done: number }[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  async put(nth = CHANGED_NTH): Promise<void> {
    const plans = ++this.#round % 2 === 0 ? this.#plans : repriced(this.#plans, nth);
    const observed_at = new Date();
    const at = now();
    await publish(
      this.#database,
      { tdsp_duns: ONCOR, source: 'sandbox', origin: 'bench', plans, rejected: [], observed_at, run_id: 1 },
      { now: observed_at, cacheTtlMs: 7_200_000, passed_as: 'overridden' },
    );
    const done = now();
    this.begun.push({ upTo: await this.last(), at, done });
  }

  async last(): Promise<number> {
    const { rows } = await this.#database.pool.query<{ seq: number }>(
      'select last_seq as seq from market_log',
    );
    return rows[0]!.seq;
  }

  /** Milliseconds from the beginning of its publish until each event was heard. */
  delays(heard: readonly Heard[]): number[] {
    return heard.flatMap(({ seq, at }) => {
      const of = this.begun.find(({ upTo }) => seq <= upTo);
      return of ? [at - of.at] : [];
    });
  }
}

export function measureTell(say: Say): Promise<Section> {
  return withFolder(async (folder) => {
    const settings = {
      RATE_LIMIT_PER_MINUTE: '1000000',
      SYNC_SCHEDULE_FULL: 'off',
      SYNC_SCHEDULE_PRIORITY: 'off',
    };
    const { child, url } = await startProgram(folder, { ...settings, REFRESH_STRATEGY: 'schedule' });
    const database = await openDatabase({ databaseUrl: null, dataDir: folder, connections: 8 });
    try {
      const few = await listening(database, { child, url }, LISTENERS.few, say);
      const many = await listening(database, { child, url }, LISTENERS.many, say);
      child.kill('SIGTERM');
      await once(child, 'exit');
      const hooks = await webhooks(database, say);
      const killed = await kills(database, say);
      return sectionOf({ few, many, hooks, killed });
    } finally {
      if (child.exitCode === null) child.kill('SIGKILL');
      await database.close();
    }
  });
}

interface Listened {
  clients: number;
  delays: number[];
  publishMs: number[];
  lost: number;
  bytes: { before: number; after: number };
  /** Milliseconds of a question about plans: before anybody listened, while they listen, while they are told. */
  asked: { before: number[]; idle: number[]; told: number[] };
}

async function listening(
  database: Database,
  { child, url }: { child: ChildProcess; url: string },
  clients: number,
  say: Say,
): Promise<Listened> {
  const market = new Market(database);
  await market.put();
  // The program is warm: what it grows by then is of those who listen.
  await ask(url, 5 * QUESTIONS);
  const before = await ask(url, QUESTIONS);
  const bytesBefore = rssOf(child);
  const { child: listener } = await startTelling({ kind: 'listen', url: `${url}/v1/stream`, clients });
  try {
    const begin = await market.last();
    const idle = await ask(url, QUESTIONS);
    const told: number[] = [];
    let most = rssOf(child);
    for (let n = 0; n < PUBLISHES; n++) {
      await market.put();
      told.push(...(await ask(url, QUESTIONS / PUBLISHES)));
      most = Math.max(most, rssOf(child));
    }
    const end = await market.last();
    const heard = await untilHeard(listener, clients * (end - begin));
    const bytes = { before: bytesBefore, after: Math.max(most, rssOf(child)) };
    const delays = market.delays(heard);
    say(
      `${clients} clients of the stream: p50 ${duration(median(delays))}, p99 ${duration(quantile(delays, 0.99))}, ${digits((bytes.after - bytes.before) / 1e6)} MB more`,
    );
    return {
      clients,
      delays,
      publishMs: market.begun.slice(1).map(({ at, done }) => done - at),
      lost: clients * (end - begin) - heard.length,
      bytes,
      asked: { before, idle, told },
    };
  } finally {
    await kill(listener);
  }
}

/** All of it, or what there was when nothing came any more. */
async function untilHeard(child: ChildProcess, wanted: number): Promise<Heard[]> {
  let heard: Heard[] = [];
  for (let last = -1; heard.length < wanted && heard.length > last; ) {
    last = heard.length;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    heard = await heardBy(child);
  }
  return heard;
}

/** One question after the other. @returns milliseconds of each */
async function ask(url: string, questions: number): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < questions; n++) {
    const began = performance.now();
    await (await fetch(`${url}${QUESTION}`)).arrayBuffer();
    took.push(performance.now() - began);
  }
  return took;
}

interface Hooked {
  delays: number[];
  lost: number;
}

/** One sender, a thousand receivers behind one server. */
async function webhooks(database: Database, say: Say): Promise<Hooked> {
  const market = new Market(database);
  // Puts back what the listeners were told: from here on a publish re-prices one plan.
  await market.put(PLANS);
  const { child: receiver, said } = await startTelling<{ port: number }>({ kind: 'receive' });
  const names = Array.from({ length: ENDPOINTS }, (_, at) => `many-${at}`);
  await insertReceivers(database.pool, names, said.port, { kinds: ['offer_repriced'] });
  const { child: sender } = await startTelling({
    kind: 'send',
    databaseUrl: database.connectionString,
    holdMs: 30_000,
  });
  try {
    let events = 0;
    for (let n = 0; n < WEBHOOK_PUBLISHES; n++) {
      const before = await market.last();
      await market.put(PLANS);
      events += await repricedSince(database, before);
      await untilTold(database, await market.last());
    }
    const heard = await heardBy(receiver);
    const delays = market.delays(heard);
    say(
      `${ENDPOINTS} webhooks: p50 ${duration(median(delays))}, p99 ${duration(quantile(delays, 0.99))} of ${heard.length}`,
    );
    return { delays, lost: ENDPOINTS * events - heard.length };
  } finally {
    await Promise.all([kill(sender), kill(receiver)]);
    await database.pool.query('delete from webhooks');
  }
}

async function repricedSince(database: Database, seq: number): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(
    `select count(*)::int as n from market_events where seq > $1 and kind = 'offer_repriced'`,
    [seq],
  );
  return rows[0]!.n;
}

async function untilTold(database: Database, seq: number): Promise<void> {
  while ((await readWebhooks(database.pool)).some((hook) => hook.seq < seq)) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

interface Killed {
  events: number;
  deliveries: number;
  lost: number;
  outOfOrder: number;
  twice: number;
  otherText: number;
}

/** Senders that are killed at random: ten thousand deliveries. */
async function kills(database: Database, say: Say): Promise<Killed> {
  const { child: receiver, said } = await startTelling<{ port: number }>({ kind: 'receive' });
  const names = Array.from({ length: KILLED.endpoints }, (_, at) => `killed-${at}`);
  await insertReceivers(database.pool, names, said.port);
  const job = { kind: 'send', databaseUrl: database.connectionString, holdMs: KILLED.holdMs } as const;
  const senders = await Promise.all(Array.from({ length: KILLED.senders }, () => startTelling(job)));
  const market = new Market(database);
  const random = seeded(99);
  try {
    const begin = await market.last();
    let killed = 0;
    for (let end = begin; end - begin < KILLED.events; end = await market.last()) {
      await market.put(4);
      if (end - begin < ((killed + 1) * KILLED.events) / (KILLED.kills + 1) || killed >= KILLED.kills)
        continue;
      await new Promise((resolve) => setTimeout(resolve, random() * 100));
      const at = Math.floor(random() * KILLED.senders);
      await kill(senders[at]!.child);
      senders[at] = await startTelling(job);
      killed++;
    }
    const end = await market.last();
    await untilTold(database, end);
    const heard = await heardBy(receiver);
    const result: Killed = {
      events: end - begin,
      deliveries: 0,
      lost: 0,
      outOfOrder: 0,
      twice: 0,
      otherText: 0,
    };
    for (const name of names) {
      const own = heard.filter((one) => one.name === name);
      const firsts = [...new Map(own.toReversed().map((one) => [one.seq, one])).values()].toReversed();
      const order = [...new Set(own.map(({ seq }) => seq))];
      result.deliveries += own.length;
      result.lost += end - begin - order.length;
      result.outOfOrder += order.filter((seq, at) => at > 0 && seq < order[at - 1]!).length;
      result.twice += own.length - order.length;
      result.otherText += own.filter(
        ({ seq, length }) => firsts.find((one) => one.seq === seq)!.length !== length,
      ).length;
    }
    say(
      `${killed} kills: ${result.deliveries} deliveries of ${result.events} events, ${result.lost} lost, ${result.outOfOrder} out of order, ${result.twice} twice`,
    );
    return result;
  } finally {
    await Promise.all([receiver, ...senders.map(({ child }) => child)].map(kill));
    await database.pool.query('delete from webhooks');
  }
}

function sectionOf({
  few,
  many,
  hooks,
  killed,
}: {
  few: Listened;
  many: Listened;
  hooks: Hooked;
  killed: Killed;
}): Section {
  const row = (what: string, delays: readonly number[], lost: number) => [
    what,
    duration(median(delays)),
    duration(quantile(delays, 0.99)),
    duration(quantile(delays, 1)),
    digits(delays.length),
    String(lost),
  ];
  const streams = [few, many].map(({ clients, delays, lost }) =>
    row(`stream, ${clients.toLocaleString('en-US')} clients`, delays, lost),
  );
  const told: Table = {
    title: 'From the beginning of a publish until an event is heard',
    head: ['', 'half', '99 of 100', 'longest', 'heard', 'lost'],
    rows: [
      ...streams,
      row(`webhooks, ${ENDPOINTS.toLocaleString('en-US')} endpoints`, hooks.delays, hooks.lost),
    ],
  };
  const asked: Table = {
    title: `\`${QUESTION}\` meanwhile, p50 and p99`,
    head: ['clients', 'before', 'while they listen', 'while they are told'],
    rows: [few, many].map(({ clients, asked }) => [
      clients.toLocaleString('en-US'),
      ...[asked.before, asked.idle, asked.told].map(
        (took) => `${duration(median(took))}, ${duration(quantile(took, 0.99))}`,
      ),
    ]),
  };
  // What the first clients made it grow is of those who listen, too.
  const bytesBefore = Math.min(few.bytes.before, many.bytes.before);
  const grown = many.bytes.after - bytesBefore;
  const p99 = (of: readonly number[]) => quantile(of, 0.99);
  const isSame = median(many.asked.idle) <= 1.1 * median(many.asked.before);
  return {
    title: 'Telling',
    method: `The whole program in a process of its own with a market of ${PLANS} plans, published ${PUBLISHES} times with three plans changed (${duration(median(many.publishMs))} each until the commit, which is in every figure); clients, receivers and senders are processes on the same two cores, with real sockets. Webhooks are sent by one process to one server that stands for ${ENDPOINTS} endpoints, each told the one plan that a publish re-prices. Load average at the end: ${loadavg().map(digits).join(', ')}.`,
    tables: [told, asked],
    findings: [
      `publish to stream, ${few.clients} clients, p99 at most ${TARGETS.streamMs} ms: ${verdict(p99(few.delays) <= TARGETS.streamMs)}, ${duration(p99(few.delays))}`,
      `publish to webhook at ${ENDPOINTS.toLocaleString('en-US')} endpoints, p99 at most 1 s: ${verdict(p99(hooks.delays) <= TARGETS.webhookMs)}, ${duration(p99(hooks.delays))}`,
      `${many.clients.toLocaleString('en-US')} clients of the stream take at most 250 MB: ${verdict(grown <= TARGETS.bytes)}, ${digits(grown / 1e6)} MB more than the ${digits(bytesBefore / 1e6)} MB of before, at the most`,
      `while ${many.clients.toLocaleString('en-US')} listen, plans are answered as before (half within 10 %): ${verdict(isSame)}, ${duration(median(many.asked.before))} and ${duration(median(many.asked.idle))}`,
      `${KILLED.kills} kills of senders, ${killed.events.toLocaleString('en-US')} events to ${KILLED.endpoints} receivers, none lost or out of order: ${verdict(killed.lost + killed.outOfOrder + killed.otherText === 0)}; ${killed.deliveries.toLocaleString('en-US')} deliveries, ${killed.twice} of them a second time with the same text`,
    ],
  };
}
