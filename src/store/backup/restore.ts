/**
 * `db:restore`: an empty database gets the shape that the backup was made in, its rows, its counters and its views, all
 * in one transaction: whatever happens before its end leaves the database as empty as it was. Then it is brought
 * forward like any older database.
 */

import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { describeError } from '../../errors.ts';
import { endClient, newClient } from '../postgres/client.ts';
import type { Database, Queryable } from '../postgres/database.ts';
import { MIGRATIONS_TABLE, migrate } from '../schema/migrate.ts';
import { type Migration, MigrationError, readMigrations } from '../schema/migration.ts';
import { StoreError } from '../store-error.ts';
import { type ArchiveEntry, readArchive, tableOfPath } from './archive.ts';
import { PLAIN_TEXT } from './backup.ts';
import { takeOffIndexes } from './indexes.ts';
import { type BackupTable, type Manifest, readBound } from './manifest.ts';
import { type BackupProgress, type Verified, verifyBackup } from './verify.ts';

export interface RestoreProgress extends BackupProgress {
  verified(manifest: Manifest): void;
}

interface RestoreOptions {
  signal?: AbortSignal;
  progress?: RestoreProgress;
  /** Those of this version, unless a test has others. */
  migrations?: Migration[];
}

interface RestoreReport extends Verified {
  /** Applied after the rows were there. */
  migrated: string[];
}

const quoted = (name: string): string => pg.escapeIdentifier(name);

/**
 * @throws {StoreError} `backup_damaged` the file is not a backup, or not whole; nothing was written
 * @throws {StoreError} `restore_target_not_empty` the database is not empty; nothing was written
 * @throws {MigrationError} the backup was made by a newer or another version; nothing was written
 * @throws {StoreError} `restore_failed` the rows do not fit what the migrations make; all was undone
 */
export async function restoreDatabase(
  database: Database,
  file: string,
  { signal, progress, migrations = readMigrations() }: RestoreOptions = {},
): Promise<RestoreReport> {
  const verified = await verifyBackup(file, progress);
  const { manifest } = verified;
  progress?.verified(manifest);
  const wanted = chooseMigrations(manifest, migrations);
  const client = newClient(database.connectionString);
  // Its end undoes the transaction, however far it is.
  const stop = () => void endClient(client);
  signal?.addEventListener('abort', stop);
  try {
    await client.connect();
    await client.query(`begin; ${PLAIN_TEXT}`);
    await refuseUnlessEmpty(client);
    progress?.now('tables');
    await makeShape(client, manifest, wanted);
    const putBack = await takeOffIndexes(client);
    await load(client, file, manifest, progress);
    progress?.now('indexes, keys and sequences');
    for (const statement of putBack) await client.query(statement);
    for (const { name, last_value, is_called } of manifest.sequences) {
      await client.query('select setval($1::regclass, $2, $3)', [quoted(name), last_value, is_called]);
    }
    progress?.now('views');
    for (const view of manifest.views) await client.query(`refresh materialized view ${quoted(view)}`);
    signal?.throwIfAborted();
    await client.query('commit');
  } catch (cause) {
    throw explain(cause, signal);
  } finally {
    signal?.removeEventListener('abort', stop);
    await endClient(client);
  }
  progress?.now('statistics');
  await database.pool.query('analyze');
  progress?.now('migrations');
  return { ...verified, migrated: await migrate(database, migrations) };
}

/** The migrations that the backup had, in their order. */
function chooseMigrations({ migrations: had }: Manifest, known: readonly Migration[]): Migration[] {
  return had.map(({ number, name, checksum }) => {
    const migration = known.find((one) => one.number === number);
    if (!migration) {
      throw new MigrationError(
        `The backup was made with migration ${name}, which this version of wattsync does not know: restore it with a newer one.`,
      );
    }
    if (migration.checksum !== checksum) {
      throw new MigrationError(
        `The backup was made with another ${name} than this version has. Restore it with the version that made it, then upgrade.`,
      );
    }
    return migration;
  });
}

async function refuseUnlessEmpty(queryable: Queryable): Promise<void> {
  const { rows } = await queryable.query<{ name: string }>(
    `select c.relname::text as name from pg_class c
      where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S')
        and not exists (select from pg_depend e where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
      order by 1 limit 6`,
  );
  if (rows.length === 0) return;
  const names = rows.slice(0, 5).map(({ name }) => name);
  throw new StoreError(
    'restore_target_not_empty',
    `The database is not empty: it has ${names.join(', ')}${rows.length > names.length ? ' and more' : ''}. ` +
      'A backup is restored into an empty one: name another with DATABASE_URL (createdb makes one), ' +
      'or for the embedded PostgreSQL another folder with WATTSYNC_DATA_DIR.',
  );
}

