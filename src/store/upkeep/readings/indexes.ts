/** Indexes: whether they can be used, whether they are, what they take and what they should. */

import type { Queryable } from '../../postgres/database.ts';
import { allRows } from './reading.ts';
import { bytesOf, LOCKED } from './tables.ts';

export interface IndexState {
  oid: number;
  /** As SQL takes it: with its schema and in quotes where that is needed. */
  name: string;
  table: string;
  is_ours: boolean;
  method: string;
  is_unique: boolean;
  /** Behind a primary key, a unique or an exclusion constraint. */
  is_constraint: boolean;
  is_valid: boolean;
  /** Of a table in partitions: a name for the indexes of all of them. */
  is_partitioned: boolean;
  /** One of a partition, made and dropped with it. */
  is_partition: boolean;
  /** Just being made by another session. */
  is_being_built: boolean;
  bytes: number;
  /** What it would take freshly built; `null` where nobody can say. */
  needed_bytes: number | null;
  scans: number;
  /** Key columns and their order, and the condition, as stored: what decides whether another index can do the same. */
  keys: string[];
  condition: string | null;
}

/** An expression as PostgreSQL stores it, without the places its parts had in the statement. */
const treeText = (column: string): string => `regexp_replace(${column}::text, ':location -?\\d+', '', 'g')`;

export const readIndexes = allRows<IndexState>(`
  with ${LOCKED},
  building as (select index_relid from pg_stat_progress_create_index),
  state as (
    select c.oid, c.relname, c.relkind, c.relispartition, n.nspname, t.relname as table_name, am.amname, i.*, s.idx_scan, ${bytesOf('c')} as bytes,
           case when i.indpred is null then greatest(c.reltuples, t.reltuples, 0) else greatest(c.reltuples, 0) end as rows,
           exists (select from pg_constraint k where k.conindid = c.oid and k.contype in ('p', 'u', 'x')) as is_constraint
      from pg_index i
      join pg_class c on c.oid = i.indexrelid
      join pg_class t on t.oid = i.indrelid
      join pg_namespace n on n.oid = c.relnamespace
      join pg_am am on am.oid = c.relam
      left join pg_stat_user_indexes s on s.indexrelid = c.oid
     where c.relkind in ('i', 'I') and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema')
  ),
  widths as (
    -- A column of the table has its statistics there, an expression has them under the name of the index.
    select x.oid, sum(coalesce(of_column.width, of_expression.width, 32)) as width,
           bool_and(of_column.width is not null or of_expression.width is not null) as is_known
      from state x
     cross join lateral generate_series(1, x.indnatts) as k (n)
      left join lateral (
        select (1 - p.null_frac) * p.avg_width as width from pg_attribute a
          join pg_stats p on p.schemaname = x.nspname and p.tablename = x.table_name and p.attname = a.attname and not p.inherited
         where a.attrelid = x.indrelid and a.attnum = x.indkey[k.n - 1]
      ) of_column on true
      left join lateral (
        select (1 - p.null_frac) * p.avg_width as width from pg_attribute a
          join pg_stats p on p.schemaname = x.nspname and p.tablename = x.relname and p.attname = a.attname
         where a.attrelid = x.oid and a.attnum = k.n and x.indkey[k.n - 1] = 0
      ) of_expression on true
     group by x.oid
  )
  select x.oid::int, x.oid::regclass::text as name, indrelid::regclass::text as table, nspname = current_schema() as is_ours, amname::text as method,
         indisunique as is_unique, is_constraint, indisvalid as is_valid, relispartition as is_partition, relkind = 'I' as is_partitioned,
         x.oid in (select index_relid from building) as is_being_built, bytes,
         -- Nine tenths of a leaf are filled; a hundredth on top for the levels above.
         case when amname = 'btree' and w.is_known and bytes > 0 then
           greatest(ceil(rows * (ceil((8 + w.width) / 8.0) * 8 + 4) * 1.01
             / (0.9 * (current_setting('block_size')::int - 40))) + 1, 2) * current_setting('block_size')::int end as needed_bytes,
         coalesce(idx_scan, 0) as scans,
         -- Not pg_get_indexdef and pg_get_expr, which wait for the session that has locked the table.
         (select array_agg(concat_ws(' ', x.indkey[k - 1], x.indclass[k - 1], x.indoption[k - 1], x.indcollation[k - 1],
                     case when x.indkey[k - 1] = 0 then ${treeText('x.indexprs')} end) order by k)
            from generate_series(1, x.indnkeyatts) k) as keys,
         ${treeText('x.indpred')} as condition
    from state x left join widths w on w.oid = x.oid order by nspname, table_name, relname`);

/** Counts what a B-tree wastes: leaves less full than fresh ones, and pages that hold nothing. Needs pgstattuple. */
export async function readExactIndexBloat(
  queryable: Queryable,
  oid: number,
): Promise<{ oid: number; wasted_bytes: number; bytes: number }> {
  const { rows } = await queryable.query<{ oid: number; wasted_bytes: number; bytes: number }>(
    `select $1::int as oid, index_size::float8 as bytes,
            ((leaf_pages * greatest(1 - case when avg_leaf_density = 'NaN' then 0 else avg_leaf_density end / 90, 0)
               + empty_pages + deleted_pages) * current_setting('block_size')::int)::float8 as wasted_bytes
       from pgstatindex($1::oid::regclass)`,
    [oid],
  );
  return rows[0]!;
}
