/**
 * Compares a queue with its workers, again and again, in every process that works on it: what a lost worker held is
 * given to another, what waits without a job gets one. So nothing that was asked for can be forgotten.
 */

import { performance } from 'node:perf_hooks';
import type { Connection, Database } from '../../store/postgres/database.ts';
import { readControl } from '../../store/queue/sync-control.ts';
import {
  lockQueue,
  type OpenTarget,
  readDueTdsps,
  readLongClaims,
  readOpenTargets,
  readOrphans,
  readTargetsOfJob,
  returnTargets,
} from '../../store/queue/sync-targets.ts';
import { endCallsOf } from '../../store/queue/sync-workers.ts';
import { type JobQueue, STATE_KEY } from './job-queue.ts';
import { endTargets, toUnfinished } from './settle.ts';
import { SyncJobLostError } from './unfinished-error.ts';

interface WorkedQueue {
  database: Database;
  jobs: JobQueue;
  queue: string;
  coverage: 'tdsp' | 'state';
  /** Jobs that held nothing the last time, and since when, in milliseconds: handed from one time to the next. */
  idle: Map<string, number>;
}

/** A TDSP whose fetch kills worker after worker must not go on killing them. */
const MOST_ATTEMPTS = 3;
/** No fetch takes longer: the gate gives up after a minute. A claim that is older and has no open job is nobody's. */
const LONGEST_CLAIM_MS = 75_000;
/** Between taking a job and claiming its work lie milliseconds. */
const IDLE_JOB_MS = 1_500;

/** @throws if PostgreSQL cannot be asked */
export async function reconcile(worked: WorkedQueue): Promise<void> {
  const { database, jobs, queue } = worked;
  if ((await readOpenTargets(database.pool, queue)).length === 0) return;
  const orphans = await rescueOrphans(database, queue);
  for (const jobId of await readLongClaims(database.pool, queue, LONGEST_CLAIM_MS)) {
    if (await jobs.isOpen(queue, jobId)) continue;
    await rescue(database, queue, (connection) => readTargetsOfJob(connection, jobId));
  }
  // Not before the work is safe: a job without work is nothing.
  await jobs.cancel(queue, [...new Set(orphans.flatMap(({ job_id }) => job_id ?? []))]);
  await freeKeys(worked);
  await wakeWorkers(worked);
}

/**
 * A worker that died between taking a job and claiming its work, or between settling it and ending the job, leaves a
 * job that holds nothing and keeps the next one of its key from being taken.
 */
async function freeKeys({ database, jobs, queue, coverage, idle }: WorkedQueue): Promise<void> {
  const open = await readOpenTargets(database.pool, queue);
  const waiting = open.filter(({ state }) => state === 'waiting');
  const claimed = new Set(open.map(({ job_id }) => job_id));
  const now = performance.now();
  const seen = new Map<string, number>();
  for (const key of new Set(jobKeys(waiting, coverage).map((one) => one.key))) {
    for (const id of await jobs.activeJobIds(queue, key)) {
      if (!claimed.has(id)) seen.set(id, idle.get(id) ?? now);
    }
  }
  const lost = [...seen].filter(([, since]) => now - since > IDLE_JOB_MS).map(([id]) => id);
  await jobs.cancel(queue, lost);
  idle.clear();
  for (const [id, since] of seen) idle.set(id, since);
}

/** Sends a job for all that waits and may begin. */
export async function wakeWorkers({
  database,
  jobs,
  queue,
  coverage,
}: Omit<WorkedQueue, 'idle'>): Promise<void> {
  if ((await readControl(database.pool)).state !== 'running') return;
  const due = await readDueTdsps(database.pool, queue);
  if (due.length === 0) return;
  await database.transaction((connection) => jobs.send(connection, queue, jobKeys(due, coverage)));
}

/** Which jobs it takes: one for each TDSP, or one for the whole state. */
export function jobKeys(
  targets: readonly { tdsp_duns: string; priority: number }[],
  coverage: 'tdsp' | 'state',
): { key: string; priority: number }[] {
  if (coverage === 'tdsp') return targets.map(({ tdsp_duns: key, priority }) => ({ key, priority }));
  return targets.length === 0
    ? []
    : [{ key: STATE_KEY, priority: Math.max(...targets.map(({ priority }) => priority)) }];
}

/** Gives back what dead and frozen workers hold, or gives it up. @returns what they held */
export function rescueOrphans(database: Database, queue: string): Promise<OpenTarget[]> {
  return rescue(database, queue, (connection) => readOrphans(connection, queue));
}

function rescue(
  database: Database,
  queue: string,
  find: (connection: Connection) => Promise<OpenTarget[]>,
): Promise<OpenTarget[]> {
  return database.transaction(async (connection) => {
    await lockQueue(connection, queue);
    const orphans = await find(connection);
    if (orphans.length === 0) return orphans;
    await endCallsOf(connection, [...new Set(orphans.flatMap(({ worker_id }) => worker_id ?? []))]);
    const hopeless = orphans.filter(({ attempts }) => attempts >= MOST_ATTEMPTS);
    const others = orphans.filter((target) => !hopeless.includes(target));
    await returnTargets(connection, others, null);
    await endTargets(
      connection,
      hopeless.map((target) => toUnfinished(target, 'failed', new SyncJobLostError(target.attempts))),
    );
    return orphans;
  });
}
