/** Providers: all that sell something now, and of one what it sells where, and how often it lists, withdraws and re-prices. */

import type { FastifyInstance } from 'fastify';
import { nameKey } from '../../plan/offer.ts';
import {
  type ProviderMarket,
  readObservedSince,
  readProvider,
  readProviderActivity,
  readProviderMarkets,
  readProviders,
} from '../../store/market/providers.ts';
import { isOutOfReach } from '../../store/postgres/out-of-reach.ts';
import { required, text } from '../params.ts';
import { Problem } from '../problem.ts';
import { type CsvColumn, sendRepresentation } from '../representation.ts';
import { type Operation, route } from '../route.ts';
import { type ApiParts, upstreamNotice } from '../routes.ts';
import { publishedUsage } from './market-params.ts';

const MAX_AGE_SECONDS = 60;
/** Stands for the id of a provider in examples. */
export const EXAMPLE_PROVIDER_ID = 'txu-energy';
/** The windows in which activity is counted, in days. */
const WINDOWS = [30, 90] as const;

const providerColumns = (id: string, name: string): CsvColumn<ProviderMarket>[] => [
  { name: 'provider_id', value: () => id },
  { name: 'provider', value: () => name },
  { name: 'tdsp_duns', value: ({ tdsp_duns }) => tdsp_duns },
  { name: 'plans', value: ({ plans }) => plans },
  { name: 'min_rate_cents_per_kwh', value: (market) => market.min_rate_cents_per_kwh },
  { name: 'median_rate_cents_per_kwh', value: (market) => market.median_rate_cents_per_kwh },
  { name: 'upstream', value: ({ upstreams }) => upstreams.join(' ') },
];

const PROVIDERS = { method: 'GET', tag: 'Providers', caching: { maxAgeSeconds: MAX_AGE_SECONDS } } as const;

const LIST_PROVIDERS = {
  ...PROVIDERS,
  id: 'listProviders',
  path: '/v1/providers',
  summary: 'Providers that sell something now',
  answer: 'ProviderList',
  problems: ['storage_unavailable'],
  example: {},
} as const satisfies Operation;

const GET_PROVIDER = {
  ...PROVIDERS,
  id: 'getProvider',
  path: '/v1/providers/{id}',
  summary: 'One provider: what it sells where, and how often it lists, withdraws and re-prices',
  inPath: { id: required(text('Id or name of a provider.')) },
  query: { usage: publishedUsage('Usage in kWh a month at which rates are compared.') },
  answer: 'ProviderAnswer',
  columns: providerColumns('', ''),
  problems: ['unknown_provider', 'storage_unavailable'],
  example: { inPath: { id: EXAMPLE_PROVIDER_ID } },
} as const satisfies Operation;

/** Without PostgreSQL memory knows who sells what where, and not how to reach them. */
async function listProviders({ database, catalog, territory }: ApiParts) {
  try {
    return await readProviders(database.pool);
  } catch (error) {
    if (!isOutOfReach(error)) throw error;
    const providers = new Map<string, Awaited<ReturnType<typeof readProviders>>[number]>();
    for (const { duns } of territory.tdsps) {
      if (!catalog.viewInMemory([duns])) continue;
      for (const { active_plans, ...seller } of await catalog.sellers([duns])) {
        const before = providers.get(seller.id) ?? { ...UNKNOWN, ...seller, active_plans: 0, tdsps: [] };
        providers.set(seller.id, {
          ...before,
          active_plans: before.active_plans + active_plans,
          tdsps: [...before.tdsps, duns],
        });
      }
    }
    if (providers.size === 0) throw error;
    return [...providers.values()].toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
  }
}

const UNKNOWN = { legal_name: null, puct_number: null, phone: null };

export function providersRoutes(app: FastifyInstance, parts: ApiParts): void {
  const {
    database: { pool },
    territory,
  } = parts;

  route(app, LIST_PROVIDERS, async () => {
    const data = await listProviders(parts);
    return { data, meta: { total: data.length } };
  });

  route(app, GET_PROVIDER, async ({ path, query, request, reply }) => {
    // As in the filter of `/v1/plans`: the name itself will do.
    const id = nameKey(path.id);
    const usage = query.usage ?? 1000;
    const provider = await readProvider(pool, id);
    if (!provider) {
      throw new Problem('unknown_provider', {
        detail: `No provider has the id "${id}". All that sell something now are at /v1/providers.`,
      });
    }
    const markets = await readProviderMarkets(pool, id, usage);
    const activity = await readProviderActivity(pool, id, { days: WINDOWS, now: new Date() });
    const upstreams = [...new Set(markets.flatMap(({ upstreams }) => upstreams))];
    const tdsps = markets.map(({ upstreams: _upstreams, ...market }) => ({
      ...market,
      short_name: territory.tdsp(market.tdsp_duns)?.short_name ?? market.tdsp_duns,
    }));
    return sendRepresentation(request, reply, {
      json: {
        data: {
          ...provider,
          active_plans: markets.reduce((sum, { plans }) => sum + plans, 0),
          tdsps,
          activity: Object.fromEntries(activity.map(({ days, ...counts }) => [`last_${days}_days`, counts])),
        },
        meta: {
          usage_kwh: usage,
          observed_since: await readObservedSince(pool),
          upstream: upstreams.join(','),
          ...upstreamNotice({ upstreams }),
        },
        links: {},
      },
      csv: { columns: providerColumns(id, provider.name), rows: markets },
      maxAgeSeconds: MAX_AGE_SECONDS,
    });
  });
}
