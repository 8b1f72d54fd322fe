/** What one process does for syncing: it asks, and as its roles say it works and runs the schedules. */

import type { RefreshOutcome } from '../cache/plan-set-cache.ts';
import type { Config, Role } from '../config.ts';
import { Periodic } from '../periodic.ts';
import { toRefreshSettings } from '../planning/refresh/configured.ts';
import { refreshTick } from '../planning/refresh/refresher.ts';
import {
  explainSync,
  type RefreshDecision,
  type RefreshKind,
  type RequestedSync,
  type RequestOptions,
  requestRefresh,
  requestSync,
  type SyncRequest,
} from '../planning/request-sync.ts';
import { runSchedules } from '../planning/scheduler.ts';
import type { PlanSource } from '../sources/source.ts';
import type { Database } from '../store/postgres/database.ts';
import type { ControlState } from '../store/queue/sync-control.ts';
import { SyncHaltedError, SyncStoppedError } from '../store/queue/sync-control-error.ts';
import { type RunWithResults, readRun } from '../store/queue/sync-runs.ts';
import { hasWorker } from '../store/queue/sync-workers.ts';
import { dropHeld, publishHeld } from '../sync/publish/decide.ts';
import type { Outcome } from '../sync/publish/outcome.ts';
import { Publisher } from '../sync/publish/publisher.ts';
import { BackgroundUpkeep } from '../sync/work/background-upkeep.ts';
import {
  abandonRun,
  type Changed,
  changeControl,
  type Halted,
  haltSyncs,
  type Order,
} from '../sync/work/control.ts';
import { JobQueue, queueName, STATE_KEY } from '../sync/work/job-queue.ts';
import { type Begun, type Settled, SyncWorker } from '../sync/work/sync-worker.ts';
import type { Territory } from '../territory/territory.ts';
import { HOUR_MS } from '../units.ts';

const REFRESH_TICK_MS = 15_000;
/** A look a minute old needs no other one. */
const LOOK_FRESH_MS = 60_000;

export interface EngineOptions {
  config: Config;
  database: Database;
  territory: Territory;
  source: PlanSource;
  /** None, for a command: it only asks, and works where it is told to. */
  roles: readonly Role[];
  onError(error: unknown): void;
  /** What became of each piece of work of this process. */
  onSettled?: (settled: Settled) => void;
  onControl?: (state: ControlState) => void;
  /** A scheduled time has come; left out where no schedule runs. */
  onMaintenance?: () => Promise<unknown>;
  onExport?: () => Promise<unknown>;
  /** A scheduled sync was asked for, or was not and why. */
  onScheduled?: (kind: string, requested: RequestedSync | null, error: unknown) => void;
}

