/** `/v1/markets/{duns}/…`: the market of a TDSP over time. */

import type { FastifyInstance } from 'fastify';
import { addDays, daysBetween, marketDay } from '../../plan/market-day.ts';
import { RATE_TYPES } from '../../plan/plan.ts';
import { ALL } from '../../plan/rate-statistics.ts';
import {
  beginningOf,
  type ChangePlace,
  type MarketChange,
  readFirstVersionAfter,
  readMarketChanges,
  readPublishedAt,
} from '../../store/market/changes.ts';
import { MARKET_TIME_ZONE } from '../../store/market/days.ts';
import { BUCKETS, type Bucket, type RateIndexBucket, readRateIndex } from '../../store/market/rate-index.ts';
import { readCurrentSnapshot } from '../../store/plans/snapshots.ts';
import { oldestHistoryLimit, readHistoryKeptSince } from '../../store/schema/history-partitions.ts';
import { DAY_MS } from '../../units.ts';
import { choice, integer, invalidParameter, required, text, type Values } from '../params.ts';
import { Problem } from '../problem.ts';
import { type CsvColumn, sendRepresentation } from '../representation.ts';
import { type Operation, route } from '../route.ts';
import { type ApiParts, notReady, upstreamNotice } from '../routes.ts';
import { changeCursor, day, expectTdsp, publishedUsage, since, writeChangeCursor } from './market-params.ts';

/** The longest range in days, and the one that is answered where none is given. */
const RANGE_DAYS: Record<Bucket, { most: number; usual: number }> = {
  day: { most: 1_100, usual: 30 },
  week: { most: 3_700, usual: 182 },
  month: { most: 3_700, usual: 365 },
};
/** The index moves once for each run of syncs. */
const INDEX_MAX_AGE_SECONDS = 60;
/** Clients that poll want news; caches in between still take the most of a crowd. */
const CHANGES_MAX_AGE_SECONDS = 5;
const CHANGES_LIMIT = 100;

const INDEX_PARAMS = {
  from: day('First day; a range of 30 days, 26 weeks or a year if not given.'),
  to: day('Last day; today if not given.'),
  by: choice('How long a bucket is: `day` (if not given), `week` from Monday, or `month`.', BUCKETS),
  term: integer('Only plans of this contract length in months; all if not given.', 1, 120),
  rate_type: choice('Only plans of this kind of rate; all if not given.', RATE_TYPES),
  usage: publishedUsage('Usage in kWh a month at which rates are compared.'),
};

const CHANGES_PARAMS = {
  since,
  cursor: changeCursor,
  limit: integer(`Changes on a page, the oldest first; ${CHANGES_LIMIT} if not given.`, 1, 300),
};

const indexColumns = (upstream: string): CsvColumn<RateIndexBucket>[] => [
  { name: 'from_day', value: ({ from }) => from },
  { name: 'to_day', value: ({ to }) => to },
  { name: 'days', value: ({ days }) => days },
  { name: 'known_days', value: ({ known_days }) => known_days },
  { name: 'plans', value: ({ plans }) => plans },
  { name: 'priced_plans', value: ({ priced_plans }) => priced_plans },
  { name: 'min_rate_cents_per_kwh', value: (bucket) => bucket.min_rate_cents_per_kwh },
  { name: 'median_rate_cents_per_kwh', value: (bucket) => bucket.median_rate_cents_per_kwh },
  { name: 'average_rate_cents_per_kwh', value: (bucket) => bucket.average_rate_cents_per_kwh },
  { name: 'version', value: ({ version }) => version },
  { name: 'upstream', value: () => upstream },
];

type ChangeRow = Omit<MarketChange, 'changes' | 'rates'> & {
  field: string | null;
  from: unknown;
  to: unknown;
};

/** A row for each term that changed; what was listed has one for each rate it was listed with. */
function toCsvRows({ changes, rates, ...change }: MarketChange): ChangeRow[] {
  const listed = rates
    ? ([500, 1000, 2000] as const).map((usage) => ({
        field: `rate_${usage}kwh`,
        from: null,
        to: rates[usage],
      }))
    : [];
  const fields = [...listed, ...changes];
  return fields.length > 0
    ? fields.map((field) => ({ ...change, ...field }))
    : [{ ...change, field: null, from: null, to: null }];
}

