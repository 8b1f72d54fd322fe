/**
 * A week in which nothing is wrong, in simulated time: people by day and few by night, a Sunday, prices that move on weekdays,
 * one answer of the upstream that is slow and one sync that fails and is repaired by the next. Everything is counted and
 * written down by the program's own functions, and no alert fires, nor is the condition of any rule ever met.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { AnswerCounter } from '../../src/api/observation/answer-counts.ts';
import { CacheStats } from '../../src/cache/cache-stats.ts';
import { readConfig, Secret } from '../../src/config.ts';
import { count, LATENCY_STEPS_MS } from '../../src/histogram.ts';
import { evaluate } from '../../src/monitor/alerts/evaluate.ts';
import { type Facts, promisesOf, readFacts, SlowFacts } from '../../src/monitor/alerts/facts.ts';
import { readingsOf } from '../../src/monitor/alerts/observer.ts';
import { sampleOf } from '../../src/monitor/figures/sample.ts';
import { nextTime } from '../../src/planning/cron-times.ts';
import { scheduledTimes } from '../../src/planning/scheduler.ts';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import { rollUp } from '../../src/store/observation/figure-rows.ts';
import { noteVitals } from '../../src/store/observation/vitals.ts';
import { readCurrentSnapshots } from '../../src/store/plans/snapshots.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { QueryRecorder } from '../../src/store/postgres/query-recorder.ts';
import { readDueTimes, takeTime, writeScheduleTimes } from '../../src/store/queue/schedule-times.ts';
import { insertAttempts } from '../../src/store/queue/sync-attempts.ts';
import { insertEndedRun, reserveRunId } from '../../src/store/queue/sync-runs.ts';
import { registerWorker, touchWorker } from '../../src/store/queue/sync-workers.ts';
import { QueryStats } from '../../src/store/upkeep/query-stats.ts';
import { failedOutcome } from '../../src/sync/publish/outcome.ts';
import { Publisher } from '../../src/sync/publish/publisher.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';
import { allDuns, createTestDatabase, territory, testGate } from '../support/support.ts';
import { rules } from '../support/watch.ts';

/** Monday, midnight in Texas. */
const START = Date.parse('2026-06-01T05:00:00Z');
const HOURS = 7 * 24;
const MINUTE_MS = 60_000;
/** From 1, Monday. */
const at = (day: number, hourOfDay: number): number => (day - 1) * 24 + hourOfDay;
const [SLOW, FAILING] = [at(3, 14), at(4, 10)];
/** Evaluated every five minutes; all others as the next sync begins, when plans are as old as they get. */
const CLOSELY = [at(1, 9), SLOW, FAILING, at(7, 12)];

const closers: (() => unknown)[] = [];
after(async () => {
  for (const close of closers.toReversed()) await close();
});
const { url } = await createTestDatabase();
const clock = await SimulatedClock.start(url, START);
closers.push(() => clock.stop());
const database = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 6 });
closers.push(() => database.close());
const { pool } = database;

let hour = 0;
let answers = 0;
let isRepaired = false;
const given = readFileSync(new URL('../fixtures/powertochoose-small.csv', import.meta.url), 'utf8');
/** On each weekday at three some rates move by a tenth of a cent. */
function market(): string {
  const moved = Array.from({ length: 7 }, (_, day) => at(day + 1, 15)).filter(
    (when, day) => day < 5 && hour >= when,
  ).length;
  return given.replaceAll(
    /,0\.1([3-9])(\d),/g,
    (_, cents, tenth) => `,0.1${cents}${(Number(tenth) + moved) % 10},`,
  );
}
const upstream = createServer(async (_request, response) => {
  answers += 1;
  if (hour === FAILING && !isRepaired) return void response.writeHead(503).end('busy');
  if (hour === SLOW) await clock.advance(50);
  response.writeHead(200, { 'content-type': 'text/csv' }).end(market());
});
upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
closers.push(() => upstream.close());

