/** What there is to back up, asked from the catalogue: tables, their columns and keys, sequences, partitions and views. */

import type { Queryable } from '../postgres/database.ts';
import { recordedCatalogue } from '../schema/catalogue.ts';
import { readMigrationState } from '../schema/migration-state.ts';
import { NothingToBackUpError } from './backup-error.ts';
import type { Manifest } from './manifest.ts';

export interface TableToSave {
  name: string;
  columns: string[];
  /** Columns of the primary key; text in the order of its bytes, which is the same on every server. */
  order: string;
  estimated_rows: number;
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

/** Tables of an extension belong to it. */
const NOT_OF_AN_EXTENSION = `not exists (
  select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')`;
const HERE = `c.relnamespace = current_schema()::regnamespace and ${NOT_OF_AN_EXTENSION}`;

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export async function readContents(queryable: Queryable): Promise<Contents> {
  const all = await readTables(queryable);
  const state = await readMigrationState(queryable);
  if (state.applied === 0) {
    throw new NothingToBackUpError(
      'There is nothing to back up: this database has no tables of wattsync. Is DATABASE_URL or WATTSYNC_DATA_DIR the one that was meant?',
    );
  }
  // A database of another version has tables of its own time: then it is unknown which ones are not of wattsync.
  const isCurrent = state.behind.length + state.ahead.length === 0;
  const known = isCurrent ? recordedCatalogue().relations : null;
  const isOurs = ({ name }: TableToSave) => known === null || name in known;
  const reasons = new Map(
    all.flatMap((table): [string, string][] => {
      if (!isOurs(table)) return [[table.name, 'no migration made it']];
      return table.name in OF_THIS_ONE ? [[table.name, OF_THIS_ONE[table.name]!]] : [];
    }),
  );
  const { rows: migrations } = await queryable.query<Manifest['migrations'][number]>(
    'select number, name, checksum from schema_migrations order by number',
  );
  const { rows: from } = await queryable.query<Manifest['made_from']>(
    `select current_setting('server_version') as postgres, current_database()::text as database`,
  );
  return {
    tables: all.filter(({ name }) => !reasons.has(name)),
    partitions: await readPartitionBounds(queryable),
    sequences: await readSequenceValues(queryable),
    views: await readViews(queryable),
    left_out: [
      ...[...reasons].map(([name, reason]) => ({ name, reason })),
      ...(await readOtherSchemas(queryable)),
    ],
    migrations,
    made_from: from[0]!,
  };
}

/** A table in partitions is one table: its rows find their partition again by themselves. */
async function readTables(queryable: Queryable): Promise<TableToSave[]> {
  const { rows } = await queryable.query<TableToSave>(
    `select c.relname::text as name, greatest(c.reltuples, 0)::float8 as estimated_rows,
            array(select a.attname::text from pg_attribute a
                   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
                   order by a.attnum) as columns,
            coalesce((select string_agg(quote_ident(a.attname) || case when a.attcollation <> 0 then ' collate "C"' else '' end, ', ' order by k.n)
               from pg_index i cross join lateral unnest(i.indkey) with ordinality as k (attnum, n)
               join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
              where i.indrelid = c.oid and i.indisprimary), quote_ident(c.relname) || '::text collate "C"') as order
       from pg_class c
      where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't' and ${HERE}
      order by c.relname collate "C"`,
  );
  return rows;
}

/** Parents before children. */
async function readPartitionBounds(queryable: Queryable): Promise<Manifest['partitions']> {
  const { rows } = await queryable.query<Manifest['partitions'][number]>(
    `with recursive tree as (
       select c.oid, 0 as depth from pg_class c where c.relkind = 'p' and not c.relispartition and ${HERE}
       union all
       select i.inhrelid, depth + 1 from tree join pg_inherits i on i.inhparent = tree.oid
     )
     select c.relname::text as name, p.relname::text as parent, pg_get_expr(c.relpartbound, c.oid) as bound
       from tree join pg_class c on c.oid = tree.oid
       join pg_inherits i on i.inhrelid = c.oid join pg_class p on p.oid = i.inhparent
      where depth > 0 and not i.inhdetachpending order by depth, c.relname collate "C"`,
  );
  return rows;
}

async function readSequenceValues(queryable: Queryable): Promise<Manifest['sequences']> {
  const { rows: names } = await queryable.query<{ name: string }>(
    `select c.relname::text as name from pg_class c where c.relkind = 'S' and ${HERE} order by c.relname collate "C"`,
  );
  const sequences: Manifest['sequences'] = [];
  for (const { name } of names) {
    // Not part of a snapshot: what was taken since leaves a gap, never a number given twice.
    const { rows } = await queryable.query<{ last_value: number; is_called: boolean }>(
      `select last_value, is_called from ${quoted(name)}`,
    );
    sequences.push({ name, ...rows[0]! });
  }
  return sequences;
}

async function readViews(queryable: Queryable): Promise<string[]> {
  const { rows } = await queryable.query<{ name: string }>(
    // In the order in which they were made: one that reads another was made after it.
    `select c.relname::text as name from pg_class c where c.relkind = 'm' and c.relispopulated and ${HERE} order by c.oid`,
  );
  return rows.map(({ name }) => name);
}

async function readOtherSchemas(queryable: Queryable): Promise<Manifest['left_out']> {
  const { rows } = await queryable.query<{ name: string }>(
    `select distinct 'schema ' || n.nspname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and n.nspname <> current_schema() and ${NOT_OF_AN_EXTENSION} order by 1`,
  );
  return rows.map(({ name }) => ({
    name,
    reason:
      name === 'schema pgboss'
        ? 'jobs under way: restored, they would be done a second time; the schedule makes new ones'
        : 'not of wattsync',
  }));
}
