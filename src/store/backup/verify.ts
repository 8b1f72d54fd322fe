/** Whether a backup is whole: the file against its own hash, and every table against its count and hash in the manifest. */

import { stat } from 'node:fs/promises';
import { checkArchive, newHash, readArchive } from './archive.ts';
import { tableOfPath } from './backup.ts';
import { BackupDamagedError } from './backup-error.ts';
import { type Manifest, readManifest } from './manifest.ts';

export interface Verified {
  manifest: Manifest;
  bytes: number;
  sha256: string;
}

const LINE_END = 0x0a;

/**
 * Reads a backup to its end. Nothing is written anywhere.
 * @throws {BackupDamagedError} it is not a backup, or not as it was written
 */
export async function verifyBackup(
  file: string,
  onBytes: (done: number, total: number) => void = () => {},
): Promise<Verified> {
  const place = await stat(file).catch((cause) => {
    throw new BackupDamagedError(`There is no backup at ${file}.`, { cause });
  });
  if (!place.isFile()) throw new BackupDamagedError(`There is no backup at ${file}: it is not a file.`);
  const { bytes, sha256 } = await checkArchive(file, onBytes);
  const found = new Map<string, { rows: number; bytes: number; hash: ReturnType<typeof newHash> }>();
  let manifest: Manifest | null = null;
  for await (const { path, data } of readArchive(file)) {
    if (manifest) throw damaged(file, `${path} comes after the manifest`);
    if (path === 'manifest.json') manifest = readManifest(data.toString('utf8'));
    const name = tableOfPath(path);
    if (name === null) continue;
    const table = found.get(name) ?? { rows: 0, bytes: 0, hash: newHash() };
    table.bytes += data.length;
    // COPY writes a line for each row, and other line ends as \n.
    table.rows += countLines(data);
    table.hash.update(data);
    found.set(name, table);
  }
  if (!manifest) throw damaged(file, 'it has no manifest');
  for (const { name, rows, bytes: length, sha256: expected } of manifest.tables) {
    const table = found.get(name) ?? { rows: 0, bytes: 0, hash: newHash() };
    found.delete(name);
    if (table.rows !== rows || table.bytes !== length || table.hash.digest('hex') !== expected) {
      throw damaged(file, `the rows of ${name} are not those that were written`);
    }
  }
  const [unknown] = found.keys();
  if (unknown !== undefined) throw damaged(file, `the manifest does not know the table ${unknown}`);
  return { manifest, bytes, sha256 };
}

function countLines(data: Buffer): number {
  let lines = 0;
  for (let at = data.indexOf(LINE_END); at !== -1; at = data.indexOf(LINE_END, at + 1)) lines += 1;
  return lines;
}

const damaged = (file: string, what: string): BackupDamagedError =>
  new BackupDamagedError(`${file} is damaged: ${what}. Nothing was restored.`);
