/** Brings a database to the shape this version of the code expects, while others read and write it. */

import { setTimeout as pause } from 'node:timers/promises';
import type { Connection, Database, Queryable } from '../postgres/database.ts';
import { LOCKS } from '../postgres/locks.ts';
import { blockedBy, explained, isInTheWay, readLockHolder, turnTaken } from './migrate-failure.ts';
import { runOutside, runsOutside } from './migrate-outside.ts';
import { type Migration, MigrationError, readMigrations } from './migration.ts';
import { readMigrationState } from './migration-state.ts';

interface MigratePatience {
  /** How long a lock is waited for at a time. Readers that come later wait behind it, and give up after a second. */
  lockMs: number;
  /** Between the first two tries; later pauses are up to four times as long. */
  pauseMs: number;
  /** How long it is tried again. */
  totalMs: number;
  /** How long another process may hold the lock of migrations and do nothing. */
  turnMs: number;
}

const PATIENCE: MigratePatience = { lockMs: 300, pauseMs: 700, totalMs: 120_000, turnMs: 10_000 };
/** The same where it works: an index of a large table takes long. */
const WORKING_MS = 30 * 60_000;
/** Looks at the lock between two looks at who holds it. */
const LOOK_EVERY = 10;

const ASK_AGAIN_MS = 50;

/**
 * Applies what is missing.
 * @returns the names of the migrations applied now
 * @throws {MigrationError} an applied migration was edited or is unknown here
 * @throws {MigrationBlockedError} others did not let go of what has to be changed, or of the lock of migrations
 * @throws {ExtensionMissingError} the server lacks an extension or refuses it
 */
export async function migrate(
  database: Database,
  migrations: Migration[] = readMigrations(),
  patience: MigratePatience = PATIENCE,
): Promise<string[]> {
  // The common case, everything applied, takes one statement and no lock.
  if ((await readMissing(database.pool, migrations)).length === 0) return [];
  const connection = await database.pool.connect();
  try {
    await waitForTurn(connection, patience);
    // An index of a large table may take longer than the server lets a statement run.
    await connection.query('set statement_timeout = 0; set lock_timeout = 0');
    const applied: string[] = [];
    for (const next of await readMissing(connection, migrations)) {
      await applyPatiently(connection, next, patience);
      applied.push(next.name);
    }
    return applied;
  } finally {
    // Closed, not returned: its lock and its settings go with it.
    connection.release(true);
  }
}

/**
 * Asked for again and again, not waited for: a statement that waits holds a snapshot, and an index that is built
 * concurrently waits for all snapshots older than itself. Two processes would wait for each other.
 */
async function waitForTurn(connection: Connection, { turnMs }: MigratePatience): Promise<void> {
  const end = Date.now() + turnMs;
  for (let looks = 1; ; looks++) {
    const { rows } = await connection.query<{ isOurs: boolean }>(
      'select pg_try_advisory_lock($1) as "isOurs"',
      [LOCKS.migrate],
    );
    if (rows[0]!.isOurs) return;
    // One that migrates a large database is at work for minutes; one that does nothing will not let go by itself.
    if (looks % LOOK_EVERY === 0) {
      const holder = await readLockHolder(connection);
      if (holder && (holder.idle_seconds > turnMs / 1_000 || Date.now() > end + WORKING_MS)) {
        throw turnTaken(holder);
      }
    }
    await pause(ASK_AGAIN_MS);
  }
}

async function applyPatiently(
  connection: Connection,
  migration: Migration,
  { lockMs, pauseMs, totalMs }: MigratePatience,
): Promise<void> {
  const end = Date.now() + totalMs;
  for (let attempt = 0; ; attempt++) {
    try {
      if (runsOutside(migration)) await applyOutside(connection, migration);
      else await applyInside(connection, migration, lockMs);
      return;
    } catch (error) {
      if (!isInTheWay(error)) throw explained(error, migration);
      if (Date.now() > end) throw await blockedBy(connection, migration, error);
      await pause(pauseMs * Math.min(4, 2 ** attempt) * (0.75 + 0.5 * Math.random()));
    }
  }
}

/** In one transaction: a database that stops half-way holds the migrations before, whole. */
async function applyInside(connection: Connection, migration: Migration, lockMs: number): Promise<void> {
  await connection.query('begin');
  try {
    await connection.query(`set local lock_timeout = ${lockMs}`);
    await insertApplied(connection, migration);
    await connection.query(migration.sql);
    await connection.query('commit');
  } catch (error) {
    await connection.query('rollback').catch(() => {});
    throw error;
  }
}

async function applyOutside(connection: Connection, migration: Migration): Promise<void> {
  await runOutside(connection, migration);
  await insertApplied(connection, migration);
}

/** Made with the first migration, and by a restore. */
export const MIGRATIONS_TABLE = `create table if not exists schema_migrations (
  number integer not null constraint schema_migrations_pkey primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)`;

async function insertApplied(connection: Connection, { number, name, checksum }: Migration): Promise<void> {
  await connection.query(MIGRATIONS_TABLE);
  await connection.query('insert into schema_migrations (number, name, checksum) values ($1, $2, $3)', [
    number,
    name,
    checksum,
  ]);
}

/**
 * What is still to be applied.
 * @throws {MigrationError} database and files contradict each other
 */
async function readMissing(queryable: Queryable, migrations: readonly Migration[]): Promise<Migration[]> {
  const { behind, ahead, edited, renamed } = await readMigrationState(queryable, migrations);
  if (renamed.length > 0) {
    throw new MigrationError(
      `This database was made by a development version of wattsync (it has migration ${renamed[0]}), which no ` +
        'released version can bring up to date. Back up what you need with the version that made it, then start with ' +
        'an empty one: name another database with DATABASE_URL (createdb makes one), or for the embedded PostgreSQL ' +
        'another folder with WATTSYNC_DATA_DIR.',
    );
  }
  if (ahead.length > 0) {
    throw new MigrationError(
      `The database has migration ${ahead[0]}, which this version of wattsync does not know: ` +
        'it was made by a newer version. Start that one, or restore a backup.',
    );
  }
  if (edited.length > 0) {
    throw new MigrationError(
      `Migration ${edited[0]}.sql was edited after it was applied. ` +
        'Restore the file as it was, and put the change into a new migration.',
    );
  }
  return migrations.filter(({ name }) => behind.includes(name));
}
