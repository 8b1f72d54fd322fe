/**
 * `db:restore`: an empty database gets the shape that the backup was made in, its rows, its counters and its views, all
 * in one transaction: whatever happens before its end leaves the database as empty as it was. Then it is brought
 * forward like any older database.
 */

import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import pg from 'pg';
import { type CopyStreamQuery, from as copyFrom } from 'pg-copy-streams';
import { describeError } from '../../errors.ts';
import { endClient, newClient } from '../postgres/client.ts';
import type { Database, Queryable } from '../postgres/database.ts';
import { MIGRATIONS_TABLE, migrate } from '../schema/migrate.ts';
import { type Migration, MigrationError, readMigrations } from '../schema/migration.ts';
import { newHash, readArchive } from './archive.ts';
import { PLAIN_TEXT, tableOfPath } from './backup.ts';
import { BackupDamagedError, RestoreFailedError, RestoreTargetError } from './backup-error.ts';
import { quoted } from './contents.ts';
import { takeOffIndexes } from './indexes.ts';
import type { BackupTable, Manifest } from './manifest.ts';
import { type Verified, verifyBackup } from './verify.ts';

export type RestoreEvent =
  | { type: 'verifying'; bytes: number; total: number }
  | { type: 'verified'; manifest: Manifest }
  | { type: 'shaping'; migrations: number }
  | { type: 'table_progress'; name: string; number: number; total: number; bytes: number; of: number }
  | { type: 'table_finished'; table: BackupTable }
  | { type: 'finishing'; what: 'keys' | 'views' | 'statistics' | 'migrations' };

interface RestoreOptions {
  signal?: AbortSignal;
  onEvent?: (event: RestoreEvent) => void;
  /** Those of this version, unless a test has others. */
  migrations?: Migration[];
}

interface RestoreReport extends Verified {
  /** Applied after the rows were there. */
  migrated: string[];
}

/**
 * @throws {BackupDamagedError} the file is not a backup, or not whole; nothing was written
 * @throws {RestoreTargetError} the database is not empty; nothing was written
 * @throws {MigrationError} the backup was made by a newer or another version; nothing was written
 * @throws {RestoreFailedError} the rows do not fit what the migrations make; all was undone
 */
