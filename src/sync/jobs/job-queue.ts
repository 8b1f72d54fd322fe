/**
 * The queue of pg-boss, as this program uses it: a job is a wake-up for one TDSP (or, with an upstream that gives the
 * whole state at once, for all of them), at most one waiting and one active for each. What is to be done stands in
 * `sync_targets`. Workers are woken by NOTIFY; the poll is only the net below it.
 */

import { hash } from 'node:crypto';
import { type Db, type JobResult, PgBoss, type Queue } from 'pg-boss';
import type { Connection } from '../../store/database.ts';

export interface JobQueueOptions {
  connectionString: string;
  /** Keeps a connection open to be woken, and looks after jobs whose worker is gone. */
  works: boolean;
  /** Looks at the clock for all that is scheduled. Any number of processes may; each time is kept once. */
  schedules: boolean;
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

/** How a job ended. `dead`: no use in trying again by itself, somebody should look. */
export type JobEnd = { id: string; status: 'completed' | 'dead'; output: Record<string, unknown> };

export interface DeadJob {
  id: string;
  key: string;
  died_at: Date;
  /** What was said when it was given up. */
  output: Record<string, unknown> | null;
}

export interface ScheduledTime {
  name: string;
  /** Five fields. */
  cron: string;
  timeZone: string;
}

const SCHEDULE_QUEUE = 'schedule';

/** The whole state in one call: one job for all TDSPs. */
export const STATE_KEY = 'state';

/** A worker that was frozen is replaced after so long; pg-boss takes no less. One that was killed, at once. */
const HEARTBEAT_SECONDS = 10;
const POLL_SECONDS = 1;
/** pg-boss tries again by itself only where a worker vanished without a word. */
const TRIES_AFTER_SILENCE = 3;
const KEEP_SECONDS = { ended: 86_400, dead: 30 * 86_400 };
const SQL_CONNECTIONS = 4;

/** Jobs are for those who would fetch from the same upstream: another one's plans are not what was asked for. */
export function queueName(source: { name: string; origin: string }): string {
  return `sync.${source.name}.${hash('sha1', source.origin, 'hex').slice(0, 8)}`;
}

const deadQueue = (queue: string): string => `${queue}.dead`;

/** Statements of pg-boss on a connection of ours: what it writes commits with what we write. */
const on = (connection: Pick<Connection, 'query'>): { db: Db } => ({
  db: { executeSql: (text, values) => connection.query(text, values as unknown[]) },
});

export class JobQueue {
  readonly #boss: PgBoss;
  #started: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;
  readonly #workerIds: string[] = [];

