/** What `db:health` measures against. */

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
