import type { Queryable } from './database.ts';

/** The TDSPs as stored; none before the first sync. */
export async function readTdspNames(queryable: Queryable): Promise<{ duns: string; short_name: string }[]> {
  const { rows } = await queryable.query<{ duns: string; short_name: string }>(
    'select duns, short_name from tdsps order by short_name',
  );
  return rows;
}
