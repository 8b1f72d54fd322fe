/** Places and TDSPs that a request names. */

import { expected } from '../errors.ts';
import type { Place } from '../territory/places.ts';
import type { Tdsp, Territory } from '../territory/territory.ts';
import { invalidParameter } from './params.ts';
import { Problem } from './problem.ts';

/** @throws {Problem} that says why this place has no plans */
export function expectPlace(place: Place, field: string): Extract<Place, { kind: 'city' | 'zip' }> {
  if (place.kind === 'no_choice') {
    const { explanation: detail, name, utilities } = place;
    throw new Problem('no_retail_choice', { detail, place: name, utilities });
  }
  if (place.kind === 'unknown') {
    const { explanation: detail, suggestions } = place;
    throw new Problem('unknown_place', { detail, errors: [{ field, message: detail }], suggestions });
  }
  return place;
}

/** @throws {Problem} the parameter `zip` is not a ZIP code */
export function checkZip(zip: string): void {
  if (/^\s*\d{5}(-\d{4})?\s*$/.test(zip)) return;
  throw invalidParameter('zip', expected('a ZIP code of five digits, for example 75201', zip));
}

/** @throws {Problem} the parameter `tdsp` names none */
export function readTdsp(territory: Territory, given: string): Tdsp {
  const tdsp = territory.tdsp(given);
  if (tdsp) return tdsp;
  throw invalidParameter('tdsp', expected(`one of ${territory.tdspList}`, given));
}
