/** Rows come in faster without indexes and keys, which are made at the end: each in one go, and in any order of tables. */

import type { Queryable } from '../postgres/database.ts';
import { quoted } from './contents.ts';

const HERE = 'current_schema()::regnamespace';

/**
 * Takes the indexes and keys off all tables.
 * @returns the statements that put them back, in their order
 */
export async function takeOffIndexes(queryable: Queryable): Promise<string[]> {
  // Those of partitions go and come with those of the whole table. Foreign keys last: they lean on the others.
  const { rows: constraints } = await queryable.query<Taken & { table: string }>(
    `select k.conrelid::regclass::text as table, k.conname::text as name, pg_get_constraintdef(k.oid) as definition,
            obj_description(k.oid, 'pg_constraint') as comment
       from pg_constraint k join pg_class c on c.oid = k.conrelid
      where k.contype in ('p', 'u', 'x', 'f') and k.conparentid = 0 and c.relnamespace = ${HERE}
        and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
      order by k.contype = 'f', k.oid`,
  );
  const { rows: indexes } = await queryable.query<Taken>(
    `select c.oid::regclass::text as name, pg_get_indexdef(c.oid) as definition, obj_description(c.oid, 'pg_class') as comment
       from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
      where t.relkind in ('r', 'p') and not c.relispartition and not t.relispartition and t.relnamespace = ${HERE}
        and not exists (select from pg_constraint k where k.conindid = c.oid and k.contype in ('p', 'u', 'x'))
        and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = t.oid and e.deptype = 'e')
      order by c.oid`,
  );
  for (const { table, name } of constraints.toReversed()) {
    await queryable.query(`alter table ${table} drop constraint ${quoted(name)}`);
  }
  for (const { name } of indexes) await queryable.query(`drop index ${name}`);
  const keys = constraints.filter(({ definition }) => !definition.startsWith('FOREIGN'));
  const foreign = constraints.filter(({ definition }) => definition.startsWith('FOREIGN'));
  const add = ({ table, name, definition }: Taken & { table: string }) =>
    `alter table ${table} add constraint ${quoted(name)} ${definition}`;
  return [
    ...keys.map(add),
    // Of a table in partitions, on all of them.
    ...indexes.map(({ definition }) => definition.replace(/ ON ONLY /, ' ON ')),
    ...foreign.map(add),
    ...indexes.flatMap(({ name, comment }) =>
      comment === null ? [] : `comment on index ${name} is ${literal(comment)}`,
    ),
    ...constraints.flatMap(({ table, name, comment }) =>
      comment === null ? [] : `comment on constraint ${quoted(name)} on ${table} is ${literal(comment)}`,
    ),
  ];
}

interface Taken {
  name: string;
  definition: string;
  comment: string | null;
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
