/** `sync monitor`: the state of syncing as it changes, on a terminal, as lines or as JSON. It only looks. */

import { setTimeout as pause } from 'node:timers/promises';
import { describeError, expected } from '../../errors.ts';
import { toJson } from '../../monitor/finding.ts';
import { type MonitorView, readMonitorView } from '../../monitor/monitor-view.ts';
import { spanText, timeText } from '../../monitor/text.ts';
import { judge } from '../../monitor/verdict.ts';
import type { Database } from '../../store/postgres/database.ts';
import { type CommandContext, withStore } from '../command.ts';
import { drawMonitor } from '../monitor/draw-monitor.ts';
import { liveScreen, plainScreen } from '../monitor/screen.ts';
import { columnsOf, type InkChoice, inkOf } from '../monitor/terminal.ts';
import { UsageError } from '../usage-error.ts';

interface SyncMonitorOptions extends InkChoice {
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

/** @throws {UsageError} a width or an interval that makes no sense */
export async function syncMonitor(context: CommandContext, options: SyncMonitorOptions): Promise<number> {
  const { interval = EVERY_S, columns = 80, once } = options;
  if (interval < LEAST_S)
    throw new UsageError(`--interval: ${expected(`${LEAST_S} seconds or more`, interval)}`);
  if (columns < 20) throw new UsageError(`--columns: ${expected('20 or more', columns)}`);
  return withStore(context, 1, async (database) => {
    if (!once) return await watch(context, options, database);
    const view = await readMonitorView(database.pool, context.config);
    console.log(draw({ view, away: null }, context, options, null).join('\n'));
    return judge(view).healthy ? 0 : 1;
  });
}

async function watch(
  context: CommandContext,
  options: SyncMonitorOptions,
  database: Database,
): Promise<number> {
  const { config, isJson, isDumbTerminal } = context;
  const { stdout } = process;
  const ending = new AbortController();
  const { signal } = ending;
  const end = () => ending.abort();
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
  // The reader has gone (`| head`), which is not an error.
  stdout.on('error', end);
  const isLive = stdout.isTTY === true && !isJson && !isDumbTerminal;
  const isEachShown = isLive || isJson || options.interval !== undefined;
  const screen = isLive ? liveScreen(stdout) : plainScreen(stdout, isJson ? '' : '\n');
  let seen: Seen = { view: null, away: null };
  let shown = { fingerprint: '', at: Number.NEGATIVE_INFINITY };
  const show = () => screen.show(draw(seen, context, options, isLive ? stdout.rows || ROWS_WITHOUT : null));
  if (isLive) stdout.on('resize', show);
  try {
    while (!signal.aborted) {
      const at = performance.now();
      seen = await look(database, config, seen);
      const fingerprint = isEachShown ? '' : fingerprintOf(seen);
      const isDue = at - shown.at >= QUIET_FRAMES_EVERY_MS;
      if (isEachShown || isDue || fingerprint !== shown.fingerprint) {
        show();
        shown = { fingerprint, at };
      }
      const left = (options.interval ?? EVERY_S) * 1_000 - (performance.now() - at);
      await pause(Math.max(0, left), null, { signal }).catch(() => {});
    }
    return 0;
  } finally {
    stdout.off('resize', show);
    screen.close();
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

/** @param rows `null`: as many as needed */
function draw(
  { view, away }: Seen,
  { isJson }: CommandContext,
  options: SyncMonitorOptions,
  rows: number | null,
): string[] {
  if (isJson) return [toLine({ view, away })];
  const notice = away && describeAway(away, view);
  if (!view) return [notice ?? 'Nothing is known yet'];
  const columns = options.columns ?? columnsOf(process.stdout);
  const ink = inkOf(process.stdout, options);
  const isEndless = options.columns === undefined && !process.stdout.isTTY;
  return drawMonitor(view, { title: 'sync monitor', columns, rows, notice, isEndless, ...ink });
}

function describeAway({ since, error }: NonNullable<Seen['away']>, view: MonitorView | null): string {
  const now = new Date();
  const what = `PostgreSQL DOES NOT ANSWER for ${spanText((now.getTime() - since.getTime()) / 1_000)} (${describeError(error)})`;
  return view ? `${what}. This is how it was at ${timeText(view.at, now)}; trying again.` : what;
}

function toLine({ view, away }: Seen): string {
  const database = away
    ? { reachable: false, since: away.since, error: describeError(away.error) }
    : { reachable: true };
  if (!view) return JSON.stringify({ database });
  const verdict = judge(view);
  return JSON.stringify({ database, ...verdict, problems: verdict.problems.map(toJson), ...view });
}

/** They pass, or slide out of their hour, by themselves. */
const PASSING = ['at', 'attempts', 'age_seconds', 'clock_ahead_ms', 'clock_read_at', 'seen_at', 'vitals'];

/** What makes a new frame worth writing. */
function fingerprintOf({ view, away }: Seen): string {
  if (!view) return 'away';
  const checks = judge(view).problems.map(({ check }) => check);
  return JSON.stringify({ isAway: away !== null, checks, ...view }, (name, value) =>
    PASSING.includes(name) ? undefined : value,
  );
}
