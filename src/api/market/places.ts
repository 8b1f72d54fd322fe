/** Cities, ZIP codes and TDSPs: who serves which place. */

import type { FastifyInstance } from 'fastify';
import { type PlanSet, packedPlans } from '../../plan/plan-set.ts';
import { type Market, readMarkets } from '../../store/market/summary.ts';
import { readCurrentSnapshots } from '../../store/plans/snapshots.ts';
import { isOutOfReach } from '../../store/postgres/out-of-reach.ts';
import { placeKey } from '../../territory/place-key.ts';
import type { Place } from '../../territory/places.ts';
import type { City } from '../../territory/territory.ts';
import { integer, type RawQuery, required, text, type Values } from '../params.ts';
import { expectPlace, readTdsp, zipCode } from '../place.ts';
import { Problem } from '../problem.ts';
import { type Operation, route } from '../route.ts';
import type { ApiParts } from '../routes.ts';

const CITY_PARAMS = {
  tdsp: text('DUNS or code of a TDSP that serves the city.', 20),
  tier: integer('1: the 200 most populous; 2: the next 300; 3: all others.', 1, 3),
  q: text('How the name of the city begins.'),
  limit: integer('Cities on a page; 50 if not given.', 1, 1000),
  cursor: text('Slug of the last city of the page before, taken from its `links.next`.'),
};

const PLACES = { method: 'GET', tag: 'Places', caching: { maxAgeSeconds: 60 } } as const;

const LIST_CITIES = {
  ...PLACES,
  id: 'listCities',
  path: '/v1/cities',
  summary: 'Cities with retail choice',
  query: CITY_PARAMS,
  answer: 'CityList',
  problems: [],
  example: { query: { tdsp: 'ONCOR', limit: '5' } },
} as const satisfies Operation;

const GET_CITY = {
  ...PLACES,
  id: 'getCity',
  path: '/v1/cities/{slug}',
  summary: 'A city and who serves it',
  description:
    'A city with choice and who serves it; one without is a problem that names its utilities and the nearest with choice.',
  inPath: { slug: required(text('Slug or name of a Texas city.')) },
  answer: 'CityAnswer',
  problems: ['unknown_place', 'no_retail_choice', 'plans_not_listed'],
  example: { inPath: { slug: 'dallas-tx' } },
} as const satisfies Operation;

const GET_ZIP = {
  ...PLACES,
  id: 'getZip',
  path: '/v1/zips/{zip}',
  summary: 'A ZIP code and who serves it',
  description:
    'A ZIP code with choice and who serves it; one without is a problem that names its utilities and the nearest with choice.',
  inPath: { zip: required(zipCode) },
  answer: 'ZipAnswer',
  problems: ['unknown_place', 'no_retail_choice', 'plans_not_listed'],
  example: { inPath: { zip: '75201' } },
} as const satisfies Operation;

const LIST_TDSPS = {
  ...PLACES,
  id: 'listTdsps',
  path: '/v1/tdsps',
  summary: 'The six wires companies and how fresh their plans are',
  answer: 'TdspList',
  problems: ['storage_unavailable'],
  example: {},
} as const satisfies Operation;

export function placesRoutes(app: FastifyInstance, parts: ApiParts): void {
  route(app, LIST_CITIES, ({ query, request }) => listCities(parts, query, request.query as RawQuery));
  route(app, GET_CITY, ({ path }) => oneCity(parts, path.slug));
  route(app, GET_ZIP, ({ path }) => oneZip(parts, path.zip));
  route(app, LIST_TDSPS, () => listTdsps(parts));
}

function listCities({ territory }: ApiParts, asked: Values<typeof CITY_PARAMS>, raw: RawQuery) {
  const { tdsp, tier, q, limit, cursor } = asked;
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
  const place = parts.places.find(zip);
  // Five digits are never taken for the name of a city.
  const found = expectPlace(place, 'zip') as Extract<Place, { kind: 'zip' }>;
  return {
    data: { ...found.zip, has_retail_choice: true, tdsps: tdspsOf(parts, found.tdsps), note: found.note },
    links: { plans: `/v1/plans?zip=${found.zip.zip}` },
  };
}

/** How each TDSP stands. Without PostgreSQL memory knows its plans, and not what they are together. */
async function readTdsps({ territory, database, catalog }: ApiParts) {
  const all = territory.tdsps.map(({ duns }) => [duns]);
  try {
    const [snapshots, markets] = await Promise.all([
      readCurrentSnapshots(database.pool),
      readMarkets(database.pool, all),
    ]);
    return { snapshots, markets };
  } catch (error) {
    if (!isOutOfReach(error)) throw error;
    const sets = all.flatMap((tdsp) => catalog.viewInMemory(tdsp)?.sets ?? []);
    if (sets.length === 0) throw error;
    const snapshots = sets.map((set) => ({ ...aboutSet(set), plans: packedPlans(set).count }));
    return { snapshots, markets: [] };
  }
}

const aboutSet = ({ tdsp_duns, version, source, observed_at }: PlanSet) => ({
  tdsp_duns,
  version,
  source,
  observed_at,
});

async function listTdsps(parts: ApiParts) {
  const { territory } = parts;
  const { snapshots: current, markets } = await readTdsps(parts);
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
