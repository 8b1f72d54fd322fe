/**
 * The one way to PostgreSQL: the one named by DATABASE_URL, or an embedded one that starts on demand.
 * Numbers of type numeric and bigint come as JavaScript numbers: ours are far below 2^53 and have few decimals.
 */

import pg from 'pg';
import type { Secret } from '../config.ts';
import { WattsyncError } from '../errors.ts';
import { QueryRecorder, recordQueries } from './query-recorder.ts';

/** Anything statements can be sent to: the pool, or one connection inside a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;
export type Connection = pg.PoolClient;

export interface Database {
  readonly pool: pg.Pool;
  /**
   * For those who must not wait: readers, heartbeats. Connecting and each query fail after a second, so that a
   * PostgreSQL that hangs cannot pile up requests.
   */
  readonly quick: pg.Pool;
  /** How long the statements of both take. */
  readonly queries: QueryRecorder;
  /** For connections that live outside the pool, such as a listener. */
  readonly connectionString: string;
  /** Runs `work` on one connection in one transaction; whatever it throws rolls everything back. */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Safe to call twice. */
  close(): Promise<void>;
}

/** PostgreSQL cannot be reached. */
export class DatabaseUnreachableError extends WattsyncError {
  readonly code = 'database_unreachable';
  readonly retryable = true;
}

const NUMERIC = 1700;
const BIGINT = 20;
/** Numbers as numbers, for every connection there is. */
export const databaseTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    return oid === NUMERIC || oid === BIGINT ? Number : pg.types.getTypeParser(oid, format as 'text');
  },
} as pg.CustomTypesConfig;

export interface DatabaseOptions {
  databaseUrl: Secret | null;
  dataDir: string;
  /** At most this many connections. */
  connections?: number;
}

const QUICK = { connections: 4, deadlineMs: 1_000 };

/**
 * Connects, starting the embedded PostgreSQL where no DATABASE_URL is set.
 * @throws {DatabaseUnreachableError} nothing answers at DATABASE_URL
 * @throws {EmbeddedPostgresError} the embedded one cannot be made or started
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const attachment = options.databaseUrl
    ? { connectionString: options.databaseUrl.reveal(), detach: async () => {} }
    : await (await import('./embedded/attach.ts')).attachEmbeddedPostgres(options.dataDir);
  const { connectionString } = attachment;
  const pool = new pg.Pool({
    connectionString,
    max: options.connections ?? 10,
    application_name: 'wattsync',
    types: databaseTypes,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    // An idle pool must not keep a finished command alive.
    allowExitOnIdle: true,
  });
  const quick = new pg.Pool({
    connectionString,
    max: QUICK.connections,
    // Stays once it is there: to make one takes longer than most of what is asked, and a crowd of readers that finds
    // nothing in memory would have PostgreSQL make one for each process at the same moment.
    min: 1,
    application_name: 'wattsync',
    types: databaseTypes,
    connectionTimeoutMillis: QUICK.deadlineMs,
    query_timeout: QUICK.deadlineMs,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  const queries = new QueryRecorder();
  for (const one of [pool, quick]) recordQueries(one, queries);
  // A connection that breaks while idle is replaced; whoever works on one gets the error from its own query.
  pool.on('error', () => {});
  quick.on('error', () => {});
  try {
    (await pool.connect()).release();
  } catch (cause) {
    await pool.end();
    await attachment.detach();
    throw new DatabaseUnreachableError(
      `PostgreSQL at DATABASE_URL does not answer (${cause instanceof Error ? cause.message : cause}). ` +
        'Start it or correct DATABASE_URL; unset it to use the embedded one.',
      { cause },
    );
  }

  let closing: Promise<void> | undefined;
  return {
    pool,
    quick,
    queries,
    connectionString,
    async transaction(work) {
      const connection = await pool.connect();
      let broken: unknown;
      try {
        await connection.query('begin');
        const result = await work(connection);
        await connection.query('commit');
        return result;
      } catch (error) {
        await connection.query('rollback').catch((cause) => {
          broken = cause;
        });
        throw error;
      } finally {
        connection.release(broken !== undefined);
      }
    },
    close() {
      closing ??= Promise.all([pool.end(), quick.end()]).then(() => attachment.detach());
      return closing;
    },
  };
}
