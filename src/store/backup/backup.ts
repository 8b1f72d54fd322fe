/**
 * `db:backup`: one snapshot of the whole database in one file. Everything is read in one transaction, so it is the state
 * of one moment, whatever is published meanwhile; nobody is kept from reading or writing.
 */

import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { endClient, newClient } from '../postgres/client.ts';
import type { Database } from '../postgres/database.ts';
import { type ArchiveEntry, newHash, writeArchive } from './archive.ts';
import { quoted, readContents, type TableToSave } from './contents.ts';
import { type BackupTable, FORMAT, FORMAT_VERSION, type Manifest } from './manifest.ts';

export type BackupEvent =
  | { type: 'table_started'; name: string; number: number; total: number }
  | { type: 'table_progress'; name: string; bytes: number }
  | { type: 'table_finished'; table: BackupTable };

interface BackupOptions {
  signal?: AbortSignal;
  onEvent?: (event: BackupEvent) => void;
}

interface BackupReport {
  manifest: Manifest;
  bytes: number;
  /** Of the file. */
  sha256: string;
}

/** At most this much of a table in one entry of the archive, and in memory. */
const PART_BYTES = 4 << 20;
const LOCK_MS = 10_000;

const README = `A backup of a wattsync database. Restore it into an empty database with

    npm run db:restore -- <this file>

or read it without wattsync: tables/<name>/*.copy are rows as PostgreSQL's COPY writes them (text, UTF-8, times in
UTC), manifest.json names their columns, counts and SHA-256.
`;

/** @throws what PostgreSQL or the file system says; then no file of that name is there */
export async function backupDatabase(
  { connectionString }: Pick<Database, 'connectionString'>,
  file: string,
  { signal, onEvent = () => {} }: BackupOptions = {},
): Promise<BackupReport> {
  const client = newClient(connectionString);
  try {
    await client.connect();
    await beginSnapshot(client);
    const { tables, ...contents } = await readContents(client);
    const manifest: Manifest = {
      format: FORMAT,
      format_version: FORMAT_VERSION,
      made_at: new Date().toISOString(),
      tables: [],
      ...contents,
    };
    const entries = readEntries(client, tables, manifest, onEvent);
    return { manifest, ...(await writeArchive(file, entries, signal)) };
  } finally {
    await endClient(client);
  }
}

/** The same text for the same value, whatever the server is set to. */
export const PLAIN_TEXT = `select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
  set_config('intervalstyle', 'postgres', true), set_config('extra_float_digits', '1', true),
  set_config('bytea_output', 'hex', true), set_config('statement_timeout', '0', true),
  set_config('idle_in_transaction_session_timeout', '0', true)`;

async function beginSnapshot(client: pg.Client): Promise<void> {
  await client.query('begin isolation level repeatable read read only');
  await client.query(PLAIN_TEXT);
  await client.query(`select set_config('lock_timeout', $1, true)`, [String(LOCK_MS)]);
}

async function* readEntries(
  client: pg.Client,
  tables: readonly TableToSave[],
  manifest: Manifest,
  onEvent: (event: BackupEvent) => void,
): AsyncGenerator<ArchiveEntry> {
  yield { path: 'wattsync-backup.txt', data: Buffer.from(README) };
  // Nobody changes their shape until the end.
  if (tables.length > 0) {
    await client.query(
      `lock table ${tables.map(({ name }) => quoted(name)).join(', ')} in access share mode`,
    );
  }
  for (const [at, table] of tables.entries()) {
    onEvent({ type: 'table_started', name: table.name, number: at + 1, total: tables.length });
    const entry: BackupTable = { name: table.name, columns: table.columns, rows: 0, bytes: 0, sha256: '' };
    const hash = newHash();
    let part = 0;
    for await (const data of readRows(client, table, entry)) {
      part += 1;
      hash.update(data);
      entry.bytes += data.length;
      yield { path: partPath(table.name, part), data };
      onEvent({ type: 'table_progress', name: table.name, bytes: entry.bytes });
    }
    entry.sha256 = hash.digest('hex');
    manifest.tables.push(entry);
    onEvent({ type: 'table_finished', table: entry });
  }
  await client.query('commit');
  yield { path: 'manifest.json', data: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) };
}

/** Paths of a tar are short, names of tables may not be; and what order they come in says the number. */
const partPath = (table: string, part: number): string =>
  `tables/${encodeURIComponent(table)}/${String(part).padStart(6, '0')}.copy`;

export const tableOfPath = (path: string): string | null => {
  const [, name] = /^tables\/([^/]+)\/\d{6,}\.copy$/.exec(path) ?? [];
  return name === undefined ? null : decodeURIComponent(name);
};

async function* readRows(client: pg.Client, table: TableToSave, entry: BackupTable): AsyncGenerator<Buffer> {
  const columns = table.columns.map(quoted).join(', ');
  const stream = client.query(
    copyTo(`copy (select ${columns} from ${quoted(table.name)} order by ${table.order}) to stdout`),
  );
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes < PART_BYTES) continue;
    yield Buffer.concat(chunks);
    chunks = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(chunks);
  entry.rows = (stream as unknown as { rowCount: number }).rowCount;
}
