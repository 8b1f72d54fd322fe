/** Watches a run that some worker somewhere is working on, and tells of its steps until it has ended. */

import { newClient } from '../../store/postgres/client.ts';
import type { Database } from '../../store/postgres/database.ts';
import { type RunWithResults, readRun } from '../../store/queue/sync-runs.ts';
import { SYNC_MOVED } from '../../store/queue/sync-targets.ts';
import type { Outcome } from '../publish/outcome.ts';

/** As much of an outcome as those that watch get to see. */
type SeenOutcome = Pick<Outcome, 'status' | 'plans' | 'message' | 'error_code'>;

export type SyncEvent =
  | { type: 'run_started'; run_id: number; tdsps: string[] }
  | { type: 'tdsp_started'; tdsp_duns: string }
  | { type: 'tdsp_finished'; tdsp_duns: string; outcome: SeenOutcome };

interface FollowOptions {
  onEvent?: (event: SyncEvent) => void;
  /** Aborted: it is watched no longer; the run goes on. */
  signal: AbortSignal;
  /** Called each time it was looked at, ended or not. */
  onLook?: (seen: RunWithResults) => void;
}

/** Should a notification be lost. */
const LOOK_MS = 1_000;

/**
 * Resolves with the run once it has ended, or as it is when the signal comes.
 * @throws if PostgreSQL cannot be asked any more
 */
export async function followRun(
  database: Database,
  runId: number,
  { onEvent = () => {}, onLook = () => {}, signal }: FollowOptions,
): Promise<RunWithResults> {
  const client = newClient(database.connectionString);
  let wake: () => void = () => {};
  client.on('notification', () => wake());
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort);
  const told = { begun: false, started: new Set<string>(), finished: new Set<string>() };
  try {
    await client.connect();
    await client.query(`listen ${SYNC_MOVED}`);
    for (;;) {
      // Promised before it is looked: what moves in between wakes it.
      const moved = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const seen = await readRun(database.pool, runId);
      if (!seen) throw new Error(`Run ${runId} does not exist`);
      tell(seen, told, onEvent);
      onLook(seen);
      if (seen.run.finished_at !== null || signal.aborted) return seen;
      const timer = setTimeout(() => wake(), LOOK_MS);
      await moved;
      clearTimeout(timer);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    await client.end().catch(() => {});
  }
}

interface Told {
  begun: boolean;
  started: Set<string>;
  finished: Set<string>;
}

function tell(seen: RunWithResults, told: Told, onEvent: (event: SyncEvent) => void): void {
  const { run, results, claimed } = seen;
  if (!told.begun) onEvent({ type: 'run_started', run_id: run.id, tdsps: run.requested.tdsps });
  told.begun = true;
  for (const tdsp_duns of [...claimed, ...results.map((one) => one.tdsp_duns)]) {
    if (!told.started.has(tdsp_duns)) onEvent({ type: 'tdsp_started', tdsp_duns });
    told.started.add(tdsp_duns);
  }
  for (const { tdsp_duns, status, plans, message, error_code } of results) {
    if (told.finished.has(tdsp_duns)) continue;
    told.finished.add(tdsp_duns);
    onEvent({ type: 'tdsp_finished', tdsp_duns, outcome: { status, plans, message, error_code } });
  }
}
