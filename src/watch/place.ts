import type { Places } from '../territory/places.ts';
import type { Territory } from '../territory/territory.ts';

export interface WatchPlace {
  /** The end of the address of its page: `cities/dallas-tx`. */
  path: string;
  tdsp_duns: string;
  name: string;
}

interface Where {
  places: Pick<Places, 'find'>;
  territory: Territory;
}

/**
 * Where a watch is: a city, a ZIP code, or a TDSP by its DUNS or code.
 * @param delivered the code of the TDSP that delivers, where several serve the place; left out or another, the first
 * @returns `null`: no plans are listed there
 */
export function watchPlace(
  { places, territory }: Where,
  text: string,
  delivered: string | null = null,
): WatchPlace | null {
  const own = territory.tdsp(text);
  if (own) return { path: `markets/${own.duns}`, tdsp_duns: own.duns, name: own.short_name };
  const found = places.find(text);
  if (found.kind !== 'city' && found.kind !== 'zip') return null;
  const named = delivered === null ? undefined : territory.tdsp(delivered)?.duns;
  const tdsp_duns = named !== undefined && found.tdsps.includes(named) ? named : found.tdsps[0]!;
  return found.kind === 'city'
    ? { path: `cities/${found.city.slug}`, tdsp_duns, name: found.city.name }
    : { path: `zip/${found.zip.zip}`, tdsp_duns, name: `${found.zip.zip} (${found.zip.city})` };
}

/** @param path as `watchPlace` gave it */
export const watchPlaceName = (where: Where, path: string): string =>
  watchPlace(where, path.slice(path.indexOf('/') + 1))?.name ?? path;
