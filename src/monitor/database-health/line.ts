/** One line of `db:health`: what was looked at, what it is, what it should be and what to do about it. */

import type { Reading } from '../../store/upkeep/readings/reading.ts';

export type Verdict = 'ok' | 'warn' | 'bad' | 'unknown';

export interface HealthLine {
  check: string;
  /** `unknown`: it could not be read; the reading says why. */
  verdict: Verdict;
  /** Which table, index or session, where there may be several. */
  subject: string | null;
  reading: string;
  /** What would be fine. */
  limit: string | null;
  /** Why it matters and what to do; only where it is not fine. */
  advice: string | null;
  /** What mends it, to be typed as it is. */
  command: string | null;
}

/** Where a warning begins, and where it is bad. Each can be set with `db:health --limit name=number`. */
export const HEALTH_LIMITS = {
  connections_warn_percent: 80,
  connections_bad_percent: 95,
  // Where PostgreSQL begins to log a wait for a lock, too (deadlock_timeout).
  lock_wait_warn_seconds: 1,
  lock_wait_bad_seconds: 60,
  long_transaction_warn_seconds: 300,
  long_transaction_bad_seconds: 3_600,
  idle_in_transaction_warn_seconds: 60,
  idle_in_transaction_bad_seconds: 600,
  long_query_warn_seconds: 60,
  long_query_bad_seconds: 1_800,
  // A new B-tree is nine tenths full and settles at some two thirds; a table in use has room for a fifth of changes.
  table_bloat_warn_percent: 50,
  table_bloat_warn_mb: 16,
  table_bloat_bad_mb: 4_096,
  index_bloat_warn_percent: 50,
  index_bloat_warn_mb: 8,
  index_bloat_bad_mb: 4_096,
  // Twice what autovacuum leaves alone by default.
  dead_rows_warn_percent: 40,
  dead_rows_warn_rows: 10_000,
  statistics_warn_rows: 10_000,
  sequential_scan_warn_percent: 20,
  sequential_scan_warn_mb: 64,
  unused_index_warn_days: 7,
  cache_hit_warn_percent: 90,
  // Autovacuum freezes at 200 million of 2,147 million; at 1.6 billion it drops everything else to do so.
  wraparound_warn_percent: 40,
  wraparound_bad_percent: 75,
  replica_lag_warn_seconds: 30,
  replica_lag_bad_seconds: 600,
  slot_warn_mb: 1_024,
  slot_bad_mb: 10_240,
  disk_warn_percent: 80,
  // The owner's alert.
  disk_bad_percent: 90,
  partitions_warn_days: 30,
  partitions_bad_days: 7,
  temp_files_warn_mb_per_day: 10_240,
  deadlocks_warn_per_day: 1,
  sequence_warn_percent: 75,
  sequence_bad_percent: 90,
} as const;

export type HealthLimits = { readonly [Name in keyof typeof HEALTH_LIMITS]: number };

export const isHealthLimit = (name: string): name is keyof HealthLimits => Object.hasOwn(HEALTH_LIMITS, name);

/** So many findings of one kind are told one by one. */
const MOST_FINDINGS = 8;

interface Finding {
  verdict: 'warn' | 'bad';
  subject: string | null;
  reading: string;
  advice: string;
  command: string | null;
}

/** The line of a check that found nothing. */
export const fine = (check: string, reading: string, limit: string | null): HealthLine => ({
  check,
  verdict: 'ok',
  subject: null,
  reading,
  limit,
  advice: null,
  command: null,
});

/** One line for each finding, the bad ones first; without any, the line that says so. */
export function linesOf(
  check: string,
  limit: string | null,
  okReading: string,
  findings: readonly Finding[],
): HealthLine[] {
  if (findings.length === 0) return [fine(check, okReading, limit)];
  const sorted = [
    ...findings.filter(({ verdict }) => verdict === 'bad'),
    ...findings.filter(({ verdict }) => verdict === 'warn'),
  ];
  const lines: HealthLine[] = sorted
    .slice(0, MOST_FINDINGS)
    .map(({ verdict, subject, reading, advice, command }) => ({
      check,
      verdict,
      subject,
      reading,
      limit,
      advice,
      command,
    }));
  const rest = sorted.length - lines.length;
  if (rest > 0) lines.at(-1)!.reading += `; and ${rest} more`;
  return lines;
}

/** `warn` or `bad` from two limits; `null` below both. */
export const graded = (value: number, warn: number, bad: number): 'warn' | 'bad' | null =>
  value >= bad ? 'bad' : value >= warn ? 'warn' : null;

/** Judges what was read; what was not says why. */
export function judged<T>(
  check: string,
  reading: Reading<T>,
  judge: (value: T) => HealthLine[],
): HealthLine[] {
  if ('value' in reading) return judge(reading.value);
  return [{ ...fine(check, `cannot be read: ${reading.unreadable}`, null), verdict: 'unknown' }];
}

/** A command that sends a statement, for those who have no psql at hand; in quotes that every shell knows where possible. */
export function sqlCommand(...statements: string[]): string {
  return statements
    .map((sql) =>
      /["$`\\!]/.test(sql)
        ? `npx wattsync db sql '${sql.replaceAll("'", "'\\''")}'`
        : `npx wattsync db sql "${sql}"`,
    )
    .join(' && ');
}

export const endSession = (pid: number): string => sqlCommand(`select pg_terminate_backend(${pid})`);
