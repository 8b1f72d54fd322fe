/**
 * The one way to PostgreSQL: the one named by DATABASE_URL, or an embedded one that starts on demand.
 * Numbers of type numeric and bigint come as JavaScript numbers: ours are far below 2^53 and have few decimals.
 */

import pg from 'pg';
import type { Secret } from '../../config.ts';
import { WattsyncError } from '../../errors.ts';
import type { Attaching } from '../embedded/attach.ts';
import { QueryRecorder, recordQueries } from './query-recorder.ts';

/** Anything statements can be sent to: the pool, or one connection inside a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>;
export type Connection = pg.PoolClient;

export interface Database {
  readonly pool: pg.Pool;
  /**
   * For callers that must not wait: readers, heartbeats. Connecting and each query fail after a second, so that a
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
class DatabaseUnreachableError extends WattsyncError {
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

interface DatabaseOptions {
  databaseUrl: Secret | null;
  dataDir: string;
  /** At most this many connections. */
  connections?: number | undefined;
  /** Begun already. */
  embedded?: Attaching | null;
}

const QUICK = { connections: 4, deadlineMs: 1_000 };
/** A process that freezes in the middle of a transaction must not keep its locks: others wait for them without end. */
const FROZEN_MS = 10_000;

interface Pools {
  connectionString: string;
  pool: pg.Pool;
  quick: pg.Pool;
  queries: QueryRecorder;
  /** Resolves once the first connection is there, or with why it is not. */
  tried: Promise<{ cause: unknown } | null>;
}

function openPools(connectionString: string, connections = 10): Pools {
  const common: pg.PoolConfig = {
    connectionString,
    application_name: 'wattsync',
    types: databaseTypes,
    keepAlive: true,
    // An idle pool must not keep a finished command alive.
    allowExitOnIdle: true,
    idle_in_transaction_session_timeout: FROZEN_MS,
  };
  // One connection of each stays once it is there: to make one takes longer than most of what is asked, and a crowd of
  // readers that finds nothing in memory would have PostgreSQL make one for each process at the same moment.
  const pool = new pg.Pool({ ...common, min: 1, max: connections, connectionTimeoutMillis: 10_000 });
  const quick = new pg.Pool({
    ...common,
    min: 1,
    max: QUICK.connections,
    connectionTimeoutMillis: QUICK.deadlineMs,
    query_timeout: QUICK.deadlineMs,
  });
  const queries = new QueryRecorder();
  for (const one of [pool, quick]) {
    recordQueries(one, queries);
    // A connection that breaks while idle is replaced; one in use fails its own query. Also
    // one that breaks between two queries of a transaction: without a listener that would end the process.
    one.on('error', () => {});
    one.on('connect', (connection) => connection.on('error', () => {}));
  }
  const tried = pool.connect().then(
    (connection) => {
      connection.release();
      return null;
    },
    (cause) => ({ cause }),
  );
  return { connectionString, pool, quick, queries, tried };
}

/** Those opened early, unless they lead to a PostgreSQL that is no more. */
async function choosePools(
  early: Pools | null,
  connectionString: string,
  connections: number | undefined,
): Promise<Pools> {
  if (early?.connectionString === connectionString && (await early.tried) === null) return early;
  if (early) await Promise.all([early.pool.end(), early.quick.end()]);
  return openPools(connectionString, connections);
}

/**
 * Connects, starting the embedded PostgreSQL where no DATABASE_URL is set.
 * @throws {DatabaseUnreachableError} nothing answers at DATABASE_URL
 * @throws {EmbeddedPostgresError} the embedded one cannot be made or started
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { databaseUrl, dataDir, connections } = options;
  const embedded = databaseUrl
    ? null
    : (options.embedded ?? (await import('../embedded/attach.ts')).beginAttaching(dataDir));
  // A connection takes as long as to find out whether PostgreSQL stays: both are begun at once.
  const early = embedded?.running ? openPools(embedded.running, connections) : null;
  const attachment = embedded
    ? await embedded.attached
    : { connectionString: databaseUrl!.reveal(), detach: async () => {} };
  const { connectionString } = attachment;
  const pools = await choosePools(early, connectionString, connections);
  const { pool, quick, queries } = pools;
  const failed = await pools.tried;
  if (failed) {
    const { cause } = failed;
    await Promise.all([pool.end(), quick.end()]);
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

/** Ends, from outside, what a connection is doing just now; it can be used on. */
export async function cancelStatement(
  queryable: Queryable,
  connection: Connection | pg.Client,
): Promise<void> {
  const { processID } = connection as (Connection | pg.Client) & { processID: number };
  await queryable.query('select pg_cancel_backend($1)', [processID]);
}
