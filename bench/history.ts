/**
 * What two years of history cost: every question about the past, and making and dropping months while others write.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { availableParallelism, loadavg } from 'node:os';
import pg from 'pg';
import { refreshDailyRateIndex } from '../src/store/market/refresh-daily-rate-index.ts';
import { type CopyValue, copyRows } from '../src/store/postgres/copy.ts';
import { type Database, databaseTypes, type Queryable } from '../src/store/postgres/database.ts';
import {
  dropHistoryBefore,
  ensureHistoryPartitions,
  readHistoryPartitions,
} from '../src/store/schema/history-partitions.ts';
import { type HistoryQuestion, historyQuestions, ROUND_TRIP } from './history-questions.ts';
import { type InventedMarket, inventedDuns, inventHistory } from './invent-history.ts';
import { withDatabase } from './postgres.ts';
import { digits, duration, median, type Say, type Section, type Table, verdict } from './report.ts';

const MARKET: InventedMarket = {
  tdsps: 60,
  plansPerTdsp: 1_667,
  providers: 240,
  days: 730,
  rows: 10_000_000,
};
/** How many TDSPs get their days from the history by the program itself; the others get copies. */
const INDEXED_BY_US = 6;
const QUESTIONS_EACH = 400;
const TARGET_MS = 10;
const ROWS_OF_A_PUBLISH = 300;

export function measureHistory(say: Say, market: InventedMarket = MARKET): Promise<Section> {
  return withDatabase(async (database) => {
    await makeMonths(database, market);
    await inventHistory(database, market, say);
    const backfill = await measureBackfill(database, market, say);
    const questions = await measureQuestions(database, market, say);
    // Of the minute in which the questions were asked.
    const load = loadavg()[0]!;
    const months = await measureMonths(database, say);
    return sectionOf(market, { backfill, questions, months, load });
  });
}

/** Everything a publish writes into the history, each time with other offers. */
async function writeChanges(
  database: Database,
  duns: string,
  now: Date,
  rows = ROWS_OF_A_PUBLISH,
): Promise<void> {
  const changes = Array.from({ length: rows }, (_, at) => ({
    offer_id: randomUUID(),
    external_id: `new ${at}`,
  }));
  await database.pool.query(
    `insert into plan_price_history
       (offer_id, plan_id, tdsp_duns, external_id, event, field, from_value, to_value, snapshot_version, changed_at)
     select offer_id, offer_id, $1, external_id, 'changed', 'rate_1000kwh', '12.3', '12.4', 1, $2
       from json_to_recordset($3) as r (offer_id uuid, external_id text)`,
    [duns, now, JSON.stringify(changes)],
  );
}

/** Does something again and again beside `work`, and tells how long each time took. */
async function beside<T>(
  work: () => Promise<T>,
  something: () => Promise<unknown>,
): Promise<{ result: T; times: number[] }> {
  let isRunning = true;
  const times: number[] = [];
  const loop = (async () => {
    while (isRunning) {
      const began = performance.now();
      await something();
      times.push(performance.now() - began);
    }
  })();
  const result = await work();
  isRunning = false;
  await loop;
  return { result, times };
}

/** The months of the history, as if they had been made one after the other as time went on. */
async function makeMonths(database: Database, { days }: InventedMarket): Promise<void> {
  const [before] = await readHistoryPartitions(database.pool);
  await database.pool.query(`drop table ${before!.name}`);
  await database.pool.query('select ensure_history_partitions($1, $2)', [
    new Date(Date.now() - (days + 31) * 86_400_000),
    Math.ceil(days / 30) + 4,
  ]);
}

/** The days of some TDSPs from their history; then the same for all others, so that the table has its size. */
async function measureBackfill(database: Database, market: InventedMarket, say: Say): Promise<number> {
  const mine = Array.from({ length: INDEXED_BY_US }, (_, at) => inventedDuns(at + 1));
  await database.pool.query(
    `insert into market_progress (tdsp_duns, version)
     select tdsp_duns, max(version) from plan_snapshots where tdsp_duns <> all($1) group by tdsp_duns`,
    [mine],
  );
  const began = performance.now();
  assert.deepEqual(await refreshDailyRateIndex(database), mine);
  const each = (performance.now() - began) / INDEXED_BY_US;
  const { rows } = await database.pool.query<{ days: number }>(
    'select count(distinct day)::int as days from daily_rate_index where tdsp_duns = $1',
    [mine[0]],
  );
  assert.equal(rows[0]!.days, market.days, 'every day is proved by the history');
  for (const table of ['daily_rate_index', 'provider_days']) {
    const { rows: columns } = await database.pool.query<{ names: string }>(
      `select string_agg(attname, ', ') as names from pg_attribute
        where attrelid = $1::regclass and attnum > 0 and attname <> 'tdsp_duns'`,
      [table],
    );
    for (let number = INDEXED_BY_US + 1; number <= market.tdsps; number++) {
      await database.pool.query(
        `insert into ${table} (tdsp_duns, ${columns[0]!.names})
         select $1, ${columns[0]!.names} from ${table} where tdsp_duns = $2`,
        [inventedDuns(number), mine[number % INDEXED_BY_US]],
      );
    }
  }
  await database.pool.query('vacuum analyze daily_rate_index, provider_days');
  say(`${market.days} days of a TDSP found from its history in ${duration(each)}`);
  return each;
}