const cell = (value: unknown): string | number | boolean | null =>
  value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string'
    ? value
    : JSON.stringify(value);

const changeColumns = (duns: string, upstreams: readonly string[]): CsvColumn<ChangeRow>[] => [
  { name: 'version', value: ({ version }) => version },
  { name: 'at_utc', value: ({ at }) => at.toISOString() },
  { name: 'tdsp_duns', value: () => duns },
  { name: 'event', value: ({ event }) => event },
  { name: 'offer_id', value: ({ offer_id }) => offer_id },
  { name: 'plan_id', value: ({ plan_id }) => plan_id },
  { name: 'external_id', value: ({ external_id }) => external_id },
  { name: 'provider', value: ({ provider }) => provider.name },
  { name: 'plan_name', value: ({ name }) => name },
  { name: 'term_months', value: ({ term_months }) => term_months },
  { name: 'field', value: ({ field }) => field },
  { name: 'from_value', value: ({ from }) => cell(from) },
  { name: 'to_value', value: ({ to }) => cell(to) },
  { name: 'upstream', value: () => upstreams.join(' ') },
];

const MARKETS = {
  method: 'GET',
  tag: 'Markets',
  inPath: { duns: required(text('DUNS or code of a TDSP.', 20)) },
} as const;

const GET_INDEX = {
  ...MARKETS,
  id: 'getMarketIndex',
  isCostly: true,
  path: '/v1/markets/{duns}/index',
  summary: 'How many plans a TDSP had and what they cost, by day, week or month in America/Chicago',
  query: INDEX_PARAMS,
  answer: 'MarketIndex',
  columns: indexColumns(''),
  caching: { maxAgeSeconds: INDEX_MAX_AGE_SECONDS },
  problems: ['unknown_tdsp', 'not_ready', 'storage_unavailable'],
  example: { inPath: { duns: 'ONCOR' }, query: { by: 'week', term: '12' } },
} as const satisfies Operation;

const LIST_CHANGES = {
  ...MARKETS,
  id: 'listMarketChanges',
  isCostly: true,
  path: '/v1/markets/{duns}/changes',
  summary: 'What was listed, changed, withdrawn and relisted at a TDSP, oldest first',
  description:
    'What was listed, changed, withdrawn and relisted at a TDSP since a time or a version, oldest first. `links.next` is there at the end, too: it brings what happens from then on.',
  query: CHANGES_PARAMS,
  answer: 'MarketChanges',
  columns: changeColumns('', []),
  caching: { maxAgeSeconds: CHANGES_MAX_AGE_SECONDS },
  problems: ['unknown_tdsp', 'changes_gone', 'not_ready', 'storage_unavailable'],
  example: { inPath: { duns: '1039940674000' }, query: { since: '0', limit: '5' } },
} as const satisfies Operation;

