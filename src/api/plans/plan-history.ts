/** `/v1/plans/{id}/history`: what happened to a plan through all its re-pricings, and what it cost meanwhile. */

import type { FastifyInstance } from 'fastify';
import {
  type LowestRate,
  lowestRate,
  type OfferEvent,
  type PriceStep,
  priceSteps,
  stateBefore,
  stepOf,
} from '../../plan/price-steps.ts';
import type { PublishedUsageKwh } from '../../plan/rate.ts';
import {
  countOfferEvents,
  type HistoryEvent,
  type OfferPast,
  readOfferEvents,
  readOfferId,
  readOfferPast,
  readPriceEvents,
} from '../../store/market/offer-history.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import {
  LEAST_HISTORY_MONTHS,
  oldestHistoryLimit,
  readHistoryKeptSince,
} from '../../store/schema/history-partitions.ts';
import { DAY_MS } from '../../units.ts';
import { publishedUsage } from '../market/market-params.ts';
import { integer, invalidParameters, type Param, required, type Values } from '../params.ts';
import { Problem } from '../problem.ts';
import { type CsvColumn, sendRepresentation } from '../representation.ts';
import { type Operation, route } from '../route.ts';
import { type ApiParts, upstreamNotice } from '../routes.ts';
import { EXAMPLE_PLAN_ID, planId } from './plan-params.ts';

const DEFAULT_LIMIT = 200;
const MAX_AGE_SECONDS = 60;

const cursor: Param<Date> = {
  description: 'Where the page before ended: taken from its `links.next`.',
  schema: { type: 'string', maxLength: 20 },
  expected: 'the cursor in links.next of the page before',
  read: (given) => {
    const time = /^[0-9a-z]{1,10}$/.test(given) ? new Date(Number.parseInt(given, 36)) : null;
    return time && time.getTime() < 8e15 ? time : undefined;
  },
};
const writeCursor = (at: string): string => Date.parse(at).toString(36);

const HISTORY_PARAMS = {
  lowest_in_days: integer(
    'Tell the lowest rate of the last so many days in `meta.lowest`.',
    1,
    // So long nothing is ever dropped, so the answer is always about the whole time.
    LEAST_HISTORY_MONTHS * 30,
  ),
  usage: publishedUsage('Usage in kWh a month for which the lowest rate is told.'),
  limit: integer(`Events on a page, the newest first; ${DEFAULT_LIMIT} if not given.`, 1, 1000),
  cursor,
};

type Listed = Omit<HistoryEvent, 'event' | 'plan_id' | 'external_id'> & {
  event: 'listed';
  plan_id: null;
  external_id: null;
};

interface CsvRow {
  event: HistoryEvent | Listed;
  price: PriceStep | undefined;
}

const historyColumns = (upstream: string | null): CsvColumn<CsvRow>[] => [
  { name: 'at_utc', value: ({ event }) => event.at },
  { name: 'event', value: ({ event }) => event.event },
  { name: 'is_offered', value: ({ price }) => price?.is_offered ?? null },
  ...([500, 1000, 2000] as const).map((usage) => ({
    name: `rate_${usage}kwh_cents_per_kwh`,
    value: ({ price }: CsvRow) => price?.rates_cents_per_kwh[usage] ?? null,
  })),
  { name: 'changed_terms', value: ({ event }) => event.changes.map(({ field }) => field).join(' ') || null },
  { name: 'plan_id', value: ({ event }) => event.plan_id },
  { name: 'external_id', value: ({ event }) => event.external_id },
  { name: 'upstream', value: () => upstream },
];

const GET_PLAN_HISTORY = {
  id: 'getPlanHistory',
  isCostly: true,
  method: 'GET',
  path: '/v1/plans/{id}/history',
  tag: 'Plans',
  summary: 'What happened to a plan through all its re-pricings, and what it cost meanwhile',
  inPath: { id: required(planId) },
  query: HISTORY_PARAMS,
  answer: 'History',
  columns: historyColumns(null),
  caching: { maxAgeSeconds: MAX_AGE_SECONDS },
  problems: ['unknown_plan', 'storage_unavailable'],
  example: { inPath: { id: EXAMPLE_PLAN_ID }, query: { lowest_in_days: '90' } },
} as const satisfies Operation;

