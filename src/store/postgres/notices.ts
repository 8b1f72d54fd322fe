/**
 * What is said on the channels of PostgreSQL and Redis. Anybody who may connect may say anything there, and a version
 * that does not exist would be waited for without end: what has another form is not ours.
 */

import type { CacheClear } from '../cache/cache-clears.ts';

export interface PublishedVersion {
  tdsp_duns: string;
  version: number;
  /** ISO 8601 in UTC. */
  observed_at: string;
}

const DUNS = /^\d{9,13}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function readPublished(payload: string | Record<string, unknown>): PublishedVersion | null {
  const { tdsp_duns, version, observed_at } = typeof payload === 'string' ? readObject(payload) : payload;
  if (typeof tdsp_duns !== 'string' || !DUNS.test(tdsp_duns)) return null;
  if (typeof observed_at !== 'string' || !TIME.test(observed_at)) return null;
  return isCount(version) ? { tdsp_duns, version, observed_at } : null;
}

export function readClear(payload: string): CacheClear | null {
  const { id, tdsp_duns } = readObject(payload);
  if (tdsp_duns !== null && (typeof tdsp_duns !== 'string' || !DUNS.test(tdsp_duns))) return null;
  return isCount(id) ? { id, tdsp_duns } : null;
}

function readObject(payload: string): Record<string, unknown> {
  try {
    const told: unknown = JSON.parse(payload);
    return typeof told === 'object' && told !== null ? (told as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;
