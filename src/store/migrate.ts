/**
 * Brings a database to the shape this version of the code expects. Migrations are SQL files, numbered, applied once
 * each and in order, forward only. Of several processes that start together one applies them and the others wait.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { WattsyncError } from '../errors.ts';
import type { Connection, Database, Queryable } from './database.ts';

/** The database and the migration files contradict each other. */
export class MigrationError extends WattsyncError {
  readonly code = 'migration_mismatch';
  readonly retryable = false;
}

export interface Migration {
  number: number;
  name: string;
  sql: string;
  checksum: string;
}

/** Any number will do, as long as no other user of the same database picks it. */
const MIGRATION_LOCK = 7_748_001;

/** @throws {MigrationError} a file name without a number, or a number given twice */
export function readMigrations(folder: URL = new URL('./migrations/', import.meta.url)): Migration[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  const seen = new Set<number>();
  return files.toSorted().map((file) => {
    const number = Number.parseInt(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1] ?? '', 10);
    // Gaps are fine: two branches take a number each, and either may be the first to be released.
    if (Number.isNaN(number) || seen.has(number)) {
      throw new MigrationError(
        `Migration file ${file} has no number of its own: names look like 0004_what_it_does.sql, each number once.`,
      );
    }
    seen.add(number);
    const sql = readFileSync(new URL(file, folder), 'utf8');
    return {
      number,
      name: file.replace(/\.sql$/, ''),
      sql,
      checksum: createHash('sha256').update(sql).digest('hex'),
    };
  });
}

/**
 * Applies what is missing.
 * @returns the names of the migrations applied now
 * @throws {MigrationError} an applied migration was edited or is unknown here
 */
export async function migrate(
  database: Database,
  migrations: Migration[] = readMigrations(),
): Promise<string[]> {
  // The common case, everything applied, takes one statement and no lock.
  if (missing(await readApplied(database.pool), migrations).length === 0) return [];
  const applied: string[] = [];
  const connection = await database.pool.connect();
  try {
    await waitForTurn(connection);
    for (const next of missing(await readApplied(connection), migrations)) {
      if (runsInPieces(next)) await runPieces(connection, next);
      // One transaction for each: a database that stops half-way holds the ones before, whole.
      await database.transaction((inside) => apply(inside, next));
      applied.push(next.name);
    }
  } finally {
    // Closed, not returned: its lock goes with it, whatever happened.
    connection.release(true);
  }
  return applied;
}

const TURN_POLL_MS = 50;

/** Asks again and again, for who waits inside a statement keeps `create index concurrently` from ever ending. */
async function waitForTurn(connection: Connection): Promise<void> {
  for (;;) {
    const { rows } = await connection.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [
      MIGRATION_LOCK,
    ]);
    if (rows[0]!.mine) return;
    await pause(TURN_POLL_MS);
  }
}

/**
 * Whether the file says in its first line that its statements cannot run in a transaction, as `create index
 * concurrently`. Each must be one that can be repeated, for half of them may have run before.
 */
const runsInPieces = ({ sql }: Migration): boolean => sql.startsWith('-- no transaction\n');

async function runPieces(connection: Connection, { sql }: Migration): Promise<void> {
  const statements = sql.replace(/^--.*$/gm, '').split(/;\s*$/m);
  for (const statement of statements) {
    const index = /^\s*create\s+(?:unique\s+)?index\s+concurrently\s+if not exists\s+(\w+)/i.exec(
      statement,
    )?.[1];
    if (index) await dropHalfBuilt(connection, index);
    if (statement.trim() !== '') await connection.query(statement);
  }
}

/** A build that was interrupted leaves an index that exists and serves nobody. */
async function dropHalfBuilt(connection: Connection, index: string): Promise<void> {
  const { rowCount } = await connection.query(
    'select from pg_index where indexrelid = to_regclass($1) and not indisvalid',
    [index],
  );
  if (rowCount) await connection.query(`drop index concurrently ${index}`);
}

async function apply(connection: Connection, migration: Migration): Promise<void> {
  await connection.query(
    `create table if not exists schema_migrations (
       number integer not null constraint schema_migrations_pkey primary key,
       name text not null,
       checksum text not null,
       applied_at timestamptz not null default now()
     )`,
  );
  await connection.query('insert into schema_migrations (number, name, checksum) values ($1, $2, $3)', [
    migration.number,
    migration.name,
    migration.checksum,
  ]);
  if (!runsInPieces(migration)) await connection.query(migration.sql);
}

interface Applied {
  number: number;
  name: string;
  checksum: string;
}

async function readApplied(queryable: Queryable): Promise<Applied[]> {
  // Asked first, because a failed statement would end the transaction around it.
  const { rows } = await queryable.query<{ exists: boolean }>(
    `select to_regclass('schema_migrations') is not null as exists`,
  );
  if (!rows[0]?.exists) return [];
  return (
    await queryable.query<Applied>('select number, name, checksum from schema_migrations order by number')
  ).rows;
}

function missing(applied: Applied[], migrations: Migration[]): Migration[] {
  for (const { number, name, checksum } of applied) {
    const known = migrations.find((migration) => migration.number === number);
    if (!known) {
      throw new MigrationError(
        `The database has migration ${name}, which this version of wattsync does not know: ` +
          'it was made by a newer version. Start that one, or restore a backup.',
      );
    }
    if (known.checksum !== checksum) {
      throw new MigrationError(
        `Migration ${known.name}.sql was edited after it was applied (as ${name}). ` +
          'Restore the file as it was, and put the change into a new migration.',
      );
    }
  }
  return migrations.filter((migration) => !applied.some(({ number }) => number === migration.number));
}
