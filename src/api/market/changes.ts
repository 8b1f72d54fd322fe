/** `/v1/changes`: the event log of all TDSPs. */

import type { FastifyInstance } from 'fastify';
import { tellEvents } from '../../events/event-json.ts';
import { EVENT_KINDS } from '../../plan/events/market-event.ts';
import { type EventFilter, readEvents, readSeqBefore } from '../../store/events/event-log.ts';
import { usageProfiles } from '../../store/profiles.ts';
import type { Territory } from '../../territory/territory.ts';
import { DAY_MS } from '../../units.ts';
import { choice, decimal, integer, list, moment, type Param, text, type Values } from '../params.ts';
import { Problem } from '../problem.ts';
import { sendRepresentation } from '../representation.ts';
import { type Operation, route } from '../route.ts';
import { type ApiParts, upstreamNotice } from '../routes.ts';
import { expectTdsp } from './market-params.ts';

const LIMIT = 100;
const MAX_AGE_SECONDS = 5;

const time = moment('');

/** A place in the log, or a time. */
const since: Param<{ seq: number } | { time: Date }> = {
  description:
    'What happened after this: the `seq` of the last event you have, or a time with its zone. 0 is everything; the last 24 hours if not given.',
  schema: { type: 'string', examples: ['0', '4711', '2026-11-01T06:00:00Z'] },
  expected: 'the seq of an event or a time with its zone, such as 4711 or 2026-11-01T06:00:00Z',
  read: (given) => {
    if (/^\d{1,15}$/.test(given)) return { seq: Number(given) };
    const at = time.read(given);
    return at && { time: at };
  },
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const offer: Param<string> = {
  description: 'Only what concerns this offer: the `offer_id` of a plan.',
  schema: { type: 'string', format: 'uuid' },
  expected: 'the offer_id of a plan',
  read: (given) => (UUID.test(given) ? given : undefined),
};

/** What may be asked for. */
export const EVENT_FILTERS = {
  tdsp: list(text('DUNS or code of a TDSP; all if not given.', 20)),
  event: list(choice('Kind of event; all if not given.', EVENT_KINDS)),
  provider: text('Only what concerns this provider, by its id.'),
  offer,
  min_change: decimal('Only what moved a rate at 1,000 kWh by as many cents per kWh, up or down.', 0, 99),
};

const PARAMS = {
  since,
  ...EVENT_FILTERS,
  include: choice('`plan`: each event with the plan as it was after it.', ['plan']),
  limit: integer(`Events on a page, the oldest first; ${LIMIT} if not given.`, 1, 500),
};

/** @throws {Problem} a TDSP is not known */
export function toFilter(territory: Territory, params: Values<typeof EVENT_FILTERS>): EventFilter {
  const { tdsp, event, provider, offer, min_change } = params;
  return {
    tdsps: tdsp ? tdsp.map((one) => expectTdsp(territory, one).duns) : null,
    kinds: event,
    provider_id: provider,
    offer_id: offer,
    minChange: min_change,
  };
}

const LIST_EVENTS = {
  id: 'listEvents',
  method: 'GET',
  path: '/v1/changes',
  tag: 'Markets',
  isCostly: true,
  summary: 'What happened in all markets, oldest first: the event log',
  description:
    'Every event has a `seq`: it grows by one from event to event, and what is read up to one is whole. Go on with `links.next`, which is there at the end, too. `offer_withdrawn` is the tombstone of an offer; `replaces` names the plan id that an offer no longer has; `snapshot_published` or `snapshot_reverted` ends a version. With `include=plan` the events alone are enough to hold exactly the plans of every version.',
  query: PARAMS,
  answer: 'EventList',
  caching: { maxAgeSeconds: MAX_AGE_SECONDS },
  problems: ['unknown_tdsp', 'changes_gone', 'storage_unavailable'],
  example: { query: { since: '0', limit: '5' } },
} as const satisfies Operation;

export function changesRoutes(app: FastifyInstance, { territory, database }: ApiParts): void {
  const { pool } = database;
  route(app, LIST_EVENTS, async ({ query, request, reply }) => {
    const filter = toFilter(territory, query);
    const from = query.since ?? { time: new Date(Date.now() - DAY_MS) };
    const after = 'seq' in from ? from.seq : await readSeqBefore(pool, from.time);
    const limit = query.limit ?? LIMIT;
    const { events, upTo, last, dropped } = await readEvents(pool, { after, limit, filter });
    expectKept(after, { last, dropped });
    const withPlans = query.include === 'plan';
    const data = await tellEvents(pool, events, { profiles: usageProfiles(), withPlans });
    const upstreams = [...new Set(events.flatMap(({ source }) => source ?? []))];
    return sendRepresentation(request, reply, {
      json: {
        data,
        meta: {
          last_seq: last,
          kept_after_seq: dropped,
          has_more: upTo < last,
          ...upstreamNotice({ upstreams }),
        },
        links: { next: nextOf(request.url, upTo) },
      },
      maxAgeSeconds: MAX_AGE_SECONDS,
    });
  });
}

/** The same question from a later place on. */
function nextOf(url: string, seq: number): string {
  const query = new URLSearchParams(url.split('?')[1] ?? '');
  query.set('since', String(seq));
  return `/v1/changes?${query}`;
}

/** @throws {Problem} events after this place are gone, or are not of this log */
function expectKept(after: number, { last, dropped }: { last: number; dropped: number }): void {
  if (after >= dropped && after <= last) return;
  throw new Problem('changes_gone', {
    detail:
      after > last
        ? `Event ${after} is not known here, the last one is ${last}: the database is older than the one you have read. ` +
          `Read all plans again (/v1/plans?tdsp=…), then go on with since=${last}.`
        : `Events are kept after ${dropped}, and you ask for those after ${after}. ` +
          `Read all plans (/v1/plans?tdsp=…), then go on with since=${last}.`,
  });
}
