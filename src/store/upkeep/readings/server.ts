/** The server as a whole: what it is, how it is set, what it has counted since its figures were last reset. */

import type { Queryable } from '../../postgres/database.ts';

export interface ServerFacts {
  version: string;
  database: string;
  schema: string;
  started_seconds: number;
  is_standby: boolean;
  is_superuser: boolean;
  bytes: number;
}

export async function readServer(queryable: Queryable): Promise<ServerFacts> {
  const { rows } = await queryable.query<ServerFacts>(
    `select current_setting('server_version') as version, current_database()::text as database,
            current_schema()::text as schema,
            extract(epoch from now() - pg_postmaster_start_time())::float8 as started_seconds,
            pg_is_in_recovery() as is_standby, current_setting('is_superuser') = 'on' as is_superuser,
            pg_database_size(current_database())::float8 as bytes`,
  );
  return rows[0]!;
}

const SETTINGS = [
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'autovacuum',
  'track_counts',
  'track_io_timing',
  'shared_buffers',
  'max_wal_size',
  'checkpoint_timeout',
  'work_mem',
  'autovacuum_freeze_max_age',
  'autovacuum_vacuum_threshold',
  'autovacuum_vacuum_scale_factor',
  'data_checksums',
  'archive_mode',
] as const;

export type Setting = (typeof SETTINGS)[number];

/** As text; amounts of memory in bytes, times in seconds. */
export async function readSettings(queryable: Queryable): Promise<Partial<Record<Setting, string>>> {
  const { rows } = await queryable.query<{ name: Setting; setting: string; unit: string | null }>(
    'select name, setting, unit from pg_settings where name = any($1)',
    [SETTINGS],
  );
  return Object.fromEntries(rows.map(({ name, setting, unit }) => [name, inBaseUnits(setting, unit)]));
}

const UNITS: Record<string, number> = { kB: 1_024, '8kB': 8_192, MB: 1 << 20, ms: 0.001, s: 1, min: 60 };

const inBaseUnits = (setting: string, unit: string | null): string =>
  unit !== null && unit in UNITS ? String(Number(setting) * UNITS[unit]!) : setting;

export interface DatabaseCounters {
  /** `null`: never reset since the server was made. */
  since_seconds: number | null;
  blocks_hit: number;
  blocks_read: number;
  temp_files: number;
  temp_bytes: number;
  deadlocks: number;
  /** `null` where checksums are off. */
  checksum_failures: number | null;
}

export async function readCounters(queryable: Queryable): Promise<DatabaseCounters> {
  const { rows } = await queryable.query<DatabaseCounters>(
    `select extract(epoch from now() - coalesce(stats_reset, pg_postmaster_start_time()))::float8 as since_seconds,
            blks_hit as blocks_hit, blks_read as blocks_read, temp_files, temp_bytes, deadlocks, checksum_failures
       from pg_stat_database where datname = current_database()`,
  );
  return rows[0]!;
}

export interface Checkpoints {
  timed: number;
  /** By command or because the WAL was full. */
  requested: number;
  seconds: number;
  wal_bytes: number;
}

export async function readCheckpoints(queryable: Queryable): Promise<Checkpoints> {
  const { rows: views } = await queryable.query<{ is_new: boolean }>(
    `select to_regclass('pg_catalog.pg_stat_checkpointer') is not null as is_new`,
  );
  const { rows } = await queryable.query<Checkpoints>(
    views[0]!.is_new
      ? `select c.num_timed as timed, c.num_requested as requested, w.wal_bytes,
                extract(epoch from now() - greatest(c.stats_reset, w.stats_reset))::float8 as seconds
           from pg_stat_checkpointer c cross join pg_stat_wal w`
      : `select c.checkpoints_timed as timed, c.checkpoints_req as requested, w.wal_bytes,
                extract(epoch from now() - greatest(c.stats_reset, w.stats_reset))::float8 as seconds
           from pg_stat_bgwriter c cross join pg_stat_wal w`,
  );
  return rows[0]!;
}

export interface Wraparound {
  /** Transactions since the oldest row that is not frozen; at 2^31 PostgreSQL stops writing. */
  transactions: number;
  multixacts: number;
  freeze_max_age: number;
}

export async function readWraparound(queryable: Queryable): Promise<Wraparound> {
  const { rows } = await queryable.query<Wraparound>(
    `select age(datfrozenxid) as transactions, mxid_age(datminmxid) as multixacts,
            current_setting('autovacuum_freeze_max_age')::int as freeze_max_age
       from pg_database where datname = current_database()`,
  );
  return rows[0]!;
}

export interface ArchiveState {
  failed_since_last_success: boolean;
  last_failed: string | null;
}

export async function readArchiver(queryable: Queryable): Promise<ArchiveState> {
  const { rows } = await queryable.query<ArchiveState>(
    `select coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) as failed_since_last_success,
            last_failed_wal as last_failed from pg_stat_archiver`,
  );
  return rows[0]!;
}

export interface SequenceUse {
  name: string;
  /** Share of its numbers that is used up. */
  used: number;
}

/** Sequences of this schema that have given a number, the fullest first. */
export async function readSequences(queryable: Queryable): Promise<SequenceUse[]> {
  const { rows } = await queryable.query<SequenceUse>(
    `select sequencename::text as name, last_value::float8 / max_value as used
       from pg_sequences where schemaname = current_schema() and last_value is not null and not cycle
      order by used desc, name`,
  );
  return rows;
}
