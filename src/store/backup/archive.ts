/**
 * The file of a backup: an ordinary tar, packed with zstd, so that `tar --zstd -xf` opens it without wattsync. The 40 bytes
 * at its end, which unpackers skip, hold the SHA-256 of everything before them.
 *
 *   wattsync-backup.txt              what this is
 *   tables/<table>/000001.copy …     the rows, as COPY writes them, some megabytes in each
 *   manifest.json                    what is in it; the last entry: only then are the counts known
 */

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import { Header } from 'tar';
import { StoreError } from '../store-error.ts';

export interface ArchiveEntry {
  path: string;
  data: Buffer;
}

/** Of the file. */
interface Sealed {
  bytes: number;
  sha256: string;
}

const BLOCK = 512;
/** Far above the parts a backup writes: a crafted entry must not fill the memory. */
const MOST_ENTRY_BYTES = 64 << 20;
/** Rows pack to a tenth or so; zeros to next to nothing. */
const MOST_UNPACKED = { times: 500, bytes: 64 << 20 };
/** A frame that every zstd unpacker passes over: four bytes of magic, four of length, the hash. */
const TRAILER = { magic: Buffer.from([0x50, 0x2a, 0x4d, 0x18, 32, 0, 0, 0]), bytes: 40 };
const PACKED = { params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 } };

export const pathOfPart = (table: string, part: number): string =>
  `tables/${encodeURIComponent(table)}/${String(part).padStart(6, '0')}.copy`;

/** The table whose rows an entry holds; `null`: it holds none. */
export function tableOfPath(path: string): string | null {
  const [, name] = /^tables\/([^/]+)\/\d{6,}\.copy$/.exec(path) ?? [];
  if (name === undefined) return null;
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}

/** Writes all entries under a temporary name and to the disk; only then does the file get its name. */
export async function writeArchive(
  file: string,
  entries: AsyncIterable<ArchiveEntry>,
  signal?: AbortSignal,
): Promise<Sealed> {
  const draft = `${file}.${process.pid}.partial`;
  const hash = createHash('sha256');
  const target = createWriteStream(draft, { mode: 0o600, flush: true });
  async function* seal(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of packed) {
      hash.update(chunk);
      yield chunk;
    }
    const trailer = Buffer.concat([TRAILER.magic, hash.copy().digest()]);
    hash.update(trailer);
    yield trailer;
  }
  try {
    await pipeline(toTar(entries), createZstdCompress(PACKED), seal, target, { signal });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
  return { bytes: target.bytesWritten, sha256: hash.digest('hex') };
}

async function* toTar(entries: AsyncIterable<ArchiveEntry>): AsyncGenerator<Buffer> {
  const mtime = new Date();
  for await (const { path, data } of entries) {
    const head = Buffer.alloc(BLOCK);
    new Header({ path, size: data.length, mode: 0o600, mtime, type: 'File' }).encode(head, 0);
    yield head;
    yield data;
    yield Buffer.alloc(paddingOf(data.length));
  }
  yield Buffer.alloc(2 * BLOCK);
}

const paddingOf = (bytes: number): number => (BLOCK - (bytes % BLOCK)) % BLOCK;

/** The new name survives a power cut, too. Windows has no such call, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/**
 * Compares a file with its hash. Nothing is unpacked.
 * @throws {StoreError} `backup_damaged` it is not a backup, or not as it was written
 */
export async function checkArchive(
  file: string,
  onBytes: (done: number, total: number) => void,
): Promise<Sealed> {
  const { size } = await stat(file);
  const end = Math.max(0, size - TRAILER.bytes);
  const hash = createHash('sha256');
  const trailer: Buffer[] = [];
  let done = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const content = chunk.subarray(0, Math.max(0, end - done));
    hash.update(content);
    trailer.push(chunk.subarray(content.length));
    done += chunk.length;
    onBytes(done, size);
  }
  const found = Buffer.concat(trailer);
  const magic = found.subarray(0, TRAILER.magic.length);
  if (!magic.equals(TRAILER.magic)) {
    throw new StoreError(
      'backup_damaged',
      `${file} is not a backup of wattsync, or its end is cut off. Nothing was restored.`,
    );
  }
  if (!found.subarray(magic.length).equals(hash.copy().digest())) {
    throw new StoreError(
      'backup_damaged',
      `${file} was changed since it was written: its content does not match its SHA-256. Nothing was restored.`,
    );
  }
  return { bytes: size, sha256: hash.update(found).digest('hex') };
}

/**
 * The entries of a file, one after the other; the next is read when the last was taken.
 * @throws {StoreError} `backup_damaged` it cannot be unpacked
 */
export async function* readArchive(file: string): AsyncGenerator<ArchiveEntry> {
  const { size: bytes } = await stat(file);
  const packed = createReadStream(file, { end: bytes - TRAILER.bytes - 1 });
  const unpacked = packed.pipe(createZstdDecompress());
  packed.on('error', (error) => unpacked.destroy(error));
  const take = takeFrom(unpacked);
  let unpackedBytes = 0;
  try {
    for (;;) {
      const { nullBlock, cksumValid, path, size, type } = new Header(await take(BLOCK));
      if (nullBlock) return;
      const isFile = type === 'File' && path !== undefined && size !== undefined;
      if (!cksumValid || !isFile || size > MOST_ENTRY_BYTES) {
        throw new Error(`The entry ${path} is damaged or too large`);
      }
      unpackedBytes += BLOCK + size;
      if (unpackedBytes > MOST_UNPACKED.bytes + bytes * MOST_UNPACKED.times) {
        throw new Error('It holds far more than rows can be packed to');
      }
      const data = await take(size);
      await take(paddingOf(size));
      yield { path, data };
    }
  } catch (cause) {
    throw new StoreError('backup_damaged', `${file} cannot be unpacked.`, { cause });
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
}

/** @returns hands out the next bytes, exactly as many as are asked for */
function takeFrom(stream: AsyncIterable<Buffer>): (bytes: number) => Promise<Buffer> {
  const chunks = stream[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  return async (bytes) => {
    const parts = [rest];
    let length = rest.length;
    while (length < bytes) {
      const { value, done } = await chunks.next();
      if (done) throw new Error('It ends too early');
      parts.push(value);
      length += value.length;
    }
    const all = Buffer.concat(parts);
    rest = all.subarray(bytes);
    return all.subarray(0, bytes);
  };
}
