/**
 * Tables and materialised views: how large, how much of it is dead or empty, when they were looked after last.
 *
 * What a table should take is estimated from the planner's statistics: rows × (header + average widths). It errs by some
 * ten per cent; `readExactBloat` counts.
 */

import type { Queryable } from '../../postgres/database.ts';
import { allRows } from './reading.ts';

export interface TableState {
  oid: number;
  /** As SQL takes it: with its schema and in quotes where that is needed. */
  name: string;
  is_ours: boolean;
  kind: 'table' | 'materialized view';
  is_populated: boolean;
  rows: number;
  dead_rows: number;
  changed_since_analyze: number;
  /** Of the rows themselves, and of long values beside them. */
  bytes: number;
  toast_bytes: number;
  /** What they would take freshly written; `null` where statistics are missing. */
  needed_bytes: number | null;
  needed_toast_bytes: number | null;
  seq_scans: number;
  seq_rows_read: number;
  index_scans: number;
  vacuumed_seconds: number | null;
  analyzed_seconds: number | null;
  /** Columns that the planner knows nothing about, although the table has rows. */
  columns_without_statistics: number;
  autovacuum_is_off: boolean;
  /** A session holds an exclusive lock on it, or waits for one: its size is the last one noted. */
  is_locked: boolean;
}

/** Relations that are locked against readers, or about to be: to ask their size would be to wait, too. */
export const LOCKED = `locked as materialized (
  select distinct relation from pg_locks
   where locktype = 'relation' and mode = 'AccessExclusiveLock' and database = (select oid from pg_database where datname = current_database()))`;

/** Size of a relation: asked, or where that would mean to wait, as noted by the last VACUUM. */
export const bytesOf = (alias: string): string =>
  `case when ${alias}.oid in (select relation from locked)
        then ${alias}.relpages::float8 * current_setting('block_size')::int
        else coalesce(pg_relation_size(${alias}.oid), 0)::float8 end`;

const BLOCK = `current_setting('block_size')::int`;
const aligned = (bytes: string): string => `(ceil((${bytes}) / 8.0) * 8)`;

export const readTables = allRows<TableState>(`
  with ${LOCKED},
  widths as (
    select schemaname, tablename, count(*) as columns, bool_or(null_frac > 0) as has_nulls,
           sum((1 - null_frac) * avg_width) as width
      from pg_stats where not inherited group by schemaname, tablename
  ),
  state as (
    select c.oid, c.relname, n.nspname, c.relkind, c.relispopulated, c.reloptions, c.reltoastrelid,
           greatest(s.n_live_tup, c.reltuples, 0)::float8 as rows, s.n_dead_tup, s.n_mod_since_analyze, s.seq_scan,
           s.seq_tup_read, coalesce(s.idx_scan, 0) as idx_scan,
           greatest(s.last_vacuum, s.last_autovacuum) as vacuumed_at, greatest(s.last_analyze, s.last_autoanalyze) as analyzed_at,
           ${bytesOf('c')} as bytes, t.bytes as toast_bytes, t.live as toast_live,
           t.dead as toast_dead, c.oid in (select relation from locked) as is_locked,
           (select count(*) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and a.attstattarget is distinct from 0) as columns,
           (select count(*) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
               and a.attstattarget is distinct from 0 and has_column_privilege(c.oid, a.attnum, 'select')) as visible,
           w.columns as known, w.has_nulls, w.width,
           coalesce(substring(array_to_string(c.reloptions, ' ') from 'fillfactor=(\\d+)')::float8, 100) as fillfactor
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_stat_user_tables s on s.relid = c.oid
      left join widths w on w.schemaname = n.nspname and w.tablename = c.relname
      left join lateral (
        select ${bytesOf('tc')} as bytes, greatest(ts.n_live_tup, tc.reltuples, 0)::float8 as live, ts.n_dead_tup as dead
          from pg_class tc join pg_stat_all_tables ts on ts.relid = tc.oid where tc.oid = c.reltoastrelid
      ) t on true
     where c.relkind in ('r', 'm') and c.relpersistence <> 't'
  )
  select oid::int, oid::regclass::text as name, nspname = current_schema() as is_ours,
         case relkind when 'm' then 'materialized view' else 'table' end as kind, relispopulated as is_populated,
         rows, n_dead_tup + coalesce(toast_dead, 0) as dead_rows, n_mod_since_analyze as changed_since_analyze,
         bytes, coalesce(toast_bytes, 0) as toast_bytes,
         case when known >= columns or rows = 0 then
           ceil(rows * (${aligned('23 + case when has_nulls then columns / 8.0 else 0 end')} + ${aligned('width')} + 4)
             / ((${BLOCK} - 24) * fillfactor / 100)) * ${BLOCK} end as needed_bytes,
         -- A long value is cut into pieces of which four fill a page.
         case when toast_bytes is null then 0 else ceil(toast_live / 4) * ${BLOCK} end as needed_toast_bytes,
         seq_scan as seq_scans, seq_tup_read as seq_rows_read, idx_scan as index_scans,
         extract(epoch from now() - vacuumed_at)::float8 as vacuumed_seconds,
         extract(epoch from now() - analyzed_at)::float8 as analyzed_seconds,
         case when rows > 0 then greatest(visible - coalesce(known, 0), 0) else 0 end::int as columns_without_statistics,
         coalesce(array_to_string(reloptions, ' ') ~ 'autovacuum_enabled=(false|off|no|0)', false) as autovacuum_is_off,
         is_locked
    from state order by nspname, relname`);

export interface ExactBloat {
  oid: number;
  /** Bytes that hold no live row. */
  wasted_bytes: number;
  bytes: number;
}

/** Counts what a table wastes, pages that are known to be all alive left out. Needs the extension pgstattuple. */
export async function readExactBloat(queryable: Queryable, oid: number): Promise<ExactBloat> {
  const { rows } = await queryable.query<ExactBloat>(
    // Not its count of free space: that leaves out pages that were added and never used. A row takes eight bytes more than
    // its length on average, a page 24.
    `select $1::int as oid, table_len::float8 as bytes,
            greatest(table_len - approx_tuple_len - 8 * approx_tuple_count
              - 24 * (table_len / current_setting('block_size')::int), 0)::float8 as wasted_bytes
       from pgstattuple_approx($1::oid::regclass)`,
    [oid],
  );
  return rows[0]!;
}

export async function hasExtension(queryable: Queryable, name: string): Promise<boolean> {
  const { rows } = await queryable.query<{ has: boolean }>(
    'select exists (select from pg_extension where extname = $1) as has',
    [name],
  );
  return rows[0]!.has;
}