interface Question {
  what: string;
  rows: number;
  p50: number;
  p99: number;
  cpu50: number;
  cpu99: number;
}

/** Waits and other programs included; and the time in which PostgreSQL really worked on it. */
async function measureQuestions(database: Database, market: InventedMarket, say: Say): Promise<Question[]> {
  const waited = await inTurns(await historyQuestions(database.pool, market), async (ask) => {
    const began = performance.now();
    const answer = await ask();
    return { ms: performance.now() - began, rows: answer?.length ?? 0 };
  });
  const worked = await withCpuMeter(database, async (queryable, cpuMs) =>
    inTurns(await historyQuestions(queryable, market), async (ask) => {
      const before = cpuMs();
      await ask();
      return { ms: cpuMs() - before, rows: 0 };
    }),
  );
  return waited.map(({ what, rows, times }, at) => {
    const cpu = worked[at]!.times;
    const question = { what, rows, p50: median(times), p99: p99(times), cpu50: median(cpu), cpu99: p99(cpu) };
    say(`${what}: ${duration(question.p50)}, p99 ${duration(question.p99)}; CPU ${duration(question.cpu50)}`);
    return question;
  });
}

/** One after the other, round by round: what else the machine does falls on all of them. The first rounds warm the cache. */
async function inTurns(
  questions: readonly HistoryQuestion[],
  measure: (ask: HistoryQuestion['ask']) => Promise<{ ms: number; rows: number }>,
): Promise<{ what: string; rows: number; times: number[] }[]> {
  const results = questions.map(({ what }) => ({ what, rows: 0, times: [] as number[] }));
  for (let round = -20; round < QUESTIONS_EACH; round++) {
    for (const [at, { ask }] of questions.entries()) {
      const { ms, rows } = await measure(ask);
      const result = results[at]!;
      result.rows = Math.max(result.rows, rows);
      if (round >= 0) result.times.push(ms);
    }
  }
  return results;
}

function p99(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)]!;
}

/** A connection whose process tells after each message how long it has been computing. */
async function withCpuMeter<T>(
  { connectionString }: Database,
  work: (queryable: Queryable, cpuMs: () => number) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString, application_name: 'wattsync', types: databaseTypes });
  let ms = 0;
  client.on('notice', ({ detail = '' }) => {
    const [, user, system] = /([\d.]+) s user, ([\d.]+) s system/.exec(detail) ?? [];
    if (user && system) ms += (Number(user) + Number(system)) * 1000;
  });
  await client.connect();
  try {
    await client.query(
      'set client_min_messages = log; set log_parser_stats = off; set log_statement_stats = on',
    );
    return await work(client as unknown as Queryable, () => ms);
  } finally {
    await client.end();
  }
}

interface Months {
  makeMs: number[];
  dropMs: number[];
  /** How long writes take alone, beside months being made, beside months being dropped. */
  aloneMs: number[];
  besideMakingMs: number[];
  besideDroppingMs: number[];
  plainMs: number[];
}

async function measureMonths(database: Database, say: Say): Promise<Months> {
  const { pool } = database;
  const now = new Date();
  const write = () => writeChanges(database, inventedDuns(1), now);
  await pool.query('create table plain_history (like plan_price_history including all)');
  const aloneMs: number[] = [];
  const plainMs: number[] = [];
  for (let round = 0; round < 60; round++) {
    aloneMs.push(await timed(write));
    plainMs.push(await timed(() => writePlain(database, now)));
  }
  const made = await beside(async () => {
    const times: number[] = [];
    for (let year = 2040; year < 2050; year++) {
      times.push(await timed(() => ensureHistoryPartitions(pool, new Date(Date.UTC(year, 0)))));
    }
    return times;
  }, write);
  const dropped = await beside(async () => {
    const times: number[] = [];
    const partitions = (await readHistoryPartitions(pool)).filter(({ until_at }) => until_at < now);
    for (const { until_at } of partitions.slice(0, 10)) {
      times.push(await timed(() => dropHistoryBefore(pool, until_at, { now, dryRun: false })));
    }
    return times;
  }, write);
  say(
    `four months made in ${duration(median(made.result))}, one dropped in ${duration(median(dropped.result))}; writes: ` +
      `${duration(median(aloneMs))} alone, at most ${duration(Math.max(...made.times))} and ${duration(Math.max(...dropped.times))} beside`,
  );
  return {
    makeMs: made.result,
    dropMs: dropped.result,
    aloneMs,
    plainMs,
    besideMakingMs: made.times,
    besideDroppingMs: dropped.times,
  };
}

