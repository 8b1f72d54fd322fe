/** Sessions: what each works on and for how long, and which waits for which. */

import { allRows, oneRow } from './reading.ts';

interface Connections {
  used: number;
  limit: number;
  /** Kept for administrators. */
  reserved: number;
  idle: number;
}

export const readConnections = oneRow<Connections>(`
  select count(*)::int as used, count(*) filter (where state = 'idle')::int as idle,
         current_setting('max_connections')::int as limit,
         current_setting('superuser_reserved_connections')::int
           + coalesce(current_setting('reserved_connections', true), '0')::int as reserved
    from pg_stat_activity where backend_type = 'client backend'`);

export interface Session {
  pid: number;
  user_name: string;
  application: string;
  /** `active`, `idle`, `idle in transaction` …; `null` where this role may not see it. */
  state: string | null;
  query: string;
  /** Since the transaction began, since the statement began, since the state changed. */
  transaction_seconds: number | null;
  query_seconds: number | null;
  state_seconds: number | null;
  /** Waits for a lock. */
  is_waiting: boolean;
  /** Sessions that hold what it waits for, or stand before it in the queue. */
  blocked_by: number[];
  /** What the lock is on, and for how long it has been waited for. */
  waits_for: string | null;
  wait_seconds: number | null;
}

/** Sessions on this database, this one apart. */
export const readSessions = allRows<Session>(`
  select a.pid, coalesce(a.usename, '') as user_name, coalesce(a.application_name, '') as application, a.state,
         regexp_replace(left(coalesce(a.query, ''), 300), '\\s+', ' ', 'g') as query,
         extract(epoch from clock_timestamp() - a.xact_start)::float8 as transaction_seconds,
         case when a.state = 'active' then extract(epoch from clock_timestamp() - a.query_start)::float8 end as query_seconds,
         extract(epoch from clock_timestamp() - a.state_change)::float8 as state_seconds,
         coalesce(a.wait_event_type = 'Lock', false) as is_waiting,
         -- Asked only for those who wait: the question stops the lock manager for a moment.
         case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) else '{}' end as blocked_by,
         w.waits_for, w.wait_seconds
    from pg_stat_activity a
    left join lateral (
      select coalesce(c.relname, case l.locktype when 'transactionid' then 'a row' else l.locktype end) as waits_for,
             extract(epoch from clock_timestamp() - l.waitstart)::float8 as wait_seconds
        from pg_locks l left join pg_class c on c.oid = l.relation
       where l.pid = a.pid and not l.granted limit 1
    ) w on a.wait_event_type = 'Lock'
   where a.datname = current_database() and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
   order by a.xact_start nulls last`);

interface HeldBack {
  /** Transactions since then: what they deleted cannot be vacuumed. */
  age: number;
  /** `session 4711`, `prepared transaction x`, `replication slot y`. */
  holder: string;
}

/** What keeps VACUUM from removing dead rows, the oldest first. */
export const readHeldBack = allRows<HeldBack>(`
  select age, holder from (
    select age(backend_xmin) as age, 'session ' || pid as holder
      from pg_stat_activity where backend_xmin is not null and pid <> pg_backend_pid() and datname = current_database()
    union all
    select age(transaction), 'prepared transaction ' || gid from pg_prepared_xacts where database = current_database()
    union all
    select greatest(age(xmin), age(catalog_xmin)), 'replication slot ' || slot_name
      from pg_replication_slots where xmin is not null or catalog_xmin is not null
  ) held where age is not null order by age desc limit 5`);

interface PreparedTransaction {
  gid: string;
  seconds: number;
}

/** Transactions that were prepared for a two-phase commit; wattsync makes none. */
export const readPreparedTransactions = allRows<PreparedTransaction>(`
  select gid, extract(epoch from clock_timestamp() - prepared)::float8 as seconds
    from pg_prepared_xacts where database = current_database() order by prepared`);
