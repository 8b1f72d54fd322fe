/** A statement of the operator's own. */

import type pg from 'pg';
import { databaseTypes, type Queryable } from './database.ts';

interface StatementAnswer {
  /** `SELECT`, `DROP` … as PostgreSQL says it. */
  command: string;
  row_count: number | null;
  columns: string[];
  rows: Record<string, unknown>[];
}

/** Date, timestamp, interval and lists of them; a date is not a moment, and as one would be the day before east of Greenwich. */
const AS_SPELLED = new Set([1082, 1114, 1186, 1182, 1115, 1187]);
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    AS_SPELLED.has(oid) ? String : databaseTypes.getTypeParser(oid, format as 'text'),
} as pg.CustomTypesConfig;

/** Sent as it is, outside a transaction: some statements take none. Of several, the last answer counts. */
export async function sendStatement(queryable: Queryable, statement: string): Promise<StatementAnswer> {
  const results = [await queryable.query<Record<string, unknown>>({ text: statement, types })].flat();
  const { command, rowCount, fields, rows } = results.at(-1)!;
  return { command, row_count: rowCount, columns: fields.map(({ name }) => name), rows };
}
