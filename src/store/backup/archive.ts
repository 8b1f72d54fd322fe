/**
 * The file of a backup: an ordinary tar, packed with zstd, so that `tar --zstd -xf` opens it without wattsync. Behind it
 * follow 40 bytes that unpackers skip and that hold the SHA-256 of all that comes before: a file that was cut, prolonged
 * or changed in any bit is known without being unpacked.
 *
 *   wattsync-backup.txt              what this is
 *   tables/<table>/000001.copy …     the rows, as COPY writes them, some megabytes in each
 *   manifest.json                    what is in it; the last entry: only then are the counts known
 */

import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PassThrough, Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { Header, Parser, type ReadEntry } from 'tar';
import { BackupDamagedError } from './backup-error.ts';

export interface ArchiveEntry {
  path: string;
  data: Buffer;
}

const BLOCK = 512;
/** A frame that every zstd unpacker passes over: four bytes of magic, four of length, the hash. */
const TRAILER = { magic: Buffer.from([0x50, 0x2a, 0x4d, 0x18, 32, 0, 0, 0]), bytes: 40 };
const PACKED = { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } };

/**
 * Writes all entries under a name of its own, brings them to the disk, and only then gives the file its name.
 * @returns bytes of the file and their SHA-256
 */
export async function writeArchive(
  file: string,
  entries: AsyncIterable<ArchiveEntry>,
  signal?: AbortSignal,
): Promise<{ bytes: number; sha256: string }> {
  const draft = `${file}.${process.pid}.partial`;
  const inside = createHash('sha256');
  const outside = createHash('sha256');
  let bytes = 0;
  const finish = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      inside.update(chunk);
      outside.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
    flush(done) {
      const trailer = Buffer.concat([TRAILER.magic, inside.digest()]);
      outside.update(trailer);
      bytes += trailer.length;
      done(null, trailer);
    },
  });
  try {
    const target = createWriteStream(draft, { mode: 0o600, flush: true });
    await pipeline(Readable.from(toTar(entries)), createZstdCompress(PACKED), finish, target, { signal });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
  return { bytes, sha256: outside.digest('hex') };
}

async function* toTar(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<Buffer> {
  const mtime = new Date();
  for await (const { path, data } of entries) {
    const head = Buffer.alloc(BLOCK);
    new Header({ path, size: data.length, mode: 0o600, mtime, type: 'File' }).encode(head, 0);
    yield head;
    yield data;
    yield Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK);
}

/** The new name survives a power cut, too. Windows has no such call, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/**
 * Reads a file through and compares it with its hash. Nothing is unpacked.
 * @throws {BackupDamagedError} it is not a backup, or not as it was written
 */
export async function checkArchive(
  file: string,
  onBytes: (done: number, total: number) => void = () => {},
): Promise<{ bytes: number; sha256: string }> {
  const size = (await stat(file)).size;
  const [inside, outside] = [createHash('sha256'), createHash('sha256')];
  const trailer = Buffer.alloc(TRAILER.bytes);
  if (size > TRAILER.bytes) {
    let done = 0;
    for await (const chunk of createReadStream(file, {
      end: size - TRAILER.bytes - 1,
      highWaterMark: 1 << 20,
    })) {
      inside.update(chunk as Buffer);
      outside.update(chunk as Buffer);
      done += (chunk as Buffer).length;
      onBytes(done, size);
    }
    const handle = await open(file, 'r');
    await handle.read(trailer, 0, TRAILER.bytes, size - TRAILER.bytes).finally(() => handle.close());
  }
  if (!trailer.subarray(0, 8).equals(TRAILER.magic)) {
    throw new BackupDamagedError(
      `${file} is not a backup of wattsync, or its end is cut off. Nothing was restored.`,
    );
  }
  if (!trailer.subarray(8).equals(inside.digest())) {
    throw new BackupDamagedError(
      `${file} was changed since it was written: its content does not match its SHA-256. Nothing was restored.`,
    );
  }
  outside.update(trailer);
  return { bytes: size, sha256: outside.digest('hex') };
}

/**
 * The entries of a file, one after the other; the next is read when the last was taken.
 * @throws {BackupDamagedError} it cannot be unpacked
 */
export async function* readArchive(file: string): AsyncGenerator<ArchiveEntry> {
  const size = (await stat(file)).size;
  const parser = new Parser({ strict: true });
  // One entry waits at most: the parser stops the file until it is taken.
  const entries = new PassThrough({ objectMode: true });
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  const fail = (error: Error) => {
    failed.reject(error);
    entries.destroy(error);
  };
  parser.on('entry', (entry: ReadEntry) => entries.write(entry));
  parser.on('end', () => entries.end());
  parser.on('error', fail);
  const packed = createReadStream(file, { end: size - TRAILER.bytes - 1 });
  const unpacked = packed.on('error', fail).pipe(createZstdDecompress());
  unpacked.on('error', fail).pipe(parser as unknown as NodeJS.WritableStream);
  try {
    for await (const entry of entries as AsyncIterable<ReadEntry>) {
      yield { path: entry.path, data: await Promise.race([entry.concat(), failed.promise]) };
    }
  } catch (cause) {
    throw new BackupDamagedError(`${file} cannot be unpacked.`, { cause });
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

export const newHash = (): Hash => createHash('sha256');
