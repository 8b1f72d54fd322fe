/**
 * Towns of a metro share strength: a search in Plano says that people of Frisco look, too. Each town is credited with a part
 * of what was wanted elsewhere in its metro, by how many of the metro's people live there; its own demand counts whole. Pure.
 */

import type { DemandCounts } from '../store/queue/city-demand.ts';
import { type Metro, metrosOf, peopleOf } from '../territory/metros.ts';
import type { City, Territory } from '../territory/territory.ts';
import { type DemandByCity, demandWeight } from './priority.ts';

/** What a neighbour's search is worth beside one of the town's own. */
const NEIGHBOUR = 0.5;
/** Less says nothing, and would only fill reasons. */
const LEAST = 0.05;

const NONE = { searches: 0, leads: 0, conversions: 0, anonymous: 0 };

const known = new WeakMap<Territory, { metro: Metro; cities: City[]; people: number }[]>();

function metrosWith(territory: Territory) {
  let metros = known.get(territory);
  if (!metros) {
    const bySlug = new Map(territory.cities.map((city) => [city.slug, city]));
    metros = metrosOf(territory.cities).map((metro) => {
      const cities = metro.cities.map((slug) => bySlug.get(slug)!);
      return { metro, cities, people: cities.reduce((sum, city) => sum + peopleOf(city), 0) };
    });
    known.set(territory, metros);
  }
  return metros;
}

/** By slug: the demand of each town with what its metro adds. */
export function shareDemand(territory: Territory, demand: readonly DemandCounts[]): DemandByCity {
  const shared = new Map(demand.map(({ city_slug, ...counts }) => [city_slug, counts as DemandOf]));
  if (demand.length === 0) return shared;
  for (const { cities, people } of metrosWith(territory)) {
    const own = cities.map(({ slug }) => {
      const counts = shared.get(slug);
      return { weight: counts ? demandWeight(counts) : 0, anonymous: counts?.anonymous ?? 0 };
    });
    const sumOf = (of: 'weight' | 'anonymous') => own.reduce((sum, one) => sum + one[of], 0);
    const all = { weight: sumOf('weight'), anonymous: sumOf('anonymous') };
    if (all.weight === 0) continue;
    for (const [at, city] of cities.entries()) {
      const share = NEIGHBOUR * (peopleOf(city) / people);
      const nearby = share * (all.weight - own[at]!.weight);
      if (nearby < LEAST) continue;
      const counts = shared.get(city.slug) ?? NONE;
      // What nobody vouches for there is not vouched for here.
      const anonymous = counts.anonymous + share * (all.anonymous - own[at]!.anonymous);
      shared.set(city.slug, { ...counts, nearby, anonymous });
    }
  }
  return shared;
}

type DemandOf = DemandByCity extends ReadonlyMap<string, infer D> ? D : never;
