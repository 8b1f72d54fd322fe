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

/**
 * Sent as it is, outside a transaction: some statements take none. One statement, by the protocol that takes no more.
 * @throws what PostgreSQL says; where nothing may be written also that it would
 */
export async function sendStatement(
  pool: pg.Pool,
  statement: string,
  mayWrite: boolean,
): Promise<StatementAnswer> {
  const connection = await pool.connect();
  try {
    await connection.query(`set default_transaction_read_only = ${mayWrite ? 'off' : 'on'}`);
    return await send(connection, statement);
  } finally {
    // Closed: what the statement set goes with it.
    connection.release(true);
  }
}

async function send(queryable: Queryable, statement: string): Promise<StatementAnswer> {
  const asked = { text: statement, types, queryMode: 'extended' };
  const { command, rowCount, fields, rows } = await queryable.query<Record<string, unknown>>(asked);
  return { command, row_count: rowCount, columns: fields.map(({ name }) => name), rows };
}
