/** Connections that live outside the pool: for one long piece of work, or to listen. */

import pg from 'pg';
import { databaseTypes } from './database.ts';

interface ClientOptions {
  connectMs?: number;
  /** How long one answer may take; left out, as long as it takes. */
  answerMs?: number;
}

/** Not connected yet. A connection that breaks fails its statement; one that breaks while idle is heard of by its end. */
export function newClient(
  connectionString: string,
  { connectMs = 10_000, answerMs }: ClientOptions = {},
): pg.Client {
  const client = new pg.Client({
    connectionString,
    application_name: 'wattsync',
    types: databaseTypes,
    keepAlive: true,
    connectionTimeoutMillis: connectMs,
    ...(answerMs === undefined ? {} : { query_timeout: answerMs }),
  });
  client.on('error', () => {});
  return client;
}

/** Ends a connection whatever it is doing: a frozen server does not say goodbye, and a COPY is not read to its end. */
export async function endClient(client: pg.Client, patienceMs = 200): Promise<void> {
  const ended = client.end().catch(() => {});
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, patienceMs).unref())]);
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

/** A few connections of its own for what must not take those of readers and workers: made when asked, gone when idle. */
export function newSmallPool(
  connectionString: string,
  { connections, answerMs }: { connections: number; answerMs: number },
): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    application_name: 'wattsync',
    types: databaseTypes,
    keepAlive: true,
    allowExitOnIdle: true,
    max: connections,
    idleTimeoutMillis: 10_000,
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
  });
  pool.on('error', () => {});
  return pool;
}
