/** Text for a terminal, in pieces with a tone. It may quote an upstream or a worker, so control characters are removed. */

import { stripVTControlCharacters, styleText } from 'node:util';
import measure from 'fast-string-width';

export type Tone = 'plain' | 'title' | 'good' | 'warn' | 'bad' | 'dim' | 'strong';

export interface Piece {
  text: string;
  tone: Tone;
}

/** One line: its pieces, from left to right. */
export type Line = readonly Piece[];

export interface Ink {
  colour: boolean;
  /** Characters beyond ASCII can be shown. */
  unicode: boolean;
}

const FORMATS: Record<Tone, Parameters<typeof styleText>[0]> = {
  plain: 'reset',
  title: ['bold', 'cyan'],
  good: 'green',
  warn: 'yellow',
  bad: ['bold', 'red'],
  dim: 'dim',
  strong: 'bold',
};

/** What this program writes beyond ASCII, and what stands for it; each as wide as the other. */
const PLAIN: Record<string, string> = {
  '…': '~',
  '·': '-',
  '–': '-',
  '→': '>',
  '█': '#',
  '░': '.',
  '│': '|',
  '─': '-',
  '✓': '+',
  '✗': 'x',
  '●': 'o',
  '▸': '>',
  '×': 'x',
  ' ': ' ',
};

/** ASCII and what this program draws with: a column each. Measuring anything else costs milliseconds, once. */
const isSimple = (text: string): boolean => /^[\x20-\x7e…·–→█░│─✓✗●▸×\u00a0]*$/.test(text);

/** How wide a text is on the screen. */
export const widthOf = (text: string): number => (isSimple(text) ? text.length : measure(text));

export const piece = (text: string, tone: Tone = 'plain'): Piece => ({ text: clean(text), tone });

/** Without line breaks, tabs, or anything that steers a terminal or turns the direction of writing. */
function clean(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}

/** At most this wide; what is left out is shown by an ellipsis. */
export function cut(text: string, width: number): string {
  if (width <= 0) return '';
  if (widthOf(text) <= width) return text;
  if (isSimple(text)) return `${text.slice(0, width - 1).trimEnd()}…`;
  let fitting = '';
  let left = width - 1;
  // Characters as people count them: a letter with its accents, a flag. Loading their rules takes 20 ms, so not before.
  for (const { segment } of new Intl.Segmenter('en').segment(text)) {
    left -= widthOf(segment);
    if (left < 0) break;
    fitting += segment;
  }
  return `${fitting.trimEnd()}…`;
}

/** Exactly this wide. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const fitting = cut(text, width);
  const blank = ' '.repeat(Math.max(0, width - widthOf(fitting)));
  return side === 'left' ? fitting + blank : blank + fitting;
}

export const lineWidth = (line: Line): number => line.reduce((sum, { text }) => sum + widthOf(text), 0);

/** At most this wide: the pieces that do not fit are cut or left out. */
export function fit(line: Line, width: number): Line {
  const fitted: Piece[] = [];
  let left = width;
  for (const { text, tone } of line) {
    if (left <= 0) break;
    const shown = cut(text, left);
    fitted.push({ text: shown, tone });
    if (shown !== text) break;
    left -= widthOf(shown);
  }
  return fitted;
}

/** Words in lines of at most this width; a word that is longer stays whole. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of clean(text).split(/\s+/)) {
    const last = lines.at(-1);
    const joined = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && widthOf(joined) > width) lines.push(word);
    else lines[Math.max(0, lines.length - 1)] = joined;
  }
  return lines;
}

/** What is written: without trailing blanks, so that a frame can be copied. */
export function inked(line: Line, { colour, unicode }: Ink): string {
  const last = line.findLastIndex(({ text }) => text.trimEnd() !== '');
  return line
    .slice(0, last + 1)
    .map(({ text, tone }, index) => {
      const whole = index === last ? text.trimEnd() : text;
      const shown = unicode ? whole : toAscii(whole);
      return colour && tone !== 'plain' ? styleText(FORMATS[tone], shown, { validateStream: false }) : shown;
    })
    .join('');
}

function toAscii(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, (beyond) =>
    Array.from(beyond, (one) => PLAIN[one] ?? '?'.repeat(widthOf(one))).join(''),
  );
}

/** How much of a whole: `██████░░░░`, at least one step where there is anything. */
export function bar(share: number, width: number, tone: Tone): Line {
  const bounded = Math.max(0, Math.min(1, share));
  const full = bounded > 0 ? Math.max(1, Math.round(bounded * width)) : 0;
  return [piece('█'.repeat(full), tone), piece('░'.repeat(width - full), 'dim')];
}
