/** The body of ComparePower's answer as plans: just fetched, or kept and read again. */

import { excerpt } from '../http.ts';
import type { Fetched, SourceName } from '../source.ts';
import { SourceError } from '../source-error.ts';
import { normalisePlans } from './normalise.ts';
import { findDrift } from './wire.ts';

/** The order page opens without a meter number (ESIID); with one that does not exist it would stay empty. */
const ORDER_PAGE = 'https://orders.comparepower.com/order/service_location';

/**
 * @param from who answered, for the message
 * @throws {SourceError} `upstream_unreadable`: no JSON, or no list
 */
export function readRecords(body: Uint8Array, from: string): unknown[] {
  let records: unknown;
  try {
    records = JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw new SourceError(
      'upstream_unreadable',
      `${from} answered something else than JSON, or JSON that is cut off: ${excerpt(body)}`,
      { cause },
    );
  }
  if (Array.isArray(records)) return records;
  throw new SourceError(
    'upstream_unreadable',
    `${from} answered JSON that is no list of plans: ${excerpt(body)}`,
  );
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
