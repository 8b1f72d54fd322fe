/**
 * What a database is made of, and what the migrations make of an empty one: src/store/schema/schema.json. That file is
 * recorded from a freshly migrated database (`npm run schema`), and a test migrates one and compares, so it is always
 * what the migrations really do. Partitions come and go with the months and are not part of it.
 */

import { readFileSync } from 'node:fs';
import type { Queryable } from '../postgres/database.ts';
import { LOCKED } from '../upkeep/readings/tables.ts';

interface Catalogue {
  /** `table`, `partitioned table`, `view` or `materialized view` by name. */
  relations: Record<string, string>;
  /** Type by `table.column`. */
  columns: Record<string, string>;
  /** `create index …` by name. */
  indexes: Record<string, string>;
  /** Definition by `table.constraint`. */
  constraints: Record<string, string>;
  /** `create statistics …` by name. */
  statistics: Record<string, string>;
}

/** The catalogue with the version of PostgreSQL that spelled it: others may spell the same thing in another way. */
interface RecordedCatalogue extends Catalogue {
  server_major: number;
}

export const SCHEMA_FILE = new URL('./schema.json', import.meta.url);

let recorded: RecordedCatalogue | undefined;

export function recordedCatalogue(): RecordedCatalogue {
  recorded ??= JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')) as RecordedCatalogue;
  return recorded;
}

/** Ours: in the schema where unqualified names are made, no partition, and not brought by an extension. */
const OURS = `n.nspname = current_schema() and not c.relispartition and not exists (
  select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')`;

/** Stands for a definition that cannot be asked without waiting, because the table is locked. */
const UNASKED = '?';
const unlessLocked = (table: string, definition: string): string =>
  `case when ${table} in (select relation from locked) then '${UNASKED}' else ${definition} end`;

/** Reads no table and waits for no lock on one. */
export async function readCatalogue(queryable: Queryable): Promise<RecordedCatalogue> {
  const { rows } = await queryable.query<{ kind: keyof Catalogue; name: string; definition: string }>(
    `with ${LOCKED}
     select 'relations' as kind, c.relname::text as name,
            case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
                           else 'materialized view' end as definition
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm') and ${OURS}
     union all
     select 'columns', c.relname || '.' || a.attname,
            format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end
       from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm') and a.attnum > 0 and not a.attisdropped and ${OURS}
     union all
     select 'indexes', c.relname, ${unlessLocked('i.indrelid', 'pg_get_indexdef(c.oid, 0, true)')}
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_index i on i.indexrelid = c.oid
      where c.relkind in ('i', 'I') and ${OURS}
     union all
     -- Those of type n are "not null", which the columns say; older servers do not list them here.
     select 'constraints', c.relname || '.' || k.conname,
            ${unlessLocked('k.conrelid', 'pg_get_constraintdef(k.oid, true)')}
       from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      where k.contype in ('c', 'f', 'p', 'u', 'x') and ${OURS}
     union all
     select 'statistics', s.stxname,
            ${unlessLocked('s.stxrelid', `replace(pg_get_statisticsobjdef(s.oid), quote_ident(current_schema()) || '.', '')`)}
       from pg_statistic_ext s join pg_class c on c.oid = s.stxrelid join pg_namespace n on n.oid = c.relnamespace
      where ${OURS}
      order by kind, name`,
  );
  const version = await queryable.query<{ major: number }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  const catalogue: RecordedCatalogue = {
    server_major: version.rows[0]!.major,
    relations: {},
    columns: {},
    indexes: {},
    constraints: {},
    statistics: {},
  };
  for (const { kind, name, definition } of rows) catalogue[kind][name] = definition;
  return catalogue;
}

export interface SchemaDifference {
  kind: keyof Catalogue;
  name: string;
  /** What the migrations make. */
  expected: string;
  /** `null`: it is not there. */
  found: string | null;
}

/** What the migrations make and the database lacks or has in another shape. What it has besides is not looked at. */
export function compareCatalogue(expected: RecordedCatalogue, found: RecordedCatalogue): SchemaDifference[] {
  const differences: SchemaDifference[] = [];
  const kinds = ['relations', 'columns', 'indexes', 'constraints', 'statistics'] as const;
  for (const kind of kinds) {
    for (const [name, definition] of Object.entries(expected[kind])) {
      const other = found[kind][name];
      const isSame =
        other === definition ||
        other === UNASKED ||
        (other !== undefined && expected.server_major !== found.server_major);
      // Of a table that is missing, its columns, indexes and constraints need not be told.
      const isTold = kind !== 'relations' && found.relations[tableOf(kind, name, definition)] === undefined;
      if (!isSame && !isTold) differences.push({ kind, name, expected: definition, found: other ?? null });
    }
  }
  return differences;
}

/** The table that a column, an index, a constraint or a statistics object belongs to. */
export function tableOf(
  kind: Exclude<keyof Catalogue, 'relations'>,
  name: string,
  definition: string,
): string {
  if (kind === 'columns' || kind === 'constraints') return name.split('.')[0]!;
  const place = kind === 'indexes' ? / ON (?:ONLY )?(\S+) USING / : / FROM (\S+)$/;
  return place.exec(definition)?.[1] ?? '';
}
