/**
 * The queue of pg-boss, as this program uses it: a job is a wake-up for one TDSP (or, with an upstream that gives the
 * whole state at once, for all of them), at most one waiting and one active for each. What is to be done stands in
 * `sync_targets`. Workers are woken by NOTIFY; the poll is only the net below it.
 */

import { hash } from 'node:crypto';
import type { Db, PgBoss } from 'pg-boss';
import type { Connection } from '../../store/postgres/database.ts';

interface JobQueueOptions {
  connectionString: string;
  /** At most this many, beside the one it listens on. */
  connections: number;
  /** Keeps a connection open to be woken, and looks after jobs whose worker is gone. */
  works: boolean;
  /** Told of what goes wrong behind the scenes; the queue goes on by itself. */
  onError(error: Error): void;
}

export interface SyncJob {
  id: string;
  /** DUNS of the TDSP, or `state`. */
  key: string;
  /** Aborted once the job is no longer this worker's: cancelled, or taken for lost. */
  signal: AbortSignal;
}

const SCHEDULE_QUEUE = 'schedule';
const LONGEST_UPKEEP_SECONDS = 6 * 3_600;

/** The whole state in one call: one job for all TDSPs. */
export const STATE_KEY = 'state';

/** A worker that was frozen is replaced after this; pg-boss takes no less. One that was killed, at once. */
const HEARTBEAT_SECONDS = 10;
const POLL_SECONDS = 1;
/** pg-boss tries again by itself only where a worker vanished without a word. */
const TRIES_AFTER_SILENCE = 3;
const KEEP_ENDED_SECONDS = 86_400;
const SQL_CONNECTIONS = 4;

const WORK_OPTIONS = {
  pollingIntervalSeconds: POLL_SECONDS,
  notifyPollingIntervalSeconds: POLL_SECONDS,
  heartbeatRefreshSeconds: HEARTBEAT_SECONDS / 4,
};

/** Jobs are for workers that would fetch from the same upstream: another one's plans are not what was asked for. */
export function queueName(source: { name: string; origin: string }): string {
  return `sync.${source.name}.${hash('sha1', source.origin, 'hex').slice(0, 8)}`;
}

/** Statements of pg-boss on a connection of ours: what it writes commits with what we write. */
const on = (connection: Pick<Connection, 'query'>): { db: Db } => ({
  db: { executeSql: (text, values) => connection.query(text, values as unknown[]) },
});

export class JobQueue {
  readonly #options: JobQueueOptions;
  readonly #created = new Set<string>();
  #boss: Promise<PgBoss> | undefined;
  #isStopped = false;

  constructor(options: JobQueueOptions) {
    this.#options = options;
  }

  /** Makes the tables of pg-boss where they are missing. Everything else starts it, too, where it is not started. */
  async start(): Promise<void> {
    await this.#started();
  }

