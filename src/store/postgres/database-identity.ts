/** Which database this is, among all that may share a Redis. */

import { randomBytes, randomUUID } from 'node:crypto';
import type { Queryable } from './database.ts';

/** Functions that a PostgreSQL-like server may not have, or not let us call. */
const UNAVAILABLE = new Set(['42883', '42501', '0A000']);

export interface DatabaseIdentity {
  /** Twelve hex digits. */
  id: string;
  /** Seals what this database's processes put into Redis. */
  redis_key: string;
}

const known = new WeakMap<Queryable, Promise<DatabaseIdentity>>();

/**
 * Made once. A restored or cloned database has the row of the one it was copied from, and must not
 * share its name with it: then another is made.
 */
export function readDatabaseIdentity(queryable: Queryable): Promise<DatabaseIdentity> {
  let identity = known.get(queryable);
  if (!identity) {
    identity = readOrMake(queryable);
    known.set(queryable, identity);
    identity.catch(() => known.delete(queryable));
  }
  return identity;
}

async function readOrMake(queryable: Queryable): Promise<DatabaseIdentity> {
  const madeFor = `${await readServer(queryable)}.${await readOid(queryable)}`;
  const stored = await readStored(queryable, madeFor);
  if (stored) return stored;
  await queryable.query(
    `insert into database_identity as i (id, made_for, redis_key) values ($1, $2, $3)
     on conflict (only_row) do update
       set id = excluded.id, made_for = excluded.made_for, redis_key = excluded.redis_key
      where i.made_for <> excluded.made_for`,
    [randomUUID().replaceAll('-', '').slice(0, 12), madeFor, randomBytes(32).toString('hex')],
  );
  // Of two that were first the other may have made it.
  return (await readStored(queryable, madeFor))!;
}

async function readStored(queryable: Queryable, madeFor: string): Promise<DatabaseIdentity | undefined> {
  const { rows } = await queryable.query<DatabaseIdentity>(
    'select id, redis_key from database_identity where made_for = $1',
    [madeFor],
  );
  return rows[0];
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
