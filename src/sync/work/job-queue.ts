/**
 * The queue of pg-boss, as this program uses it: a job is a wake-up for one TDSP (or, with an upstream that gives the
 * whole state at once, for all of them), at most one waiting and one active for each. What is to be done stands in
 * `sync_targets`. Workers are woken by NOTIFY; the poll is only the net below it.
 */

import { hash } from 'node:crypto';
import { type Db, PgBoss, type Queue } from 'pg-boss';
import type { Connection } from '../../store/postgres/database.ts';
import { analyzeJobs } from '../../store/queue/sync-targets.ts';

interface JobQueueOptions {
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

/** How a TDSP failed for good. */
interface Failure {
  tdsp_duns: string;
  error_code: string | null;
  message: string | null;
}

export interface DeadJob {
  id: string;
  key: string;
  died_at: Date;
  /** What failed, as far as it was said. */
  failures: Failure[] | null;
}

export interface ScheduledTime {
  name: string;
  /** Five fields. */
  cron: string;
  timeZone: string;
}

const SCHEDULE_QUEUE = 'schedule';
const LONGEST_UPKEEP_SECONDS = 6 * 3_600;

/** The whole state in one call: one job for all TDSPs. */
export const STATE_KEY = 'state';

/** A worker that was frozen is replaced after so long; pg-boss takes no less. One that was killed, at once. */
const HEARTBEAT_SECONDS = 10;
const POLL_SECONDS = 1;
/** pg-boss tries again by itself only where a worker vanished without a word. */
const TRIES_AFTER_SILENCE = 3;
const KEEP_SECONDS = { ended: 86_400, dead: 30 * 86_400 };
const SQL_CONNECTIONS = 4;
/**
 * After so many jobs at once the planner's figures are of another time: without new ones taking 881 jobs is three times
 * slower, and draining 20,000 thirty times. In the transaction of the jobs, so that whoever is woken plans by them.
 */
const BULK = 500;

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
  readonly #created = new Set<string>();
  #started: Promise<unknown> | undefined;
  #stopped: Promise<void> | undefined;

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

  /**
   * Makes a queue, its dead letters included.
   * @param policy `stately`: of each key at most one job waits and one is worked on; `standard`: any number
   */
  async create(queue: string, policy: 'stately' | 'standard' = 'stately'): Promise<void> {
    if (this.#created.has(queue)) return;
    await this.#boss.createQueue(deadQueue(queue), { deleteAfterSeconds: KEEP_SECONDS.dead });
    const options: Omit<Queue, 'name'> = {
      policy,
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
    this.#created.add(queue);
  }

  /** Wakes a worker for each key; where a job waits already it becomes at least as urgent. */
  async send(
    connection: Pick<Connection, 'query'>,
    queue: string,
    keys: readonly { key: string; priority: number }[],
  ): Promise<void> {
    const jobs = keys.map(({ key, priority }) => ({ data: { key }, singletonKey: key, priority }));
    const sent = await this.#boss.insert(queue, jobs, { returnId: true, ...on(connection) });
    if ((sent?.length ?? 0) < keys.length) {
      for (const { key, priority } of keys) await this.#hurry(connection, queue, key, priority);
    }
    if (keys.length > BULK) await analyzeJobs(connection);
  }

  /**
   * @param count loops that take jobs in this process, each `batch` jobs at a time
   * @param handle never throws for what is expected: what it throws is tried again
   */
  async work(
    queue: string,
    { count, batch = 1 }: { count: number; batch?: number },
    handle: (job: SyncJob) => Promise<object>,
  ): Promise<void> {
    const options = {
      batchSize: batch,
      burstWhenBatchFull: true,
      pollingIntervalSeconds: POLL_SECONDS,
      notifyPollingIntervalSeconds: POLL_SECONDS,
      heartbeatRefreshSeconds: HEARTBEAT_SECONDS / 4,
    };
    for (let loop = 0; loop < count; loop++) {
      const id: string = await this.#boss.work<{ key: string }>(queue, options, async (jobs) => {
        try {
          return await Promise.all(jobs.map(({ id, data: { key }, signal }) => handle({ id, key, signal })));
        } finally {
          // Another job of the same key may have waited for this one to end: it is not announced a second time.
          this.#boss.notifyWorker(id);
        }
      });
    }
  }

