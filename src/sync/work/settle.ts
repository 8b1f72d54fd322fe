/** What becomes of claimed work once it was tried: results for every run that waited for it, or back into the queue. */

import type { WattsyncError } from '../../errors.ts';
import type { Connection, Database } from '../../store/postgres/database.ts';
import { insertAttempts } from '../../store/queue/sync-attempts.ts';
import { finishRuns, insertResults, type NewResult } from '../../store/queue/sync-runs.ts';
import {
  lockQueue,
  notifyMoved,
  type OpenTarget,
  readClaimed,
  returnTargets,
  settleTargets,
} from '../../store/queue/sync-targets.ts';
import { type FetchEnds, writePauses } from '../../store/upstream/tdsp-pauses.ts';
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

/** Where no call is allowed just now, a scheduled sync waits for at most an hour: the next one is due by then. */
const LONGEST_PATIENCE_MS = 3_600_000;

/**
 * @returns TDSPs that wait again, at once or until later
 * @throws if PostgreSQL cannot be asked; then nothing is settled
 */
export function settle(database: Database, attempt: Attempt): Promise<string[]> {
  return database.transaction(async (connection) => {
    const { queue, job_id, worker_id, outcomes } = attempt;
    await lockQueue(connection, queue);
    const tdsps = outcomes.map(({ tdsp_duns }) => tdsp_duns);
    const claimed = await readClaimed(connection, { job_id, worker_id, tdsp_duns: tdsps });
    const ended: NewResult[] = [];
    const returned: string[] = [];
    for (const outcome of outcomes) {
      const targets = claimed.filter(({ tdsp_duns }) => tdsp_duns === outcome.tdsp_duns);
      const later = targets.filter((target) => waitsOn(outcome, target));
      const done = targets.filter((target) => !later.includes(target));
      await returnTargets(connection, later, outcome.retry_at);
      ended.push(...done.map((target) => toResult(outcome, target, attempt)));
      if (later.length > 0) returned.push(outcome.tdsp_duns);
    }
    await writeAttempts(connection, attempt);
    await writePauses(
      connection,
      endsOf(outcomes.filter((one) => claimed.some(({ tdsp_duns }) => tdsp_duns === one.tdsp_duns))),
    );
    await endTargets(connection, ended);
    return returned;
  });
}

/** Notes results and ends the runs that waited for nothing else. Under the lock of the queue. */
export async function endTargets(
  connection: Connection,
  ended: readonly NewResult[],
  as: 'cancelled' | 'stopped' | null = null,
): Promise<void> {
  await insertResults(connection, ended);
  await settleTargets(connection, ended);
  await finishRuns(connection, [...new Set(ended.map(({ run_id }) => run_id))], as);
  await notifyMoved(connection);
}

/** The result of work that nobody will do. */
export function toUnfinished(
  { run_id, tdsp_duns }: OpenTarget,
  status: 'failed' | 'stopped',
  error: WattsyncError,
): NewResult {
  return {
    run_id,
    tdsp_duns,
    status,
    plans: null,
    snapshot_version: null,
    payload_hash: null,
    notes: {},
    duration_ms: 0,
    error_code: error.code,
    message: error.message,
    gave_up: !error.retryable,
  };
}

/** A process that ends hands its work on; what may not be called now waits for those that can wait. */
function waitsOn({ status, retry_at }: Outcome, { is_patient, requested_at }: OpenTarget): boolean {
  if (status === 'stopped') return true;
  return (
    retry_at !== null && is_patient && retry_at.getTime() - requested_at.getTime() <= LONGEST_PATIENCE_MS
  );
}

/** Where the gate let no call pass that is not a failure of the TDSP, and the gate knows for how long. */
function endsOf(outcomes: readonly Outcome[]): FetchEnds {
  const isFailure = ({ status, retry_at, error_code }: Outcome) =>
    (status === 'failed' || status === 'held') && retry_at === null && error_code !== 'sync_halted';
  const isSuccess = ({ status }: Outcome) => status === 'published' || status === 'unchanged';
  return {
    failed: outcomes.filter(isFailure).map(({ tdsp_duns }) => tdsp_duns),
    succeeded: outcomes.filter(isSuccess).map(({ tdsp_duns }) => tdsp_duns),
  };
}

/** The run that called counts what came; the others learn that it was fetched for them, too. */
function toResult(outcome: Outcome, { run_id, tdsp_duns }: OpenTarget, attempt: Attempt): NewResult {
  const { status, plans, snapshot_version, payload_hash, error_code, message, gave_up } = outcome;
  const { drift, skipped, source, unknown_names } = outcome;
  const isOurs = run_id === attempt.run_id;
  const isPublished = status === 'published' || status === 'unchanged';
  return {
    run_id,
    tdsp_duns,
    snapshot_version,
    payload_hash,
    error_code,
    message,
    gave_up,
    status: isPublished && !isOurs ? 'shared' : status,
    plans: isOurs ? plans : null,
    notes: isOurs ? { drift, skipped, source, unknown_names } : {},
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
