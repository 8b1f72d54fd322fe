/** `sync stop`, `sync resume` and `sync emergency`: for all processes, through the database. */

import { plural } from '../../monitor/text.ts';
import { readControl } from '../../store/queue/sync-control.ts';
import { changeControl, haltSyncs, type Order, type Quiet, waitForQuiet } from '../../sync/work/control.ts';
import { answer, type CommandContext, withStore } from '../command.ts';

interface ControlOptions {
  reason?: string;
  wait?: boolean;
}

const POOL_CONNECTIONS = 3;
const QUIET_WITHIN_MS = 60_000;
const SERVED = 'Stored plans are served all the same.';

export function syncStop(context: CommandContext, { reason, wait = true }: ControlOptions): Promise<number> {
  return withStore(context, POOL_CONNECTIONS, async (database) => {
    const { state, changed } = await changeControl(database, 'stopped', orderOf(reason));
    if (state === 'emergency') {
      return answer(context, { state, changed }, () => 'An emergency is in force: nothing syncs anyway.');
    }
    const quiet = wait ? await waitForQuiet(database, QUIET_WITHIN_MS, tellRunning(context.isJson)) : null;
    const { running = null, unanswered = null } = quiet ?? {};
    const done = changed ? 'Syncing is stopped in all processes.' : 'Syncing was stopped already.';
    const next = `${SERVED} Start again with: npm run sync:resume (or sync:priority)`;
    const found = { state, changed, running, unanswered };
    return answer(context, found, () => `${done}${describeQuiet(quiet)}\n${next}`);
  });
}

export function syncResume(context: CommandContext, { reason }: ControlOptions): Promise<number> {
  return withStore(context, POOL_CONNECTIONS, async (database) => {
    const before = await readControl(database.pool);
    const { state, changed } = await changeControl(database, 'running', orderOf(reason));
    const what = before.state === 'emergency' ? 'halted by an emergency' : 'stopped';
    return answer(context, { state, changed }, () =>
      changed
        ? `Syncing goes on (it was ${what} since ${before.changed_at.toISOString()}).`
        : 'Syncing was not stopped.',
    );
  });
}

export function syncEmergency(context: CommandContext, { reason }: ControlOptions): Promise<number> {
  return withStore(context, POOL_CONNECTIONS, async (database) => {
    const { changed, cancelled_runs, cancelled_tdsps, cut_off } = await haltSyncs(database, orderOf(reason));
    const runs = `${cancelled_runs.length === 1 ? 'run' : 'runs'} ${cancelled_runs.join(', ')}`;
    const cancelled =
      cancelled_runs.length === 0
        ? 'Nothing was waiting or running.'
        : `Cancelled: ${cancelled_tdsps} TDSPs of ${runs}.`;
    const cut = cut_off > 0 ? ` ${cut_off} connections of processes that do not answer were cut.` : '';
    return answer(
      context,
      { state: 'emergency', changed, cancelled_runs, cancelled_tdsps },
      () =>
        `EMERGENCY: no upstream is called and nothing is published by any process. ${cancelled}${cut}\n` +
        `${SERVED} When the cause is fixed run: npm run sync:resume`,
    );
  });
}

const orderOf = (reason: string | undefined): Order => ({ by: 'cli', reason: reason ?? null });

function describeQuiet(quiet: Quiet | null): string {
  if (!quiet) return '';
  const { running, unanswered } = quiet;
  if (running === 0) return ' Nothing is running.';
  const see = 'see: npm run sync:status';
  return unanswered === 0
    ? ` ${plural(running, 'TDSP is', 'TDSPs are')} still being synced; ${see}`
    : ` ${plural(unanswered, 'TDSP is', 'TDSPs are')} held by processes that do not answer; ${see}; if need be: npm run sync:emergency`;
}

/** Says each number once while it goes down. */
function tellRunning(isJson: boolean): (running: number) => void {
  let told = 0;
  return (running) => {
    if (!isJson && running > 0 && running !== told) console.log(`Waiting for ${running} TDSPs to end …`);
    told = running;
  };
}
