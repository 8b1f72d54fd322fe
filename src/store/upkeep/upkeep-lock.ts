/** One at a time in the whole fleet: whoever looks after a database holds a lock that dies with its connection. */

import pg from 'pg';
import { type Database, databaseTypes } from '../postgres/database.ts';

/** Any numbers will do, as long as no other user of the same database picks them. */
const LOCKS = { optimize: 7_748_060, maintenance: 7_748_061 } as const;
type CareWork = keyof typeof LOCKS;

export interface CareSession {
  client: pg.Client;
  pid: number;
}

/** Who is at it already. */
export interface Busy {
  busy: { pid: number; since: Date | null };
}

/**
 * Runs `work` on a connection of its own, unless somebody else is at the same work. No statement of it waits for a lock
 * for longer than `lockMs`: who waits for an exclusive one holds up all who come later.
 */
export async function withCareLock<T>(
  { connectionString }: Pick<Database, 'connectionString'>,
  kind: CareWork,
  lockMs: number,
  work: (session: CareSession) => Promise<T>,
): Promise<T | Busy> {
  const client = new pg.Client({
    connectionString,
    application_name: 'wattsync',
    types: databaseTypes,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A connection that breaks fails its statement; that is where it is told.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ is_mine: boolean; pid: number }>(
      `select pg_try_advisory_lock($1) as is_mine, pg_backend_pid() as pid,
              set_config('lock_timeout', $2, false), set_config('timezone', 'UTC', false)`,
      [LOCKS[kind], String(lockMs)],
    );
    const { is_mine, pid } = rows[0]!;
    if (!is_mine) return { busy: await whoHolds(client, LOCKS[kind]) };
    return await work({ client, pid });
  } finally {
    await client.end().catch(() => {});
  }
}

async function whoHolds(client: pg.Client, lock: number): Promise<Busy['busy']> {
  const { rows } = await client.query<Busy['busy']>(
    `select l.pid, a.backend_start as since from pg_locks l left join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.classid = 0 and l.objid = $1 and l.granted
        and l.database = (select oid from pg_database where datname = current_database())`,
    [lock],
  );
  return rows[0] ?? { pid: 0, since: null };
}
