/** What becomes of claimed work once it was tried: results for every run that waited for it, or back into the queue. */

import type { WattsyncError } from '../../errors.ts';
import type { Connection, Database } from '../../store/postgres/database.ts';
import {
  finishQueuedRuns,
  insertAttempts,
  insertResults,
  type SettledResult,
} from '../../store/queue/queued-runs.ts';
import {
  type ClaimHold,
  lockQueue,
  notifyMoved,
  type OpenTarget,
  readHeld,
  returnTargets,
  settleTargets,
} from '../../store/queue/sync-targets.ts';
import type { Outcome } from '../publish/outcome.ts';

interface Attempt {
  queue: string;
  job_id: string;
  worker_id: string;
  started_at: Date;
  duration_ms: number;
  /** The run under which the upstream was called. */
  run_id: number;
  outcomes: readonly Outcome[];
}

interface Settled {
  /** TDSPs that have plans confirmed now. */
  good: string[];
  /** TDSPs that failed, and nobody will try again by himself. */
  bad: Outcome[];
  /** TDSPs that wait again, at once or until later. */
  returned: string[];
}

/** Where no call is allowed just now, a scheduled sync waits for at most so long: the next one is due by then. */
const LONGEST_PATIENCE_MS = 3_600_000;

/** @throws if PostgreSQL cannot be asked; then nothing is settled */
export function settle(database: Database, attempt: Attempt): Promise<Settled> {
  return database.transaction(async (connection) => {
    const { queue, job_id, worker_id, outcomes } = attempt;
    await lockQueue(connection, queue);
    const hold: ClaimHold = { job_id, worker_id, tdsp_duns: outcomes.map(({ tdsp_duns }) => tdsp_duns) };
    const held = await readHeld(connection, hold);
    const ended: (SettledResult & { run_id: number })[] = [];
    const settled: Settled = { good: [], bad: [], returned: [] };
    for (const outcome of outcomes) {
      const targets = held.filter(({ tdsp_duns }) => tdsp_duns === outcome.tdsp_duns);
      const later = targets.filter((target) => waitsOn(outcome, target));
      const done = targets.filter((target) => !later.includes(target));
      await returnTargets(connection, later, outcome.retry_at);
      ended.push(...done.map((target) => toResult(outcome, target, attempt)));
      if (later.length > 0) settled.returned.push(outcome.tdsp_duns);
      if (outcome.error_code === null) settled.good.push(outcome.tdsp_duns);
      else if (done.length > 0) settled.bad.push(outcome);
    }
    await writeAttempts(connection, attempt);
    await endTargets(connection, ended);
    return settled;
  });
}

/** Notes results and ends the runs that waited for nothing else. Under the lock of the queue. */
export async function endTargets(
  connection: Connection,
  ended: readonly (SettledResult & { run_id: number })[],
  as: 'cancelled' | 'stopped' | null = null,
): Promise<void> {
  await insertResults(connection, ended);
  await settleTargets(connection, ended);
  await finishQueuedRuns(connection, [...new Set(ended.map(({ run_id }) => run_id))], as);
  await notifyMoved(connection);
}

/** The result of work that nobody will do. */
export function toLeftUndone(
  { run_id, tdsp_duns }: OpenTarget,
  status: 'failed' | 'stopped',
  error: WattsyncError,
): SettledResult & { run_id: number } {
  return {
    run_id,
    tdsp_duns,
    status,
    plans: null,
    snapshot_version: null,
    notes: {},
    duration_ms: 0,
    error_code: error.code,
    message: error.message,
  };
}

/** A process that ends hands its work on; what may not be called now is waited for by those who can wait. */
function waitsOn({ status, retry_at }: Outcome, { is_patient, requested_at }: OpenTarget): boolean {
  if (status === 'stopped') return true;
  return (
    retry_at !== null && is_patient && retry_at.getTime() - requested_at.getTime() <= LONGEST_PATIENCE_MS
  );
}

/** The run that called counts what came; the others learn that it was fetched for them, too. */
function toResult(
  outcome: Outcome,
  { run_id, tdsp_duns }: OpenTarget,
  attempt: Attempt,
): SettledResult & { run_id: number } {
  const { status, plans, snapshot_version, payload_hash, error_code, message, drift, skipped, source } =
    outcome;
  const isOurs = run_id === attempt.run_id;
  const isGood = status === 'published' || status === 'unchanged';
  return {
    run_id,
    tdsp_duns,
    snapshot_version,
    payload_hash,
    error_code,
    message,
    status: isGood && !isOurs ? 'shared' : status,
    plans: isOurs ? plans : null,
    notes: isOurs ? { drift, skipped, source } : {},
    duration_ms: attempt.duration_ms,
  };
}

function writeAttempts(connection: Connection, attempt: Attempt): Promise<void> {
  const { job_id, worker_id, started_at, outcomes } = attempt;
  const tried = outcomes.filter(({ status }) => status !== 'fresh' && status !== 'shared');
  return insertAttempts(
    connection,
    tried.map(({ tdsp_duns, status, error_code }) => ({
      job_id,
      worker_id,
      started_at,
      tdsp_duns,
      status,
      error_code,
    })),
  );
}