export class Engine {
  readonly #options: EngineOptions;
  readonly #planning: RequestOptions;
  readonly #publisher: Publisher;
  readonly #worker: SyncWorker;
  /** Claimed for a reader and about to be fetched, by run. */
  readonly #begun = new Map<number, Begun>();
  readonly #refreshing: Periodic;
  #working: Promise<void> | undefined;
  #clock: Periodic | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: EngineOptions) {
    const { config, database, source: upstream, territory, roles } = options;
    const hours: Record<number, number> = config.freshnessTargetHours;
    const jobs = this.#newQueue(options, roles.length > 0 && !roles.every((role) => role === 'web'));
    this.#options = options;
    this.#planning = {
      database,
      jobs,
      upstream,
      territory,
      // Half the interval: a scheduled sync never skips plans for having run a moment late the last time, and a
      // second sync by hand costs no call.
      freshForMs: config.syncIntervalMs / 2,
      forcedPerHour: config.emergencyCallBudgetPerHour,
      targetMs: (tier) => (hours[tier] ?? hours[3]!) * HOUR_MS,
    };
    this.#publisher = new Publisher({
      database,
      cacheTtlMs: config.cacheTtlHours * HOUR_MS,
      tuneDatabase: config.enableQueryOptimization,
    });
    this.#worker = this.#newWorker(jobs);
    this.#refreshing = new Periodic('refresh', () => this.#refresh(), REFRESH_TICK_MS);
  }

  /** Does what its roles say. */
  async start(): Promise<void> {
    const { roles } = this.#options;
    if (roles.length > 0) await this.#startWorker();
    if (roles.includes('scheduler')) {
      await this.#runSchedules();
      // With the strategy schedule, too: an experiment may have days of others.
      this.#refreshing.start();
    }
  }

  /** Whether any process takes the jobs of this queue just now. */
  hasWorker(): Promise<boolean> {
    const { database, source } = this.#options;
    return hasWorker(database.pool, queueName(source));
  }

  /** @throws {SyncHaltedError} {SyncStoppedError} nothing was asked for */
  request(request: SyncRequest): Promise<RequestedSync> {
    return requestSync(request, this.#planning);
  }

  /** On behalf of readers. */
  requestRefresh(duns: string, kind: RefreshKind): Promise<RefreshDecision> {
    if (kind === 'stale') return requestRefresh(duns, kind, this.#planning);
    // Claimed as it is asked for: behind a crowd that asks, a claim of its own would wait until all have asked.
    return requestRefresh(duns, kind, this.#planning, async (connection, runId) => {
      this.#begun.set(runId, await this.#worker.beginIn(connection, this.#keyOf(duns)));
    });
  }

  /** What asking would lead to. */
  explain(request: SyncRequest): ReturnType<typeof explainSync> {
    return explainSync(request, this.#planning);
  }

  /** Fetches in this process what waits for a TDSP, unless another process is at it. */
  async fetchNow(duns: string, runId: number | null): Promise<RefreshOutcome> {
    const begun = runId === null ? null : (this.#begun.get(runId) ?? null);
    if (runId !== null) this.#begun.delete(runId);
    const outcomes = await this.#worker.workNow(this.#keyOf(duns), runId, begun);
    const outcome = outcomes.find(({ tdsp_duns }) => tdsp_duns === duns);
    if (!outcome) return 'elsewhere';
    if (outcome.status === 'stopped') return 'stopped';
    return outcome.error_code === null ? 'refreshed' : 'failed';
  }

  /** Does in this process what of a run no other has begun. */
  async workOn(runId: number): Promise<void> {
    const { database, source } = this.#options;
    await this.#startWorker();
    const { claimed, waiting } = (await readRun(database.pool, runId))!;
    const open = [...claimed, ...waiting.map(({ tdsp_duns }) => tdsp_duns)];
    const keys = source.coverage === 'state' && open.length > 0 ? [STATE_KEY] : open;
    await Promise.all(keys.map((key) => this.#worker.workNow(key, null)));
  }

  /** Stops working at once and leaves what of this run is not done. */
  async abandon(runId: number): Promise<RunWithResults> {
    const { database } = this.#options;
    await this.stop(0);
    await abandonRun(database, runId);
    return (await readRun(database.pool, runId))!;
  }

  /** Lets all processes sync, or stops them: what runs may end. */
  changeControl(state: 'running' | 'stopped', order: Order): Promise<Changed> {
    return changeControl(this.#options.database, state, order);
  }

  /** Halts all processes at once. */
  halt(order: Order): Promise<Halted> {
    return haltSyncs(this.#options.database, order);
  }

  /** Publishes what the guard held back. @returns `null`: nothing is held */
  publishHeld(tdsp_duns: string, by: string): Promise<Outcome | null> {
    return publishHeld({ database: this.#options.database, publisher: this.#publisher, tdsp_duns, by });
  }

  /** @returns whether one was held */
  dropHeld(tdsp_duns: string, by: string): Promise<boolean> {
    return dropHeld({ database: this.#options.database, tdsp_duns, by });
  }

  #keyOf(duns: string): string {
    return this.#options.source.coverage === 'state' ? STATE_KEY : duns;
  }

  /** What is under way ends within `graceMs` or is handed on. Safe early and twice. */
  stop(graceMs?: number): Promise<void> {
    this.#stopped ??= (async () => {
      this.#clock?.end();
      this.#refreshing.end();
      await this.#worker.stop(graceMs);
      // Last: workers hand on what they hold through it.
      await this.#planning.jobs.stop();
    })();
    return this.#stopped;
  }

  #newQueue({ config, database, onError }: EngineOptions, works: boolean): JobQueue {
    const { connectionString } = database;
    const connections = config.databasePoolSize;
    return new JobQueue({ connectionString, connections, works, onError });
  }

  #startWorker(): Promise<void> {
    this.#working ??= this.#worker.start().catch((error) => {
      this.#working = undefined;
      throw error;
    });
    return this.#working;
  }

  #newWorker(jobs: JobQueue): SyncWorker {
    const { config, database, source, roles, onError, onSettled, onControl } = this.#options;
    const concurrency = source.coverage === 'state' ? 1 : config.maxConcurrentRequests;
    return new SyncWorker({
      database,
      jobs,
      source,
      roles: roles.length > 0 ? roles : ['command'],
      onError,
      onSettled,
      onControl,
      publisher: this.#publisher,
      upkeep: config.enableQueryOptimization ? new BackgroundUpkeep(database, onError) : null,
      concurrency: roles.includes('worker') ? concurrency : 0,
      freshForMs: this.#planning.freshForMs,
    });
  }

  /** Never throws: what cannot be decided now is in fifteen seconds. */
  async #refresh(): Promise<void> {
    const { config, database, onError, source, territory } = this.#options;
    const settings = toRefreshSettings(config, territory, source);
    const onDue = (tdsps: readonly string[], reason: string) =>
      this.request({ kind: 'look', tdsps, requested_by: 'refresh', reason, freshForMs: LOOK_FRESH_MS });
    await refreshTick({ ...settings, database, onDue }).catch((error) => {
      // While syncing is stopped nothing is looked at; the next tick asks again.
      if (error instanceof SyncStoppedError || error instanceof SyncHaltedError) return;
      onError(error);
    });
  }

  async #runSchedules(): Promise<void> {
    const { config, database, onMaintenance = async () => {}, onScheduled = () => {} } = this.#options;
    const { onError, onExport = async () => {} } = this.#options;
    const { jobs } = this.#planning;
    await jobs.start();
    this.#clock = await runSchedules({
      database,
      jobs,
      schedules: config.schedules,
      onError,
      onMaintenance,
      onExport,
      onSync: async (kind) => {
        const reason = `schedule "${config.schedules[kind]}"`;
        // A stop or an emergency is not a failure of the schedule: the next time it is asked again.
        await this.request({ kind, requested_by: 'schedule', reason }).then(
          (requested) => onScheduled(kind, requested, null),
          (error) => onScheduled(kind, null, error),
        );
      },
    });
  }
}
