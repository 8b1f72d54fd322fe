/** One at a time in the whole fleet: upkeep holds a lock that ends with its connection. */

import type pg from 'pg';
import { newClient } from '../postgres/client.ts';
import type { Database } from '../postgres/database.ts';
import { LOCKS } from '../postgres/locks.ts';

/** The process that is at it already. */
export interface Busy {
  busy: { pid: number; since: Date | null };
}

/**
 * Runs `work` on a connection of its own, unless another process is at the same work. None of its statements waits for a
 * lock for longer than `lockMs`: everybody who comes later would wait behind it.
 */
export async function withUpkeepLock<T>(
  { connectionString }: Pick<Database, 'connectionString'>,
  kind: 'optimize' | 'maintenance' | 'export',
  lockMs: number,
  work: (client: pg.Client) => Promise<T>,
): Promise<T | Busy> {
  const client = newClient(connectionString);
  try {
    await client.connect();
    const { rows } = await client.query<{ is_mine: boolean }>(
      `select pg_try_advisory_lock($1) as is_mine,
              set_config('lock_timeout', $2, false), set_config('timezone', 'UTC', false)`,
      [LOCKS[kind], String(lockMs)],
    );
    if (!rows[0]!.is_mine) return { busy: await readHolder(client, LOCKS[kind]) };
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}

async function readHolder(client: pg.Client, lock: number): Promise<Busy['busy']> {
  const { rows } = await client.query<Busy['busy']>(
    `select l.pid, a.backend_start as since from pg_locks l left join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.classid = 0 and l.objid = $1 and l.granted
        and l.database = (select oid from pg_database where datname = current_database())`,
    [lock],
  );
  return rows[0] ?? { pid: 0, since: null };
}
