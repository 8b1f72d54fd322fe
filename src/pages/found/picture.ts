/** The picture that goes with a shared link: the page's finding in large letters over its drawing. SVG here, PNG out. */

import { createRequire } from 'node:module';
import { html } from '../../html/html.ts';

/** XML knows the same five. */
const escaped = (text: string): string => String(html`${text}`);

const WIDTH = 1200;
const HEIGHT = 630;
const LEFT = 72;
const RIGHT = WIDTH - LEFT;

interface PictureBar {
  name: string;
  usd: number;
  missed_usd: number;
}

/** What is drawn below the words. */
export type Art =
  | { kind: 'none' }
  | { kind: 'bars'; bars: readonly PictureBar[] }
  | { kind: 'strip'; values: readonly number[]; words: readonly { value: number; text: string }[] };

export interface Picture {
  title: string;
  line: string;
  footer: string;
  art: Art;
}

const [PAPER, INK, GREY, LINE, CONTEXT, YOU, BAD] = [
  '#fcfbf8',
  '#16191b',
  '#54595d',
  '#dcd9d1',
  '#83878c',
  '#0a5a5d',
  '#98201d',
];
const TITLE = { size: 62, lead: 74, most: 3 };
/** Widths of Inter in shares of its size, close enough to break lines by. */
const WIDE = /[mwMW@%—]/;
const NARROW = /[ijl.,:;'’!|Itfr()[\] ]/;
const widthOf = (text: string): number =>
  [...text].reduce((sum, sign) => sum + (WIDE.test(sign) ? 0.88 : NARROW.test(sign) ? 0.34 : 0.62), 0);

/** Words on lines that fit; what does not fit on the last one ends with an ellipsis. */
export function wrap(text: string, size: number, most: number): string[] {
  const fits = (line: string) => widthOf(line) * size <= RIGHT - LEFT;
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && fits(longer)) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  if (lines.length <= most) return lines;
  const kept = lines.slice(0, most);
  let last = kept[most - 1]!;
  while (!fits(`${last}…`)) last = last.slice(0, -1);
  kept[most - 1] = `${last.trimEnd()}…`;
  return kept;
}

const words = (
  x: number,
  y: number,
  size: number,
  text: string,
  { fill = INK, weight = 400, anchor = 'start' } = {},
): string =>
  `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}" text-anchor="${anchor}">${escaped(text)}</text>`;

export function pictureSvg({ title, line, footer, art }: Picture): string {
  const lines = wrap(title, TITLE.size, TITLE.most);
  const titled = lines.map((text, at) =>
    words(LEFT, 118 + at * TITLE.lead, TITLE.size, text, { weight: 700 }),
  );
  const below = 118 + (lines.length - 1) * TITLE.lead + 56;
  const [said] = wrap(line, 30, 1);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="Inter">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="${PAPER}"/>`,
    ...titled,
    said ? words(LEFT, below, 30, said, { fill: GREY }) : '',
    artOf(art, below + 40),
    words(LEFT, HEIGHT - 34, 26, 'wattsync', { weight: 700, fill: YOU }),
    words(RIGHT, HEIGHT - 34, 24, footer, { fill: GREY, anchor: 'end' }),
    '</svg>',
  ].join('');
}

function artOf(art: Art, top: number): string {
  switch (art.kind) {
    case 'none':
      return `<rect x="${LEFT}" y="${top}" width="120" height="6" fill="${YOU}"/>`;
    case 'bars':
      return barsOf(art.bars, top + 24);
    case 'strip':
      return stripOf(art, top + 72);
  }
}

const ART_BOTTOM = 512;

function barsOf(bars: readonly PictureBar[], top: number): string {
  const most = Math.max(1, ...bars.map(({ usd }) => usd));
  const step = (RIGHT - LEFT) / bars.length;
  const width = step * 0.74;
  const drawn = bars.map(({ name, usd, missed_usd }, at) => {
    const x = LEFT + at * step;
    const tall = (value: number) => ((ART_BOTTOM - top) * value) / most;
    const [whole, missed] = [tall(usd), tall(Math.min(usd, missed_usd))];
    const hollow =
      missed > 0
        ? `<rect x="${x + 2}" y="${ART_BOTTOM - whole + 2}" width="${width - 4}" height="${missed}" fill="none" stroke="${BAD}" stroke-width="4"/>`
        : '';
    return `${hollow}<rect x="${x}" y="${ART_BOTTOM - whole + missed}" width="${width}" height="${whole - missed}" fill="${INK}"/>${words(x + width / 2, ART_BOTTOM - whole - 8, 22, `$${Math.round(usd)}`, { anchor: 'middle', weight: 600, fill: missed > 0 ? BAD : INK })}${words(x + width / 2, ART_BOTTOM + 28, 20, name, { anchor: 'middle', fill: GREY })}`;
  });
  return drawn.join('');
}

function stripOf({ values, words: marks }: Extract<Art, { kind: 'strip' }>, top: number): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const x = (value: number) => LEFT + 4 + ((RIGHT - LEFT - 8) * (value - least)) / (most - least || 1);
  const bottom = Math.min(ART_BOTTOM - 60, top + 110);
  const strokes = values.map(
    (value) => `<path d="M${x(value).toFixed(1)} ${top}V${bottom}" stroke="${CONTEXT}" stroke-width="2.5"/>`,
  );
  const told = marks.map(({ value, text }, index) => {
    const at = x(value);
    // Those at the ends stand below; another one may find no room between them.
    const isBetween = index > 0 && index < marks.length - 1;
    const anchor = at < WIDTH * 0.25 ? 'start' : at > WIDTH * 0.75 ? 'end' : 'middle';
    return `<path d="M${at.toFixed(1)} ${top - 14}V${bottom + 14}" stroke="${INK}" stroke-width="5"/>${words(at, isBetween ? top - 24 : bottom + 52, 26, text, { anchor, weight: 600 })}`;
  });
  return `<path d="M${LEFT} ${bottom + 0.5}H${RIGHT}" stroke="${LINE}"/>${strokes.join('')}${told.join('')}`;
}

const FONTS = ['400Regular/Inter_400Regular', '600SemiBold/Inter_600SemiBold', '700Bold/Inter_700Bold'];
let fontFiles: string[] | undefined;

/** In a thread of its own. The font is ours, so that a picture is the same on every machine. */
export async function toPng(svg: string): Promise<Buffer> {
  // Loaded with the first picture: most processes never draw one.
  const { renderAsync } = await import('@resvg/resvg-js');
  const resolve = createRequire(import.meta.url).resolve;
  fontFiles ??= FONTS.map((name) => resolve(`@expo-google-fonts/inter/${name}.ttf`));
  const drawn = await renderAsync(svg, {
    font: { fontFiles, loadSystemFonts: false, defaultFontFamily: 'Inter' },
  });
  return drawn.asPng();
}
