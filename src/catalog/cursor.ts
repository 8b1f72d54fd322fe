/** Cursors: opaque to callers, bound to the query they came from. */

import { hash } from 'node:crypto';
import type { Cursor } from './plan-query.ts';

const fingerprint = (key: string): string => hash('md5', key, 'hex').slice(0, 12);

export function writeCursor(queryKey: string, { id, index }: Cursor): string {
  return Buffer.from(`${fingerprint(queryKey)}.${index}.${id}`).toString('base64url');
}

export type CursorReading = { cursor: Cursor } | { problem: string };

/** Reads a cursor back, and says why it cannot be used with this query. */
export function readCursor(queryKey: string, text: string): CursorReading {
  const [print, index, id] = Buffer.from(text, 'base64url').toString('latin1').split('.');
  if (!print || !id || !/^\d{1,9}$/.test(index ?? '')) {
    return { problem: 'is no cursor: take the one in links.next of the page before' };
  }
  if (print !== fingerprint(queryKey)) {
    return { problem: 'belongs to another query: keep all other parameters as they were on the page before' };
  }
  return { cursor: { id, index: Number(index) + 1 } };
}