  /** Whether this time ever comes: "99 * * * *" is none, nor is the 31st of February. */
  comes({ cron, timeZone }: ScheduledTime): boolean {
    try {
      return this.#boss.previewSchedule(cron, { tz: timeZone, count: 1 }).length === 1;
    } catch {
      return false;
    }
  }

  /** Keeps exactly these times. @throws where an expression cannot be understood */
  async schedule(times: readonly ScheduledTime[]): Promise<void> {
    await this.#boss.createQueue(SCHEDULE_QUEUE, {
      policy: 'stately',
      notify: true,
      retryLimit: 5,
      retryDelay: 5,
      // Maintenance of a large database takes hours; whoever dies meanwhile is missed by the heartbeat.
      expireInSeconds: LONGEST_UPKEEP_SECONDS,
      heartbeatSeconds: HEARTBEAT_SECONDS,
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
      name: key,
      cron,
      timeZone: timezone,
      next_at: this.#boss.previewSchedule(cron, { tz: timezone, count: 1 })[0] ?? null,
    }));
  }

  /** Calls `keep` each time one of the times has come, in one process only. */
  async keepTimes(keep: (name: string) => Promise<void>): Promise<void> {
    const options = {
      pollingIntervalSeconds: POLL_SECONDS,
      notifyPollingIntervalSeconds: POLL_SECONDS,
      heartbeatRefreshSeconds: HEARTBEAT_SECONDS / 4,
    };
    await this.#boss.work<{ name: string }>(SCHEDULE_QUEUE, options, async ([job]) => keep(job!.data.name));
  }

  /** Takes no more jobs. */
  async rest(queue: string): Promise<void> {
    await this.#boss.offWork(queue, { wait: false }).catch(() => {});
  }

  /** Ends jobs whatever their state; their workers are told to let go. */
  async cancel(queue: string, ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#boss.cancel(queue, [...ids]);
  }

  /** Jobs of this key that were taken and have not ended. */
  async taken(queue: string, key: string): Promise<string[]> {
    const jobs = await this.#boss.findJobs(queue, { key });
    return jobs.filter(({ state }) => state === 'active').map(({ id }) => id);
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
      for (const job of await this.#boss.findJobs<{ key: string; failures?: Failure[] }>(name)) {
        if (job.state !== 'created') continue;
        const said = job.sourceOutput as { failures?: Failure[] } | null;
        const failures = job.data.failures ?? said?.failures ?? null;
        dead.push({
          id: job.id,
          key: job.data.key,
          died_at: job.createdOn,
          failures,
          queue: name.slice(0, -'.dead'.length),
        });
      }
    }
    return dead;
  }

  /** Leaves a dead letter, in place of an older one of the same key: no use in trying again, somebody should look. */
  async declareDead(queue: string, key: string, failures: readonly Failure[]): Promise<void> {
    const id = await this.#boss.send(deadQueue(queue), { key, failures });
    await this.buryDead(queue, key, id);
  }

  /** Forgets the dead letters of a key but for one: their work was done after all. */
  async buryDead(queue: string, key: string, kept: string | null = null): Promise<void> {
    const jobs = await this.#boss.findJobs<{ key: string }>(deadQueue(queue), { data: { key } });
    const ids = jobs.map(({ id }) => id).filter((id) => id !== kept);
    if (ids.length > 0) await this.#boss.deleteJob(deadQueue(queue), ids);
  }

  async #hurry(connection: Pick<Connection, 'query'>, queue: string, key: string, priority: number) {
    const [waiting] = await this.#boss.findJobs(queue, { key, queued: true, ...on(connection) });
    if (waiting && waiting.priority < priority) {
      await this.#boss.update(queue, undefined, { singletonKey: key, priority, ...on(connection) });
    }
  }
}
