/** Providers, and the search over names. */

import type { FastifyInstance } from 'fastify';
import { nameKey } from '../plan/offer.ts';
import { readProviders } from '../store/plans.ts';
import { placeKey } from '../territory/places.ts';
import { integer, invalidParameters, type RawQuery, readParams, text } from './params.ts';
import type { ApiParts } from './routes.ts';

export const SEARCH_PARAMS = {
  q: text('How a name, or a word in it, begins.'),
  limit: integer('Most hits of each kind; 10 if not given.', 1, 50),
};

export function providersRoutes(app: FastifyInstance, { database, catalog, territory }: ApiParts): void {
  app.get('/v1/providers', async (request) => {
    readParams({}, request.query as RawQuery);
    const data = await readProviders(database.pool);
    return { data, meta: { total: data.length } };
  });

  app.get('/v1/search', async (request) => {
    const { q, limit } = readParams(SEARCH_PARAMS, request.query as RawQuery);
    if (q === null) throw invalidParameters([{ field: 'q', message: 'is needed: the beginning of a name' }]);
    const most = limit ?? 10;
    const key = placeKey(q);
    const cities = territory.cities
      .filter(({ name }) => placeKey(name).startsWith(key))
      .toSorted((a, b) => (b.population ?? 0) - (a.population ?? 0))
      .slice(0, most);
    const words = nameKey(q);
    const everywhere = territory.tdsps.map(({ duns }) => duns);
    const plans = await catalog.search(everywhere, words, most);
    const providers = (await readProviders(database.pool)).filter(({ name }) =>
      `-${nameKey(name)}`.includes(`-${words}`),
    );
    return {
      data: {
        cities: cities.map(({ slug, name, county }) => ({
          slug,
          name,
          county,
          link: `/v1/plans?city=${slug}`,
        })),
        providers: providers.slice(0, most).map(({ id, name, active_plans }) => ({ id, name, active_plans })),
        plans: plans.map(({ id, name, provider, tdsp_duns, term_months }) => ({
          ...{ id, name, provider, tdsp_duns, term_months, link: `/v1/plans/${id}` },
        })),
      },
      meta: { q },
    };
  });
}
