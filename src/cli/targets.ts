/** The places a command is given, and the TDSPs they need. */

import { Places } from '../territory/places.ts';
import type { Territory } from '../territory/territory.ts';
import { UsageError } from './usage-error.ts';

export interface Targets {
  /** Slugs of cities, ZIP codes and codes of TDSPs, as they are named. */
  names: string[];
  /** DUNS, each once. */
  tdsps: string[];
}

/**
 * Cities, ZIP codes and, where allowed, TDSPs by code or DUNS.
 * @throws {UsageError} with every name that is none of them
 */
export function readTargets(territory: Territory, given: readonly string[], mayBeTdsp: boolean): Targets {
  const places = new Places(territory);
  const wrong: string[] = [];
  const found = given.flatMap((text): { name: string; tdsps: string[] }[] => {
    const tdsp = mayBeTdsp ? territory.tdsp(text) : undefined;
    if (tdsp) return [{ name: tdsp.code, tdsps: [tdsp.duns] }];
    const place = places.find(text);
    if ('explanation' in place) {
      wrong.push(place.explanation);
      return [];
    }
    return [{ name: place.kind === 'city' ? place.city.slug : place.zip.zip, tdsps: place.tdsps }];
  });
  if (wrong.length > 0) throw new UsageError(wrong.join('\n'));
  return { names: found.map(({ name }) => name), tdsps: [...new Set(found.flatMap(({ tdsps }) => tdsps))] };
}
