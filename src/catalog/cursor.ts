/** Cursors: opaque to callers, bound to the query they came from. */

import { crc32 } from 'node:zlib';
import { type Cursor, type PlanQuery, queryKey } from './plan-query.ts';

/** What a cursor is bound to: the place and everything that decides about matches and order. */
export function cursorKey(tdsps: readonly string[], query: PlanQuery): string {
  return `${tdsps.join('+')}${queryKey(query)}`;
}

// Not against forgery, which gains nothing here: against a cursor carried over from another query.
const fingerprint = (key: string): string => crc32(key).toString(36);

export function writeCursor(key: string, { id, index }: Cursor): string {
  return Buffer.from(`${fingerprint(key)}.${index}.${id}`, 'latin1').toString('base64url');
}

type CursorReading = { cursor: Cursor } | { problem: string };

/** Reads a cursor back, and says why it cannot be used with this query. */
export function readCursor(key: string, text: string): CursorReading {
  const [print, index, id] = Buffer.from(text, 'base64url').toString('latin1').split('.');
  if (!print || !id || !/^\d{1,9}$/.test(index ?? '')) {
    return { problem: 'is not a cursor: take the one in links.next of the page before' };
  }
  if (print !== fingerprint(key)) {
    return { problem: 'belongs to another query: keep all other parameters as they were on the page before' };
  }
  return { cursor: { id, index: Number(index) + 1 } };
}
