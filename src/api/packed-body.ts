/**
 * Compressed bodies whose end can be written anew without compressing the rest again. The long prefix is compressed
 * once and ends on a byte boundary; the short tail follows uncompressed, as both formats allow (RFC 1951, 3.2.4;
 * RFC 7932, 9.2). So an answer tells its age to the second and still costs no compression.
 */

import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, crc32, deflateRaw } from 'node:zlib';

export type Encoding = 'identity' | 'gzip' | 'br';

export interface PrefixPacked {
  encoding: Exclude<Encoding, 'identity'>;
  bytes: Buffer;
  /** CRC-32 and length of the prefix as it was. */
  crc: number;
  length: number;
}

const GZIP_HEAD = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
const LONGEST_TAIL = 0xffff;

/** @param prefix ASCII */
export async function compressPrefix(
  encoding: PrefixPacked['encoding'],
  prefix: string,
): Promise<PrefixPacked> {
  const raw = Buffer.from(prefix, 'latin1');
  const about = { encoding, crc: crc32(raw), length: raw.length };
  if (encoding === 'gzip') {
    const bytes = await promisify(deflateRaw)(raw, { level: 6, finishFlush: constants.Z_SYNC_FLUSH });
    return { ...about, bytes: Buffer.concat([GZIP_HEAD, bytes]) };
  }
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 6,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
  };
  const bytes = await promisify(brotliCompress)(raw, {
    params,
    finishFlush: constants.BROTLI_OPERATION_FLUSH,
  });
  return { ...about, bytes };
}

/**
 * The whole body.
 * @param tail ASCII, 1 to 65,535 characters
 */
export function withTail({ encoding, bytes, crc, length }: PrefixPacked, tail: string): Buffer {
  const size = tail.length;
  if (size < 1 || size > LONGEST_TAIL)
    throw new RangeError(`A tail of ${size} characters: expected 1 to ${LONGEST_TAIL}`);
  const raw = Buffer.from(tail, 'latin1');
  if (encoding === 'gzip') {
    // A last block of stored bytes: its head, its length, the complement of its length.
    const block = Buffer.alloc(5);
    block[0] = 1;
    block.writeUInt16LE(size, 1);
    block.writeUInt16LE(size ^ 0xffff, 3);
    const end = Buffer.alloc(8);
    end.writeUInt32LE(crc32(raw, crc), 0);
    end.writeUInt32LE((length + size) >>> 0, 4);
    return Buffer.concat([bytes, block, raw, end]);
  }
  // An uncompressed meta-block: not the last (1 bit), length in 4 nibbles (2 bits), length - 1 (16), uncompressed (1).
  const head = Buffer.alloc(3);
  head.writeUIntLE(((size - 1) << 3) | (1 << 19), 0, 3);
  // An empty last meta-block.
  return Buffer.concat([bytes, head, raw, Buffer.from([3])]);
}

/** What a caller takes: `br` before `gzip`; where it weighs them itself, the bytes as they are. */
export function encodingFor(accepted: string | undefined): Encoding {
  if (accepted === undefined) return 'identity';
  // Browsers give no weights, and to look for them costs more than the rest.
  if (accepted.includes(';') && /;\s*q=0(\.0*)?\s*(,|$)/.test(accepted)) return 'identity';
  return accepted.includes('br') ? 'br' : accepted.includes('gzip') ? 'gzip' : 'identity';
}

/** From the list as it came: to make an object of all headers costs as much as the rest of a 304. @param name in lower case */
export function headerOf({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  let value: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = rawHeaders[at]!;
    if (given.length === name.length && given.toLowerCase() === name) {
      // A list may come on several lines (RFC 9110, 5.3).
      value = value === undefined ? rawHeaders[at + 1]! : `${value}, ${rawHeaders[at + 1]}`;
    }
  }
  return value;
}
