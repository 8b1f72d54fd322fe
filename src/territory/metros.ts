/**
 * Metros: large cities with the towns around them, by coordinates and population alone. Shoppers of a metro look for the
 * same plans, so that what is searched in one town says something about the next.
 */

import { milesApart } from './nearest.ts';
import type { City } from './territory.ts';

/** A city of this size is the middle of a metro, unless a larger one is near. */
const LEAST_CORE = 100_000;
const CORES_APART_MILES = 40;
/** Towns farther from the middle belong to none. */
const REACH_MILES = 35;
/** Of a town whose population is not known. */
const USUAL_POPULATION = 2_000;

export interface Metro {
  /** Of its largest city. */
  name: string;
  /** Slugs of all its cities, the largest first. */
  cities: string[];
}

export const peopleOf = ({ population }: Pick<City, 'population'>): number => population ?? USUAL_POPULATION;

/** The largest first; a city is in one metro at most. */
export function metrosOf(cities: readonly City[]): Metro[] {
  const bySize = cities.toSorted((a, b) => peopleOf(b) - peopleOf(a) || (a.slug < b.slug ? -1 : 1));
  const cores: City[] = [];
  for (const city of bySize) {
    if (peopleOf(city) < LEAST_CORE) break;
    if (cores.every((core) => milesApart(core, city) > CORES_APART_MILES)) cores.push(city);
  }
  const metros = new Map(cores.map((core) => [core.slug, { name: core.name, cities: [] as string[] }]));
  for (const city of bySize) {
    const [nearest] = cores
      .map((core) => ({ core, miles: milesApart(core, city) }))
      .filter(({ miles }) => miles <= REACH_MILES)
      .toSorted((a, b) => a.miles - b.miles);
    if (nearest) metros.get(nearest.core.slug)!.cities.push(city.slug);
  }
  return [...metros.values()];
}
