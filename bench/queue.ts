/** The queue as the sync engine uses it, beside graphile-worker, and what planning and a full sync take. */

import { Logger, makeWorkerUtils, type Runner, run } from 'graphile-worker';
import { PgBoss } from 'pg-boss';
import { Engine } from '../src/app/engine.ts';
import { readConfig } from '../src/config.ts';
import { planTargets } from '../src/planning/plan-targets.ts';
import { startSandbox } from '../src/sandbox/server.ts';
import { ComparePowerSource } from '../src/sources/comparepower/comparepower.ts';
import { Gate } from '../src/sources/gate.ts';
import type { Database } from '../src/store/postgres/database.ts';
import { readTerritory } from '../src/store/territory.ts';
import { followRun } from '../src/sync/work/follow-run.ts';
import { JobQueue } from '../src/sync/work/job-queue.ts';
import { withDatabase } from './postgres.ts';
import { digits, duration, median, type Say, type Section, spread, verdict } from './report.ts';

const CITIES = 881;
const BACKLOG = 20_000;
const ROUNDS = 5;
const IDLE_JOBS = 200;
/** Jobs that one loop of ours takes at once. */
const BATCH = 2_000;
const UPSTREAM_LATENCY_MS = 200;
/** As the owner documented it: 25 calls a second at most, ten to a batch, two seconds between batches. */
const PER_BATCH = 10;
const BATCH_PAUSE_MS = 2_000;

interface Candidate {
  /** Puts this many jobs in, at once. */
  fill(jobs: number): Promise<void>;
  /** Resolves when this many more have been done. */
  drain(jobs: number): Promise<void>;
  /** Puts one in while nothing else goes on. @returns milliseconds until its work began */
  one(): Promise<number>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Leaves the database. */
  close(): Promise<void>;
}

/** Counts what is done, and knows when each began. */
class Tally {
  readonly #begun = new Map<string, number>();
  #left = 0;
  #done: () => void = () => {};
  #seen: ((key: string) => void) | null = null;

  expect(jobs: number): Promise<void> {
    this.#left = jobs;
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  began(key: string): Promise<number> {
    return new Promise((resolve) => {
      this.#seen = (seen) => {
        if (seen === key) resolve(this.#begun.get(key)!);
      };
    });
  }

  work(key: string): void {
    this.#begun.set(key, performance.now());
    this.#seen?.(key);
    this.#left -= 1;
    if (this.#left === 0) this.#done();
  }
}

let keys = 0;
const newKeys = (count: number) => Array.from({ length: count }, () => `job-${++keys}`);

/** One job at a time goes through the queue as the engine uses it; in bulk, which the engine never does, through pg-boss. */
function wattsync(database: Database): Candidate {
  const tally = new Tally();
  const { connectionString } = database;
  const newQueue = (works: boolean) =>
    new JobQueue({ connections: 4, connectionString, works, onError: console.error });
  const sender = newQueue(false);
  const bulk = new PgBoss({ connectionString, max: 4, schedule: false, supervise: false });
  bulk.on('error', console.error);
  let worker: JobQueue | null = null;
  let bulkWorker: PgBoss | null = null;
  let isReady: Promise<unknown> | null = null;
  const ready = () => {
    isReady ??= (async () => {
      await sender.create('bench');
      await bulk.start();
      await bulk.createQueue('bulk', { notify: true });
    })();
    return isReady;
  };
  return {
    async fill(jobs) {
      await ready();
      await database.transaction(async (connection) => {
        const db = { executeSql: (text: string, values?: unknown[]) => connection.query(text, values) };
        await bulk.insert(
          'bulk',
          newKeys(jobs).map((key) => ({ data: { key } })),
          { db },
        );
        // Before anybody is woken: taking many at once with older figures is thirty times slower.
        await connection.query('analyze pgboss.job_common');
      });
    },
    drain: (jobs) => tally.expect(jobs),
    async one() {
      const [key] = newKeys(1);
      const began = tally.began(key!);
      const sent = performance.now();
      // In a transaction, as a request writes down what is to be done in the same one.
      await database.transaction((connection) =>
        sender.send(connection, 'bench', [{ key: key!, priority: 0 }]),
      );
      return (await began) - sent;
    },
    async start() {
      await ready();
      worker = newQueue(true);
      await worker.start();
      await worker.work('bench', 2, async ({ key }) => {
        tally.work(key);
        return {};
      });
      bulkWorker = new PgBoss({ connectionString, max: 4, schedule: false, useListenNotify: true });
      bulkWorker.on('error', console.error);
      await bulkWorker.start();
      const options = { batchSize: BATCH, burstWhenBatchFull: true, pollingIntervalSeconds: 1 };
      for (let loop = 0; loop < 2; loop++) {
        await bulkWorker.work<{ key: string }>('bulk', options, async (jobs) => {
          for (const { data } of jobs) tally.work(data.key);
        });
      }
    },
    async stop() {
      await worker?.stop();
      await bulkWorker?.stop({ graceful: false, close: true });
    },
    async close() {
      await sender.stop();
      await bulk.stop({ graceful: false, close: true });
    },
  };
}

function graphile(database: Database): Candidate {
  const tally = new Tally();
  const { connectionString } = database;
  const logger = new Logger(() => () => {});
  let runner: Runner | null = null;
  let utils: Awaited<ReturnType<typeof makeWorkerUtils>> | null = null;
  const add = async (names: string[]) => {
    utils ??= await makeWorkerUtils({ connectionString, logger });
    await utils.addJobs(names.map((key) => ({ identifier: 'bench', payload: { key } })));
  };
  return {
    fill: (jobs) => add(newKeys(jobs)),
    drain: (jobs) => tally.expect(jobs),
    async one() {
      const [key] = newKeys(1);
      const began = tally.began(key!);
      const sent = performance.now();
      await utils!.addJob('bench', { key });
      return (await began) - sent;
    },
    async start() {
      utils ??= await makeWorkerUtils({ connectionString, logger });
      await utils.migrate();
      runner = await run({
        connectionString,
        logger,
        noHandleSignals: true,
        concurrency: 10,
        preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 0 } },
        taskList: { bench: async (payload) => tally.work((payload as { key: string }).key) },
      });
    },
    async stop() {
      await runner?.stop();
    },
    async close() {
      await utils?.release();
    },
  };
}

