/** `db sql`: sends one statement and shows what comes back. The embedded server comes without psql. */

import pg from 'pg';
import { WattsyncError } from '../../errors.ts';
import { plural } from '../../monitor/text.ts';
import { sendStatement } from '../../store/postgres/statement.ts';
import { answer, type CommandContext, withDatabase } from '../command.ts';
import { table } from '../table.ts';

/** PostgreSQL refused the statement. */
class StatementRefusedError extends WattsyncError {
  readonly code = 'statement_refused';
  readonly retryable = false;
}

const READ_ONLY = '25006';

export function dbSql(
  context: CommandContext,
  statement: string,
  { write = false }: { write?: boolean },
): Promise<number> {
  return withDatabase(context, 1, async (database) => {
    const result = await sendStatement(database.pool, statement, write).catch((cause) => {
      if (!(cause instanceof pg.DatabaseError)) throw cause;
      if (cause.code === READ_ONLY) {
        throw new StatementRefusedError('It writes, and db sql only reads: add --write if that is meant', {
          cause,
        });
      }
      const more = [cause.detail, cause.hint].filter(Boolean).join(' ');
      throw new StatementRefusedError(
        `PostgreSQL refused it (${cause.code}): ${cause.message}. ${more}`.trim(),
        { cause },
      );
    });
    return answer(context, result, () => describe(result));
  });
}

function describe({ command, row_count, columns, rows }: Awaited<ReturnType<typeof sendStatement>>): string {
  if (columns.length === 0) return row_count === null ? command : `${command}: ${row_count} rows`;
  const [titles = '', ...lines] = table(
    columns,
    rows.map((row) => columns.map((column) => textOf(row[column]))),
    { left: columns.length },
  );
  return [titles, '-'.repeat(titles.length), ...lines, `(${plural(rows.length, 'row')})`].join('\n');
}

function textOf(value: unknown): string {
  if (value === null) return '';
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
