/** Which exports there are. Their files are made from the database again wherever they are missing. */

import type { Queryable } from '../postgres/database.ts';

export interface KeptExport {
  /** `2026-11-28`, or `2026-11` for a month. */
  name: string;
  /** Up to when it tells: what happened later does not change it. */
  until_at: Date;
  /** The Frictionless data package, as JSON. */
  descriptor: string;
}

/** A month that goes on is kept again each day. */
export async function keepExport(
  queryable: Queryable,
  { name, until_at, descriptor }: KeptExport,
): Promise<void> {
  await queryable.query(
    `insert into exports (name, until_at, descriptor) values ($1, $2, $3)
     on conflict (name) do update set until_at = excluded.until_at, descriptor = excluded.descriptor, made_at = now()`,
    [name, until_at, descriptor],
  );
}

/**
 * The newest first.
 * @param before only those behind this one
 */
export async function readExports(
  queryable: Queryable,
  { before = null, most = null }: { before?: string | null; most?: number | null } = {},
): Promise<KeptExport[]> {
  const { rows } = await queryable.query<KeptExport>({
    name: 'read exports',
    text: `select name, until_at, descriptor from exports
      where $1::text is null or (until_at, name) < (select until_at, name from exports where name = $1)
      order by until_at desc, name desc limit $2`,
    values: [before, most],
  });
  return rows;
}

export async function readExport(queryable: Queryable, name: string): Promise<KeptExport | null> {
  const { rows } = await queryable.query<KeptExport>(
    'select name, until_at, descriptor from exports where name = $1',
    [name],
  );
  return rows[0] ?? null;
}
