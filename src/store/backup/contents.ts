/** What there is to back up, asked from the catalogue: tables, their columns and keys, sequences, partitions and views. */

import type { Queryable } from '../postgres/database.ts';
import { recordedCatalogue } from '../schema/catalogue.ts';
import { readMigrationState } from '../schema/migration-state.ts';
import { StoreError } from '../store-error.ts';
import type { Manifest } from './manifest.ts';

export interface TableToSave {
  name: string;
  columns: string[];
  /** Columns of the primary key; text in the order of its bytes, which is the same on every server. */
  order: string;
}

/** All that a manifest says before the rows are read. */
interface Contents extends Omit<Manifest, 'format' | 'format_version' | 'made_at' | 'tables'> {
  tables: TableToSave[];
}

/** What another database must not be told. */
const OF_THIS_ONE: Record<string, string> = {
  // In Redis newer plan sets are kept under the old name than a restored database has.
  database_identity: 'the name of this database; the restored one gets a name of its own',
};

const listOf = (query: string): string => `(select coalesce(json_agg(list), '[]') from (${query}) list)`;

// A table in partitions is one table: its rows find their partition again by themselves.
const TABLES = `
  select name, array(select attname from columns where attrelid = here.oid and attgenerated = '' order by attnum) as columns,
         coalesce((
           select string_agg(quote_ident(a.attname) || case when a.attcollation <> 0 then ' collate "C"' else '' end, ', ' order by k.n)
             from pg_index i cross join unnest(i.indkey) with ordinality k (attnum, n)
             join columns a on a.attrelid = i.indrelid and a.attnum = k.attnum
            where i.indrelid = here.oid and i.indisprimary), quote_ident(name) || '::text collate "C"') as order
    from here where relkind in ('r', 'p') and not relispartition and relpersistence <> 't' order by name`;

const PARTITIONS = `
  select c.name, p.name as parent, pg_get_expr(c.relpartbound, c.oid) as bound
    from here c join pg_inherits i on i.inhrelid = c.oid join here p on p.oid = i.inhparent
   where c.relispartition and c.relkind = 'r' and not i.inhdetachpending order by c.name`;

// Not part of a snapshot: what was taken since leaves a gap, never a number given twice.
const SEQUENCES = `
  select name, coalesce(last_value, start_value) as last_value, last_value is not null as is_called
    from here join pg_sequences on schemaname = current_schema() and sequencename = name
   where relkind = 'S' order by name`;

const OTHER_SCHEMAS = `
  select distinct 'schema ' || nspname as name,
         case nspname when 'pgboss' then 'jobs under way: restored, they would be done a second time; the schedule makes new ones'
                      else 'not of wattsync' end as reason
    from relations join pg_namespace n on n.oid = relnamespace
   where relkind in ('r', 'p') and nspname !~ '^pg_' and nspname not in ('information_schema', current_schema()) order by 1`;

const CONTENTS = `
  with relations as (
    -- Tables of an extension belong to it.
    select c.*, c.relname::text collate "C" as name from pg_class c
     where not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
  ),
  here as (select * from relations where relnamespace = current_schema()::regnamespace),
  columns as (select * from pg_attribute where attnum > 0 and not attisdropped)
  select ${listOf(TABLES)} as tables, ${listOf(PARTITIONS)} as partitions, ${listOf(SEQUENCES)} as sequences,
         -- One that reads another was made after it.
         array(select name from here where relkind = 'm' and relispopulated order by oid) as views,
         ${listOf(OTHER_SCHEMAS)} as left_out,
         ${listOf('select number, name, checksum from schema_migrations order by number')} as migrations,
         json_build_object('postgres', current_setting('server_version'), 'database', current_database()) as made_from`;

/** @throws {StoreError} `nothing_to_back_up` no migration was ever applied */
export async function readContents(queryable: Queryable): Promise<Contents> {
  const { applied, behind, ahead } = await readMigrationState(queryable);
  if (applied === 0) {
    throw new StoreError(
      'nothing_to_back_up',
      'There is nothing to back up: this database has no tables of wattsync. Is DATABASE_URL or WATTSYNC_DATA_DIR the one that was meant?',
    );
  }
  // A database of another version has tables of its own time: then it is unknown which ones are not of wattsync.
  const known = behind.length + ahead.length === 0 ? recordedCatalogue().relations : null;
  const reasonFor = (name: string): string | undefined =>
    known === null || name in known ? OF_THIS_ONE[name] : 'no migration made it';
  const { rows } = await queryable.query<Contents>(CONTENTS);
  const { tables, left_out, ...contents } = rows[0]!;
  const omitted = tables.flatMap(({ name }) => {
    const reason = reasonFor(name);
    return reason === undefined ? [] : [{ name, reason }];
  });
  return {
    ...contents,
    tables: tables.filter(({ name }) => reasonFor(name) === undefined),
    left_out: [...omitted, ...left_out],
  };
}
