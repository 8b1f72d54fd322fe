/** Clears of the caches: a row, so that a process that misses the notification finds it later. */

import { deletePlanCache } from '../plans/plan-cache.ts';
import type { Database, Queryable } from '../postgres/database.ts';

/** The channel on which every process hears of a clear. The payload is JSON: `{id, tdsp_duns}`. */
export const CACHE_CLEARED = 'wattsync_cache_cleared';

/**
 * Empties the database cache and tells every process to forget what it has cached, Redis included.
 * @param duns one TDSP; `null`: all
 */
export function requestClear(database: Database, duns: string | null): Promise<number> {
  return database.transaction(async (connection) => {
    await deletePlanCache(connection, duns);
    const { rows } = await connection.query<{ id: number }>(
      'insert into cache_clears (tdsp_duns) values ($1) returning id',
      [duns],
    );
    const { id } = rows[0]!;
    await connection.query('select pg_notify($1, $2)', [
      CACHE_CLEARED,
      JSON.stringify({ id, tdsp_duns: duns }),
    ]);
    return id;
  });
}

export interface CacheClear {
  id: number;
  /** `null`: all. */
  tdsp_duns: string | null;
}

/** What was cleared since, oldest first. No cache keeps anything for more than a day. */
export async function readClearsSince(queryable: Queryable, id: number): Promise<CacheClear[]> {
  const { rows } = await queryable.query<CacheClear>(
    `select id, tdsp_duns from cache_clears where id > $1 and requested_at > now() - interval '1 day' order by id`,
    [id],
  );
  return rows;
}
