/** The places a command is given, and the TDSPs they need. */

import { Places } from '../territory/places.ts';
import type { City, Territory } from '../territory/territory.ts';
import { UsageError } from './usage-error.ts';

/**
 * Cities, ZIP codes and, where allowed, TDSPs by code or DUNS.
 * @throws {UsageError} with every name that is none of them
 */
export function readTargets(territory: Territory, given: readonly string[], mayBeTdsp: boolean) {
  const places = new Places(territory);
  const names: string[] = [];
  const cities: City[] = [];
  const beside: string[] = [];
  const wrong: string[] = [];
  for (const text of given) {
    const tdsp = mayBeTdsp ? territory.tdsp(text) : undefined;
    const place = tdsp ?? places.find(text);
    if ('explanation' in place) wrong.push(place.explanation);
    else if ('duns' in place) {
      names.push(place.code);
      beside.push(place.duns);
    } else if (place.kind === 'city') {
      names.push(place.city.slug);
      cities.push(place.city);
    } else {
      names.push(place.zip.zip);
      beside.push(...place.tdsps);
    }
  }
  if (wrong.length > 0) throw new UsageError(wrong.join('\n'));
  return {
    /** Slugs of cities, ZIP codes and codes of TDSPs, as they are named. */
    names,
    cities,
    /** DUNS of the names that are not cities. */
    beside: [...new Set(beside)],
    /** DUNS of all, each once. */
    tdsps: [...new Set([...cities.flatMap((city) => city.tdsps), ...beside])],
  };
}
