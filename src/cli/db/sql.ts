/** `db sql`: sends one statement and shows what comes back, for those who have no psql: none comes with the embedded server. */

import pg from 'pg';
import { WattsyncError } from '../../errors.ts';
import { openDatabase } from '../../store/postgres/database.ts';
import { sendStatement } from '../../store/postgres/statement.ts';
import type { CommandContext } from '../command.ts';

/** PostgreSQL refused the statement. */
class StatementRefusedError extends WattsyncError {
  readonly code = 'statement_refused';
  readonly retryable = false;
}

export async function dbSql({ config, isJson }: CommandContext, statement: string): Promise<number> {
  const { databaseUrl, dataDir } = config;
  const database = await openDatabase({ databaseUrl, dataDir, connections: 1 });
  try {
    const answer = await sendStatement(database.pool, statement).catch((cause) => {
      if (!(cause instanceof pg.DatabaseError)) throw cause;
      const more = [cause.detail, cause.hint].filter(Boolean).join(' ');
      throw new StatementRefusedError(
        `PostgreSQL refused it (${cause.code}): ${cause.message}. ${more}`.trim(),
        { cause },
      );
    });
    console.log(isJson ? JSON.stringify(answer) : describe(answer));
    return 0;
  } finally {
    await database.close();
  }
}

function describe({ command, row_count, columns, rows }: Awaited<ReturnType<typeof sendStatement>>): string {
  if (columns.length === 0) return row_count === null ? command : `${command}: ${row_count} rows`;
  const cells = rows.map((row) => columns.map((column) => textOf(row[column])));
  const widths = columns.map((column, at) => Math.max(column.length, ...cells.map((row) => row[at]!.length)));
  const line = (row: string[]) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
  return [
    line(columns),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...cells.map(line),
    `(${rows.length === 1 ? '1 row' : `${rows.length} rows`})`,
  ].join('\n');
}

function textOf(value: unknown): string {
  if (value === null) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