export function marketsRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { territory, database } = parts;
  const { pool } = database;

  route(app, GET_INDEX, async ({ path, query: params, request, reply }) => {
    const { duns: tdsp_duns } = expectTdsp(territory, path.duns);
    const query = toIndexQuery(params, new Date());
    const current = await readCurrentSnapshot(pool, tdsp_duns);
    if (!current) throw notReady(parts, [tdsp_duns]);
    const buckets = await readRateIndex(pool, { tdsp_duns, ...query });
    const { by, from, to, term, rate_type, usage } = query;
    return sendRepresentation(request, reply, {
      json: {
        data: buckets,
        meta: {
          tdsp_duns,
          from,
          to,
          by,
          time_zone: MARKET_TIME_ZONE,
          term: term === ALL ? null : Number(term),
          rate_type: rate_type === ALL ? null : rate_type,
          usage_kwh: usage,
          upstream: current.source,
          ...upstreamNotice({ upstreams: [current.source] }),
        },
        links: {},
      },
      csv: { columns: indexColumns(current.source), rows: buckets },
      maxAgeSeconds: INDEX_MAX_AGE_SECONDS,
    });
  });

  route(app, LIST_CHANGES, async ({ path, query: params, request, reply }) => {
    const { duns } = expectTdsp(territory, path.duns);
    const from = await readPlace(parts, duns, params);
    const limit = params.limit ?? CHANGES_LIMIT;
    const page = await readMarketChanges(pool, duns, { from, limit });
    if (!page) throw notReady(parts, [duns]);
    const { changes, next, hasMore, current, upstreams } = page;
    if (from.version > current + 1) throw aheadOfEverything(duns, from, current);
    await expectKept(parts, duns, from);
    const query = new URLSearchParams({ limit: String(limit), cursor: writeChangeCursor(duns, next) });
    return sendRepresentation(request, reply, {
      json: {
        data: changes.map(({ rates, ...change }) => ({ ...change, rates_cents_per_kwh: rates })),
        meta: {
          tdsp_duns: duns,
          version: current,
          has_more: hasMore,
          upstream: upstreams.join(','),
          ...upstreamNotice({ upstreams }),
        },
        // Also at the end: there it leads to what is still to happen.
        links: { next: `/v1/markets/${duns}/changes?${query}` },
      },
      csv: { columns: changeColumns(duns, upstreams), rows: changes.flatMap(toCsvRows) },
      maxAgeSeconds: CHANGES_MAX_AGE_SECONDS,
    });
  });
}

function toIndexQuery(params: Values<typeof INDEX_PARAMS>, now: Date) {
  const by = params.by ?? 'day';
  const { most, usual } = RANGE_DAYS[by];
  const to = params.to ?? marketDay(now);
  const from = params.from ?? addDays(to, 1 - usual);
  const days = daysBetween(from, to);
  if (days < 1) throw invalidParameter('from', `${from} is later than to, ${to}`);
  if (days > most) {
    throw invalidParameter('from', `expected at most ${most} days by ${by}, got ${days} (${from} to ${to})`);
  }
  return {
    from,
    to,
    by,
    usage: params.usage ?? 1000,
    term: params.term === null ? ALL : String(params.term),
    rate_type: params.rate_type ?? ALL,
  };
}

/** @throws {Problem} both since and cursor, or one of another TDSP */
async function readPlace(
  parts: ApiParts,
  duns: string,
  { since: last, cursor }: Values<typeof CHANGES_PARAMS>,
): Promise<ChangePlace> {
  if (last !== null && cursor !== null) {
    throw invalidParameter('since', 'cannot be given with cursor: begin with since, go on with links.next');
  }
  if (cursor) {
    if (cursor.duns === duns) return cursor.place;
    throw invalidParameter('cursor', `belongs to the TDSP ${cursor.duns}`);
  }
  const { pool } = parts.database;
  if (last !== null && 'version' in last) {
    if (last.duns === null || last.duns === duns) return beginningOf(last.version + 1);
    throw invalidParameter('since', `is a version of the TDSP ${last.duns}`);
  }
  const time = last?.time ?? new Date(Date.now() - DAY_MS);
  const version = await readFirstVersionAfter(pool, duns, time);
  if (version === null) throw notReady(parts, [duns]);
  return beginningOf(version);
}

const aheadOfEverything = (duns: string, { version }: ChangePlace, current: number): Problem =>
  new Problem('changes_gone', {
    detail:
      `Version ${version - 1} is not known here, the last one is ${current}: the database is older than the one you ` +
      `have read. Read all plans again (/v1/plans?tdsp=${duns}), then go on with since=${current}.`,
  });

/** @throws {Problem} some of what was asked for has been dropped */
async function expectKept({ database: { pool } }: ApiParts, duns: string, from: ChangePlace): Promise<void> {
  const first = await readPublishedAt(pool, duns, from.version);
  if (!first || first >= oldestHistoryLimit(new Date())) return;
  const keptSince = await readHistoryKeptSince(pool);
  if (keptSince === null || first >= keptSince) return;
  throw new Problem('changes_gone', {
    detail:
      `Changes are kept since ${keptSince.toISOString()}, and you ask for earlier ones. ` +
      `Read all plans (/v1/plans?tdsp=${duns}), then go on with since=<now>.`,
  });
}
