/** Cities, ZIP codes and TDSPs: who serves which place. */

import type { FastifyInstance } from 'fastify';
import { type Market, readMarkets } from '../../store/market/summary.ts';
import { readCurrentSnapshots } from '../../store/plans/snapshots.ts';
import { isOutOfReach } from '../../store/postgres/out-of-reach.ts';
import { placeKey } from '../../territory/place-key.ts';
import type { Place } from '../../territory/places.ts';
import type { City } from '../../territory/territory.ts';
import { integer, type RawQuery, readParams, text } from '../params.ts';
import { checkZip, expectPlace, readTdsp } from '../place.ts';
import { Problem } from '../problem.ts';
import type { ApiParts } from '../routes.ts';

export const CITY_PARAMS = {
  tdsp: text('DUNS or code of a TDSP that serves the city.', 20),
  tier: integer('1: the 200 most populous; 2: the next 300; 3: all others.', 1, 3),
  q: text('How the name of the city begins.'),
  limit: integer('Cities on a page; 50 if not given.', 1, 1000),
  cursor: text('Slug of the last city of the page before, taken from its `links.next`.'),
};

export function placesRoutes(app: FastifyInstance, parts: ApiParts): void {
  app.get('/v1/cities', async ({ query }) => listCities(parts, query as RawQuery));
  app.get<{ Params: { slug: string } }>('/v1/cities/:slug', async ({ params, query }) => {
    readParams({}, query);
    return oneCity(parts, params.slug);
  });
  app.get<{ Params: { zip: string } }>('/v1/zips/:zip', async ({ params, query }) => {
    readParams({}, query);
    return oneZip(parts, params.zip);
  });
  app.get('/v1/tdsps', async ({ query }) => {
    readParams({}, query);
    return listTdsps(parts);
  });
}

function listCities({ territory }: ApiParts, raw: RawQuery) {
  const { tdsp, tier, q, limit, cursor } = readParams(CITY_PARAMS, raw);
  const duns = tdsp === null ? null : readTdsp(territory, tdsp).duns;
  const key = q === null ? null : placeKey(q);
  const matches = territory.cities.filter(
    (city) =>
      (duns === null || city.tdsps.includes(duns)) &&
      (tier === null || city.tier === tier) &&
      (key === null || placeKey(city.name).startsWith(key)),
  );
  const rest = cursor === null ? matches : matches.filter((city) => city.slug > cursor);
  const page = rest.slice(0, limit ?? 50);
  const query = new URLSearchParams(
    Object.entries(raw).map(([name, value]): [string, string] => [name, String(value)]),
  );
  query.set('cursor', page.at(-1)?.slug ?? '');
  return {
    data: page.map(cityJson),
    meta: { total: matches.length },
    links: rest.length > page.length ? { next: `/v1/cities?${query}` } : {},
  };
}

async function oneCity(parts: ApiParts, asked: string) {
  const place = parts.places.find(asked);
  const found = expectPlace(place, 'slug');
  if (found.kind === 'zip') {
    const { zip } = found.zip;
    throw new Problem('unknown_place', { detail: `${zip} is a ZIP code: ask /v1/zips/${zip}` });
  }
  const { city, note } = found;
  return {
    data: {
      ...cityJson(city),
      has_retail_choice: true,
      tdsps: tdspsOf(parts, city.tdsps),
      utilities: city.utilities,
      note,
      market: await marketOf(parts, city.tdsps),
    },
    links: { plans: `/v1/plans?city=${city.slug}` },
  };
}

function oneZip(parts: ApiParts, zip: string) {
  checkZip(zip);
  const place = parts.places.find(zip);
  // Five digits are never taken for the name of a city.
  const found = expectPlace(place, 'zip') as Extract<Place, { kind: 'zip' }>;
  return {
    data: { ...found.zip, has_retail_choice: true, tdsps: tdspsOf(parts, found.tdsps), note: found.note },
    links: { plans: `/v1/plans?zip=${found.zip.zip}` },
  };
}

async function listTdsps({ territory, database }: ApiParts) {
  const [current, markets] = await Promise.all([
    readCurrentSnapshots(database.pool),
    readMarkets(
      database.pool,
      territory.tdsps.map(({ duns }) => [duns]),
    ),
  ]);
  const snapshots = new Map(current.map((one) => [one.tdsp_duns, one]));
  return {
    data: territory.tdsps.map((tdsp, row) => {
      const snapshot = snapshots.get(tdsp.duns);
      return {
        ...tdsp,
        cities: territory.cities.filter((city) => city.tdsps.includes(tdsp.duns)).length,
        active_plans: snapshot?.plans ?? null,
        version: snapshot?.version ?? null,
        as_of: snapshot?.observed_at ?? null,
        upstream: snapshot?.source ?? null,
        market: markets[row] ?? null,
      };
    }),
    meta: { total: territory.tdsps.length },
  };
}

const tdspsOf = ({ territory }: ApiParts, tdsps: readonly string[]) =>
  tdsps.map((duns) => territory.tdsp(duns)!);

const cityJson = ({ closed_zips: _closed, utilities: _utilities, ...city }: City) => city;

/** The place is known without PostgreSQL; its market is `null` while PostgreSQL is away. */
async function marketOf({ database }: ApiParts, tdsps: readonly string[]): Promise<Market | null> {
  try {
    return (await readMarkets(database.pool, [tdsps]))[0]!;
  } catch (error) {
    if (isOutOfReach(error)) return null;
    throw error;
  }
}
