/** Servers that follow this one, and what is kept for them. */

import { oneRow } from './reading.ts';

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
