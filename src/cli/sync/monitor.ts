/** `sync monitor`: the state of syncing as it changes, on a terminal, as lines or as JSON. It only looks. */

import { setTimeout as pause } from 'node:timers/promises';
import { openStore } from '../../app/open.ts';
import { describeError, expected } from '../../errors.ts';
import { toJson } from '../../monitor/finding.ts';
import { type MonitorView, readMonitorView } from '../../monitor/monitor-view.ts';
import { spanText, timeText } from '../../monitor/text.ts';
import { judge } from '../../monitor/verdict.ts';
import type { Database } from '../../store/postgres/database.ts';
import type { CommandContext } from '../command.ts';
import { drawMonitor } from '../monitor/draw-monitor.ts';
import { liveScreen, plainScreen, type Screen } from '../monitor/screen.ts';
import { columnsOf, type InkChoice, inkOf } from '../monitor/terminal.ts';
import { UsageError } from '../usage-error.ts';

export interface SyncMonitorOptions extends InkChoice {
  once?: boolean;
  /** Seconds from one look to the next. */
  interval?: number;
  /** Width of the frames, whatever the terminal says. */
  columns?: number;
}

/** The last view, and since when and why there is none newer. */
interface Seen {
  view: MonitorView | null;
  away: { since: Date; error: unknown } | null;
}

const EVERY_S = 1;
/** More often would only keep the database busy. */
const LEAST_S = 0.1;
/** Of a terminal that does not say how high it is. */
const ROWS_WITHOUT = 24;
/** Without a terminal a frame is written when something has changed, and now and then to show that it lives. */
const QUIET_FRAMES_EVERY_MS = 60_000;

export async function syncMonitor(context: CommandContext, options: SyncMonitorOptions): Promise<number> {
  const { config, isJson } = context;
  expectSensible(options);
  const database = await openStore(config, 1);
  try {
    if (options.once) return await showOnce(context, options, database);
    const ending = new AbortController();
    const end = () => ending.abort();
    process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
    // The reader has gone (`| head`), which is not an error.
    process.stdout.on('error', end);
    const isLive = process.stdout.isTTY === true && !isJson && !context.isDumbTerminal;
    const plain = plainScreen(process.stdout, isJson ? '' : '\n');
    const screen = isLive ? liveScreen(process.stdout) : plain;
    try {
      await watch(context, options, database, { screen, isLive, signal: ending.signal });
    } finally {
      screen.close();
    }
    return 0;
  } finally {
    await database.close();
  }
}

/** @throws {UsageError} */
function expectSensible({ interval = EVERY_S, columns = 80 }: SyncMonitorOptions): void {
  if (interval < LEAST_S)
    throw new UsageError(`--interval: ${expected(`${LEAST_S} seconds or more`, interval)}`);
  if (columns < 20) throw new UsageError(`--columns: ${expected('20 or more', columns)}`);
}

async function showOnce(
  { config, isJson }: CommandContext,
  options: SyncMonitorOptions,
  database: Database,
): Promise<number> {
  const view = await readMonitorView(database.pool, config);
  console.log(
    isJson ? seenJson({ view, away: null }) : frame({ view, away: null }, options, null).join('\n'),
  );
  return judge(view).healthy ? 0 : 1;
}

interface Watch {
  screen: Screen;
  isLive: boolean;
  signal: AbortSignal;
}

async function watch(
  { config, isJson }: CommandContext,
  options: SyncMonitorOptions,
  database: Database,
  { screen, isLive, signal }: Watch,
): Promise<void> {
  const everyMs = (options.interval ?? EVERY_S) * 1000;
  const isEachShown = isLive || isJson || options.interval !== undefined;
  let seen: Seen = { view: null, away: null };
  let shown = { fingerprint: '', at: Number.NEGATIVE_INFINITY };
  const draw = () => {
    if (isLive) screen.show(frame(seen, options, process.stdout.rows || ROWS_WITHOUT));
  };
  process.stdout.on('resize', draw);
  try {
    while (!signal.aborted) {
      const looked = performance.now();
      seen = await look(database, config, seen);
      const fingerprint = isEachShown ? '' : fingerprintOf(seen);
      const isDue = looked - shown.at >= QUIET_FRAMES_EVERY_MS;
      if (isLive) draw();
      else if (isEachShown || isDue || fingerprint !== shown.fingerprint) {
        screen.show(isJson ? [seenJson(seen)] : frame(seen, options, null));
        shown = { fingerprint, at: looked };
      }
      const left = Math.max(0, everyMs - (performance.now() - looked));
      await pause(left, null, { signal }).catch(() => {});
    }
  } finally {
    process.stdout.off('resize', draw);
  }
}

/** Asks the pool that gives up after a second: a database that hangs must not freeze the picture. */
async function look(database: Database, config: CommandContext['config'], before: Seen): Promise<Seen> {
  try {
    return { view: await readMonitorView(database.quick, config), away: null };
  } catch (error) {
    return { view: before.view, away: { since: before.away?.since ?? new Date(), error } };
  }
}

function frame({ view, away }: Seen, options: SyncMonitorOptions, rows: number | null): string[] {
  const columns = options.columns ?? columnsOf(process.stdout);
  const ink = inkOf(process.stdout, options);
  const notice = away && describeAway(away, view);
  if (!view) return [notice ?? 'Nothing is known yet'];
  return drawMonitor(view, { title: 'sync monitor', columns, rows, notice, ...ink });
}

function describeAway({ since, error }: NonNullable<Seen['away']>, view: MonitorView | null): string {
  const now = new Date();
  const what = `PostgreSQL DOES NOT ANSWER for ${spanText((now.getTime() - since.getTime()) / 1_000)} (${describeError(error)})`;
  return view ? `${what}. This is how it was at ${timeText(view.at, now)}; trying again.` : what;
}

function seenJson({ view, away }: Seen): string {
  const database = away
    ? { reachable: false, since: away.since, error: describeError(away.error) }
    : { reachable: true };
  if (!view) return JSON.stringify({ database });
  const verdict = judge(view);
  return JSON.stringify({ database, ...verdict, problems: verdict.problems.map(toJson), ...view });
}

/** What makes a new frame worth writing: all but times that pass by themselves. */
function fingerprintOf({ view, away }: Seen): string {
  if (!view) return 'away';
  const { control, in_progress, queue, tdsps, upstream, workers, dead_letters, runs } = view;
  return JSON.stringify([
    away === null,
    control,
    dead_letters,
    upstream.circuit,
    upstream.calls_last_hour,
    judge(view).problems.map(({ check }) => check),
    in_progress.map(({ id, steps }) => [id, steps.map(({ step }) => step)]),
    queue.waiting.map(({ run_id, tdsp_duns, not_before }) => [run_id, tdsp_duns, not_before]),
    tdsps.map(({ version, verdict, stale, observed_at }) => [version, verdict, stale, observed_at]),
    workers.map(({ id, state }) => [id, state]),
    runs.map(({ id, status }) => [id, status]),
  ]);
}
