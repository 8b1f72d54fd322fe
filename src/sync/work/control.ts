/** Stops, resumes and halts all syncing, in every process, through the database. */

import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../../store/postgres/database.ts';
import { writeAudit } from '../../store/queue/audit-log.ts';
import { type ControlState, readControl, writeControl } from '../../store/queue/sync-control.ts';
import { type OpenTarget, readAllOpenTargets, readOpenTargets } from '../../store/queue/sync-targets.ts';
import { backendPid, cutOffBlockers, readWorkers } from '../../store/queue/sync-workers.ts';
import { endTargets, toUnfinished } from './settle.ts';
import { SyncCancelledError } from './unfinished-error.ts';

/** By which actor, and why: both are kept. */
export interface Order {
  by: string;
  reason: string | null;
}

/** How it is now, and whether this made it so. A stop in an emergency changes nothing. */
export interface Changed {
  state: ControlState;
  changed: boolean;
}

export async function changeControl(
  database: Database,
  state: 'running' | 'stopped',
  { by, reason }: Order,
): Promise<Changed> {
  return database.transaction(async (connection) => {
    const changed = await writeControl(connection, { state, changed_by: by, reason });
    const action = state === 'running' ? 'sync_resumed' : 'sync_stopped';
    if (changed) await writeAudit(connection, { actor: by, action, details: { reason } });
    return { state: changed ? state : (await readControl(connection)).state, changed };
  });
}

export interface Halted {
  /** Whether this declared it: false in an emergency that was declared before. */
  changed: boolean;
  /** Runs that waited or were under way. */
  cancelled_runs: number[];
  cancelled_tdsps: number;
  /** Connections that were cut because a process that does not answer held up the emergency. */
  cut_off: number;
}

/** A process that holds the state back for longer is taken to be frozen. */
const PATIENCE_MS = 2_000;

/**
 * From here on no process calls an upstream or publishes, not even one that was frozen and comes back; calls in flight are given up, and all that waits or runs is cancelled.
 */
export async function haltSyncs(database: Database, { by, reason }: Order): Promise<Halted> {
  const { cut_off, changed } = await declareEmergency(database, { by, reason });
  return database.transaction(async (connection) => {
    const open = await readAllOpenTargets(connection);
    const ended = open.map((target) => toStopped(target, 'Cancelled by an emergency stop'));
    await endTargets(connection, ended, 'cancelled');
    const cancelled_runs = [...new Set(open.map(({ run_id }) => run_id))];
    return { changed, cancelled_runs, cancelled_tdsps: open.length, cut_off };
  });
}

/** Nobody works on this run any more: what of it is not done is left. */
export function abandonRun(database: Database, runId: number): Promise<void> {
  return database.transaction(async (connection) => {
    const open = (await readAllOpenTargets(connection)).filter(({ run_id }) => run_id === runId);
    const ended = open.map((target) => toStopped(target, 'Stopped by the command that asked for it'));
    await endTargets(connection, ended, 'stopped');
  });
}

const toStopped = (target: OpenTarget, why: string) =>
  toUnfinished(target, 'stopped', new SyncCancelledError(why));

async function declareEmergency(
  database: Database,
  { by, reason }: Order,
): Promise<Pick<Halted, 'cut_off' | 'changed'>> {
  let cut_off = 0;
  const changed = await database.transaction(async (connection) => {
    const pid = await backendPid(connection);
    const done = writeControl(connection, { state: 'emergency', changed_by: by, reason });
    let isDone = false;
    void done.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    while (!isDone) {
      await Promise.race([done.catch(() => {}), pause(PATIENCE_MS, null, { ref: false })]);
      if (!isDone) cut_off += await cutOffBlockers(database.pool, pid);
    }
    const isNew = await done;
    if (isNew) await writeAudit(connection, { actor: by, action: 'sync_emergency', details: { reason } });
    return isNew;
  });
  return { cut_off, changed };
}

export interface Quiet {
  /** TDSPs that are still being worked on. */
  running: number;
  /** Those of them whose process is dead or does not answer: nobody can say when they end. */
  unanswered: number;
}

/** The work of a dead worker is given to another within moments, where there is one. */
const HANDED_OVER_MS = 3_000;

/** Waits until nothing is worked on any more, as long as those processes answer. */
export async function waitForQuiet(
  database: Database,
  timeoutMs: number,
  onLook: (running: number) => void = () => {},
): Promise<Quiet> {
  const end = Date.now() + timeoutMs;
  let answeredAt = Date.now();
  for (;;) {
    const open = await readOpenTargets(database.pool, null);
    const claimed = open.filter(({ state }) => state === 'claimed');
    const workers = await readWorkers(database.pool);
    const answers = (id: string | null) => workers.some((one) => one.id === id && one.state === 'alive');
    const quiet = {
      running: claimed.length,
      unanswered: claimed.filter(({ worker_id }) => !answers(worker_id)).length,
    };
    onLook(quiet.running);
    if (quiet.unanswered < quiet.running) answeredAt = Date.now();
    const isLeft = Date.now() > end || Date.now() - answeredAt > HANDED_OVER_MS;
    if (quiet.running === 0 || isLeft) return quiet;
    if ((await readControl(database.pool)).state === 'running') return quiet;
    await pause(200);
  }
}