const csv = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/export.csv`;
const config = readConfig({
  PLAN_SOURCE: 'powertochoose',
  POWERTOCHOOSE_CSV: csv,
  DATABASE_URL: url,
  MAINTENANCE_SCHEDULE: 'off',
});
const source = new PowerToChooseSource(
  { csv, tdspByName: (name) => territory.tdspByFeedName(name)?.duns },
  testGate(database, { callBudgetPerHour: config.apiCallBudgetPerHour, failuresThatOpen: 5 }),
);
const publisher = new Publisher({ database, cacheTtlMs: 7_200_000, tuneDatabase: false });

/** A process with all roles, which shows that it lives. */
const connection = await pool.connect();
closers.push(() => connection.release(true));
const worker_id = crypto.randomUUID();
await registerWorker(connection, {
  id: worker_id,
  lock_key: 4_712,
  host: 'quiet',
  pid: 1,
  roles: ['web', 'worker', 'scheduler'],
  queue: null,
  origin: source.origin,
  started_at: new Date(),
});
async function live(): Promise<void> {
  await touchWorker(pool, worker_id);
  const loops = { schedules: { late_ms: 400, every_ms: 1_000 } };
  await noteVitals(pool, '1.0.0', { memory_bytes: 150e6, loop_lag_ms: 4 + (hour % 9), loops, pools: {} });
}

/** @returns whether it went well */
async function sync(requested_by: string): Promise<boolean> {
  const id = await reserveRunId(pool);
  const started_at = new Date();
  const base = await new Map((await readCurrentSnapshots(pool)).map((one) => [one.tdsp_duns, one]));
  const context = { run_id: id, isForced: false, signal: AbortSignal.timeout(60_000) };
  const outcomes = await publisher
    .fetchAndPublish([...allDuns], { source, context, base })
    .catch((error) => allDuns.map((duns) => failedOutcome(duns, 'failed', error)));
  const job_id = crypto.randomUUID();
  await database.transaction(async (transaction) => {
    await insertAttempts(
      transaction,
      outcomes.map(({ tdsp_duns, status, error_code }) => ({
        job_id,
        worker_id,
        started_at,
        tdsp_duns,
        status,
        error_code,
      })),
    );
    await insertEndedRun(
      transaction,
      {
        id,
        kind: 'priority',
        source: source.name,
        requested: { cities: [], tdsps: allDuns },
        is_forced: false,
        requested_by,
        reason: null,
        requested_at: started_at,
      },
      outcomes.map((outcome) => ({ ...outcome, run_id: id, notes: {}, duration_ms: 900 })),
    );
  });
  return outcomes.every(({ error_code }) => error_code === null);
}

/** @returns how each time that has come went */
async function keepSchedule(): Promise<boolean[]> {
  const went: boolean[] = [];
  for (const due of await readDueTimes(pool)) {
    const following = nextTime(due.cron, due.time_zone, due.now);
    if (await database.transaction((transaction) => takeTime(transaction, due, following)))
      went.push(await sync('schedule'));
  }
  return went;
}

const counter = new AnswerCounter({ database: pool });
const cache = new CacheStats({ database: pool, size: () => ({ entries: 6, bytes: 1e6 }) });
const recorder = new QueryRecorder();
const statements = new QueryStats({ database: pool, recorder, keepDays: 14 });

/** What people do within some minutes. */
async function people(): Promise<void> {
  const ofDay = hour % 24;
  const share = (ofDay >= 8 && ofDay < 18 ? 1 : ofDay < 6 ? 0.03 : 0.4) * (hour >= at(7, 0) ? 0.3 : 1);
  const reads = Math.round(1_200 * share);
  for (let n = 0; n < reads; n++) {
    const isMissed = n % 400 === 399;
    const slow = n % 250 === 249 ? 40 : 0.4;
    counter.of('/v1/plans', isMissed ? 'redis' : 'memory').count(n % 60 === 59 ? 404 : 200, slow);
    if (isMissed) {
      cache.miss('memory', 0.01);
      cache.hit('redis', 2, 600_000, false);
    }
  }
  // One of two thousand fails, as after a restart.
  if (reads > 1_000 && hour % 2 === 0) counter.of('/v1/plans', '').count(503, 900);
  cache.memoryHits(reads, 1_800_000, false);
  const selects = recorder.of('select plans from plan_cache');
  selects.calls += 40 + reads;
  selects.total_ms += (40 + reads) * 1.5;
  selects.max_ms = 120;
  count(selects.latency, LATENCY_STEPS_MS, 1.5, 40 + reads);
  await Promise.all([counter.flush(), cache.flush(), statements.flush()]);
}

const slow = new SlowFacts();
const promises = promisesOf(territory, config);
const readNow = (): Promise<Facts> =>
  readFacts(pool, config, { promises, slow, readDisk: async () => ({ total_bytes: 100, free_bytes: 55 }) });

test('a quiet week with honest load fires nothing', async () => {
  await writeScheduleTimes(
    pool,
    scheduledTimes(config.schedules).map(({ name, cron, timeZone }) => ({
      name,
      cron,
      time_zone: timeZone,
      next_at: nextTime(cron, timeZone, new Date()),
    })),
  );
  assert.ok(await sync('start'));
  const met: string[] = [];
  let evaluations = 0;
  let most = 0;
  const look = async () => {
    await live();
    await readDueTimes(pool);
    const facts = await readNow();
    await rollUp(pool, facts.view.at, sampleOf(facts));
    const readings = readingsOf(rules, facts);
    const { changed } = evaluate({ rules, readings, alerts: [], silences: [], at: facts.view.at });
    for (const { rule, subject, reading } of changed)
      met.push(`${facts.view.at.toISOString()} ${rule} ${subject}: ${reading}`);
    evaluations += 1;
    most = Math.max(most, facts.hour.layers.memory?.hits ?? 0);
  };
  const went: boolean[] = [];
  for (hour = 0; hour < HOURS; hour++) {
    const to = (minutes: number) => clock.setTo(START + (hour * 60 + minutes) * MINUTE_MS);
    const isClose = CLOSELY.includes(hour);
    if (hour > 0) {
      await to(0);
      went.push(...(await keepSchedule()));
    }
    for (const minutes of isClose ? [2, 7, 12, 17, 22, 27, 32, 37, 42, 47, 52] : [52]) {
      await to(minutes);
      if (hour === FAILING && !isRepaired && minutes > 15) {
        isRepaired = true;
        went.push(await sync('retry'));
      }
      await people();
      if (isClose) await look();
    }
    await to(59.9);
    await look();
  }
  assert.deepEqual(met, []);
  // It was a week with something in it.
  assert.deepEqual(went.filter((isGood) => !isGood).length, 1);
  assert.ok(
    evaluations > HOURS + 40 && answers > HOURS && most > 10_000,
    `${evaluations}, ${answers}, ${most}`,
  );
  const { rows } = await pool.query(`select count(*)::int as n from plan_snapshots`);
  assert.ok(rows[0].n > allDuns.length, 'prices moved');
});
