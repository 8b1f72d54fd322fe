/** The places a command is given, and the TDSPs they need. */

import { Places } from '../territory/places.ts';
import type { City, Territory } from '../territory/territory.ts';
import { UsageError } from './usage-error.ts';

export interface Targets {
  /** Slugs of cities, ZIP codes and codes of TDSPs, as they are named. */
  names: string[];
  /** DUNS, each once. */
  tdsps: string[];
  /** Those of the names that are cities. */
  cities: City[];
  /** DUNS of the names that are none. */
  beside: string[];
}

/**
 * Cities, ZIP codes and, where allowed, TDSPs by code or DUNS.
 * @throws {UsageError} with every name that is none of them
 */
export function readTargets(territory: Territory, given: readonly string[], mayBeTdsp: boolean): Targets {
  const places = new Places(territory);
  const wrong: string[] = [];
  const found = given.flatMap((text): { name: string; tdsps: string[]; city: City | null }[] => {
    const tdsp = mayBeTdsp ? territory.tdsp(text) : undefined;
    if (tdsp) return [{ name: tdsp.code, tdsps: [tdsp.duns], city: null }];
    const place = places.find(text);
    if ('explanation' in place) {
      wrong.push(place.explanation);
      return [];
    }
    const { tdsps } = place;
    return place.kind === 'city'
      ? [{ name: place.city.slug, tdsps, city: place.city }]
      : [{ name: place.zip.zip, tdsps, city: null }];
  });
  if (wrong.length > 0) throw new UsageError(wrong.join('\n'));
  return {
    names: found.map(({ name }) => name),
    tdsps: [...new Set(found.flatMap(({ tdsps }) => tdsps))],
    cities: found.flatMap(({ city }) => city ?? []),
    beside: [...new Set(found.flatMap(({ city, tdsps }) => (city ? [] : tdsps)))],
  };
}
