/** Places and TDSPs that a request names. */

import { expected } from '../errors.ts';
import type { Place } from '../territory/places.ts';
import type { Tdsp, Territory } from '../territory/territory.ts';
import { invalidParameter, type Param } from './params.ts';
import { Problem } from './problem.ts';

/** @throws {Problem} that says why this place has no plans */
export function expectPlace(place: Place, field: string): Extract<Place, { kind: 'city' | 'zip' }> {
  if (place.kind === 'no_choice' || place.kind === 'not_listed') {
    const { explanation: detail, name, slug, utilities, nearest } = place;
    const suggestions = nearest.map((one) => ({ slug: one.slug, name: one.name }));
    throw new Problem(place.kind === 'no_choice' ? 'no_retail_choice' : 'plans_not_listed', {
      detail,
      place: name,
      slug,
      utilities,
      nearest,
      suggestions,
    });
  }
  if (place.kind === 'unknown') {
    const { explanation: detail, suggestions } = place;
    throw new Problem('unknown_place', { detail, errors: [{ field, message: detail }], suggestions });
  }
  return place;
}

export const zipCode: Param<string> = {
  description: 'Texas ZIP code of five digits; four more after a hyphen do no harm.',
  schema: { type: 'string', pattern: '^\\s*\\d{5}(-\\d{4})?\\s*$' },
  expected: 'a ZIP code of five digits, for example 75201',
  read: (given) => (/^\s*\d{5}(-\d{4})?\s*$/.test(given) ? given.trim() : undefined),
};

/** @throws {Problem} the parameter `tdsp` names none */
export function readTdsp(territory: Territory, given: string): Tdsp {
  const tdsp = territory.tdsp(given);
  if (tdsp) return tdsp;
  throw invalidParameter('tdsp', expected(`one of ${territory.tdspList}`, given));
}
