/** How the program is used and whether it keeps its targets: what `monitor metrics` prints and pages show. */

import type { Config } from '../../config.ts';
import { readFigures } from '../../store/observation/figure-rows.ts';
import { type Figures, type FiguresRow, sumFigures } from '../../store/observation/figures.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { type AlertView, listAlerts } from '../alerts/list-alerts.ts';
import type { Rules } from '../alerts/rules.ts';
import { readMonitorView } from '../monitor-view.ts';
import { readPeriods } from './period-figures.ts';
import {
  allAnswers,
  answersOf,
  callsOf,
  LAYERS,
  latencies,
  latencyAt,
  overallHitRate,
  readTargets,
  successRate,
  type TargetReading,
} from './targets.ts';

export type MetricsReport = Awaited<ReturnType<typeof readMetrics>>;

/** Twelve stretches of five minutes, for a line that shows where things go. */
const TREND_MINUTES = 5;

/** @throws if PostgreSQL cannot be asked */
export async function readMetrics(queryable: Queryable, config: Config, rules: Rules) {
  const at = await readDatabaseTime(queryable);
  const periods = await readPeriods(queryable, at);
  const minutes = await readFigures(queryable, { from: new Date(at.getTime() - HOUR_MS), to: at }, 'minute');
  const hours = await readFigures(queryable, { from: new Date(at.getTime() - DAY_MS), to: at }, 'hour');
  const { upstream, tdsps } = await readMonitorView(queryable, config);
  const { alerts } = await listAlerts(queryable, rules);
  const nameOf = (duns: string) => tdsps.find((tdsp) => tdsp.duns === duns)?.name ?? duns;
  const targets = readTargets(periods);
  const { sum: hour } = periods.hour;
  const { sum: day } = periods.day;
  return {
    at,
    api_calls_last_hour: upstream.calls_last_hour,
    budget: {
      per_hour: upstream.budget_per_hour,
      left: Math.max(0, upstream.budget_per_hour - upstream.calls_last_hour),
      reserve: upstream.reserve_per_hour,
      forced_last_hour: upstream.forced_last_hour,
      forced_per_hour: upstream.forced_budget_per_hour,
    },
    /** Shares are `null` where nothing was counted within the hour. */
    cache_hit_rate: overallHitRate(hour),
    response_ms: latencies(allAnswers(hour)),
    db_query_ms: latencies(hour.statements.latency),
    /** Of the last hour in which anything was tried, of the day otherwise. */
    sync_success_rate: successRate(hour) ?? successRate(day),
    hour: periodOf(hour, nameOf),
    day: periodOf(day, nameOf),
    trends: {
      hour: trendOf(inStretches(minutes, TREND_MINUTES * 60_000)),
      day: trendOf(hours),
    },
    targets: Object.fromEntries(targets.map(({ name, ...target }) => [name, target])) as Record<
      string,
      Omit<TargetReading, 'name'>
    >,
    alerts: alerts.filter(isOpen).map(shortOf),
  };
}

const isOpen = ({ state }: AlertView): boolean => state === 'firing';

const shortOf = ({ rule, subject, title, severity, reading, since, display, runbook }: AlertView) => ({
  rule,
  subject,
  title,
  severity,
  reading,
  since,
  display,
  runbook,
});

function periodOf(figures: Figures, nameOf: (duns: string) => string) {
  const named = Object.entries(figures.calls.tdsps).map(([duns, calls]) => [
    duns === 'state' ? 'whole state' : nameOf(duns),
    calls,
  ]);
  const layers = LAYERS.map((layer) => {
    const { hits = 0, misses = 0, errors = 0, stale_serves = 0, latency = [] } = figures.layers[layer] ?? {};
    const asked = hits + misses + errors;
    const one = { asked, hits, stale_serves, hit_rate: asked === 0 ? null : hits / asked };
    return [layer, { ...one, wait_p95_ms: latencyAt(latency, 0.95) }] as const;
  });
  const { succeeded, failed, held } = figures.attempts;
  return {
    /** Minutes of which figures are known. */
    minutes_known: figures.minutes,
    answers: Object.values(figures.answers).reduce((sum, one) => sum + one.answers, 0),
    failed_answers: Object.values(figures.answers).reduce((sum, one) => sum + one.failed, 0),
    calls: {
      total: callsOf(figures),
      by_outcome: figures.calls.outcomes,
      by_tdsp: Object.fromEntries(named) as Record<string, number>,
      by_reason: figures.calls.reasons,
      ms: latencies(figures.calls.latency),
    },
    cache_hit_rate: overallHitRate(figures),
    layers: Object.fromEntries(layers) as Record<(typeof LAYERS)[number], (typeof layers)[number][1]>,
    cached_answer_ms: latencies(answersOf(figures, 'cached')?.latency ?? []),
    other_answer_ms: latencies(answersOf(figures, 'other')?.latency ?? []),
    statement_ms: latencies(figures.statements.latency),
    syncs: { succeeded, failed, held },
    sync_success_rate: successRate(figures),
    runs: figures.runs,
  };
}

function inStretches(rows: readonly FiguresRow[], ms: number): FiguresRow[] {
  const begins = (at: Date) => Math.floor(at.getTime() / ms) * ms;
  return [...Map.groupBy(rows, ({ at }) => begins(at))].map(([at, some]) => ({
    at: new Date(at),
    figures: sumFigures(some),
  }));
}

/** A value for each stretch, oldest first; `null` where nothing was counted. */
function trendOf(rows: readonly FiguresRow[]) {
  const each = (value: (figures: Figures) => number | null) => rows.map(({ figures }) => value(figures));
  return {
    from: rows[0]?.at ?? null,
    calls: each(callsOf),
    answers: each(({ answers }) => Object.values(answers).reduce((sum, one) => sum + one.answers, 0)),
    cache_hit_rate: each(overallHitRate),
    answer_p99_ms: each((figures) => latencyAt(allAnswers(figures), 0.99)),
    statement_p95_ms: each(({ statements }) => latencyAt(statements.latency, 0.95)),
    sync_success_rate: each(successRate),
  };
}

/** What makes calls that need not be, and the setting that stops it; `null` while there are few. */
export function callAdvice(
  report: Pick<MetricsReport, 'hour' | 'api_calls_last_hour' | 'targets'>,
  config: Config,
) {
  const { required, ours } = report.targets.api_calls_per_hour!;
  if (report.api_calls_last_hour <= ours) return null;
  const [most] = Object.entries(report.hour.calls.by_reason).toSorted(([, a], [, b]) => b - a);
  const who = most ? `, most of them asked for by: ${most[0]} (${most[1]})` : '';
  const ttl = config.cacheTtlHours;
  const advice =
    most && /^reader/.test(most[0])
      ? `Readers find plans stale after CACHE_TTL_HOURS=${ttl}: raise it, for example to ${ttl * 2}`
      : `Sync less often (SYNC_INTERVAL_MS, SYNC_SCHEDULE_PRIORITY), or raise CACHE_TTL_HOURS from ${ttl} to ${ttl * 2} so that readers ask less`;
  return `${report.api_calls_last_hour} upstream calls within the hour; normal is up to ${ours}, the limit ${required}${who}. ${advice}`;
}
