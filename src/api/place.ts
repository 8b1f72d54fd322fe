import type { Place } from '../territory/places.ts';
import { Problem } from './problem.ts';

/** @throws {Problem} there are no plans at this place, and why */
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
