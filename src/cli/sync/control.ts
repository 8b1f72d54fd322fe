/** `sync stop`, `sync resume` and `sync emergency`: for all processes, through the database. */

import { plural } from '../../monitor/text.ts';
import type { Database } from '../../store/postgres/database.ts';
import { readControl } from '../../store/queue/sync-control.ts';
import { changeControl, haltSyncs, type Order, type Quiet, waitForQuiet } from '../../sync/work/control.ts';
import { answer, type CommandContext, withStore } from '../command.ts';

export interface ControlOptions {
  reason?: string;
  wait?: boolean;
}

const QUIET_WITHIN_MS = 60_000;

export function syncStop(context: CommandContext, { reason, wait = true }: ControlOptions): Promise<number> {
  return control(context, async (database) => {
    const { state, changed } = await changeControl(database, 'stopped', orderOf(reason));
    if (state === 'emergency') {
      return { state, changed, text: 'An emergency is in force: nothing syncs anyway.' };
    }
    const quiet = wait ? await waitForQuiet(database, QUIET_WITHIN_MS, tellRunning(context.isJson)) : null;
    const said = changed ? 'Syncing is stopped in all processes.' : 'Syncing was stopped already.';
    const next =
      'Stored plans are served all the same. Start again with: npm run sync:resume (or sync:priority)';
    const { running = null, unanswered = null } = quiet ?? {};
    return {
      state,
      changed,
      running,
      unanswered,
      text: `${said}${describeQuiet(quiet)}\n${next}`,
    };
  });
}

export function syncResume(context: CommandContext, { reason }: ControlOptions): Promise<number> {
  return control(context, async (database) => {
    const before = await readControl(database.pool);
    const { state, changed } = await changeControl(database, 'running', orderOf(reason));
    const text = changed
      ? `Syncing goes on (it was ${before.state === 'emergency' ? 'halted by an emergency' : 'stopped'} since ${before.changed_at.toISOString()}).`
      : 'Syncing was not stopped.';
    return { state, changed, text };
  });
}

export function syncEmergency(context: CommandContext, { reason }: ControlOptions): Promise<number> {
  return control(context, async (database) => {
    const { changed, cancelled_runs, cancelled_tdsps, cut_off } = await haltSyncs(database, orderOf(reason));
    const cancelled =
      cancelled_runs.length === 0
        ? 'Nothing was waiting or running.'
        : `Cancelled: ${cancelled_tdsps} TDSPs of ${cancelled_runs.length === 1 ? 'run' : 'runs'} ${cancelled_runs.join(', ')}.`;
    const cut = cut_off > 0 ? ` ${cut_off} connections of processes that do not answer were cut.` : '';
    const text =
      `EMERGENCY: no upstream is called and nothing is published by any process. ${cancelled}${cut}\n` +
      'Stored plans are served all the same. When the cause is fixed run: npm run sync:resume';
    return { state: 'emergency', changed, cancelled_runs, cancelled_tdsps, text };
  });
}

function describeQuiet(quiet: Quiet | null): string {
  if (!quiet) return '';
  const { running, unanswered } = quiet;
  if (running === 0) return ' Nothing is running.';
  const see = 'see: npm run sync:status';
  return unanswered === 0
    ? ` ${are(running)} still being synced; ${see}`
    : ` ${are(unanswered)} held by processes that do not answer; ${see}; if need be: npm run sync:emergency`;
}

const are = (tdsps: number): string => `${plural(tdsps, 'TDSP')} ${tdsps === 1 ? 'is' : 'are'}`;

const orderOf = (reason: string | undefined): Order => ({ by: 'cli', reason: reason ?? null });

function control(
  context: CommandContext,
  work: (database: Database) => Promise<{ text: string } & Record<string, unknown>>,
): Promise<number> {
  return withStore(context, 3, async (database) => {
    const { text, ...done } = await work(database);
    return answer(context, done, () => text);
  });
}

/** Says each number once while it goes down. */
function tellRunning(isJson: boolean): (running: number) => void {
  let told = 0;
  return (running) => {
    if (!isJson && running > 0 && running !== told) console.log(`Waiting for ${running} TDSPs to end …`);
    told = running;
  };
}
