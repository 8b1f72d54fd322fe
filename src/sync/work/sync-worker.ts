/**
 * Claims work of one queue and does it: woken by its jobs, or at once where a reader waits. Any number of processes may
 * do so: of a TDSP one works on it at a time, and one that dies, freezes or is told to stop loses the work to another.
 */

import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { describeError } from '../../errors.ts';
import { LOOPS, noteRound } from '../../periodic.ts';
import { syncResults } from '../../process-metrics.ts';
import type { PlanSource } from '../../sources/source.ts';
import type { Connection, Database } from '../../store/postgres/database.ts';
import { type ControlState, lockControl } from '../../store/queue/sync-control.ts';
import {
  claimTargets,
  isQueueIdle,
  lockQueue,
  notifyMoved,
  type OpenTarget,
} from '../../store/queue/sync-targets.ts';
import { traced } from '../../trace.ts';
import type { Outcome } from '../publish/outcome.ts';
import type { Publisher } from '../publish/publisher.ts';
import type { BackgroundUpkeep } from './background-upkeep.ts';
import { type JobQueue, queueName, STATE_KEY, type SyncJob } from './job-queue.ts';
import { Presence } from './presence.ts';
import { reconcile, rescueOrphans, wakeWorkers } from './reconcile.ts';
import { settle } from './settle.ts';
import { syncGroup } from './sync-group.ts';

export interface Settled {
  run_id: number;
  duration_ms: number;
  outcomes: readonly Outcome[];
}

interface SyncWorkerOptions {
  database: Database;
  jobs: JobQueue;
  source: PlanSource;
  publisher: Publisher;
  /** After the last of what was asked for together; `null`: statistics and views are left alone. */
  upkeep: BackgroundUpkeep | null;
  /** Jobs at once in this process; 0: it takes none, and works only where it is asked to. */
  concurrency: number;
  /** A plan set confirmed less than this before it was asked for needs no call. */
  freshForMs: number;
  /** For those that look: `web`, `worker`, `scheduler`, `command`. */
  roles: readonly string[];
  /** What became of claimed work, once it is written down. */
  onSettled?: (settled: Settled) => void;
  /** Syncing was allowed, stopped or halted. */
  onControl?: (state: ControlState) => void;
  /** Something went wrong that no result tells of. */
  onError(error: unknown): void;
}

const RECONCILE_MS = 1_000;
/** Told to stop, a worker lets what it does end by itself for a moment; then it is cut off and handed on. */
const GRACE_MS = 3_000;
const UPKEEP_GRACE_MS = 4_000;

interface Work {
  job_id: string;
  /** DUNS of the TDSP, or `state`. */
  key: string;
  signal: AbortSignal;
  /** A reader waits: its own run, for which alone the upstream is called once and not again. */
  reader?: { run_id: number | null };
}

/** What was claimed in the transaction that asked for it. */
export interface Begun {
  job_id: string;
  claimed: OpenTarget[];
}