export async function restoreDatabase(
  database: Database,
  file: string,
  { signal, onEvent = () => {}, migrations = readMigrations() }: RestoreOptions = {},
): Promise<RestoreReport> {
  const verified = await verifyBackup(file, (bytes, total) => onEvent({ type: 'verifying', bytes, total }));
  const { manifest } = verified;
  onEvent({ type: 'verified', manifest });
  const wanted = chooseMigrations(manifest, migrations);
  const client = newClient(database.connectionString);
  // Its end undoes the transaction, however far it is.
  const stop = () => void endClient(client);
  signal?.addEventListener('abort', stop);
  try {
    await client.connect();
    await client.query('begin');
    await client.query(PLAIN_TEXT);
    await refuseUnlessEmpty(client);
    onEvent({ type: 'shaping', migrations: wanted.length });
    await makeShape(client, manifest, wanted);
    await load(client, file, manifest, onEvent);
    onEvent({ type: 'finishing', what: 'views' });
    for (const view of manifest.views) await client.query(`refresh materialized view ${quoted(view)}`);
    signal?.throwIfAborted();
    await client.query('commit');
  } catch (cause) {
    throw explain(cause, signal);
  } finally {
    signal?.removeEventListener('abort', stop);
    await endClient(client);
  }
  onEvent({ type: 'finishing', what: 'statistics' });
  await database.pool.query('analyze');
  onEvent({ type: 'finishing', what: 'migrations' });
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
  throw new RestoreTargetError(
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
  for (const { sql } of migrations) {
    // Nobody else is here, so nobody has to be spared, and a transaction takes no other way of making an index.
    await client.query(sql.replace(/\bconcurrently\b/gi, ''));
  }
  const { rows } = await client.query<{ name: string }>(
    `select c.relname::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       join pg_class p on p.oid = i.inhparent
      where p.relkind = 'p' and p.relnamespace = current_schema()::regnamespace`,
  );
  for (const { name } of rows) await client.query(`drop table if exists ${quoted(name)}`);
  for (const { name, parent, bound } of manifest.partitions) {
    await client.query(`create table ${quoted(name)} partition of ${quoted(parent)} ${bound}`);
  }
  await client.query(MIGRATIONS_TABLE);
  // What migrations put in is in the backup, as it was later.
  const names = manifest.tables.map(({ name }) => quoted(name));
  if (names.length > 0) await client.query(`truncate ${names.join(', ')}`);
}

async function load(
  client: pg.Client,
  file: string,
  manifest: Manifest,
  onEvent: (event: RestoreEvent) => void,
): Promise<void> {
  const remake = await takeOffIndexes(client);
  let under: Loading | null = null;
  for await (const { path, data } of readArchive(file)) {
    const name = tableOfPath(path);
    if (under && under.table.name !== name) {
      await under.finish();
      onEvent({ type: 'table_finished', table: under.table });
      under = null;
    }
    if (name === null) continue;
    const number = manifest.tables.findIndex((table) => table.name === name);
    const isPartitioned = manifest.partitions.some(({ parent }) => parent === name);
    under ??= new Loading(client, manifest.tables[number]!, isPartitioned);
    await under.write(data);
    const { bytes } = under;
    onEvent({
      type: 'table_progress',
      name,
      number: number + 1,
      total: manifest.tables.length,
      bytes,
      of: under.table.bytes,
    });
  }
  onEvent({ type: 'finishing', what: 'keys' });
  for (const statement of remake) await client.query(statement);
  await namePartitionIndexes(client);
  for (const { name, last_value, is_called } of manifest.sequences) {
    await client.query('select setval($1::regclass, $2, $3)', [quoted(name), last_value, is_called]);
  }
}

/** PostgreSQL makes up names for the indexes of partitions; ours are called like that of the whole table, and the part. */
async function namePartitionIndexes(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ made_up: string; name: string }>(
    `select i.relname::text as made_up, w.relname || substr(t.relname, length(p.relname) + 1) as name
       from pg_class w
       join pg_inherits l on l.inhparent = w.oid
       join pg_class i on i.oid = l.inhrelid
       join pg_index x on x.indexrelid = i.oid
       join pg_class t on t.oid = x.indrelid
       join pg_inherits h on h.inhrelid = t.oid
       join pg_class p on p.oid = h.inhparent
      where w.relkind = 'I' and w.relnamespace = current_schema()::regnamespace and w.relname like 'idx\\_%'
        and starts_with(t.relname, p.relname)`,
  );
  for (const { made_up, name } of rows) {
    await client.query(`alter index ${quoted(made_up)} rename to ${quoted(name)}`);
  }
}

/** One table on its way in. */
class Loading {
  readonly table: BackupTable;
  readonly #stream: CopyStreamQuery;
  readonly #hash = newHash();
  readonly #finished: Promise<void>;
  bytes = 0;

  constructor(client: pg.Client, table: BackupTable, isPartitioned: boolean) {
    this.table = table;
    this.#stream = client.query(
      // Emptied in this transaction, so its rows may be written as old ones: no VACUUM has to touch them again.
      copyFrom(
        `copy ${quoted(table.name)} (${table.columns.map(quoted).join(', ')}) from stdin${isPartitioned ? '' : ' with (freeze)'}`,
      ),
    );
    this.#finished = finished(this.#stream);
    this.#finished.catch(() => {});
  }

  async write(data: Buffer): Promise<void> {
    this.#hash.update(data);
    this.bytes += data.length;
    if (this.#stream.write(data)) return;
    await Promise.race([once(this.#stream, 'drain'), this.#finished]);
  }

  async finish(): Promise<void> {
    this.#stream.end();
    await this.#finished;
    // Read twice, and the same both times.
    if (this.#hash.digest('hex') !== this.table.sha256 || this.#stream.rowCount !== this.table.rows) {
      throw new BackupDamagedError(
        `The rows of ${this.table.name} changed while they were read. Nothing was restored.`,
      );
    }
  }
}

function explain(cause: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) {
    return new RestoreFailedError('Stopped. Nothing was restored: the database is as empty as before.', {
      cause,
    });
  }
  if (!(cause instanceof pg.DatabaseError)) return cause;
  const where = cause.where ? ` (${cause.where.split('\n')[0]})` : '';
  return new RestoreFailedError(
    `PostgreSQL refused it: ${describeError(cause)}${where}. Nothing was restored: the database is as empty as before.`,
    { cause },
  );
}
