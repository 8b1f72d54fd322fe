/** Parameters of questions about markets over time: days, moments, versions, usages. */

import { isDay, type MarketDay } from '../../plan/market-day.ts';
import { PUBLISHED_USAGES_KWH, type PublishedUsageKwh } from '../../plan/rate.ts';
import { jsonNumber } from '../../readers.ts';
import { beginningOf, type ChangePlace } from '../../store/market/changes.ts';
import type { Tdsp, Territory } from '../../territory/territory.ts';
import { moment, type Param } from '../params.ts';
import { Problem } from '../problem.ts';

const anyUsage = jsonNumber(1, 10_000, true);

/** Only the published ones: at other usages a past rate would be an estimate of an estimate. */
export function publishedUsage(description: string): Param<PublishedUsageKwh> {
  return {
    description: `${description} 1000 if not given.`,
    schema: { type: 'integer', enum: PUBLISHED_USAGES_KWH },
    expected: `one of ${PUBLISHED_USAGES_KWH.join(', ')}, the usages at which plans state their rate`,
    read: (given) => PUBLISHED_USAGES_KWH.find((usage) => usage === anyUsage.read(given)),
  };
}

export function day(description: string): Param<MarketDay> {
  return {
    description: `${description} YYYY-MM-DD in America/Chicago.`,
    schema: { type: 'string', format: 'date' },
    expected: 'a day as YYYY-MM-DD, for example 2026-11-01',
    read: (given) => (isDay(given) ? given : undefined),
  };
}

/** What was last seen: a version, or a moment. */
export type Since = { version: number; duns: string | null } | { time: Date };

const time = moment('');

export const since: Param<Since> = {
  description:
    'What happened after this: a version, as in the `version` of a change or of a plan list of this TDSP, or a time with its zone. 0 is everything; the last 24 hours if not given.',
  schema: { type: 'string', examples: ['41', '1039940674000.41', '2026-11-01T06:00:00Z'] },
  expected: 'a version or a time with its zone, such as 41 or 2026-11-01T06:00:00Z',
  read: (given) => {
    const [, duns = null, version] = /^(?:(\d{9,13})\.)?(\d{1,15})$/.exec(given) ?? [];
    if (version) return { version: Number(version), duns };
    const at = time.read(given);
    return at && { time: at };
  },
};

const UUID = /^[0-9a-f-]{36}$/;
const EVENT = /^[a-z]{0,10}$/;

/** Bound to the TDSP it came from: versions of another one count other things. */
export const writeChangeCursor = (duns: string, { version, offer_id, event }: ChangePlace): string => {
  // Between versions, which is where a client that has read everything stands, the cursor is short.
  const within = offer_id === beginningOf(version).offer_id ? [] : [offer_id, event];
  return Buffer.from([duns, version, ...within].join('.'), 'latin1').toString('base64url');
};

export const changeCursor: Param<{ duns: string; place: ChangePlace }> = {
  description: 'Where the page before ended: taken from its `links.next`.',
  schema: { type: 'string', maxLength: 200 },
  expected: 'the cursor in links.next of the page before',
  read: (given) => {
    const [duns, version = '', offer_id, event = ''] = Buffer.from(given, 'base64url')
      .toString('latin1')
      .split('.');
    if (!duns || !/^\d{1,15}$/.test(version) || !EVENT.test(event) || (offer_id && !UUID.test(offer_id))) {
      return undefined;
    }
    const beginning = beginningOf(Number(version));
    return { duns, place: offer_id ? { ...beginning, offer_id, event } : beginning };
  },
};

/** @throws {Problem} no TDSP has this DUNS or code */
export function expectTdsp(territory: Territory, given: string): Tdsp {
  const tdsp = territory.tdsp(given);
  if (tdsp) return tdsp;
  throw new Problem('unknown_tdsp', {
    detail: `Unknown TDSP "${given}"; the TDSPs are ${territory.tdspList}.`,
  });
}
