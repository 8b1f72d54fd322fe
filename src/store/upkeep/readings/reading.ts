/**
 * Reads a database that may be ill: on one connection of its own that waits for nobody, statement by statement. What
 * cannot be read says why, and is not an error.
 */

import type pg from 'pg';
import { endClient, newClient } from '../../postgres/client.ts';
import type { Database, Queryable } from '../../postgres/database.ts';

export type Reading<T> = { value: T } | { unreadable: string };

/** Per statement. A lock is waited for shortly: one that is held for longer is what is being looked for. */
const DEADLINES = { connectMs: 5_000, statementMs: 3_000, lockMs: 500, answerMs: 5_000 };

/** A reading of one row, as the statement answers it. */
export const oneRow =
  <T extends object>(sql: string) =>
  async (queryable: Queryable): Promise<T> =>
    (await queryable.query<T & pg.QueryResultRow>(sql)).rows[0]!;

/** A reading of any number of rows. */
export const allRows =
  <T extends object>(sql: string) =>
  async (queryable: Queryable): Promise<T[]> =>
    (await queryable.query<T & pg.QueryResultRow>(sql)).rows;

const REASONS: Record<string, string> = {
  '42501': 'this role may not read it (grant it pg_monitor)',
  '57014': `it took longer than ${DEADLINES.statementMs / 1000} s`,
  '55P03': 'it is locked by another session',
  '42P01': 'this server does not have it',
  '42703': 'this version of PostgreSQL does not have it',
  '42883': 'this version of PostgreSQL does not have it',
  '25006': 'not on a standby',
  '55000': 'not in the state this server is in',
};

export class HealthReader {
  readonly #client: pg.Client;
  #lost: string | null = null;

  constructor(client: pg.Client) {
    this.#client = client;
    client.on('error', (error) => {
      this.#lost ??= `the connection broke: ${error.message}`;
    });
  }

  async read<T>(read: (queryable: Queryable) => Promise<T>): Promise<Reading<T>> {
    // A server that does not answer once is not asked again: all that is left is said to be unread at once.
    if (this.#lost) return { unreadable: this.#lost };
    try {
      return { value: await read(this.#client as unknown as Queryable) };
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (message === 'Query read timeout' || code === undefined || code.startsWith('57P')) {
        this.#lost = `PostgreSQL stopped answering (${message})`;
        return { unreadable: this.#lost };
      }
      return { unreadable: REASONS[code] ?? message };
    }
  }
}

/**
 * Opens a connection for reading, and closes it whatever happens.
 * @throws what the driver says when nothing can be opened within five seconds
 */
export async function withHealthReader<T>(
  { connectionString }: Pick<Database, 'connectionString'>,
  work: (reader: HealthReader) => Promise<T>,
): Promise<T> {
  const client = newClient(connectionString, {
    connectMs: DEADLINES.connectMs,
    answerMs: DEADLINES.answerMs,
  });
  const reader = new HealthReader(client);
  try {
    await client.connect();
    await client.query(
      `select set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false),
              set_config('timezone', 'UTC', false), set_config('datestyle', 'ISO', false)`,
      [String(DEADLINES.statementMs), String(DEADLINES.lockMs)],
    );
    return await work(reader);
  } finally {
    await endClient(client, 1_000);
  }
}
