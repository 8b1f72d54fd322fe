/** What a year costs in all plans of a market, one stroke each: where the lowest, the middle and a trap stand. */

import { type Html, html, trusted } from '../../html/html.ts';
import { dollars } from '../format.ts';
import type { Language } from '../language.ts';
import { LIST } from '../words/list.ts';

const WIDTH = 1000;
const HEIGHT = 20;
/** The middle is named below the strokes where it does not run into the ends, in percent of the width. */
const [ROOM_FROM, ROOM_TO] = [32, 62];

interface Trap {
  name: string;
  usd: number;
}

/** @param years USD, ascending, two at least */
export function strip(language: Language, years: readonly number[], trap: Trap | null): Html {
  const words = LIST[language];
  const [low, high] = [years[0]!, years.at(-1)!];
  const half = years[Math.floor((years.length - 1) / 2)]!;
  const share = (usd: number) => (high === low ? 0 : ((usd - low) / (high - low)) * 100);
  const x = (usd: number) => Math.round(share(usd) * 10) / 10;
  const strokes = [...new Set(years.map((usd) => Math.round(share(usd) * (WIDTH / 100))))]
    .map((at) => `M${at} 0V${HEIGHT}`)
    .join('');
  const label = (usd: number, y: number, text: string, style = 'g') =>
    html`<text class="${style}" x="${x(usd)}%" y="${y}"${share(usd) > 60 && html` text-anchor="end"`}>${text}</text>`;
  const mark = (usd: number, style: string, from: number, to: number) =>
    html`<line class="${style}" x1="${x(usd)}%" x2="${x(usd)}%" y1="${from}" y2="${to}"/>`;
  const hasRoom = share(half) >= ROOM_FROM && share(half) <= ROOM_TO;
  return html`<svg class="rug" role="img" aria-label="${words.strip(years.length, low, half, high)}" height="66"><svg y="24" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none"><path class="c" d="${trusted(strokes)}"/></svg>${mark(low, 'k', 20, 44)}${mark(half, 'k', 24, 49)}${trap && mark(trap.usd, 'tr', 19, 44)}${label(low, 61, words.stripLow(low))}${hasRoom && label(half, 61, words.stripHalf(half), 'g mid')}${label(high, 61, dollars(high))}${trap && label(trap.usd, 13, `▲ ${trap.name}, ${dollars(trap.usd)}`, 'watch')}</svg>`;
}
