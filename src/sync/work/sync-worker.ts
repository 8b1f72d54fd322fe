/**
 * Takes jobs of one queue and syncs what waits for them. Any number of processes may do so: of a TDSP one works on it
 * at a time, and whoever dies, freezes or is told to stop loses the work to another. The queue is started and stopped
 * by whoever hands it in.
 */

import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { describeError } from '../../errors.ts';
import type { PlanSource } from '../../sources/source.ts';
import type { Database } from '../../store/postgres/database.ts';
import { type ControlState, lockControl } from '../../store/queue/sync-control.ts';
import {
  claimTargets,
  isQueueIdle,
  lockQueue,
  notifyMoved,
  type OpenTarget,
} from '../../store/queue/sync-targets.ts';
import type { Outcome } from '../publish/outcome.ts';
import { BackgroundCare } from './background-upkeep.ts';
import { type JobQueue, queueName, STATE_KEY, type SyncJob } from './job-queue.ts';
import { Presence } from './presence.ts';
import { type Tended, tend, wakeWorkers } from './reconcile.ts';
import { settle } from './settle.ts';
import { syncGroup } from './sync-group.ts';

interface SyncWorkerOptions {
  database: Database;
  jobs: JobQueue;
  source: PlanSource;
  /** Jobs at once in this process. */
  concurrency: number;
  freshForMs: number;
  cacheTtlMs: number;
  /** Keeps the planner's statistics and the materialised views up to what is published. */
  tuneDatabase: boolean;
  /** For those who look: `web`, `worker`, `scheduler`, `command`. */
  roles: readonly string[];
  /** Something went wrong that no result tells of. */
  onError(error: unknown): void;
  /** A TDSP was given to another worker, or given up. */
  onRescue?(tended: Tended): void;
  /** How often the queue is looked after. */
  tendEveryMs?: number;
}

const TEND_MS = 1_000;
/** Told to stop, a worker lets what it does end by itself for so long; then it is cut off and handed on. */
const GRACE_MS = 3_000;
const CARE_GRACE_MS = 4_000;

