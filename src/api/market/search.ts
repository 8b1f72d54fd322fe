/** The search over cities, providers and what they sell. */

import type { FastifyInstance } from 'fastify';
import { search } from '../../catalog/search.ts';
import { placeKey } from '../../territory/place-key.ts';
import type { Place } from '../../territory/places.ts';
import type { City, Territory } from '../../territory/territory.ts';
import { integer, type Param, required, text } from '../params.ts';
import { type Operation, route } from '../route.ts';
import type { ApiParts } from '../routes.ts';

/** Anything but blanks. */
function words(description: string): Param<string> {
  const any = text(description);
  return {
    ...any,
    schema: {
      ...any.schema,
      pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*\\S[^\\u0000-\\u001f\\u007f-\\u009f]*$',
    },
    expected: 'the beginning of a name',
    read: (given) => any.read(given) || undefined,
  };
}

const SEARCH_PARAMS = {
  q: required(
    words(
      'What is looked for, as far as it is typed: `gex`, `relient energy`, `"free nights" -prepaid`. Misspelt words are ' +
        'corrected where nothing is found as it stands.',
    ),
  ),
  limit: integer('Most hits of each kind; 10 if not given.', 1, 50),
};

const SEARCH = {
  id: 'search',
  isCostly: true,
  method: 'GET',
  path: '/v1/search',
  tag: 'Search',
  summary: 'Cities, providers and what they sell, ranked, as you type',
  query: SEARCH_PARAMS,
  answer: 'SearchAnswer',
  caching: { maxAgeSeconds: 60 },
  problems: ['storage_unavailable', 'not_ready'],
  example: { query: { q: 'free nights', limit: '5' } },
} as const satisfies Operation;

export function searchRoutes(app: FastifyInstance, { database, catalog, territory, places }: ApiParts): void {
  const tdsps = territory.tdsps.map(({ duns }) => duns);

  const byPopulation = territory.cities
    .map((city) => ({ city, nameKey: placeKey(city.name) }))
    .toSorted((a, b) => (b.city.population ?? 0) - (a.city.population ?? 0));

  route(app, SEARCH, async ({ query: { q, limit } }) => {
    const most = limit ?? 10;
    const key = placeKey(q);
    const begun = byPopulation
      // Punctuation alone has an empty key, which every name would begin with.
      .filter(({ nameKey }) => key !== '' && nameKey.startsWith(key))
      .map(({ city }) => city);
    const { meant, isMeant } =
      begun.length > 0 ? { meant: begun, isMeant: true } : citiesMeant(territory, places.find(q));
    const { providers, plans, corrected } = await search(
      {
        database,
        catalog,
        tdsps,
        mayCorrect: !isMeant,
      },
      q,
      most,
    );
    // A name that is merely like that of a city counts only where nothing else was found.
    const cities = isMeant || providers.length + plans.length === 0 ? meant.slice(0, most) : [];
    return {
      data: {
        cities: cities.map(({ slug, name, county }) => ({
          slug,
          name,
          county,
          link: `/v1/plans?city=${slug}`,
        })),
        providers,
        plans: plans.map((plan) => ({ ...plan, link: `/v1/plans/${plan.id}` })),
      },
      meta: { q, corrected },
    };
  });
}

/** Cities with choice that a text means which begins none of their names, and whether it plainly does. */
function citiesMeant(territory: Territory, place: Place): { meant: City[]; isMeant: boolean } {
  if (place.kind === 'city') return { meant: [place.city], isMeant: true };
  if (place.kind !== 'unknown') return { meant: [], isMeant: false };
  const meant = place.suggestions.flatMap(
    ({ slug }) => territory.cities.find((city) => city.slug === slug) ?? [],
  );
  return { meant, isMeant: place.isPlain && meant.length > 0 };
}
