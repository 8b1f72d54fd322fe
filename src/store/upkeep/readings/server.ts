/** The server as a whole: what it is, how it is set, what it has counted since its figures were last reset. */

import type { Queryable } from '../../postgres/database.ts';
import { allRows, oneRow } from './reading.ts';

export interface ServerFacts {
  version: string;
  database: string;
  started_seconds: number;
  is_standby: boolean;
  bytes: number;
}

export const readServer = oneRow<ServerFacts>(`
  select current_setting('server_version') as version, current_database()::text as database,
         extract(epoch from now() - pg_postmaster_start_time())::float8 as started_seconds,
         pg_is_in_recovery() as is_standby,
         pg_database_size(current_database())::float8 as bytes`);

export type Setting =
  | 'fsync'
  | 'full_page_writes'
  | 'autovacuum'
  | 'track_counts'
  | 'track_io_timing'
  | 'shared_buffers'
  | 'max_wal_size'
  | 'checkpoint_timeout'
  | 'archive_mode';

/** As text; amounts of memory in bytes, times in seconds. */
export async function readSettings(queryable: Queryable): Promise<Partial<Record<Setting, string>>> {
  const { rows } = await queryable.query<{ settings: Partial<Record<Setting, string>> }>(
    `select json_object_agg(name, case when factor is null then setting else (setting::float8 * factor)::text end) as settings
       from pg_settings left join (values ('kB', 1024), ('8kB', 8192), ('MB', 1048576), ('ms', 0.001), ('s', 1), ('min', 60))
            as units (unit, factor) using (unit)
      where name in ('fsync', 'full_page_writes', 'autovacuum', 'track_counts', 'track_io_timing', 'shared_buffers',
                     'max_wal_size', 'checkpoint_timeout', 'archive_mode')`,
  );
  return rows[0]!.settings;
}

interface DatabaseCounters {
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

export const readCounters = oneRow<DatabaseCounters>(`
  select extract(epoch from now() - coalesce(stats_reset, pg_postmaster_start_time()))::float8 as since_seconds,
         blks_hit as blocks_hit, blks_read as blocks_read, temp_files, temp_bytes, deadlocks, checksum_failures
    from pg_stat_database where datname = current_database()`);

interface Checkpoints {
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
  const [view, timed, requested] = views[0]!.is_new
    ? ['pg_stat_checkpointer', 'num_timed', 'num_requested']
    : ['pg_stat_bgwriter', 'checkpoints_timed', 'checkpoints_req'];
  return oneRow<Checkpoints>(
    `select c.${timed} as timed, c.${requested} as requested, w.wal_bytes,
            extract(epoch from now() - greatest(c.stats_reset, w.stats_reset))::float8 as seconds
       from ${view} c cross join pg_stat_wal w`,
  )(queryable);
}

interface Wraparound {
  /** Transactions since the oldest row that is not frozen; at 2^31 PostgreSQL stops writing. */
  transactions: number;
  multixacts: number;
}

export const readWraparound = oneRow<Wraparound>(`
  select age(datfrozenxid) as transactions, mxid_age(datminmxid) as multixacts
    from pg_database where datname = current_database()`);

interface ArchiveState {
  failed_since_last_success: boolean;
  last_failed: string | null;
}

export const readArchiver = oneRow<ArchiveState>(`
  select coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) as failed_since_last_success,
         last_failed_wal as last_failed from pg_stat_archiver`);

interface SequenceUse {
  name: string;
  /** Share of its numbers that is used up. */
  used: number;
}

/** Sequences of this schema that have given a number, the fullest first. */
export const readSequences = allRows<SequenceUse>(`
  select sequencename::text as name, last_value::float8 / max_value as used
    from pg_sequences where schemaname = current_schema() and last_value is not null and not cycle
   order by used desc, name`);

interface Replica {
  name: string;
  state: string | null;
  /** `null`: this role may not see it. */
  lag_bytes: number | null;
  lag_seconds: number | null;
}

interface ReplicationSlot {
  name: string;
  is_active: boolean;
  /** WAL that cannot be removed because of it. */
  kept_bytes: number | null;
  /** `reserved`, `extended`, `unreserved`, `lost`. */
  wal_status: string | null;
}

export interface Replication {
  replicas: Replica[];
  slots: ReplicationSlot[];
  /** Of this server, if it is a standby. */
  own_lag_seconds: number | null;
}

const HERE = `case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end`;

export const readReplication = oneRow<Replication>(`
  select (select coalesce(json_agg(r order by r.name), '[]') from (
          select coalesce(nullif(application_name, ''), 'process ' || pid) as name, state,
                 pg_wal_lsn_diff(${HERE}, replay_lsn)::float8 as lag_bytes,
                 extract(epoch from replay_lag)::float8 as lag_seconds
            from pg_stat_replication) r) as replicas,
       (select coalesce(json_agg(s order by s.name), '[]') from (
          select slot_name::text as name, active as is_active,
                 pg_wal_lsn_diff(${HERE}, restart_lsn)::float8 as kept_bytes, wal_status
            from pg_replication_slots) s) as slots,
       case when pg_is_in_recovery() and pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
            then extract(epoch from now() - pg_last_xact_replay_timestamp())::float8
            when pg_is_in_recovery() then 0::float8 end as own_lag_seconds`);
