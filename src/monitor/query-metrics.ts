/** Figures of statements, judged against the targets: counts in, percentiles and verdicts out. */

import { LATENCY_STEPS_MS, quantile } from '../histogram.ts';
import type { QueryCounts } from '../store/postgres/query-recorder.ts';
import type { DatabaseReading } from '../store/upkeep/query-stats.ts';
import { HOUR_MS } from '../units.ts';
import { countText } from './text.ts';

/** Statements that find an index answer within the first; an average above the second is an alert. */
export const QUERY_TARGETS = { indexed_ms: 100, alert_mean_ms: 1_000 } as const;

export interface QueryFigures extends Omit<QueryCounts, 'latency'> {
  mean_ms: number;
  /** At most this: counted in steps. `null`: beyond the last step, ten seconds. */
  p50_ms: number | null;
  p95_ms: number | null;
  p99_ms: number | null;
  /** Of the time of all statements. */
  share: number;
  /** One in twenty takes longer than the target. */
  is_slow: boolean;
}

export function queryFigures(counts: readonly QueryCounts[]): QueryFigures[] {
  const all = counts.reduce((sum, { total_ms }) => sum + total_ms, 0);
  return counts.map(({ latency, ...one }) => {
    const at = (share: number) => quantile(latency, LATENCY_STEPS_MS, share);
    const p95_ms = at(0.95);
    return {
      ...one,
      mean_ms: one.total_ms / Math.max(1, one.calls),
      p50_ms: at(0.5),
      p95_ms,
      p99_ms: at(0.99),
      share: all === 0 ? 0 : one.total_ms / all,
      is_slow: p95_ms === null || p95_ms > QUERY_TARGETS.indexed_ms,
    };
  });
}

/** Of all statements together. */
export function overallFigures(counts: readonly QueryCounts[]): QueryFigures | null {
  if (counts.length === 0) return null;
  const sum = counts.reduce((total, one) => ({
    name: 'all',
    calls: total.calls + one.calls,
    errors: total.errors + one.errors,
    rows: total.rows + one.rows,
    total_ms: total.total_ms + one.total_ms,
    max_ms: Math.max(total.max_ms, one.max_ms),
    latency: total.latency.map((count, step) => count + (one.latency[step] ?? 0)),
  }));
  return queryFigures([sum])[0]!;
}

interface QueryAlert {
  code: 'query_slow_on_average';
  message: string;
}

/** Fewer may be a rebuild or a backup. */
const CALLS_THAT_TELL = 5;

export function queryAlerts(figures: readonly QueryFigures[]): QueryAlert[] {
  return figures
    .filter(({ calls, mean_ms }) => calls >= CALLS_THAT_TELL && mean_ms > QUERY_TARGETS.alert_mean_ms)
    .map(({ name, mean_ms, calls }) => ({
      code: 'query_slow_on_average',
      message: `${name} took ${countText(mean_ms)} ms on average over ${countText(calls)} calls: see db:health`,
    }));
}

export type DatabaseRates = NonNullable<ReturnType<typeof databaseRates>>;

const COUNTERS = ['commits', 'rollbacks', 'blocks_hit', 'blocks_read', 'temp_bytes', 'deadlocks'] as const;

/** What happened between two readings; `null` if they are the same, or the counters were reset in between. */
export function databaseRates(from: DatabaseReading, to: DatabaseReading) {
  const seconds = (to.taken_at.getTime() - from.taken_at.getTime()) / 1000;
  if (seconds <= 0 || COUNTERS.some((name) => to[name] < from[name])) return null;
  const grown = (name: (typeof COUNTERS)[number]) => to[name] - from[name];
  const transactions = grown('commits') + grown('rollbacks');
  const blocks = grown('blocks_hit') + grown('blocks_read');
  const wal = from.wal_bytes === null || to.wal_bytes === null ? null : to.wal_bytes - from.wal_bytes;
  return {
    since: from.taken_at,
    transactions_per_second: transactions / seconds,
    /** Shares are `null` where nothing was counted. */
    rollback_share: transactions === 0 ? null : grown('rollbacks') / transactions,
    cache_hit_rate: blocks === 0 ? null : grown('blocks_hit') / blocks,
    /** `null` where PostgreSQL does not say, or its counter was reset. */
    wal_bytes: wal !== null && wal < 0 ? null : wal,
    temp_bytes: grown('temp_bytes'),
    deadlocks: grown('deadlocks'),
    growth_bytes: to.bytes - from.bytes,
  };
}

/** Against the oldest reading of the last `hours` that `to` can be compared with. */
export function ratesOver(
  readings: readonly DatabaseReading[],
  to: DatabaseReading,
  hours: number,
): DatabaseRates | null {
  const begin = to.taken_at.getTime() - hours * HOUR_MS;
  for (const from of readings) {
    if (from.taken_at.getTime() < begin) continue;
    const rates = databaseRates(from, to);
    if (rates) return rates;
  }
  return null;
}
