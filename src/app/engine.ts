/** What one process does for syncing: it asks, and as its roles say it works and keeps the times. */

import type { Config, Role } from '../config.ts';
import {
  type AskedSync,
  explainSync,
  type RequestOptions,
  requestSync,
  type SyncAsk,
} from '../planning/request-sync.ts';
import { keepSchedules } from '../planning/scheduler.ts';
import type { PlanSource } from '../sources/source.ts';
import type { Database } from '../store/postgres/database.ts';
import { type RunWithResults, readRun } from '../store/queue/queued-runs.ts';
import { writeScheduleTimes } from '../store/queue/schedule-times.ts';
import { hasWorker } from '../store/queue/sync-workers.ts';
import { abandonRun } from '../sync/work/control.ts';
import { freshForMs } from '../sync/work/freshness.ts';
import { JobQueue, queueName } from '../sync/work/job-queue.ts';
import { Presence } from '../sync/work/presence.ts';
import { SyncWorker } from '../sync/work/sync-worker.ts';
import type { Territory } from '../territory/territory.ts';

export interface EngineOptions {
  config: Config;
  database: Database;
  territory: Territory;
  source: PlanSource;
  /** None: it only asks, until `work` is called. */
  roles: readonly Role[];
  onError(error: unknown): void;
  /** A scheduled time has come; `null`: nobody looks after maintenance. */
  onMaintenance?: () => Promise<unknown>;
  /** A scheduled sync was asked for, or was not and why. */
  onScheduled?: (kind: string, asked: AskedSync | null, error: unknown) => void;
}

const HOUR_MS = 3_600_000;

export class Engine {
  readonly #options: EngineOptions;
  readonly #jobs: JobQueue;
  /** In the order of their start. */
  readonly #parts: { stop(graceMs?: number): Promise<void> }[] = [];
  #stopped: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { roles } = options;
    this.#jobs = this.#queue(
      roles.includes('worker') || roles.includes('scheduler'),
      roles.includes('scheduler'),
    );
  }

  /** Does what its roles say. */
  async start(): Promise<void> {
    const { roles, database, source, onError } = this.#options;
    await this.#begin(this.#jobs);
    if (roles.includes('worker')) await this.#work(this.#jobs, roles);
    else if (roles.length > 0) {
      const { connectionString } = database;
      const about = { roles, queue: null, origin: source.origin };
      await this.#begin(new Presence({ connectionString, ...about, onControl: () => {}, onError }));
    }
    if (roles.includes('scheduler')) await this.#keepSchedules();
  }

  /** Works on the queue from now on, as a command does where nobody else does. */
  async work(): Promise<void> {
    const jobs = this.#queue(true, false);
    await this.#begin(jobs);
    await this.#work(jobs, ['command']);
  }

  /** Whether any process works on this queue just now. */
  hasWorker(): Promise<boolean> {
    const { database, source } = this.#options;
    return hasWorker(database.pool, queueName(source));
  }

  /** @throws {SyncHaltedError} {SyncStoppedError} nothing was asked for */
  ask(ask: SyncAsk): Promise<AskedSync> {
    return requestSync(ask, { ...this.#request(), jobs: this.#jobs });
  }

  /** What asking would lead to. */
  explain(ask: SyncAsk): ReturnType<typeof explainSync> {
    return explainSync(ask, this.#request());
  }

  /** Stops working at once and leaves what of this run is not done. */
  async abandon(runId: number): Promise<RunWithResults> {
    const { database } = this.#options;
    await this.stop(0);
    await abandonRun(database, runId);
    return (await readRun(database.pool, runId))!;
  }

  get jobs(): JobQueue {
    return this.#jobs;
  }

  /** What is under way ends within `graceMs` or is handed on. Safe early and twice. */
  stop(graceMs?: number): Promise<void> {
    this.#stopped ??= (async () => {
      for (const part of this.#parts.toReversed()) await part.stop(graceMs);
    })();
    return this.#stopped;
  }

  #queue(works: boolean, schedules: boolean): JobQueue {
    const { connectionString } = this.#options.database;
    return new JobQueue({ connectionString, works, schedules, onError: this.#options.onError });
  }

  async #begin(part: { start(): Promise<void>; stop(): Promise<void> }): Promise<void> {
    this.#parts.push(part);
    await part.start();
  }

  async #work(jobs: JobQueue, roles: readonly string[]): Promise<void> {
    const { config, database, source, onError } = this.#options;
    const worker = new SyncWorker({
      database,
      jobs,
      source,
      roles,
      onError,
      concurrency: source.coverage === 'state' ? 1 : config.maxConcurrentRequests,
      freshForMs: freshForMs(config.syncIntervalMs),
      cacheTtlMs: config.cacheTtlHours * HOUR_MS,
      tuneDatabase: config.enableQueryOptimization,
    });
    await this.#begin(worker);
  }

  #keepSchedules(): Promise<void> {
    const { config, database, onMaintenance = async () => {}, onScheduled = () => {} } = this.#options;
    return keepSchedules({
      jobs: this.#jobs,
      schedules: config.schedules,
      onMaintenance,
      onTimes: (times) => writeScheduleTimes(database.pool, times),
      onSync: async (kind) => {
        const reason = `schedule "${config.schedules[kind]}"`;
        // A stop or an emergency is no failure of the schedule: the next time it is asked again.
        await this.ask({ kind, requested_by: 'schedule', reason }).then(
          (asked) => onScheduled(kind, asked, null),
          (error) => onScheduled(kind, null, error),
        );
      },
    });
  }

  #request(): Omit<RequestOptions, 'jobs'> {
    const { config, database, source: upstream, territory } = this.#options;
    const hours: Record<number, number> = config.freshnessTargetHours;
    return {
      database,
      upstream,
      territory,
      freshForMs: freshForMs(config.syncIntervalMs),
      targetMs: (tier) => (hours[tier] ?? hours[3]!) * HOUR_MS,
    };
  }
}
