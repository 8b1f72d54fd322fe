/** The body of ComparePower's answer as plans, whether just fetched or kept and read again. */

import { excerpt } from '../http.ts';
import type { Fetched, SourceName } from '../source.ts';
import { SourceError } from '../source-error.ts';
import { normalisePlans } from './normalise.ts';
import { findDrift } from './wire.ts';

/** The order page opens without a meter number (ESIID); with one that does not exist it would stay empty. */
const ORDER_PAGE = 'https://orders.comparepower.com/order/service_location';

/**
 * @param from who answered, for the message
 * @throws {SourceError} `upstream_unreadable`: not JSON, or not a list
 */
export function readRecords(body: Uint8Array, from: string): unknown[] {
  const unreadable = (what: string, cause?: unknown) =>
    new SourceError('upstream_unreadable', `${from} answered ${what}: ${excerpt(body)}`, { cause });
  let records: unknown;
  try {
    records = JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw unreadable('something other than JSON, or JSON that is cut off', cause);
  }
  if (!Array.isArray(records)) throw unreadable('JSON that is not a list of plans');
  return records;
}

export function toFetched(records: readonly unknown[], tdsp_duns: string, source: SourceName): Fetched {
  const orderPage = (id: string) => `${ORDER_PAGE}?${new URLSearchParams({ plan_id: id })}`;
  return {
    source,
    // Nothing can be ordered in a sandbox.
    tdsps: [normalisePlans(records, tdsp_duns, source === 'sandbox' ? () => null : orderPage)],
    schema_drift: findDrift(records),
    skipped: {},
  };
}
