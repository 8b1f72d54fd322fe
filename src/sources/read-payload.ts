/** Reads a kept body with today's normaliser, as if it had just been fetched. */

import { readRecords, toFetched } from './comparepower/read-answer.ts';
import { parsePowerToChoose } from './powertochoose/normalise.ts';
import type { Fetched, SourceName } from './source.ts';

interface ReadPayloadOptions {
  source: SourceName;
  body: Uint8Array;
  /** The TDSPs to be read from it; an answer of ComparePower holds one. */
  duns: readonly string[];
  /** The DUNS of a TDSP by its name in the Power to Choose export, of an older one where `year` is told. */
  tdspByName(name: string, year: number | null): string | undefined;
}

/** @throws {SourceError} `upstream_unreadable` */
export function readPayload({ source, body, duns, tdspByName }: ReadPayloadOptions): Fetched {
  if (source === 'powertochoose') return parsePowerToChoose(body, { duns, tdspByName });
  return toFetched(readRecords(body, source), duns[0]!, source);
}
