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

/** What the role may do, and what stands in its way. */
export interface Rights {
  role: string;
  database: string;
  /** Make a schema (pg-boss needs one) and trusted extensions. */
  may_create: boolean;
  /** Make tables where ours are. */
  may_create_tables: boolean;
  /** Tables of ours that belong to a role this one is not a member of. */
  foreign_tables: string[];
  is_read_only: boolean;
  is_standby: boolean;
  /** Connections this role may still have, by the narrowest of the limits of role, database and server. */
  connections_left: number;
}

export async function readRights(queryable: Queryable): Promise<Rights> {
  const { rows } = await queryable.query<Rights>(
    `select current_user::text as role, d.datname::text as database,
            has_database_privilege(d.oid, 'create') as may_create,
            coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_create_tables,
            array(select c.oid::regclass::text from pg_class c
                   where c.relkind in ('r', 'p', 'm') and c.relnamespace in (to_regnamespace(current_schema()), to_regnamespace('pgboss'))
                     and not pg_has_role(c.relowner, 'usage') order by 1 limit 5) as foreign_tables,
            current_setting('default_transaction_read_only')::bool as is_read_only,
            pg_is_in_recovery() as is_standby,
            least(nullif(r.rolconnlimit, -1) - (select count(*) from pg_stat_activity where usesysid = r.oid),
                  nullif(d.datconnlimit, -1) - (select count(*) from pg_stat_activity where datid = d.oid),
                  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                    - (select count(*) from pg_stat_activity where backend_type = 'client backend'))::int as connections_left
       from pg_database d, pg_roles r where d.datname = current_database() and r.rolname = current_user`,
  );
  return rows[0]!;
}