  constructor({ connectionString, works, schedules, onError }: JobQueueOptions) {
    this.#boss = new PgBoss({
      connectionString,
      application_name: 'wattsync',
      max: SQL_CONNECTIONS,
      schedule: schedules,
      supervise: works,
      useListenNotify: works,
      registerInstance: works,
      cronMonitorIntervalSeconds: 15,
      cronWorkerIntervalSeconds: 1,
      superviseIntervalSeconds: 5,
      monitorIntervalSeconds: 5,
      instanceHeartbeatSeconds: 10,
    });
    this.#boss.on('error', onError);
  }

  /** Makes the tables of pg-boss where they are missing. */
  async start(): Promise<void> {
    this.#started ??= this.#boss.start();
    await this.#started;
  }

  /** Safe early and twice. What is being worked on is waited for by whoever works on it. */
  stop(): Promise<void> {
    this.#stopped ??= this.#started
      ? this.#started.then(
          () => this.#boss.stop({ graceful: false, close: true }),
          () => {},
        )
      : Promise.resolve();
    return this.#stopped;
  }

  /** Makes a queue, its dead letters included. */
  async create(queue: string): Promise<void> {
    await this.#boss.createQueue(deadQueue(queue), { deleteAfterSeconds: KEEP_SECONDS.dead });
    const options: Omit<Queue, 'name'> = {
      policy: 'stately',
      notify: true,
      retryLimit: TRIES_AFTER_SILENCE,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 60,
      heartbeatSeconds: HEARTBEAT_SECONDS,
      deleteAfterSeconds: KEEP_SECONDS.ended,
      deadLetter: deadQueue(queue),
    };
    await this.#boss.createQueue(queue, options);
  }

  /** Wakes a worker for each key; where a job waits already it becomes at least as urgent. */
  async send(
    connection: Pick<Connection, 'query'>,
    queue: string,
    keys: readonly { key: string; priority: number }[],
  ): Promise<void> {
    for (const { key, priority } of keys) {
      const sent = await this.#boss.send(queue, { key }, { singletonKey: key, priority, ...on(connection) });
      if (sent === null) await this.#hurry(connection, queue, key, priority);
    }
  }

  /** @param count jobs at once in this process */
  async work(queue: string, count: number, handle: (job: SyncJob) => Promise<JobEnd>): Promise<void> {
    const id = await this.#boss.work<{ key: string }, unknown, { perJobResults: true }>(
      queue,
      {
        perJobResults: true,
        localConcurrency: count,
        pollingIntervalSeconds: POLL_SECONDS,
        notifyPollingIntervalSeconds: POLL_SECONDS,
        heartbeatRefreshSeconds: HEARTBEAT_SECONDS / 4,
      } as { perJobResults: true },
      async ([job]) => {
        const { id, status, output } = await handle({ id: job!.id, key: job!.data.key, signal: job!.signal });
        const result: JobResult = { id, status: status === 'dead' ? 'deadletter' : 'completed', output };
        return [result];
      },
    );
    this.#workerIds.push(id);
  }

  /** Keeps exactly these times. @throws where an expression cannot be understood */
  async schedule(times: readonly ScheduledTime[]): Promise<void> {
    await this.#boss.createQueue(SCHEDULE_QUEUE, {
      policy: 'stately',
      notify: true,
      retryLimit: 5,
      retryDelay: 5,
    });
    const known = await this.#boss.getSchedules(SCHEDULE_QUEUE);
    for (const { name, cron, timeZone } of times) {
      const options = { key: name, tz: timeZone, singletonKey: name, missed: 'once' as const };
      await this.#boss.schedule(SCHEDULE_QUEUE, cron, { name }, options);
    }
    for (const { key } of known) {
      if (!times.some(({ name }) => name === key)) await this.#boss.unschedule(SCHEDULE_QUEUE, key);
    }
  }

  /** What is scheduled, for those who look. */
  async scheduled(): Promise<(ScheduledTime & { next_at: Date | null })[]> {
    const known = await this.#boss.getSchedules(SCHEDULE_QUEUE);
    return known.map(({ key, cron, timezone }) => ({
      ...{ name: key, cron, timeZone: timezone },
      next_at: this.#boss.previewSchedule(cron, { tz: timezone, count: 1 })[0] ?? null,
    }));
  }

  /** Calls `keep` each time one of the times has come, in one process only. */
  async keepTimes(keep: (name: string) => Promise<void>): Promise<void> {
    const options = { pollingIntervalSeconds: POLL_SECONDS, notifyPollingIntervalSeconds: POLL_SECONDS };
    await this.#boss.work<{ name: string }>(SCHEDULE_QUEUE, options, async ([job]) => keep(job!.data.name));
  }

  /** Looks for a job now: one that waited for another of its key to end is not announced a second time. */
  wake(): void {
    for (const id of this.#workerIds) this.#boss.notifyWorker(id);
  }

  /** Takes no more jobs. */
  async rest(queue: string): Promise<void> {
    await this.#boss.offWork(queue, { wait: false }).catch(() => {});
  }

  /** Ends jobs whatever their state; their workers are told to let go. */
  async cancel(queue: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#boss.cancel(queue, [...ids]);
  }

  /** Whether this job still waits or is worked on. */
  async isOpen(queue: string, id: string): Promise<boolean> {
    const [job] = await this.#boss.findJobs(queue, { id });
    return job !== undefined && ['created', 'retry', 'active'].includes(job.state);
  }

  /** What was given up, of all queues, oldest first. */
  async deadJobs(): Promise<(DeadJob & { queue: string })[]> {
    const dead: (DeadJob & { queue: string })[] = [];
    for (const { name } of await this.#boss.getQueues()) {
      if (!name.startsWith('sync.') || !name.endsWith('.dead')) continue;
      for (const job of await this.#boss.findJobs<{ key: string }>(name)) {
        if (job.state !== 'created') continue;
        const output = job.sourceOutput as Record<string, unknown> | null;
        dead.push({
          ...{ id: job.id, key: job.data.key, died_at: job.createdOn, output },
          queue: name.slice(0, -'.dead'.length),
        });
      }
    }
    return dead;
  }

  /** Forgets dead letters: their work was done after all, or was asked for anew. */
  async buryDead(queue: string, keys: readonly string[]): Promise<void> {
    const jobs = await this.#boss.findJobs<{ key: string }>(deadQueue(queue));
    const ids = jobs.filter(({ data }) => keys.includes(data.key)).map(({ id }) => id);
    if (ids.length > 0) await this.#boss.deleteJob(deadQueue(queue), ids);
  }

  async #hurry(connection: Pick<Connection, 'query'>, queue: string, key: string, priority: number) {
    const [waiting] = await this.#boss.findJobs(queue, { key, queued: true, ...on(connection) });
    if (waiting && waiting.priority < priority) {
      await this.#boss.update(queue, undefined, { singletonKey: key, priority, ...on(connection) });
    }
  }
}
