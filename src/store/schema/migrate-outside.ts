/**
 * Migrations of statements that PostgreSQL takes in no transaction, such as `create index concurrently`, which reads a
 * large table beside everybody's work. The first line of such a file is `-- no transaction`.
 *
 * Each statement ends with a `;` at the end of a line and stands for itself. After a crash all of them are run again, so
 * each says `if exists` or `if not exists`; a test looks after that.
 */

import type { Connection } from '../postgres/database.ts';
import type { Migration } from './migration.ts';

export function runsOutside({ sql }: Pick<Migration, 'sql'>): boolean {
  return /^-- no transaction\s*$/m.test(sql);
}

export function statementsOf({ sql }: Pick<Migration, 'sql'>): string[] {
  return sql
    .split(/;[ \t]*$/m)
    .map((statement) => statement.replace(/^\s*--.*$/gm, '').trim())
    .filter((statement) => statement !== '');
}

export async function runOutside(connection: Connection, migration: Migration): Promise<void> {
  for (const statement of statementsOf(migration)) {
    const index = /^create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?(\w+)/i.exec(
      statement,
    )?.[1];
    if (index) await dropInvalid(connection, index);
    await connection.query(statement);
  }
}

/** A build that was interrupted leaves an index that costs every write and serves no query. */
async function dropInvalid(connection: Connection, index: string): Promise<void> {
  const { rowCount } = await connection.query(
    'select from pg_index where indexrelid = to_regclass($1) and not indisvalid',
    [index],
  );
  if (rowCount === 1) await connection.query(`drop index concurrently ${index}`);
}
