/**
 * The map of Texas: counties below, places on top as dots. Areas of delivery do not follow county lines, so none are drawn;
 * a county has a colour only for what is true of the places in it.
 */

import { readFileSync } from 'node:fs';
import { type Html, html } from '../../html/html.ts';
import { MAP_SIZE, mapPoint } from './projection.ts';

interface Shapes {
  outline: string;
  /** Between counties. */
  borders: string;
  /** A closed path for each of the 254. */
  counties: Readonly<Record<string, string>>;
}

let shapes: Shapes | undefined;

/** Read when first asked for. */
const countyShapes = (): Shapes => {
  shapes ??= JSON.parse(
    readFileSync(new URL('../../../data/map/texas-counties.json', import.meta.url), 'utf8'),
  ) as Shapes;
  return shapes;
};

interface Dot {
  lat: number;
  lon: number;
  isLarge: boolean;
}

/** Dots of one colour. */
export interface DotLayer {
  /** A class in draw.css: `d1` to `d6`, or `ring`. */
  look: string;
  dots: readonly Dot[];
}

export interface MapName {
  lat: number;
  lon: number;
  text: string;
  look: string;
  anchor?: 'start' | 'middle' | 'end';
}

interface TexasMap {
  label: string;
  layers: readonly DotLayer[];
  names: readonly MapName[];
  /** Classes of a colour for some counties, by name. */
  filled?: ReadonlyMap<string, string>;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const ringAt = ({ lat, lon }: Dot): Html => {
  const [x, y] = mapPoint(lat, lon).map(round);
  return html`<circle class="ring" cx="${x!}" cy="${y!}" r="5"/>`;
};

/** A round cap on a line without length: a tenth of the bytes that circles take. */
function dotsPath(dots: readonly Dot[]): string {
  const points = dots.map(({ lat, lon }) => mapPoint(lat, lon).map(Math.round) as [number, number]);
  const unique = [...new Set(points.map(([x, y]) => `M${x} ${y}h0`))];
  return unique.join('');
}

export function drawTexas({ label, layers, names, filled = new Map() }: TexasMap): Html {
  const { outline, borders, counties } = countyShapes();
  const byLook = Map.groupBy(filled, ([, look]) => look);
  const areas = [...byLook].map(
    ([look, of]) => html`<path class="${look}" d="${of.map(([name]) => counties[name] ?? '').join('')}"/>`,
  );
  const dots = layers.flatMap(({ look, dots }) => {
    if (look === 'ring') return dots.map(ringAt);
    const [large, small] = [dots.filter(({ isLarge }) => isLarge), dots.filter(({ isLarge }) => !isLarge)];
    return [
      small.length > 0 && html`<path class="dot ${look}" d="${dotsPath(small)}"/>`,
      large.length > 0 && html`<path class="dot big ${look}" d="${dotsPath(large)}"/>`,
    ];
  });
  const words = names.map(({ lat, lon, text, look, anchor = 'middle' }) => {
    const [x, y] = mapPoint(lat, lon).map(round);
    return html`<text x="${x!}" y="${y!}" class="${look}" text-anchor="${anchor}">${text}</text>`;
  });
  return html`<svg class="texas" role="img" aria-label="${label}" viewBox="0 0 ${MAP_SIZE.width} ${MAP_SIZE.height}">${areas}<path class="cy" d="${borders}"/><path class="tx" d="${outline}"/>${dots}${words}</svg>`;
}
