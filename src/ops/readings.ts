/** Everything the pages of operations show, as it was read: the fast part every two seconds, the rest less often. */

import type { Config } from '../config.ts';
import { type AlertList, listAlerts } from '../monitor/alerts/list-alerts.ts';
import type { Rules } from '../monitor/alerts/rules.ts';
import { examine } from '../monitor/doctor.ts';
import { readPeriods } from '../monitor/figures/period-figures.ts';
import { type PeriodFigures, readTargets, type TargetReading } from '../monitor/figures/targets.ts';
import type { Finding } from '../monitor/finding.ts';
import { type FreshnessReport, readFreshness } from '../monitor/freshness-report.ts';
import { type MonitorView, readMonitorView } from '../monitor/monitor-view.ts';
import { type RefreshGain, readRefreshGain } from '../monitor/refresh/gain.ts';
import { type Experiment, listExperiments } from '../planning/experiment/experiments.ts';
import { type CacheProcess, readCacheProcesses } from '../store/cache/cache-stats.ts';
import { type AlertEvent, readAlertEvents } from '../store/observation/alert-rows.ts';
import { readFigures } from '../store/observation/figure-rows.ts';
import { addFigures, type Figures, type FiguresRow } from '../store/observation/figures.ts';
import { type Deploy, readDeploys } from '../store/observation/vitals.ts';
import { readCallsOfHour, readFailingSince, type SeenUpstreamCall } from '../store/operations/calls.ts';
import {
  type LogLine,
  type MarketMedian,
  type MarketMove,
  type PublishMoment,
  type RunMark,
  readLogLines,
  readMarketMoves,
  readMedians,
  readPublishMoments,
  readRepriced,
  readRunMarks,
} from '../store/operations/past.ts';
import { readConfirmations } from '../store/plans/confirmations.ts';
import { type HeldSummary, readHeldSummaries } from '../store/plans/held-snapshots.ts';
import type { Database, Queryable } from '../store/postgres/database.ts';
import { readRecentRuns, type SyncRun } from '../store/queue/sync-runs.ts';
import type { Territory } from '../territory/territory.ts';
import { DAY_MS, HOUR_MS } from '../units.ts';
import { RANGES, type RangeName, STEP_MS } from './look/axis.ts';

/** What must be there at once: state, work, workers. */
export interface Fast {
  view: MonitorView;
  alerts: AlertList;
  /** Whatever was tried since: a later failure settles none of them. */
  held: HeldSummary[];
  processes: CacheProcess[];
  runs: SyncRun[];
}

/** What changes in minutes. */
export interface Slow {
  findings: Finding[];
  freshness: FreshnessReport;
  calls: SeenUpstreamCall[];
  /** Since when the upstream has failed; `null`: it does not. */
  failingSince: Date | null;
  hour: Figures;
  day: Figures;
  targets: TargetReading[];
  gain: RefreshGain;
  /** The one that runs, or ran last; `null`: there was none. */
  experiment: Experiment | null;
  moves: MarketMove[];
  medians: MarketMedian[];
  log: LogLine[];
}

/** What a range of the charts shows. */
export interface Past {
  /** One for each step of the range, oldest first; without a row nothing is known. */
  steps: FiguresRow[];
  /** For bars: an hour each, for the shortest range a minute. */
  calls: FiguresRow[];
  confirmations: Map<string, Date[]>;
  runs: RunMark[];
  alertEvents: AlertEvent[];
  publishes: PublishMoment[];
  deploys: Deploy[];
  /** Offers re-priced, by the minute, hour or day that a bar stands for. */
  repriced: { at: Date; offers: number }[];
}

const CALLS = 500;
const MOVES = 8;
const LOG_LINES = 500;
/** What one mark or bar stands for. */
const STRETCH = { '1h': 'minute', '24h': 'hour', '30d': 'day' } as const;
const RUNS = 6;

export async function readFast(queryable: Queryable, config: Config, rules: Rules): Promise<Fast> {
  const view = await readMonitorView(queryable, config);
  return {
    view,
    alerts: await listAlerts(queryable, rules),
    held: await readHeldSummaries(queryable),
    processes: await readCacheProcesses(queryable, view.at),
    runs: await readRecentRuns(queryable, RUNS),
  };
}

/** @param month the targets of 30 days: hundreds of hours are summed up for it, so it is read less often than the rest */
export async function readSlow(
  database: Pick<Database, 'pool'>,
  config: Config,
  territory: Territory,
  { at: now, upstream }: Pick<MonitorView, 'at' | 'upstream'>,
  month: () => Promise<PeriodFigures>,
): Promise<Slow> {
  const { pool } = database;
  // Side by side, as far as the connections go.
  const [periods, findings, freshness, calls, failingSince, moves, medians, log, gain, experiments] =
    await Promise.all([
      readPeriods(pool, now, month),
      examine(database, config),
      readFreshness(pool, territory, config),
      readCallsOfHour(pool, CALLS),
      upstream.circuit === 'closed' ? null : readFailingSince(pool, upstream.source),
      readMarketMoves(pool, new Date(now.getTime() - 3 * DAY_MS), MOVES),
      readMedians(pool),
      readLogLines(pool, new Date(now.getTime() - HOUR_MS), LOG_LINES),
      readRefreshGain(pool, upstream.source, config, {
        at: now,
        sets: config.planSource === 'powertochoose' ? 1 : territory.tdsps.length,
      }),
      listExperiments(pool, { limit: 1 }),
    ]);
  return {
    findings,
    freshness,
    calls,
    failingSince,
    hour: periods.hour.sum,
    day: periods.day.sum,
    targets: readTargets(periods),
    moves,
    medians,
    log,
    gain,
    experiment: experiments[0] ?? null,
  };
}

export async function readPast(queryable: Queryable, range: RangeName, now: Date): Promise<Past> {
  const from = new Date(now.getTime() - RANGES[range]);
  const rows = await readFigures(queryable, { from, to: now }, range === '1h' ? 'minute' : 'hour');
  return {
    steps: foldSteps(rows, Math.max(STEP_MS[range], range === '1h' ? 60_000 : HOUR_MS)),
    calls: range === '30d' ? busiest(rows, DAY_MS) : rows,
    confirmations: await readConfirmations(queryable, from),
    runs: await readRunMarks(queryable, from),
    alertEvents: await readAlertEvents(queryable, { from, to: now, limit: 500 }),
    publishes: await readPublishMoments(queryable, from, STRETCH[range]),
    deploys: await readDeploys(queryable, from),
    repriced: await readRepriced(queryable, from, STRETCH[range]),
  };
}

const slotsOf = (rows: readonly FiguresRow[], stepMs: number): [number, FiguresRow[]][] => [
  ...Map.groupBy(rows, ({ at }) => Math.floor(at.getTime() / stepMs) * stepMs),
];

function foldSteps(rows: readonly FiguresRow[], stepMs: number): FiguresRow[] {
  return slotsOf(rows, stepMs).map(([at, some]) => ({
    at: new Date(at),
    figures: some.map(({ figures }) => figures).reduce(addFigures),
  }));
}

/** Of each day the hour with most upstream calls. */
function busiest(hours: readonly FiguresRow[], stepMs: number): FiguresRow[] {
  const callsOf = ({ figures }: FiguresRow) =>
    Object.values(figures.calls.outcomes).reduce((sum, one) => sum + one, 0);
  return slotsOf(hours, stepMs).map(([at, some]) => ({
    at: new Date(at),
    figures: some.reduce((one, other) => (callsOf(other) > callsOf(one) ? other : one)).figures,
  }));
}
