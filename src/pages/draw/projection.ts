/** Where a place is on the map of Texas. */

/** The size of the map's drawing, in its own units. */
export const MAP_SIZE = { width: 600, height: 574 } as const;

/** Standard parallels, origin and central meridian of the Texas Centric Albers projection (EPSG 3083), in degrees. */
const PARALLELS = [27.5, 35] as const;
const ORIGIN = { lat: 18, lon: -100 } as const;
/** What fits the state into {@link MAP_SIZE} with a margin of 5; measured from the shape of its border. */
const SCALE = 3026;
const OFFSET = { x: 302.3, y: 979.9 } as const;

const RADIANS = Math.PI / 180;
const [FIRST, SECOND] = PARALLELS.map((parallel) => parallel * RADIANS) as [number, number];
const N = (Math.sin(FIRST) + Math.sin(SECOND)) / 2;
const C = Math.cos(FIRST) ** 2 + 2 * N * Math.sin(FIRST);
const radius = (lat: number): number => Math.sqrt(C - 2 * N * Math.sin(lat * RADIANS)) / N;

/**
 * Albers' equal-area conic (Snyder, Map Projections: A Working Manual, p. 100), on a sphere.
 * @returns units of the drawing, right and down
 */
export function mapPoint(lat: number, lon: number): [x: number, y: number] {
  const angle = N * (lon - ORIGIN.lon) * RADIANS;
  const reach = radius(lat);
  const north = radius(ORIGIN.lat) - reach * Math.cos(angle);
  return [OFFSET.x + SCALE * reach * Math.sin(angle), OFFSET.y - SCALE * north];
}
