/** A statement of the operator's own. */

import type { Queryable } from '../database.ts';

export interface StatementAnswer {
  /** `SELECT`, `DROP` … as PostgreSQL says it. */
  command: string;
  row_count: number | null;
  columns: string[];
  rows: Record<string, unknown>[];
}

/** Sent as it is, outside a transaction: some statements take none. Of several, the last answer counts. */
export async function sendStatement(queryable: Queryable, statement: string): Promise<StatementAnswer> {
  const results = [await queryable.query<Record<string, unknown>>(statement)].flat();
  const { command, rowCount, fields, rows } = results.at(-1)!;
  return { command, row_count: rowCount, columns: fields.map(({ name }) => name), rows };
}