interface QueueTimes {
  cities: number[];
  backlog: number[];
  idle: number[];
}

/** @param analyse when the planner gets its figures: of the nearly empty table, or of the full one */
async function measureQueue(
  make: (database: Database) => Candidate,
  into: QueueTimes,
  analyse: 'before' | 'after',
): Promise<void> {
  await withDatabase(async (database) => {
    const queue = make(database);
    await queue.start();
    for (let job = 0; job < IDLE_JOBS; job++) into.idle.push(await queue.one());
    const started = performance.now();
    const done = queue.drain(CITIES);
    await queue.fill(CITIES);
    await done;
    into.cities.push(performance.now() - started);
    await queue.stop();
    if (analyse === 'before') await database.pool.query('analyze');
    await queue.fill(BACKLOG);
    if (analyse === 'after') await database.pool.query('analyze');
    const drained = queue.drain(BACKLOG);
    await queue.start();
    const began = performance.now();
    await drained;
    into.backlog.push(performance.now() - began);
    await queue.stop();
    await queue.close();
  });
}

/** What a call for each city costs at the documented limits: run for two batches, the rest is arithmetic. */
async function measurePerCity(): Promise<{ batchMs: number; totalMs: number }> {
  const sandbox = await startSandbox({ latencyMs: UPSTREAM_LATENCY_MS });
  const { cities } = readTerritory();
  try {
    const started = performance.now();
    for (let batch = 0; batch < 2; batch++) {
      if (batch > 0) await new Promise((resolve) => setTimeout(resolve, BATCH_PAUSE_MS));
      for (const { tdsps } of cities.slice(batch * PER_BATCH, (batch + 1) * PER_BATCH)) {
        await (await fetch(`${sandbox.url}/api/plans/current?tdsp_duns=${tdsps[0]}`)).arrayBuffer();
      }
    }
    const batchMs = (performance.now() - started - BATCH_PAUSE_MS) / 2;
    const batches = Math.ceil(CITIES / PER_BATCH);
    return { batchMs, totalMs: batches * batchMs + (batches - 1) * BATCH_PAUSE_MS };
  } finally {
    await sandbox.stop();
  }
}

async function measureFullSync(
  say: Say,
): Promise<{ fullMs: number[]; planMs: number[]; askMs: number[]; calls: number }> {
  const sandbox = await startSandbox({ latencyMs: UPSTREAM_LATENCY_MS });
  const fullMs: number[] = [];
  const planMs: number[] = [];
  const askMs: number[] = [];
  const territory = readTerritory();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      sandbox.control.reset();
      await withDatabase(async (database) => {
        const config = readConfig({
          COMPAREPOWER_API_URL: sandbox.url,
          EMERGENCY_CALL_BUDGET_PER_HOUR: '1000000',
        });
        const gate = new Gate(
          {
            maxConcurrentRequests: config.maxConcurrentRequests,
            rateLimitPerSecond: config.apiRateLimitPerSecond,
            callBudgetPerHour: config.apiCallBudgetPerHour,
            batchSize: config.batchSize,
            batchDelayMs: config.batchDelayMs,
          },
          database,
        );
        const source = new ComparePowerSource(
          { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
          gate,
        );
        const engine = new Engine({
          config,
          database,
          territory,
          source,
          onError: console.error,
          roles: ['worker'],
        });
        await engine.start();
        try {
          const planned = performance.now();
          planTargets(
            { cities: territory.cities, tdsps: [], force: false },
            {
              now: new Date(),
              observedAt: new Map(),
              demand: new Map(),
              open: [],
              freshForMs: 0,
              targetMs: () => 3_600_000,
              wholeState: null,
            },
          );
          planMs.push(performance.now() - planned);
          const started = performance.now();
          const { run_id } = await engine.request({ kind: 'full', requested_by: 'cli' });
          askMs.push(performance.now() - started);
          const { run } = await followRun(database, run_id, { signal: new AbortController().signal });
          if (run.status !== 'succeeded') throw new Error(`the sync ${run.status}`);
          fullMs.push(performance.now() - started);
        } finally {
          await engine.stop(0);
        }
      });
      say(`full sync, round ${round + 1}: ${duration(fullMs.at(-1)!)}`);
    }
    return { fullMs, planMs, askMs, calls: sandbox.control.state().calls.total };
  } finally {
    await sandbox.stop();
  }
}

