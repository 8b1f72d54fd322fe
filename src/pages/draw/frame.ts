/**
 * What every drawing of the pages is made in: as wide as its column and of a fixed height. Lines are stretched with the
 * column, words are not: they stand at a share of the width and keep their size from a phone to a wide screen.
 */

import { type Html, html, trusted } from '../../html/html.ts';

/** Units across a drawing's lines, whatever its width on the screen. */
const ACROSS = 1000;

export type Point = readonly [x: number, y: number];

/** @returns `x` as `left` of the width in percent, for words: `33.3%` */
export const across = (share: number): string => `${Math.round(share * 1000) / 10}%`;

const tenth = (value: number): string => String(Math.round(value * 10) / 10);

/** @param points x in shares of the width, y in px from the top */
export function linePath(points: readonly Point[]): string {
  return straightened(points)
    .map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${tenth(x * ACROSS)} ${tenth(y)}`)
    .join('');
}

/** Without the points that lie on the line between their neighbours. */
function straightened(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (const [at, point] of points.entries()) {
    const [before, next] = [kept.at(-1), points[at + 1]];
    if (before && next) {
      const straight = before[1] + ((next[1] - before[1]) * (point[0] - before[0])) / (next[0] - before[0]);
      if (Math.abs(straight - point[1]) < 0.05) continue;
    }
    kept.push(point);
  }
  return kept;
}

/** A line of a drawing; `look` is one of the classes in draw.css. */
export const line = (look: string, path: string): Html | null =>
  path === '' ? null : html`<path class="${look}" d="${path}"/>`;

/** `y` in px from the top, of the base line of the text; `anchor` is the end that stands at `x`. */
export function words(
  x: number,
  y: number,
  text: string,
  {
    look = '',
    anchor = 'start',
    dx = 0,
  }: { look?: string; anchor?: 'start' | 'middle' | 'end'; dx?: number } = {},
): Html {
  const end = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  const shift = dx === 0 ? '' : ` dx="${dx}"`;
  const named = look === '' ? '' : ` class="${look}"`;
  return html`<text x="${across(x)}" y="${tenth(y)}"${trusted(end + shift + named)}>${text}</text>`;
}

/**
 * @param label what there is to see, for those who do not see it; the figures are in a table beside it
 * @param stretched lines; x from 0 to ACROSS
 * @param fixed words, at shares of the width
 */
export function drawing(
  { height, label, look = '' }: { height: number; label: string; look?: string },
  stretched: readonly (Html | null)[],
  fixed: readonly (Html | null)[],
): Html {
  return html`<svg class="ch ${look}" role="img" aria-label="${label}" width="100%" height="${height}"><svg viewBox="0 0 ${ACROSS} ${height}" width="100%" height="${height}" preserveAspectRatio="none">${stretched}</svg>${fixed}</svg>`;
}

const NICE = [1, 2, 2.5, 5, 10];

/** Round figures from `least` to `most` and a little beyond, about as many as asked for. */
export function niceTicks(least: number, most: number, about: number): number[] {
  const rough = Math.max(most - least, 1e-9) / about;
  const scale = 10 ** Math.floor(Math.log10(rough));
  const step = scale * NICE.find((one) => one * scale >= rough)!;
  const first = Math.floor(least / step + 1e-9);
  const last = Math.ceil(most / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) => Number(((first + at) * step).toPrecision(12)));
}
