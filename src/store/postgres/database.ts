/**
 * The one way to PostgreSQL: the one named by DATABASE_URL, or an embedded one that starts on demand.
 * Numbers of type numeric and bigint come as JavaScript numbers: ours are far below 2^53 and have few decimals.
 */

import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Secret } from '../../config.ts';
import { WattsyncError } from '../../errors.ts';
import type { Attaching } from '../embedded/attach.ts';
import { StoreError } from '../store-error.ts';
import { checkPooled, checkServer, POOLER_ADVICE, SESSION_POOLER_ADVICE, tooOld } from './check-server.ts';
import { isContention } from './out-of-reach.ts';
import { QueryRecorder, recordQueries } from './query-recorder.ts';
import { explainRefusal, TOO_MANY_CONNECTIONS } from './refusals.ts';
import { withSessionSettings } from './session-settings.ts';

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
  /**
   * Runs `work` on one connection in one transaction; whatever it throws rolls everything back. Where others are in the way
   * (a deadlock, a lock not available) it is run again.
   */
  transaction<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
  /** Safe to call twice. */
  close(): Promise<void>;
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
  /** PostgreSQL itself, where `databaseUrl` is a pooler's: then only what readers ask at once goes through the pooler. */
  directUrl?: Secret | null;
  /** Makes the embedded one where there is none yet. */
  mayCreate?: boolean;
  dataDir: string;
  /** At most this many connections. */
  connections?: number | undefined;
  /** Begun already. */
  embedded?: Attaching | null;
}

const QUICK = { connections: 4, deadlineMs: 1_000 };
/** How long a process waits for a connection where all are taken: those before it end, or give some back. */
const FULL = { patienceMs: 15_000, againMs: 250 };
const CONTENDED = { tries: 4, pauseMs: 50 };
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

function openPools(connectionString: string, connections = 10, pooled: string | null = null): Pools {
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
    // A pooler takes no settings for a session that it does not keep.
    ...(pooled === null ? {} : { connectionString: pooled, idle_in_transaction_session_timeout: undefined }),
    min: 1,
    max: Math.min(QUICK.connections, connections),
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
  const tried = connectPatiently(pool).then(
    (connection) => {
      connection.release();
      return null;
    },
    (cause) => ({ cause }),
  );
  return { connectionString, pool, quick, queries, tried };
}

/** @throws what PostgreSQL or the system says; that all connections are taken, only after a while */
async function connectPatiently(pool: pg.Pool): Promise<pg.PoolClient> {
  const end = performance.now() + FULL.patienceMs;
  for (;;) {
    try {
      return await pool.connect();
    } catch (error) {
      if ((error as { code?: string }).code !== TOO_MANY_CONNECTIONS || performance.now() > end) throw error;
      await pause(FULL.againMs);
    }
  }
}

async function transact<T>(pool: pg.Pool, work: (connection: Connection) => Promise<T>): Promise<T> {
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
 * @throws {StoreError} `database_unreachable` nothing answers at DATABASE_URL
 * @throws {StoreError} `embedded_postgres_failed` the embedded one cannot be made or started
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { databaseUrl, directUrl = null, dataDir, mayCreate = true, connections } = options;
  const embedded = databaseUrl
    ? null
    : (options.embedded ?? (await import('../embedded/attach.ts')).beginAttaching(dataDir, mayCreate));
  // A connection takes as long as to find out whether PostgreSQL stays: both are begun at once.
  const running = embedded?.running && withSessionSettings(embedded.running);
  const early = running ? openPools(running, connections) : null;
  const attachment = embedded
    ? await embedded.attached
    : { connectionString: (directUrl ?? databaseUrl)!.reveal(), detach: async () => {} };
  const connectionString = withSessionSettings(attachment.connectionString);
  const pools = directUrl
    ? openPools(connectionString, connections, databaseUrl!.reveal())
    : await choosePools(early, connectionString, connections);
  const { pool, quick, queries } = pools;
  const failed = (await pools.tried) ?? (embedded ? null : await isUnfit(pools, directUrl !== null));
  if (failed) {
    await Promise.all([pool.end(), quick.end()]);
    await attachment.detach();
    throw unreachable(failed.cause);
  }

  let closing: Promise<void> | undefined;
  return {
    pool,
    quick,
    queries,
    connectionString,
    async transaction(work) {
      for (let tries = 1; ; tries++) {
        try {
          return await transact(pool, work);
        } catch (error) {
          if (tries === CONTENDED.tries || !isContention(error)) throw error;
          await pause(CONTENDED.pauseMs * tries * (0.5 + Math.random()));
        }
      }
    },
    close() {
      closing ??= Promise.all([pool.end(), quick.end()]).then(() => attachment.detach());
      return closing;
    },
  };
}

/** A server of somebody else's making is looked at before anything is asked of it. */
async function isUnfit(
  { pool, quick, connectionString }: Pools,
  isPooled: boolean,
): Promise<{ cause: unknown } | null> {
  try {
    const connection = await pool.connect();
    await checkServer(connection, connectionString).finally(() => connection.release());
    if (isPooled) await checkPooled(quick);
    return null;
  } catch (cause) {
    return { cause };
  }
}

/** What a pooler says to the settings each of our connections comes with, and an old PostgreSQL to one it does not know. */
const REFUSES_SETTINGS = /unsupported startup parameter/i;
const UNKNOWN_SETTING = '42704';

function unreachable(cause: unknown): WattsyncError {
  const { code, message = String(cause) } = cause as { code?: string; message?: string };
  if (REFUSES_SETTINGS.test(message)) {
    return new StoreError(
      'database_pooled',
      `Behind DATABASE_URL a pooler answers (${message}). ${POOLER_ADVICE}. One in session mode may stay where it is: ${SESSION_POOLER_ADVICE}.`,
      { cause },
    );
  }
  if (code === UNKNOWN_SETTING) return tooOld(message, cause);
  const explained = explainRefusal(cause);
  if (explained instanceof WattsyncError && explained.code !== 'database_unreachable') return explained;
  return new StoreError(
    'database_unreachable',
    `PostgreSQL at DATABASE_URL does not answer (${message}). ` +
      'Start it or correct DATABASE_URL; unset it to use the embedded one.',
    { cause },
  );
}

/** Ends, from outside, what a connection is doing just now; it can be used on. */
export async function cancelStatement(
  queryable: Queryable,
  connection: Connection | pg.Client,
): Promise<void> {
  const { processID } = connection as (Connection | pg.Client) & { processID: number };
  await queryable.query('select pg_cancel_backend($1)', [processID]);
}