/** The same rows by the same way into one table with the same indexes, which is empty at first. */
async function writePlain(database: Database, now: Date): Promise<void> {
  const columns = [
    'offer_id',
    'plan_id',
    'tdsp_duns',
    'external_id',
    'event',
    'field',
    'from_value',
    'to_value',
  ];
  const rows = Array.from({ length: ROWS_OF_A_PUBLISH }, (_, at): CopyValue[] => [
    randomUUID(),
    randomUUID(),
    inventedDuns(1),
    `new ${at}`,
    'changed',
    'rate_1000kwh',
    { json: 12.3 },
    { json: 12.4 },
    1,
    now,
  ]);
  await database.transaction((connection) =>
    copyRows(connection, 'plain_history', [...columns, 'snapshot_version', 'changed_at'], rows),
  );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

interface Measured {
  backfill: number;
  questions: Question[];
  months: Months;
  load: number;
}

function sectionOf(
  { tdsps, plansPerTdsp, days, rows }: InventedMarket,
  { backfill, questions, months, load }: Measured,
): Section {
  const count = (value: number) => value.toLocaleString('en-US');
  const asked = questions.filter(({ what }) => what !== ROUND_TRIP);
  const bare = questions.find(({ what }) => what === ROUND_TRIP)!;
  const slow = asked.filter(({ p99 }) => p99 >= TARGET_MS);
  const uneven = asked.filter(({ p50, p99 }) => p99 > 3 * p50);
  const slowInside = asked.filter(({ cpu99 }) => cpu99 >= TARGET_MS);
  const unevenInside = asked.filter(({ cpu50, cpu99 }) => cpu99 > 3 * cpu50);
  const table: Table = {
    title: `Questions, ${QUESTIONS_EACH} of each in turns`,
    head: ['question', 'rows at most', 'p50', 'p99', 'p99 ÷ p50', 'CPU p50', 'CPU p99', 'CPU p99 ÷ p50'],
    rows: questions.map(({ what, rows: found, p50, p99, cpu50, cpu99 }) => [
      what,
      String(found),
      duration(p50),
      duration(p99),
      digits(p99 / p50),
      duration(cpu50),
      duration(cpu99),
      digits(cpu99 / cpu50),
    ]),
  };
  const writes: Table = {
    title: `Writing ${ROWS_OF_A_PUBLISH} rows of history in a transaction`,
    head: ['beside', 'times', 'median', 'longest'],
    rows: (
      [
        ['nothing', months.aloneMs],
        ['nothing, into one empty table with the same indexes', months.plainMs],
        ['four months being made, ten times', months.besideMakingMs],
        ['one month being dropped, ten times', months.besideDroppingMs],
      ] as const
    ).map(([what, times]) => [
      what,
      String(times.length),
      duration(median(times)),
      duration(Math.max(...times)),
    ]),
  };
  const isFree = Math.max(...months.besideMakingMs, ...months.besideDroppingMs) < 1_000;
  const names = (some: Question[]) =>
    some.length === 0 ? '' : `: ${some.map(({ what }) => what).join('; ')}`;
  return {
    title: 'Two years of history',
    method: `${count(rows)} rows of history of ${count(tdsps * plansPerTdsp)} plans in ${tdsps} TDSPs over ${days} days, made by PostgreSQL itself
(bench/invent-history.ts), in the months they belong to. Questions go through \`pg\` over loopback, with an answer of the size they have in the API; the server has 64 MB of shared buffers. The
same questions are asked again on a connection whose server process tells how long it has been computing
(\`log_statement_stats\`): planning and running, without waiting for its turn on the processor.`,
    tables: [table, writes],
    findings: [
      `p99 under ${TARGET_MS} ms: ${verdict(slow.length === 0)}${names(slow)}`,
      `p99 at most 3 times p50: ${verdict(uneven.length === 0)}${names(uneven)}. (The bare round trip in the same turns: ${digits(bare.p99 / bare.p50)} times; the machine had ${digits(load)} programs wanting its ${availableParallelism()} cores.)`,
      `In CPU time of PostgreSQL, which other programs do not lengthen: p99 under ${TARGET_MS} ms: ${verdict(slowInside.length === 0)}${names(slowInside)}; at most 3 times p50: ${verdict(unevenInside.length === 0)}${names(unevenInside)}`,
      `Four months are made in ${duration(median(months.makeMs))}, one is dropped in ${duration(median(months.dropMs))}; no write waited a second for it: ${verdict(isFree)}`,
      `The months cost a write ${digits(median(months.aloneMs) / median(months.plainMs))} times what it costs into one small table.`,
      `${count(days)} days of one TDSP with ${count(plansPerTdsp)} plans are found from its history in ${duration(backfill)}.`,
    ],
  };
}
