/** Which database this is, among all that may share a Redis. */

import { randomUUID } from 'node:crypto';
import type { Queryable } from './database.ts';

/** Functions that a PostgreSQL-like server may not have, or not let us call. */
const UNAVAILABLE = new Set(['42883', '42501', '0A000']);

const known = new WeakMap<Queryable, Promise<string>>();

/**
 * Twelve hex digits, made once. A restored or cloned database has the row of the one it was copied from, and must not
 * share its name with it: then another is made.
 */
export function readDatabaseId(queryable: Queryable): Promise<string> {
  let id = known.get(queryable);
  if (!id) {
    id = readOrMake(queryable);
    known.set(queryable, id);
    id.catch(() => known.delete(queryable));
  }
  return id;
}

async function readOrMake(queryable: Queryable): Promise<string> {
  const madeFor = `${await readServer(queryable)}.${await readOid(queryable)}`;
  const stored = await readId(queryable, madeFor);
  if (stored) return stored;
  await queryable.query(
    `insert into database_identity as i (id, made_for) values ($1, $2)
     on conflict (only_row) do update set id = excluded.id, made_for = excluded.made_for
      where i.made_for <> excluded.made_for`,
    [randomUUID().replaceAll('-', '').slice(0, 12), madeFor],
  );
  // Of two that were first the other may have made it.
  return (await readId(queryable, madeFor))!;
}

async function readId(queryable: Queryable, madeFor: string): Promise<string | undefined> {
  const { rows } = await queryable.query<{ id: string }>(
    'select id from database_identity where made_for = $1',
    [madeFor],
  );
  return rows[0]?.id;
}

/** Made by initdb, and the same on every replica. */
async function readServer(queryable: Queryable): Promise<string> {
  try {
    const { rows } = await queryable.query<{ id: string }>(
      'select system_identifier::text as id from pg_control_system()',
    );
    return rows[0]!.id;
  } catch (error) {
    if (UNAVAILABLE.has(String((error as { code?: unknown }).code))) return 'unknown';
    throw error;
  }
}

async function readOid(queryable: Queryable): Promise<number> {
  const { rows } = await queryable.query<{ oid: number }>(
    'select oid from pg_database where datname = current_database()',
  );
  return rows[0]!.oid;
}
