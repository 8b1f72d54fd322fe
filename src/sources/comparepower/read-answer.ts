/** The body of ComparePower's answer as plans, whether just fetched or kept and read again. */

import { RATE_TYPES } from '../../plan/plan.ts';
import { excerpt } from '../http.ts';
import type { Fetched, SourceName } from '../source.ts';
import { SourceError } from '../source-error.ts';
import { normalisePlans } from './normalise.ts';
import { findDrift } from './wire.ts';

/** The order page opens without a meter number (ESIID); with one that does not exist it would stay empty. */
const ORDER_PAGE = 'https://orders.comparepower.com/order/service_location';

const NONE =
  /\b(?:no|none|0) (?:\w+ ){0,3}(?:plans?|products?|results?|records?|rates?|offers?)\b|\b(?:plans?|results?|products?) (?:were |was )?not found\b/i;
const FAILED =
  /\b(?:key|token|access|authori[sz]ed|denied|forbidden|limit|error|fail|timed? ?out|route|endpoint|unavailable)/i;

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
  if (saysNone(records)) return [];
  if (!Array.isArray(records)) throw unreadable('JSON that is not a list of plans');
  return records;
}

const COMPAREPOWER = {
  enrollUrl: (id: string) => `${ORDER_PAGE}?${new URLSearchParams({ plan_id: id })}`,
  rateTypeOf: () => null,
};

/** Nothing can be ordered in a sandbox, and its families are rate types: a demo can filter by them. */
const SANDBOX = {
  enrollUrl: () => null,
  rateTypeOf: (family: string) => RATE_TYPES.find((type) => type === family.toLowerCase()) ?? null,
};

/** Where there are no plans the answer may be a sentence; one about anything else is a failure. */
function saysNone(answer: unknown): boolean {
  const { message } = Object(answer) as { message?: unknown };
  return typeof message === 'string' && NONE.test(message) && !FAILED.test(message);
}

export function toFetched(records: readonly unknown[], tdsp_duns: string, source: SourceName): Fetched {
  return {
    source,
    tdsps: [normalisePlans(records, tdsp_duns, source === 'sandbox' ? SANDBOX : COMPAREPOWER)],
    schema_drift: findDrift(records),
    skipped: {},
  };
}
