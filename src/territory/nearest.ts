/** The nearest places whose people choose a provider. */

import type { NearPlace } from './place-notes.ts';
import type { Territory } from './territory.ts';

const MOST_NEAREST = 5;
const EARTH_RADIUS_MILES = 3958.8;

interface Point {
  lat: number;
  lon: number;
}

/** Towns that own a utility, or that are only partly open, are left out: choice is the exception there. */
export function nearestWithChoice(territory: Territory, from: Point | null): NearPlace[] {
  if (from === null) return [];
  return territory.cities
    .filter(
      ({ slug, utilities, closed_zips }) =>
        closed_zips === 0 && territory.ownUtility(slug, utilities) === null,
    )
    .map((city) => ({ city, miles: milesApart(from, city) }))
    .sort((a, b) => a.miles - b.miles)
    .slice(0, MOST_NEAREST)
    .map(({ city: { slug, name }, miles }) => ({ slug, name, distance_miles: Math.round(miles) }));
}

/** The middle of some ZIP codes. */
export function middleOf(territory: Territory, zips: readonly string[]): Point | null {
  const points = zips.flatMap((zip) => territory.zips.get(zip) ?? []);
  if (points.length === 0) return null;
  const mean = (axis: 'lat' | 'lon') => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return { lat: mean('lat'), lon: mean('lon') };
}

/** Great-circle distance (haversine). */
export function milesApart(a: Point, b: Point): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const half = (degrees: number) => Math.sin(radians(degrees) / 2) ** 2;
  const h = half(b.lat - a.lat) + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * half(b.lon - a.lon);
  return 2 * EARTH_RADIUS_MILES * Math.asin(Math.sqrt(h));
}
