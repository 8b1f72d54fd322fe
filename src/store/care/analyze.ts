/** Statistics for the planner right after much was written: autovacuum comes within a minute or so, queries at once. */

import type { Queryable } from '../database.ts';

/** Smaller ones are read as a whole in any case. */
const WORTH_BYTES = 64 << 10;

/**
 * Analyses the tables of this schema that were never analysed, or of which a fifth has changed since.
 * @returns their names; what somebody else has locked is left out
 */
export async function analyzeWhatChanged(queryable: Queryable): Promise<string[]> {
  const { rows } = await queryable.query<{ name: string }>(
    `select c.oid::regclass::text as name
       from pg_class c join pg_stat_user_tables s on s.relid = c.oid
      where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
        and (c.reltuples < 0 and pg_relation_size(c.oid) >= $1
             or s.n_mod_since_analyze >= greatest(500, s.n_live_tup / 5))
      order by 1`,
    [WORTH_BYTES],
  );
  for (const { name } of rows) await queryable.query(`analyze (skip_locked) ${name}`);
  return rows.map(({ name }) => name);
}
