/**
 * Looks after a queue, again and again, in every process that works on it: what a dead worker held is given to another,
 * what waits without a job gets one. So nothing that was asked for can be forgotten, whatever was lost in between.
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
import { freeLeasesOf } from '../../store/queue/sync-workers.ts';
import { type JobQueue, STATE_KEY } from './job-queue.ts';
import { SyncJobLostError } from './left-undone-error.ts';
import { endTargets, toLeftUndone } from './settle.ts';

interface TendedQueue {
  database: Database;
  jobs: JobQueue;
  queue: string;
  coverage: 'tdsp' | 'state';
  /** Jobs that held nothing the last time, and since when, in milliseconds: handed from one time to the next. */
  idle: Map<string, number>;
}

export interface Tended {
  /** TDSPs whose worker was gone, and that wait for another now. */
  rescued: string[];
  /** TDSPs given up after workers were lost with them several times. */
  given_up: OpenTarget[];
}

/** A TDSP whose fetch kills worker after worker must not go on killing them. */
const MOST_ATTEMPTS = 3;
/** A claim that is older is compared with its job: pg-boss may have ended that one. */
const LONG_CLAIM_MS = 15_000;
/** Between taking a job and claiming its work lie milliseconds. */
const IDLE_JOB_MS = 1_500;

/** @throws if PostgreSQL cannot be asked */
export async function tend(tended: TendedQueue): Promise<Tended> {
  const { database, queue } = tended;
  const result: Tended = { rescued: [], given_up: [] };
  if ((await readOpenTargets(database.pool, queue)).length === 0) return result;
  const lost = await rescueOrphans(tended, result);
  for (const jobId of await readLongClaims(database.pool, queue, LONG_CLAIM_MS)) {
    if (await tended.jobs.isOpen(queue, jobId)) continue;
    await rescue(tended, (connection) => readTargetsOfJob(connection, jobId), result);
  }
  // Not before the work is safe: a job without work is nothing.
  await tended.jobs.cancel(queue, lost);
  for (const target of result.given_up) await declareDead(tended, target);
  await freeKeys(tended);
  await wakeWorkers(tended);
  return result;
}

/**
 * A worker that died between taking a job and claiming its work, or between settling it and ending the job, leaves a
 * job that holds nothing and keeps the next one of its key from being taken.
 */
async function freeKeys({ database, jobs, queue, coverage, idle }: TendedQueue): Promise<void> {
  const open = await readOpenTargets(database.pool, queue);
  const waiting = open.filter(({ state }) => state === 'waiting');
  const claimed = new Set(open.map(({ job_id }) => job_id));
  const now = performance.now();
  const seen = new Map<string, number>();
  for (const key of new Set(jobKeys(waiting, coverage).map((one) => one.key))) {
    for (const id of await jobs.taken(queue, key)) {
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
}: Omit<TendedQueue, 'idle'>): Promise<void> {
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

function declareDead({ jobs, queue, coverage }: TendedQueue, target: OpenTarget): Promise<void> {
  const { error_code, message } = toLost(target);
  const { tdsp_duns } = target;
  return jobs.declareDead(queue, coverage === 'state' ? STATE_KEY : tdsp_duns, [
    { tdsp_duns, error_code, message },
  ]);
}

async function rescueOrphans(tended: TendedQueue, result: Tended): Promise<string[]> {
  const orphans = await rescue(tended, (connection) => readOrphans(connection, tended.queue), result);
  return [...new Set(orphans.flatMap(({ job_id }) => job_id ?? []))];
}

function rescue(
  { database, queue }: TendedQueue,
  find: (connection: Connection) => Promise<OpenTarget[]>,
  result: Tended,
): Promise<OpenTarget[]> {
  return database.transaction(async (connection) => {
    await lockQueue(connection, queue);
    const orphans = await find(connection);
    if (orphans.length === 0) return orphans;
    await freeLeasesOf(connection, [...new Set(orphans.flatMap(({ worker_id }) => worker_id ?? []))]);
    const hopeless = orphans.filter(({ attempts }) => attempts >= MOST_ATTEMPTS);
    const others = orphans.filter((target) => !hopeless.includes(target));
    await returnTargets(connection, others, null);
    await endTargets(connection, hopeless.map(toLost));
    result.rescued.push(...new Set(others.map(({ tdsp_duns }) => tdsp_duns)));
    result.given_up.push(...hopeless);
    return orphans;
  });
}

const toLost = (target: OpenTarget) => toLeftUndone(target, 'failed', new SyncJobLostError(target.attempts));
