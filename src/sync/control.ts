/** Stops, resumes and halts all syncing, in every process, through the database. */

import { setTimeout as pause } from 'node:timers/promises';
import { writeAudit } from '../store/audit-log.ts';
import type { Database } from '../store/database.ts';
import { readControl, writeControl } from '../store/sync-control.ts';
import { type OpenTarget, readAllOpenTargets, readOpenTargets } from '../store/sync-targets.ts';
import { backendPid, cutOffBlockers } from '../store/sync-workers.ts';
import { endTargets, toLeftUndone } from './jobs/settle.ts';
import { SyncCancelledError } from './left-undone-error.ts';

/** Who does it, and why: both are kept. */
export interface Order {
  by: string;
  reason: string | null;
}

/** @returns whether that changed anything */
export async function changeControl(
  database: Database,
  state: 'running' | 'stopped',
  { by, reason }: Order,
): Promise<boolean> {
  return database.transaction(async (connection) => {
    const hasChanged = await writeControl(connection, { state, changed_by: by, reason });
    const action = state === 'running' ? 'sync_resumed' : 'sync_stopped';
    if (hasChanged) await writeAudit(connection, { actor: by, action, details: { reason } });
    return hasChanged;
  });
}

export interface Halted {
  /** Runs that waited or were under way. */
  cancelled_runs: number[];
  cancelled_tdsps: number;
  /** Connections that were cut because a process that does not answer held up the emergency. */
  cut_off: number;
}

/** Whoever holds the state back for longer is taken to be frozen. */
const PATIENCE_MS = 2_000;

/**
 * From here on no upstream is called and nothing is published by anybody, even by a process that was frozen and comes
 * back; calls in flight are given up, and all that waits or runs is cancelled.
 */
export async function haltSyncs(database: Database, { by, reason }: Order): Promise<Halted> {
  const cut_off = await declareEmergency(database, { by, reason });
  return database.transaction(async (connection) => {
    const open = await readAllOpenTargets(connection);
    const ended = open.map((target) => toStopped(target, 'Cancelled by an emergency stop'));
    await endTargets(connection, ended, 'cancelled');
    const cancelled_runs = [...new Set(open.map(({ run_id }) => run_id))];
    return { cancelled_runs, cancelled_tdsps: open.length, cut_off };
  });
}

/** Nobody works on this run any more: what of it is not done is left. */
export function abandonRun(database: Database, runId: number): Promise<void> {
  return database.transaction(async (connection) => {
    const open = (await readAllOpenTargets(connection)).filter(({ run_id }) => run_id === runId);
    const ended = open.map((target) => toStopped(target, 'Stopped by whoever asked for it'));
    await endTargets(connection, ended, 'stopped');
  });
}

const toStopped = (target: OpenTarget, why: string) =>
  toLeftUndone(target, 'stopped', new SyncCancelledError(why));

async function declareEmergency(database: Database, { by, reason }: Order): Promise<number> {
  let cut = 0;
  const declared = database.transaction(async (connection) => {
    const pid = await backendPid(connection);
    const done = writeControl(connection, { state: 'emergency', changed_by: by, reason });
    let isDone = false;
    void done.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    while (!isDone) {
      await Promise.race([done.catch(() => {}), pause(PATIENCE_MS, null, { ref: false })]);
      if (!isDone) cut += await cutOffBlockers(database.pool, pid);
    }
    if (await done) {
      await writeAudit(connection, { actor: by, action: 'sync_emergency', details: { reason } });
    }
  });
  await declared;
  return cut;
}

/** Waits until nothing is worked on any more. @returns how many TDSPs still are when the time is up */
export async function waitForQuiet(
  database: Database,
  timeoutMs: number,
  onLook: (running: number) => void = () => {},
): Promise<number> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const open = await readOpenTargets(database.pool, null);
    const running = open.filter(({ state }) => state === 'claimed').length;
    onLook(running);
    if (running === 0 || Date.now() > end) return running;
    if ((await readControl(database.pool)).state === 'running') return running;
    await pause(200);
  }
}