export function planHistoryRoutes(app: FastifyInstance, { database: { pool } }: ApiParts): void {
  route(app, GET_PLAN_HISTORY, async ({ path: { id }, query: params, request, reply }) => {
    if (params.usage !== null && params.lowest_in_days === null) {
      throw invalidParameters([{ field: 'usage', message: 'says something only with lowest_in_days' }]);
    }
    const now = new Date();
    const offerId = await readOfferId(pool, id);
    const offer = offerId && (await readOfferPast(pool, offerId));
    if (!offer) throw new Problem('unknown_plan', { detail: `No plan or offer has the id ${id}.` });

    const limit = params.limit ?? DEFAULT_LIMIT;
    const page = await readPage(pool, offer, { before: params.cursor, limit });
    const keptSince = offer.first_seen_at < oldestHistoryLimit(now) ? await readHistoryKeptSince(pool) : null;
    const { events, prices } = tell(offer, page, keptSince);
    const isWhole = params.cursor === null && !page.hasMore;
    const total = (isWhole ? page.events.length : await countOfferEvents(pool, offer)) + 1;
    const { offer_id, first_seen_at, last_changed_at, ended_at, upstream } = offer;
    const upstreams = upstream === null ? [] : [upstream];
    return sendRepresentation(request, reply, {
      json: {
        data: events,
        prices,
        meta: {
          offer_id,
          first_seen_at,
          last_changed_at,
          ended_at,
          total,
          kept_since: keptSince,
          lowest: await readLowest(pool, offer, params, now),
          upstream: upstreams.join(','),
          ...upstreamNotice({ upstreams }),
        },
        links: page.hasMore ? { next: nextPage(id, params, events.at(-1)!.at) } : {},
      },
      csv: {
        columns: historyColumns(upstream),
        rows: events.map((event) => ({ event, price: priceAt(prices, event) })),
      },
      maxAgeSeconds: MAX_AGE_SECONDS,
    });
  });
}

function nextPage(
  id: string,
  { cursor: _before, ...params }: Values<typeof HISTORY_PARAMS>,
  at: string,
): string {
  const query = new URLSearchParams({ cursor: writeCursor(at) });
  for (const [name, value] of Object.entries(params)) if (value !== null) query.set(name, String(value));
  return `/v1/plans/${id}/history?${query}`;
}

interface Page {
  events: HistoryEvent[];
  hasMore: boolean;
  /** How the offer stood after the newest of the events. */
  state: OfferPast['state'];
}

/** One event more than asked for, where a moment with two of them would be torn. */
async function readPage(
  queryable: Queryable,
  offer: OfferPast,
  { before, limit }: { before: Date | null; limit: number },
): Promise<Page> {
  const found = await readOfferEvents(queryable, offer, { before, limit: limit + 2 });
  const isTorn = found.length > limit && found[limit]!.at === found[limit - 1]!.at;
  const size = limit + Number(isTorn);
  const newer = before === null ? [] : await readPriceEvents(queryable, offer.offer_id, before);
  return {
    events: found.slice(0, size),
    hasMore: found.length > size,
    state: stateBefore(newer, offer.state),
  };
}

/** The last page ends with how it began. What happened before history was kept is not known. */
function tell(
  { first_seen_at }: OfferPast,
  { events, hasMore, state }: Page,
  keptSince: Date | null,
): { events: (HistoryEvent | Listed)[]; prices: PriceStep[] } {
  if (hasMore) return { events, prices: priceSteps(events, state) };
  const listed: Listed = {
    event: 'listed',
    at: first_seen_at.toISOString(),
    plan_id: null,
    external_id: null,
    changes: [],
  };
  const all = [...events, listed];
  if (keptSince === null || keptSince <= first_seen_at)
    return { events: all, prices: priceSteps(all, state) };
  const asKept = stepOf(stateBefore(events, state), keptSince.toISOString());
  const unknown = stepOf({ is_offered: true, rates: null }, listed.at);
  return { events: all, prices: [...priceSteps(events, state), asKept, unknown] };
}

type Lowest = { days: number; usage_kwh: PublishedUsageKwh } & (
  | LowestRate
  | { rate_cents_per_kwh: null; at: null }
);

async function readLowest(
  queryable: Queryable,
  { offer_id, first_seen_at, state }: OfferPast,
  { lowest_in_days: days, usage }: { lowest_in_days: number | null; usage: PublishedUsageKwh | null },
  now: Date,
): Promise<Lowest | null> {
  if (days === null) return null;
  const usage_kwh = usage ?? 1000;
  const since = new Date(now.getTime() - days * DAY_MS);
  const events: OfferEvent[] = await readPriceEvents(queryable, offer_id, since);
  const before = stepOf(
    stateBefore(events, state),
    (first_seen_at > since ? first_seen_at : since).toISOString(),
  );
  const lowest = lowestRate([...priceSteps(events, state), before], usage_kwh, since.toISOString());
  return { days, usage_kwh, ...(lowest ?? { rate_cents_per_kwh: null, at: null }) };
}

const priceAt = (prices: readonly PriceStep[], { at }: OfferEvent): PriceStep | undefined =>
  prices.find((step) => step.at <= at);
