/**
 * Makes `texas-counties.json` from the county shapes of the US Census that come with the npm package `us-atlas`:
 *
 *   node data/map/build.ts
 *
 * Paths are whole units of the drawing in src/pages/draw/projection.ts, relative after the first point.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { feature, merge, mesh } from 'topojson-client';
import { presimplify, simplify } from 'topojson-simplify';
import type { GeometryCollection, Polygon, Topology } from 'topojson-specification';
import { mapPoint } from '../../src/pages/draw/projection.ts';

type County = Polygon<{ name: string }>;
type Point = readonly [x: number, y: number];

const TEXAS_FIPS = '48';
/** Square degrees: triangles smaller than this are left out of a line. */
const LEAST_AREA = 0.0008;

const atlas = createRequire(import.meta.url).resolve('us-atlas/counties-10m.json');
const topology = JSON.parse(readFileSync(atlas, 'utf8')) as Topology<{ counties: GeometryCollection }>;
const all = topology.objects.counties.geometries as County[];
const texas = all.filter(({ id }) => String(id).startsWith(TEXAS_FIPS));
// Only the lines of Texas, so that none of another state's decides what is left out.
const simple = simplify(
  presimplify({ ...topology, objects: { counties: { type: 'GeometryCollection', geometries: texas } } }),
  LEAST_AREA,
);
const counties = (simple.objects.counties as GeometryCollection).geometries as County[];
const shapes = { type: 'GeometryCollection' as const, geometries: counties };

const ringsOf = ({ geometry }: GeoJSON.Feature): GeoJSON.Position[][] =>
  geometry.type === 'Polygon' ? geometry.coordinates : (geometry as GeoJSON.MultiPolygon).coordinates.flat();

/** Points that round to the one before, or lie on the line through their neighbours, are left out. */
function round(line: readonly GeoJSON.Position[]): Point[] {
  const points: Point[] = [];
  for (const [lon, lat] of line) {
    const [x, y] = mapPoint(lat!, lon!).map(Math.round) as [number, number];
    const [before, last] = [points.at(-2), points.at(-1)];
    if (last && last[0] === x && last[1] === y) continue;
    const isOnLine =
      before && last && (last[0] - before[0]) * (y - before[1]) === (x - before[0]) * (last[1] - before[1]);
    if (isOnLine && (x - last[0]) * (last[0] - before[0]) + (y - last[1]) * (last[1] - before[1]) > 0)
      points.pop();
    points.push([x, y]);
  }
  return points;
}

function pathOf(lines: readonly (readonly GeoJSON.Position[])[], isClosed: boolean): string {
  return lines
    .map(round)
    .filter((points) => points.length > (isClosed ? 3 : 1))
    .map(([first, ...rest]) => {
      let [x, y] = first!;
      const steps = (isClosed ? rest.slice(0, -1) : rest).map(([toX, toY]) => {
        const step = `${toX - x} ${toY - y}`;
        [x, y] = [toX, toY];
        return step;
      });
      return `M${first!.join(' ')}l${steps.join(' ')}${isClosed ? 'z' : ''}`.replaceAll(' -', '-');
    })
    .join('');
}

const outline = merge(simple, counties);
const borders = mesh(simple, shapes, (one, other) => one !== other);
const drawn = {
  outline: pathOf(outline.coordinates.flat(), true),
  borders: pathOf(borders.coordinates, false),
  counties: Object.fromEntries(
    (feature(simple, shapes) as GeoJSON.FeatureCollection).features
      .map((county): [string, string] => [county.properties!.name as string, pathOf(ringsOf(county), true)])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  ),
};
writeFileSync(new URL('texas-counties.json', import.meta.url), `${JSON.stringify(drawn, null, 1)}\n`);
