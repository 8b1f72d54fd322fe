/**
 * `db:backup`: one snapshot of the whole database in one file. Everything is read in one transaction, so it is the state
 * of one moment, whatever is published meanwhile; nobody is kept from reading or writing.
 */

import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { endClient, newClient } from '../postgres/client.ts';
import type { Database } from '../postgres/database.ts';
import { type ArchiveEntry, pathOfPart, writeArchive } from './archive.ts';
import { readContents, type TableToSave } from './contents.ts';
import { FORMAT, FORMAT_VERSION, type Manifest, RowTally } from './manifest.ts';
import type { BackupProgress, Verified } from './verify.ts';

interface BackupOptions {
  signal?: AbortSignal;
  progress?: BackupProgress;
}

/** At most this much of a table in one entry of the archive, and in memory. */
const PART_BYTES = 4 << 20;

const README = `A backup of a wattsync database. Restore it into an empty database with

    npm run db:restore -- <this file>

or read it without wattsync: tables/<name>/*.copy are rows as PostgreSQL's COPY writes them (text, UTF-8, times in
UTC), manifest.json names their columns, counts and SHA-256.
`;

/** The same text for the same value, whatever the server is set to. */
export const PLAIN_TEXT = `set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres';
  set local extra_float_digits = 1; set local bytea_output = 'hex';
  set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0`;

/** @throws what PostgreSQL or the file system says; then no file of that name is there */
export async function backupDatabase(
  { connectionString }: Pick<Database, 'connectionString'>,
  file: string,
  { signal, progress }: BackupOptions = {},
): Promise<Verified> {
  const client = newClient(connectionString);
  try {
    await client.connect();
    await client.query('begin isolation level repeatable read read only');
    await client.query(`${PLAIN_TEXT}; set local lock_timeout = '10s'`);
    const { tables, ...contents } = await readContents(client);
    // Nobody changes their shape until the end.
    const names = tables.map(({ name }) => pg.escapeIdentifier(name));
    await client.query(`lock table ${names.join(', ')} in access share mode`);
    const manifest: Manifest = {
      format: FORMAT,
      format_version: FORMAT_VERSION,
      made_at: new Date().toISOString(),
      tables: [],
      ...contents,
    };
    const entries = readEntries(client, tables, manifest, progress);
    return { manifest, ...(await writeArchive(file, entries, signal)) };
  } finally {
    await endClient(client);
  }
}

async function* readEntries(
  client: pg.Client,
  tables: readonly TableToSave[],
  manifest: Manifest,
  progress?: BackupProgress,
): AsyncGenerator<ArchiveEntry> {
  yield { path: 'wattsync-backup.txt', data: Buffer.from(README) };
  for (const [i, table] of tables.entries()) {
    const tally = new RowTally();
    let part = 0;
    for await (const data of readRows(client, table)) {
      progress?.now(`${table.name} (${i + 1} of ${tables.length})`, tally.bytes);
      tally.add(data);
      part += 1;
      yield { path: pathOfPart(table.name, part), data };
    }
    const saved = { name: table.name, columns: table.columns, ...tally.close() };
    manifest.tables.push(saved);
    progress?.finished(saved);
  }
  yield { path: 'manifest.json', data: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) };
}

async function* readRows(client: pg.Client, { name, columns, order }: TableToSave): AsyncGenerator<Buffer> {
  const selected = columns.map(pg.escapeIdentifier).join(', ');
  const stream = client.query(
    copyTo(`copy (select ${selected} from ${pg.escapeIdentifier(name)} order by ${order}) to stdout`),
  );
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes < PART_BYTES) continue;
    yield Buffer.concat(chunks);
    chunks = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(chunks);
}