  #started(): Promise<PgBoss> {
    if (this.#isStopped) return Promise.reject(new Error('The queue has been stopped'));
    this.#boss ??= startBoss(this.#options).catch((error) => {
      // The next one who needs it tries again.
      this.#boss = undefined;
      throw error;
    });
    return this.#boss;
  }

  /** Safe early and twice. What is being worked on is waited for by the worker. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const boss = await this.#boss?.catch(() => undefined);
    await boss?.stop({ graceful: false, close: true });
  }

  /** Makes a queue in which of each key at most one job waits and one is worked on. */
  async create(queue: string): Promise<void> {
    if (this.#created.has(queue)) return;
    await (await this.#started()).createQueue(queue, {
      policy: 'stately',
      notify: true,
      retryLimit: TRIES_AFTER_SILENCE,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 60,
      heartbeatSeconds: HEARTBEAT_SECONDS,
      deleteAfterSeconds: KEEP_ENDED_SECONDS,
    });
    this.#created.add(queue);
  }

  /** Wakes a worker for each key; where a job waits already it becomes at least as urgent. */
  async send(
    connection: Pick<Connection, 'query'>,
    queue: string,
    keys: readonly { key: string; priority: number }[],
  ): Promise<void> {
    const jobs = keys.map(({ key, priority }) => ({ data: { key }, singletonKey: key, priority }));
    const boss = await this.#started();
    const sent = await boss.insert(queue, jobs, { returnId: true, ...on(connection) });
    if ((sent?.length ?? 0) < keys.length) {
      for (const { key, priority } of keys) await this.#hurry(connection, queue, key, priority);
    }
  }

  /**
   * @param count jobs at once in this process
   * @param handle never throws for what is expected: what it throws is tried again
   */
  async work(queue: string, count: number, handle: (job: SyncJob) => Promise<object>): Promise<void> {
    const boss = await this.#started();
    for (let loop = 0; loop < count; loop++) {
      const worker: string = await boss.work<{ key: string }>(queue, WORK_OPTIONS, async ([job]) => {
        try {
          const { id, data, signal } = job!;
          return await handle({ id, key: data.key, signal });
        } finally {
          // Another job of the same key may have waited for this one to end: it is not announced a second time.
          boss.notifyWorker(worker);
        }
      });
    }
  }

  /** Makes the queue of what the clock says, unless it is there. */
  async #createScheduleQueue(): Promise<void> {
    const boss = await this.#started();
    await boss.createQueue(SCHEDULE_QUEUE, {
      policy: 'stately',
      notify: true,
      retryLimit: 5,
      retryDelay: 5,
      // Maintenance of a large database takes hours; a process that dies meanwhile is missed by the heartbeat.
      expireInSeconds: LONGEST_UPKEEP_SECONDS,
      heartbeatSeconds: HEARTBEAT_SECONDS,
    });
  }

  /** A scheduled time has come: one waits and one is worked on at most. */
  async sendScheduled(connection: Pick<Connection, 'query'>, name: string): Promise<void> {
    const boss = await this.#started();
    await boss.insert(SCHEDULE_QUEUE, [{ data: { name }, singletonKey: name }], on(connection));
  }

  /** Calls `handle` each time one of the times has come, in one process only. */
  async onSchedule(handle: (name: string) => Promise<void>): Promise<void> {
    await this.#createScheduleQueue();
    const boss = await this.#started();
    await boss.work<{ name: string }>(SCHEDULE_QUEUE, WORK_OPTIONS, async ([job]) => handle(job!.data.name));
  }

  async stopTaking(queue: string): Promise<void> {
    const boss = await this.#started();
    await boss.offWork(queue, { wait: false }).catch(() => {});
  }

  /** Ends jobs whatever their state; their workers are told to let go. */
  async cancel(queue: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await (await this.#started()).cancel(queue, [...ids]);
  }

  /** Jobs of this key that were taken and have not ended. */
  async activeJobIds(queue: string, key: string): Promise<string[]> {
    const jobs = await (await this.#started()).findJobs(queue, { key });
    return jobs.filter(({ state }) => state === 'active').map(({ id }) => id);
  }

  /** Whether this job still waits or is worked on. */
  async isOpen(queue: string, id: string): Promise<boolean> {
    const [job] = await (await this.#started()).findJobs(queue, { id });
    return job !== undefined && ['created', 'retry', 'active'].includes(job.state);
  }

  async #hurry(connection: Pick<Connection, 'query'>, queue: string, key: string, priority: number) {
    const boss = await this.#started();
    const [waiting] = await boss.findJobs(queue, { key, queued: true, ...on(connection) });
    if (waiting && waiting.priority < priority) {
      await boss.update(queue, undefined, { singletonKey: key, priority, ...on(connection) });
    }
  }
}

/** Loaded when it is first needed: that takes as long as all a command does that only asks. */
async function startBoss({
  connectionString,
  connections,
  works,
  onError,
}: JobQueueOptions): Promise<PgBoss> {
  const { PgBoss } = await import('pg-boss');
  const boss = new PgBoss({
    connectionString,
    application_name: 'wattsync',
    max: Math.min(SQL_CONNECTIONS, connections),
    // The clock is looked at in planning/: what pg-boss makes of the nights that have 23 or 25 hours is not what cron does.
    schedule: false,
    supervise: works,
    useListenNotify: works,
    registerInstance: works,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    instanceHeartbeatSeconds: 10,
  });
  boss.on('error', onError);
  try {
    await boss.start();
  } catch (error) {
    await boss.stop({ graceful: false, close: true }).catch(() => {});
    throw error;
  }
  return boss;
}