export class SyncWorker {
  readonly queue: string;
  readonly #options: SyncWorkerOptions;
  readonly #jobs: JobQueue;
  readonly #presence: Presence;
  readonly #idle = new Map<string, number>();
  readonly #running = new Set<Promise<unknown>>();
  /** Ends all calls in flight; another one takes its place once an emergency is over. */
  #calls = new AbortController();
  readonly #care: BackgroundCare;
  #timer: NodeJS.Timeout | undefined;
  #tending: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: SyncWorkerOptions) {
    const { database, jobs, source, roles, onError } = options;
    this.#options = options;
    this.queue = queueName(source);
    const { connectionString } = database;
    this.#jobs = jobs;
    this.#care = new BackgroundCare(database, onError);
    this.#presence = new Presence({
      connectionString,
      roles,
      queue: this.queue,
      origin: source.origin,
      onError,
      onControl: (state) => this.#obey(state),
    });
  }

  async start(): Promise<void> {
    await this.#jobs.create(this.queue);
    // Known before it takes a job: a claim by a worker that nobody knows would be taken for an orphan.
    await this.#presence.start();
    if (this.#stopped) return;
    await this.#jobs.work(this.queue, { count: this.#options.concurrency }, (job) => this.#take(job));
    this.#tendLater();
  }

  /** Lets what runs end for a moment, then hands it on. Safe early and twice. */
  stop(graceMs: number = GRACE_MS): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    clearTimeout(this.#timer);
    await this.#jobs.rest(this.queue);
    if (graceMs > 0) await Promise.race([Promise.all(this.#running), pause(graceMs, null, { ref: false })]);
    this.#calls.abort();
    await Promise.all(this.#running);
    await this.#care.stop(CARE_GRACE_MS);
    await this.#tending;
    await this.#presence.stop();
  }

  #obey(state: ControlState): void {
    if (state === 'emergency') {
      this.#calls.abort();
      this.#calls = new AbortController();
    }
    if (state === 'running' && !this.#stopped) this.#tendNow();
  }

  #take(job: SyncJob): Promise<object> {
    const taken = this.#work(job);
    const done = taken.then(
      () => {},
      () => {},
    );
    this.#running.add(done);
    void done.then(() => this.#running.delete(done));
    return taken;
  }

  async #work({ id: job_id, key, signal: isOurs }: SyncJob): Promise<object> {
    const signal = AbortSignal.any([isOurs, this.#calls.signal]);
    const claimed = await this.#claim(job_id, key);
    if (claimed.length === 0) return {};
    const { database, source } = this.#options;
    const started_at = new Date();
    const began = performance.now();
    const run_id = claimed[0]!.run_id;
    const outcomes = await this.#sync(claimed, signal);
    const settled = await settle(database, {
      queue: this.queue,
      job_id,
      worker_id: this.#presence.id,
      started_at,
      run_id,
      outcomes,
      duration_ms: Math.round(performance.now() - began),
    });
    if (settled.returned.length > 0) {
      await wakeWorkers({ database, jobs: this.#jobs, queue: this.queue, coverage: source.coverage });
    }
    // The run has ended by then: whoever settled the last of what was asked for together does it for all of it.
    if (this.#options.tuneDatabase) this.#care.renew(() => isQueueIdle(database.pool, this.queue));
    await this.#tellOfFailures(key, settled.good, settled.bad);
    return { synced: settled.good, failed: settled.bad.map(({ tdsp_duns }) => tdsp_duns) };
  }

  /** Nothing where syncing is stopped: what waits goes on waiting, and is woken by whoever lets it go on. */
  async #claim(job_id: string, key: string): Promise<OpenTarget[]> {
    const { database } = this.#options;
    if (!this.#presence.isKnown) return [];
    return database.transaction(async (connection) => {
      await lockQueue(connection, this.queue);
      if ((await lockControl(connection)).state !== 'running') return [];
      const claimed = await claimTargets(connection, {
        queue: this.queue,
        job_id,
        worker_id: this.#presence.id,
        tdsp_duns: key === STATE_KEY ? null : key,
      });
      if (claimed.length > 0) await notifyMoved(connection);
      return claimed;
    });
  }

  #sync(claimed: readonly OpenTarget[], signal: AbortSignal): Promise<Outcome[]> {
    const { database, source, freshForMs, cacheTtlMs, tuneDatabase } = this.#options;
    const forced = new Set(claimed.filter(({ is_forced }) => is_forced).map(({ tdsp_duns }) => tdsp_duns));
    const asked = claimed.map(({ requested_at }) => requested_at.getTime());
    return syncGroup([...new Set(claimed.map(({ tdsp_duns }) => tdsp_duns))], {
      database,
      source,
      freshForMs,
      cacheTtlMs,
      tuneDatabase,
      forced,
      now: () => new Date(),
      startedAt: new Date(Math.max(...asked)),
      context: { run_id: claimed[0]!.run_id, isForced: forced.size > 0, signal },
    });
  }

  /** What failed for good is kept where somebody finds it, once for each key; a later success takes it away. */
  async #tellOfFailures(key: string, good: readonly string[], bad: readonly Outcome[]): Promise<void> {
    if (bad.length === 0) {
      if (good.length > 0) await this.#jobs.buryDead(this.queue, key);
      return;
    }
    const failures = bad.map(({ tdsp_duns, error_code, message }) => ({ tdsp_duns, error_code, message }));
    await this.#jobs.declareDead(this.queue, key, failures);
  }

  #tendLater(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tendNow(), this.#options.tendEveryMs ?? TEND_MS);
  }

  /** One at a time; the next one follows by itself. */
  #tendNow(): void {
    clearTimeout(this.#timer);
    const { database, source, onError, onRescue } = this.#options;
    this.#tending = this.#tending
      .then(() =>
        tend({
          database,
          jobs: this.#jobs,
          queue: this.queue,
          coverage: source.coverage,
          idle: this.#idle,
        }),
      )
      .then((tended) => {
        if (tended.rescued.length + tended.given_up.length > 0) onRescue?.(tended);
      })
      .catch((error) => onError(new Error(`The queue could not be looked after: ${describeError(error)}`)))
      .then(() => this.#tendLater());
  }
}
