/** Whether a backup is whole: the file against its own hash, and every table against its count and hash in the manifest. */

import { stat } from 'node:fs/promises';
import { StoreError } from '../store-error.ts';
import { checkArchive, readArchive, tableOfPath } from './archive.ts';
import { type BackupTable, type Manifest, RowTally, readManifest } from './manifest.ts';

/** Told what a backup or a restore is doing. */
export interface BackupProgress {
  /**
   * @param done bytes of it that are through; left out where that is not known
   * @param of bytes in all
   */
  now(what: string, done?: number, of?: number): void;
  /** All rows of a table are written. */
  finished(table: BackupTable): void;
}

export interface Verified {
  manifest: Manifest;
  bytes: number;
  /** Of the file. */
  sha256: string;
}

/**
 * Reads a backup to its end. Nothing is written anywhere.
 * @throws {StoreError} `backup_damaged` it is not a backup, or not as it was written
 */
export async function verifyBackup(file: string, progress?: BackupProgress): Promise<Verified> {
  const stats = await stat(file).catch((cause) => {
    throw new StoreError('backup_damaged', `There is no backup at ${file}.`, { cause });
  });
  if (!stats.isFile())
    throw new StoreError('backup_damaged', `There is no backup at ${file}: it is not a file.`);
  const { bytes, sha256 } = await checkArchive(file, (done, total) => {
    progress?.now('Checking the file', done, total);
  });
  const damaged = (what: string) =>
    new StoreError('backup_damaged', `${file} is damaged: ${what}. Nothing was restored.`);
  const found = new Map<string, RowTally>();
  let manifest: Manifest | null = null;
  for await (const { path, data } of readArchive(file)) {
    if (manifest) throw damaged(`${path} comes after the manifest`);
    if (path === 'manifest.json') manifest = readManifest(data.toString('utf8'));
    const name = tableOfPath(path);
    if (name === null) continue;
    const tally = found.get(name) ?? new RowTally();
    found.set(name, tally);
    tally.add(data);
  }
  if (!manifest) throw damaged('it has no manifest');
  for (const table of manifest.tables) {
    const tally = (found.get(table.name) ?? new RowTally()).close();
    found.delete(table.name);
    if (tally.rows !== table.rows || tally.bytes !== table.bytes || tally.sha256 !== table.sha256) {
      throw damaged(`the rows of ${table.name} are not those that were written`);
    }
  }
  const [unknown] = found.keys();
  if (unknown !== undefined) throw damaged(`the manifest does not know the table ${unknown}`);
  return { manifest, bytes, sha256 };
}