const p99 = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1]!;

export async function measureQueues(say: Say): Promise<Section> {
  const times: Record<'wattsync' | 'graphile', QueueTimes> = {
    wattsync: { cities: [], backlog: [], idle: [] },
    graphile: { cities: [], backlog: [], idle: [] },
  };
  for (let round = 0; round < ROUNDS; round++) {
    const turns = [
      ['wattsync', wattsync, 'before'],
      ['graphile', graphile, 'after'],
    ] as const;
    for (const [name, make, analyse] of round % 2 ? turns.toReversed() : turns) {
      await measureQueue(make, times[name], analyse);
      say(
        `${name}, round ${round + 1}: ${CITIES} jobs ${duration(times[name].cities.at(-1)!)}, ${digits(BACKLOG)} ${duration(times[name].backlog.at(-1)!)}`,
      );
    }
  }
  const perCity = await measurePerCity();
  const full = await measureFullSync(say);
  const ratio = (what: 'cities' | 'backlog') =>
    median(times.wattsync[what].map((ms, round) => ms / times.graphile[what][round]!));
  const backlogRate = 1 / ratio('backlog');
  const row = (name: string, { cities, backlog, idle }: QueueTimes) => [
    name,
    spread(cities),
    spread(backlog),
    digits(BACKLOG / (median(backlog) / 1000)),
    `${digits(median(idle))} / ${digits(p99(idle))}`,
  ];
  return {
    title: 'Queue and sync',
    method:
      `Empty jobs, one worker process (the benchmark itself), PostgreSQL with fsync, ${ROUNDS} rounds in turns, a database of its own each. ` +
      `wattsync is pg-boss (one job at a time through src/sync/work/job-queue.ts), 2 loops of ${digits(BATCH)} jobs; graphile-worker has 10 workers, a local queue of 500 and batched ` +
      `completion. The backlog is put in while nobody works: for wattsync right after an ANALYZE of the nearly empty table, the worst that autovacuum can do; ` +
      `for graphile-worker, which takes a minute then, the table is analysed once it is full. ` +
      `Idle: one job at a time, ${IDLE_JOBS} each round, from the call that sends it to the start of its work. ` +
      `The full sync is of the sandbox at ${UPSTREAM_LATENCY_MS} ms latency, all limits at their defaults.`,
    tables: [
      {
        title: 'Queue',
        head: [
          'queue',
          `${CITIES} jobs, in and done`,
          `${digits(BACKLOG)} drained`,
          'jobs/s',
          'idle p50 / p99, ms',
        ],
        rows: [row('wattsync (pg-boss)', times.wattsync), row('graphile-worker, tuned', times.graphile)],
      },
      {
        title: 'A sync of all cities',
        head: ['what', 'time', 'calls'],
        rows: [
          ['planning 975 cities', spread(full.planMs), '0'],
          ['planned, written down and queued', spread(full.askMs), '0'],
          ['a full sync, from asking to the end', spread(full.fullMs), String(full.calls)],
          [
            `a call for each of ${CITIES} cities at the documented limits (two batches of ${PER_BATCH} run, ${duration(perCity.batchMs)} each; the rest worked out)`,
            duration(perCity.totalMs),
            String(CITIES),
          ],
        ],
      },
    ],
    findings: [
      `${CITIES} jobs in at most twice the time of graphile-worker (${digits(ratio('cities'))}): ${verdict(ratio('cities') <= 2)}`,
      `A backlog drained at 0.7 of its rate or more (${digits(backlogRate)}): ${verdict(backlogRate >= 0.7)}`,
      `An idle queue starts a job within 10 ms at p99: ${verdict(p99(times.wattsync.idle) <= 10)}`,
      `All cities planned and queued in under a second: ${verdict(Math.max(...full.askMs) < 1_000)}`,
      `A full sync in under 3 s with six calls: ${verdict(Math.max(...full.fullMs) < 3_000 && full.calls === 6)}`,
    ],
  };
}
