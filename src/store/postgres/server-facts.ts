/** What the PostgreSQL server says of itself. */

import type { Queryable } from './database.ts';

/** `18.1`. */
export async function readServerVersion(queryable: Queryable): Promise<string> {
  const { rows } = await queryable.query<{ server_version: string }>('show server_version');
  return rows[0]!.server_version.split(' ')[0]!;
}

/**
 * Whether a plan can be there once only for each TDSP: what `on conflict (external_id, tdsp_duns)` needs. Any whole
 * unique index over exactly these two will do, whatever it is called.
 */
export async function hasPlanKey(queryable: Queryable): Promise<boolean> {
  const { rows } = await queryable.query<{ has_key: boolean }>(
    `select exists (
       select from pg_index i
        where i.indrelid = to_regclass('electricity_plans') and i.indisunique and i.indisvalid
          and i.indpred is null and i.indexprs is null and i.indnkeyatts = 2
          and (select array_agg(a.attname::text order by a.attname) from pg_attribute a
                where a.attrelid = i.indrelid and a.attnum = any(i.indkey::int2[])) = array['external_id', 'tdsp_duns']
     ) as has_key`,
  );
  return rows[0]!.has_key;
}
