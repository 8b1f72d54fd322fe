/**
 * Looks after a queue, again and again, in every process that works on it: what a dead worker held is given to another,
 * what waits without a job gets one. So nothing that was asked for can be forgotten, whatever was lost in between.
 */

import type { Connection, Database } from '../../store/database.ts';
import { readControl } from '../../store/sync-control.ts';
import {
  lockQueue,
  type OpenTarget,
  readDueTdsps,
  readLongClaims,
  readOpenTargets,
  readOrphans,
  readTargetsOfJob,
  returnTargets,
} from '../../store/sync-targets.ts';
import { freeLeasesOf } from '../../store/sync-workers.ts';
import { SyncJobLostError } from '../left-undone-error.ts';
import { type JobQueue, STATE_KEY } from './job-queue.ts';
import { endTargets, toLeftUndone } from './settle.ts';

export interface TendedQueue {
  database: Database;
  jobs: JobQueue;
  queue: string;
  coverage: 'tdsp' | 'state';
}

export interface Tended {
  /** TDSPs whose worker was gone, and that wait for another now. */
  rescued: string[];
  /** TDSPs given up after workers were lost with them several times. */
  given_up: string[];
}

/** A TDSP whose fetch kills worker after worker must not go on killing them. */
const MOST_ATTEMPTS = 3;
/** A claim that is older is compared with its job: pg-boss may have ended that one. */
const LONG_CLAIM_MS = 15_000;

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
  await wakeWorkers(tended);
  return result;
}

/** Sends a job for all that waits and may begin. */
export async function wakeWorkers({ database, jobs, queue, coverage }: TendedQueue): Promise<void> {
  if ((await readControl(database.pool)).state !== 'running') return;
  const due = await readDueTdsps(database.pool, queue);
  if (due.length === 0) return;
  await jobs.send(database.pool, queue, jobKeys(due, coverage));
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
    result.given_up.push(...new Set(hopeless.map(({ tdsp_duns }) => tdsp_duns)));
    return orphans;
  });
}

const toLost = (target: OpenTarget) => toLeftUndone(target, 'failed', new SyncJobLostError(target.attempts));