/** The tables as they were, without rows, and with the same partitions. */
async function makeShape(
  client: pg.Client,
  manifest: Manifest,
  migrations: readonly Migration[],
): Promise<void> {
  const { partitions, tables } = manifest;
  for (const { sql } of migrations) {
    // Nobody else is here, so nobody has to be spared, and a transaction takes no other way of making an index.
    await client.query(sql.replace(/\bconcurrently\b/gi, ''));
  }
  await client.query(MIGRATIONS_TABLE);
  const { rows } = await client.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c
      where c.relispartition and c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace`,
  );
  for (const { name } of rows) await client.query(`drop table ${name}`);
  for (const { name, parent, bound } of partitions) {
    await client.query(`create table ${quoted(name)} partition of ${quoted(parent)} ${boundSql(bound)}`);
  }
  await expectOurs(client, manifest);
  // What migrations put in is in the backup, as it was later.
  await client.query(`truncate ${tables.map(({ name }) => quoted(name)).join(', ')}`);
}

function boundSql(text: string): string {
  const bound = readBound(text)!;
  if (bound === 'default') return 'default';
  const at = (time: Date | null, without: string) =>
    time === null ? without : pg.escapeLiteral(time.toISOString());
  return `for values from (${at(bound.from, 'minvalue')}) to (${at(bound.to, 'maxvalue')})`;
}

/**
 * Only what the migrations have just made is filled, counted on or refreshed, whatever a file says.
 * @throws {StoreError} `backup_damaged` it names something else
 */
async function expectOurs(
  client: pg.Client,
  { tables, sequences, views, partitions }: Manifest,
): Promise<void> {
  const { rows } = await client.query<{ name: string; kind: string }>(
    `select relname::text as name, relkind::text as kind from pg_class
      where relnamespace = current_schema()::regnamespace and not relispartition`,
  );
  const isOurs = (name: string, kinds: string) =>
    rows.some((one) => one.name === name && kinds.includes(one.kind));
  const foreign = [
    ...tables.filter(({ name }) => !isOurs(name, 'rp')),
    ...sequences.filter(({ name }) => !isOurs(name, 'S')),
    ...views.filter((name) => !isOurs(name, 'm')).map((name) => ({ name })),
    ...partitions.filter(({ parent }) => !isOurs(parent, 'p')),
  ];
  if (foreign.length === 0) return;
  throw new StoreError(
    'backup_damaged',
    `The backup names what no migration makes: ${foreign[0]!.name}. Nothing was restored.`,
  );
}

async function load(
  client: pg.Client,
  file: string,
  { tables, partitions }: Manifest,
  progress?: BackupProgress,
): Promise<void> {
  const partitioned = new Set(partitions.map(({ parent }) => parent));
  const entries = readArchive(file);
  for (const [i, table] of tables.entries()) {
    const { name, columns } = table;
    // Emptied in this transaction, so its rows may be written as old ones: no VACUUM has to touch them again.
    const how = partitioned.has(name) ? '' : 'with (freeze)';
    const rows = rowsOf(table, entries, (done) =>
      progress?.now(`${name} (${i + 1} of ${tables.length})`, done, table.bytes),
    );
    const into = `copy ${quoted(name)} (${columns.map(quoted).join(', ')}) from stdin ${how}`;
    await pipeline(rows, client.query(copyFrom(into)));
    progress?.finished(table);
  }
}

/** The tables come in the order of the manifest; this takes from the archive what belongs to the next one. */
async function* rowsOf(
  { name, bytes }: BackupTable,
  entries: AsyncIterator<ArchiveEntry>,
  onBytes: (done: number) => void,
): AsyncGenerator<Buffer> {
  for (let done = 0; done < bytes; ) {
    const next = await entries.next();
    if (next.done)
      throw new StoreError('backup_damaged', `The rows of ${name} are not where the manifest has them.`);
    const { path, data } = next.value;
    if (tableOfPath(path) !== name) continue;
    done += data.length;
    onBytes(done);
    yield data;
  }
}

function explain(cause: unknown, signal: AbortSignal | undefined): unknown {
  const unchanged = 'Nothing was restored: the database is as empty as before.';
  if (signal?.aborted) return new StoreError('restore_failed', `Stopped. ${unchanged}`, { cause });
  if (!(cause instanceof pg.DatabaseError)) return cause;
  const where = cause.where ? ` (${cause.where.split('\n')[0]})` : '';
  return new StoreError(
    'restore_failed',
    `PostgreSQL refused it: ${describeError(cause)}${where}. ${unchanged}`,
    { cause },
  );
}
