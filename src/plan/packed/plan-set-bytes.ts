/**
 * A plan set as it is stored where it is only read to be asked: packed and compressed. When it was confirmed is not
 * part of it, because that moves while the plans stay.
 */

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { PackedPlanSet, type PlanSet, type PlanSetAbout, packedPlans } from '../plan-set.ts';
import { PackedPlans } from './packed-plans.ts';

const LENGTH_BYTES = 4;
/** A piece that is filled to the last byte is taken for an unfinished one. */
const ROOM_BYTES = 64;
const NEW_LINE = 10;
/** Of 1 to 22: smaller and quicker to read than the usual 3, and made once for each version. */
const LEVEL = 6;

/**
 * How long the rest is when decompressed, then, compressed, a line about the set and the packed plans. The line is filled
 * up, so that the plans begin where their columns can be read.
 */
export function encodePlanSet(set: Omit<PlanSet, 'observed_at'>): Buffer {
  if (set.encoded) return set.encoded;
  const { tdsp_duns, version, source, kept_fields } = set;
  const about = Buffer.from(`${JSON.stringify({ tdsp_duns, version, source, kept_fields })}\n`);
  const filling = Buffer.alloc(-about.byteLength & 7, ' ');
  const raw = Buffer.concat([filling, about, packedPlans(set).bytes]);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(raw.byteLength);
  const params = { [constants.ZSTD_c_compressionLevel]: LEVEL };
  return Buffer.concat([length, zstdCompressSync(raw, { params })]);
}

/** `null` for whatever is not this version of the plan set of this TDSP, whole and in our format. */
export function decodePlanSet(
  encoded: Buffer,
  { tdsp_duns, version, observed_at }: Omit<PlanSetAbout, 'source' | 'kept_fields'>,
): PlanSet | null {
  try {
    // In one piece: by default it is many, put together in the end.
    const chunkSize = encoded.readUInt32LE() + ROOM_BYTES;
    const raw = zstdDecompressSync(encoded.subarray(LENGTH_BYTES), { chunkSize });
    const end = raw.indexOf(NEW_LINE) + 1;
    const about = JSON.parse(raw.toString('utf8', 0, end)) as PlanSetAbout;
    if (about.tdsp_duns !== tdsp_duns || about.version !== version) return null;
    return new PackedPlanSet({ ...about, observed_at }, new PackedPlans(raw.subarray(end)), encoded);
  } catch {
    return null;
  }
}
