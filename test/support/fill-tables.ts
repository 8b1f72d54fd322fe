/**
 * A few rows for every table there is, made from what PostgreSQL knows of it: types, keys, and the values its checks
 * name. What a row may not be is found out by trying.
 */

import assert from 'node:assert/strict';
import { seeded } from '../../bench/drafts.ts';
import type { Connection, Database } from '../../src/store/postgres/database.ts';

interface Column {
  name: string;
  type: string;
  is_nullable: boolean;
  has_default: boolean;
  /** Texts that a check of the table names together with this column. */
  choices: string[];
  /** Values of the column it refers to. */
  references: { table: string; column: string } | null;
}

interface Table {
  name: string;
  columns: Column[];
}

const ROWS = 3;
const TRIES = 400;

/** Fills what is empty; a table that a migration gave its rows keeps them. */
export async function fillTables(database: Database): Promise<void> {
  const connection = await database.pool.connect();
  try {
    // Each try is a transaction of its own, and none of them has to outlive a crash.
    await connection.query('set synchronous_commit = off');
    await fillAll(connection);
  } finally {
    connection.release(true);
  }
}

async function fillAll(connection: Connection): Promise<void> {
  const random = seeded(1);
  const waiting = await readTables(connection);
  while (waiting.length > 0) {
    const names = waiting.map(({ name }) => name);
    const at = waiting.findIndex(({ name, columns }) =>
      columns.every(
        ({ references }) => !references || references.table === name || !names.includes(references.table),
      ),
    );
    assert.notEqual(at, -1, `tables that refer to each other in a circle: ${names}`);
    await fillTable(connection, waiting.splice(at, 1)[0]!, random);
  }
}

async function fillTable(
  connection: Connection,
  { name, columns }: Table,
  random: () => number,
): Promise<void> {
  const { rows } = await connection.query<{ n: number }>(`select count(*)::int as n from ${name}`);
  let left = rows[0]!.n > 0 ? 0 : ROWS;
  let refusal: unknown;
  for (let tries = 0; left > 0 && tries < TRIES; tries++) {
    const values: [string, unknown][] = [];
    for (const column of columns) {
      if (column.has_default && random() < 0.5) continue;
      values.push([column.name, await valueFor(connection, column, random)]);
    }
    const list = values.map(([column]) => `"${column}"`).join(', ');
    const places = values.map((_, at) => `$${at + 1}`).join(', ');
    try {
      await connection.query(
        `insert into ${name} (${list}) values (${places})`,
        values.map(([, value]) => value),
      );
      left -= 1;
    } catch (error) {
      refusal = error;
    }
  }
  // One row is enough of a table that takes no second one.
  assert.ok(left < ROWS, `no row for ${name} was found: ${refusal}`);
}

async function valueFor(connection: Connection, column: Column, random: () => number): Promise<unknown> {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  if (column.is_nullable && random() < 0.4) return null;
  if (column.references) {
    const { table, column: key } = column.references;
    const { rows } = await connection.query(`select ${key}::text as value from ${table}`);
    return pick(rows.map(({ value }) => value as string));
  }
  if (column.choices.length > 0) return pick(column.choices);
  const digits = (count: number) => Array.from({ length: count }, () => Math.floor(random() * 10)).join('');
  const byType: [RegExp, () => unknown][] = [
    [/\[\]$/, () => '{}'],
    [/^(text|character varying)/, () => pick([digits(13), digits(5), `word ${digits(4)}`])],
    [/^(smallint|integer|bigint)/, () => 1 + Math.floor(random() * 3)],
    [/^(numeric|double|real)/, () => Math.round(random() * 500) / 10],
    [/^boolean/, () => random() < 0.5],
    [/^(timestamp|date)/, () => new Date(Date.now() - Math.floor(random() * 600_000))],
    [/^jsonb?/, () => pick(['{}', '[]', '{"a": 1.50}', '"word"'])],
    [/^uuid/, () => `00000000-0000-4000-8000-${digits(12)}`],
    [/^bytea/, () => Buffer.from(digits(6))],
    [/^interval/, () => '1 hour'],
  ];
  const make = byType.find(([type]) => type.test(column.type))?.[1];
  assert.ok(make, `fillTables knows no value of type ${column.type}`);
  return make();
}

async function readTables(connection: Connection): Promise<Table[]> {
  const { rows } = await connection.query<Table>(
    `select c.relname as name, json_agg(json_build_object(
              'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'is_nullable', not a.attnotnull,
              'has_default', a.atthasdef,
              'choices', (select coalesce(array_agg(m[1]), '{}')
                            from pg_constraint k, regexp_matches(pg_get_constraintdef(k.oid), '''([^'']*)''::text', 'g') m
                           where k.conrelid = c.oid and k.contype = 'c' and a.attnum = any (k.conkey)
                             and pg_get_constraintdef(k.oid) like '%ARRAY[%'),
              'references', (select json_build_object('table', k.confrelid::regclass::text, 'column',
                                      (select f.attname from pg_attribute f where f.attrelid = k.confrelid and f.attnum = k.confkey[1]))
                               from pg_constraint k
                              where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum] limit 1)
            ) order by a.attnum) as columns
       from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        and a.attidentity = '' and a.attgenerated = ''
      where c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'schema_migrations'
      group by c.relname order by c.relname`,
  );
  return rows;
}