export class SyncWorker {
  readonly queue: string;
  readonly #options: SyncWorkerOptions;
  readonly #presence: Presence;
  readonly #idle = new Map<string, number>();
  readonly #running = new Set<Promise<unknown>>();
  /** Ends all calls in flight; another one takes its place once an emergency is over. */
  #calls = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #reconciling: Promise<unknown> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: SyncWorkerOptions) {
    const { database, source, roles, concurrency, onError } = options;
    this.#options = options;
    this.queue = queueName(source);
    this.#presence = new Presence({
      connectionString: database.connectionString,
      roles,
      queue: concurrency > 0 ? this.queue : null,
      origin: source.origin,
      onError,
      onControl: (state) => this.#obey(state),
    });
  }

  async start(): Promise<void> {
    const { jobs, concurrency } = this.#options;
    if (concurrency > 0) await jobs.create(this.queue);
    // Known before it claims anything: a claim by an unknown worker would be taken for an orphan.
    await this.#presence.start();
    if (concurrency === 0 || this.#stopped) return;
    await jobs.work(this.queue, concurrency, (job) => this.#take(job));
    this.#reconcileLater();
  }

  /** Lets what runs end for a moment, then hands it on. Safe early and twice. */
  stop(graceMs: number = GRACE_MS): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  async #stop(graceMs: number): Promise<void> {
    const { jobs, concurrency, upkeep } = this.#options;
    clearTimeout(this.#timer);
    LOOPS.delete('reconcile');
    if (concurrency > 0) await jobs.stopTaking(this.queue);
    if (graceMs > 0) await Promise.race([Promise.all(this.#running), pause(graceMs, null, { ref: false })]);
    this.#calls.abort();
    await Promise.all(this.#running);
    await upkeep?.stop(UPKEEP_GRACE_MS);
    await this.#reconciling;
    await this.#presence.stop();
  }

  /**
   * Does at once, in this process, what waits under a key, without waiting to be woken.
   * @param run_id the run of a reader: for it alone the upstream is called once and not again
   * @returns nothing where another process is at it
   */
  async workNow(key: string, run_id: number | null, begun: Begun | null = null): Promise<Outcome[]> {
    if (this.#stopped && !begun) return [];
    if (!begun) await rescueOrphans(this.#options.database, this.queue);
    const never = new AbortController().signal;
    const { job_id, claimed } = begun ?? { job_id: randomUUID(), claimed: null };
    return this.#track(this.#work({ job_id, key, signal: never, reader: { run_id } }, claimed));
  }

  /** Claims what waits under a key, under the lock of the queue that the connection holds; `workNow` does it. */
  async beginIn(connection: Connection, key: string): Promise<Begun> {
    const job_id = randomUUID();
    if (this.#stopped || !this.#presence.isKnown) return { job_id, claimed: [] };
    return { job_id, claimed: await this.#claimIn(connection, { job_id, key }) };
  }

  #obey(state: ControlState): void {
    this.#options.onControl?.(state);
    if (state === 'emergency') {
      this.#calls.abort();
      this.#calls = new AbortController();
    }
    if (state === 'running' && !this.#stopped && this.#options.concurrency > 0) this.#reconcileNow();
  }

  async #take({ id: job_id, key, signal }: SyncJob): Promise<object> {
    const outcomes = await this.#track(this.#work({ job_id, key, signal }));
    const names = (isFailed: boolean) =>
      outcomes
        .filter(({ error_code }) => (error_code !== null) === isFailed)
        .map(({ tdsp_duns }) => tdsp_duns);
    return { succeeded: names(false), failed: names(true) };
  }

  #track<T>(work: Promise<T>): Promise<T> {
    const done = work.then(
      () => {},
      () => {},
    );
    this.#running.add(done);
    void done.then(() => this.#running.delete(done));
    return work;
  }

  async #work(work: Work, begun: OpenTarget[] | null = null): Promise<Outcome[]> {
    const { database, jobs, source, upkeep } = this.#options;
    const { queue } = this;
    const signal = AbortSignal.any([work.signal, this.#calls.signal]);
    const claimed = begun ?? (await this.#claim(work));
    if (claimed.length === 0) return [];
    const started_at = new Date();
    const began = performance.now();
    const about = { 'wattsync.job': work.job_id, 'wattsync.key': work.key };
    const outcomes = await traced('sync', about, () => this.#sync(claimed, signal, work.reader));
    const { run_id } = claimed[0]!;
    const duration_ms = Math.round(performance.now() - began);
    const returned = await settle(database, {
      queue,
      job_id: work.job_id,
      worker_id: this.#presence.id,
      started_at,
      run_id,
      outcomes,
      duration_ms,
    });
    this.#options.onSettled?.({ run_id, duration_ms, outcomes });
    if (returned.length > 0 && !work.reader) {
      await wakeWorkers({ database, jobs, queue, coverage: source.coverage });
    }
    for (const { status } of outcomes) syncResults.add(status);
    // The last that settles what was asked for together does it for all of it.
    upkeep?.renew(() => isQueueIdle(database.pool, queue));
    return outcomes;
  }

  /** Nothing where syncing is stopped: what waits goes on waiting, and is woken by the resume. */
  async #claim(work: Work): Promise<OpenTarget[]> {
    if (!this.#presence.isKnown) return [];
    return this.#options.database.transaction(async (connection) => {
      await lockQueue(connection, this.queue);
      if ((await lockControl(connection)).state !== 'running') return [];
      return this.#claimIn(connection, work);
    });
  }

  async #claimIn(
    connection: Connection,
    { job_id, key }: Pick<Work, 'job_id' | 'key'>,
  ): Promise<OpenTarget[]> {
    const claimed = await claimTargets(connection, {
      queue: this.queue,
      job_id,
      worker_id: this.#presence.id,
      tdsp_duns: key === STATE_KEY ? null : key,
    });
    if (claimed.length > 0) await notifyMoved(connection);
    return claimed;
  }

  #sync(claimed: readonly OpenTarget[], signal: AbortSignal, reader: Work['reader']): Promise<Outcome[]> {
    const { database, source, publisher, freshForMs } = this.#options;
    const forced = new Set(claimed.filter(({ is_forced }) => is_forced).map(({ tdsp_duns }) => tdsp_duns));
    // Each says how fresh is fresh enough; the most demanding counts.
    const freshSince = Math.max(
      ...claimed.map(
        ({ requested_at, fresh_for_ms }) => requested_at.getTime() - (fresh_for_ms ?? freshForMs),
      ),
    );
    const isForReader = reader !== undefined && claimed.every(({ run_id }) => run_id === reader.run_id);
    return syncGroup([...new Set(claimed.map(({ tdsp_duns }) => tdsp_duns))], {
      database,
      source,
      publisher,
      forced,
      freshSince: new Date(freshSince),
      context: {
        run_id: claimed[0]!.run_id,
        isForced: forced.size > 0,
        signal,
        attempts: isForReader ? 1 : undefined,
      },
    });
  }

  #reconcileLater(): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    noteRound('reconcile', RECONCILE_MS);
    this.#timer = setTimeout(() => this.#reconcileNow(), RECONCILE_MS);
  }

  /** One at a time; the next one follows by itself. */
  #reconcileNow(): void {
    clearTimeout(this.#timer);
    const { database, jobs, source, onError } = this.#options;
    const { coverage } = source;
    this.#reconciling = this.#reconciling
      .then(() => reconcile({ database, jobs, queue: this.queue, coverage, idle: this.#idle }))
      .catch((error) => onError(new Error(`The queue could not be reconciled: ${describeError(error)}`)))
      .then(() => this.#reconcileLater());
  }
}
