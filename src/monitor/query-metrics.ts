/** Figures of statements, judged against the targets: counts in, percentiles and verdicts out. */

import { LATENCY_STEPS_MS, quantile } from '../histogram.ts';
import type { QueryCounts } from '../store/postgres/query-recorder.ts';
import type { DatabaseReading } from '../store/upkeep/query-stats.ts';
import { countText, HOUR_MS } from './text.ts';

/** Statements that find an index answer within the first; an average above the second is an alert. */
export const QUERY_TARGETS = { indexed_ms: 100, alert_mean_ms: 1_000 } as const;

export interface QueryFigures {
  name: string;
  calls: number;
  errors: number;
  rows: number;
  mean_ms: number;
  /** At most this: counted in steps. `null`: beyond the last step, ten seconds. */
  p50_ms: number | null;
  p95_ms: number | null;
  p99_ms: number | null;
  max_ms: number;
  total_ms: number;
  /** Of the time of all statements. */
  share: number;
  /** One in twenty takes longer than the target. */
  is_slow: boolean;
}

export function queryFigures(counts: readonly QueryCounts[]): QueryFigures[] {
  const all = counts.reduce((sum, { total_ms }) => sum + total_ms, 0);
  return counts.map(({ name, calls, errors, rows, total_ms, max_ms, latency }) => {
    const at = (share: number) => quantile(latency, LATENCY_STEPS_MS, share);
    const p95_ms = at(0.95);
    return {
      name,
      calls,
      errors,
      rows,
      mean_ms: total_ms / Math.max(1, calls),
      p50_ms: at(0.5),
      p95_ms,
      p99_ms: at(0.99),
      max_ms,
      total_ms,
      share: all === 0 ? 0 : total_ms / all,
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

export interface DatabaseRates {
  since: Date;
  transactions_per_second: number;
  rollback_share: number | null;
  cache_hit_rate: number | null;
  wal_bytes: number | null;
  temp_bytes: number;
  deadlocks: number;
  growth_bytes: number;
}

/** What happened between two readings; `null` if they are the same, or the counters were reset in between. */
export function databaseRates(from: DatabaseReading, to: DatabaseReading): DatabaseRates | null {
  const seconds = (to.taken_at.getTime() - from.taken_at.getTime()) / 1000;
  const grown = (name: 'commits' | 'rollbacks' | 'blocks_hit' | 'blocks_read' | 'temp_bytes' | 'deadlocks') =>
    to[name] - from[name];
  const [commits, rollbacks] = [grown('commits'), grown('rollbacks')];
  const [hit, read] = [grown('blocks_hit'), grown('blocks_read')];
  if (seconds <= 0 || [commits, rollbacks, hit, read, grown('temp_bytes')].some((value) => value < 0))
    return null;
  const wal = from.wal_bytes === null || to.wal_bytes === null ? null : to.wal_bytes - from.wal_bytes;
  return {
    since: from.taken_at,
    transactions_per_second: (commits + rollbacks) / seconds,
    rollback_share: commits + rollbacks === 0 ? null : rollbacks / (commits + rollbacks),
    cache_hit_rate: hit + read === 0 ? null : hit / (hit + read),
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
