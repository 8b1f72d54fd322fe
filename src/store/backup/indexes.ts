/** Rows come in faster without indexes and keys, which are made at the end: each in one go, and in any order of tables. */

import type { Queryable } from '../postgres/database.ts';

/**
 * Takes the indexes and keys off all tables; those of partitions go and come with those of the whole table.
 * @returns the statements that put them back, in their order
 */
export async function takeOffIndexes(queryable: Queryable): Promise<string[]> {
  const { rows } = await queryable.query<{ take_off: string; put_back: string }>(
    `with ours as (
       select c.oid, c.oid::regclass as name from pg_class c
        where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = current_schema()::regnamespace
          and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
     ), parts as (
       -- Foreign keys come last: they lean on the others.
       select case contype when 'f' then 3 else 1 end as step, k.oid,
              format('alter table %s drop constraint %I', t.name, conname) as take_off,
              format('alter table %s add constraint %I %s', t.name, conname, pg_get_constraintdef(k.oid)) as put_back,
              format('comment on constraint %I on %s', conname, t.name) as comment_on, obj_description(k.oid, 'pg_constraint') as comment
         from pg_constraint k join ours t on t.oid = k.conrelid
        where k.contype in ('p', 'u', 'x', 'f') and k.conparentid = 0
       union all
       select 2, indexrelid, format('drop index %s', indexrelid::regclass),
              -- Of a table in partitions, on all of them.
              replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON '),
              format('comment on index %s', indexrelid::regclass), obj_description(indexrelid, 'pg_class')
         from pg_index i join ours t on t.oid = i.indrelid
        where not exists (select from pg_constraint k where k.conindid = indexrelid and k.contype in ('p', 'u', 'x'))
     )
     select take_off, concat_ws('; ', put_back, format('%s is %L', comment_on, comment)) as put_back from parts order by step, oid`,
  );
  for (const { take_off } of rows.toReversed()) await queryable.query(take_off);
  return rows.map(({ put_back }) => put_back);
}
