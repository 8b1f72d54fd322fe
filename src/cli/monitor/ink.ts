/** Text for a terminal: coloured, cut and padded by what is seen of it. What others said goes through `cleaned` first. */

import { stripVTControlCharacters, styleText } from 'node:util';
import measure from 'fast-string-width';

const FORMATS = {
  title: ['bold', 'cyan'],
  good: ['green'],
  warn: ['yellow'],
  bad: ['bold', 'red'],
  dim: ['dim'],
  strong: ['bold'],
} satisfies Record<string, Parameters<typeof styleText>[0]>;

export type Tone = keyof typeof FORMATS | 'plain';

export interface Ink {
  colour: boolean;
  /** Characters beyond ASCII can be shown. */
  unicode: boolean;
}

/** Always in colour: `inked` takes it away where the terminal has none. */
export const toned = (tone: Tone, text: string): string =>
  tone === 'plain' || text === '' ? text : styleText(FORMATS[tone], text, { validateStream: false });
export const dim = (text: string): string => toned('dim', text);
export const strong = (text: string): string => toned('strong', text);

/** What this program writes beyond ASCII, and what stands for it; each as wide as the other. */
const PLAIN: Record<string, string> = {
  '…': '~',
  '·': '-',
  '–': '-',
  '→': '>',
  '▁': '_',
  '▂': '.',
  '▃': ':',
  '▄': '-',
  '▅': '=',
  '▆': '+',
  '▇': '*',
  '≥': '>',
  '█': '#',
  '░': '.',
  '│': '|',
  '✓': '+',
  '✗': 'x',
  '▸': '>',
  '×': 'x',
  '\u00a0': ' ',
};

/** A column each. Measuring anything else costs milliseconds, once. */
const isSimple = (text: string): boolean => /^[\x20-\x7e…·–→▁▂▃▄▅▆▇█░│✓✗▸×≥\u00a0]*$/.test(text);

/** How wide a text is on the screen. */
export function widthOf(text: string): number {
  const seen = stripVTControlCharacters(text);
  return isSimple(seen) ? seen.length : measure(seen);
}

/** All texts in it without line breaks, tabs, or anything that steers a terminal or turns the direction of writing. */
export function cleaned<T>(value: T): T {
  if (typeof value === 'string') return clean(value) as T;
  if (Array.isArray(value)) return value.map(cleaned) as T;
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cleaned(one)])) as T;
}

const clean = (text: string): string =>
  stripVTControlCharacters(text).replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ');

const COLOUR_CODES = /(\p{Cc}\[[\d;]*m)/u;

/** At most this wide; what is left out is shown by an ellipsis. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let shown = '';
  let left = width - 1;
  let isCut = left < 0;
  for (const part of text.split(COLOUR_CODES)) {
    // All codes stay: those that begin a colour and those that end it.
    if (COLOUR_CODES.test(part)) shown += part;
    else if (!isCut) {
      const fitting = beginning(part, left);
      isCut = fitting !== part;
      left -= widthOf(fitting);
      shown += isCut ? `${fitting.trimEnd()}…` : fitting;
    }
  }
  return shown;
}

function beginning(text: string, width: number): string {
  if (isSimple(text)) return text.slice(0, width);
  let fitting = '';
  // Characters as people count them: a letter with its accents, a flag. Loading their rules takes 20 ms, so not before.
  for (const { segment } of new Intl.Segmenter('en').segment(text)) {
    if (widthOf(fitting + segment) > width) break;
    fitting += segment;
  }
  return fitting;
}

/** Exactly this wide. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const fitting = cut(text, width);
  const blank = ' '.repeat(Math.max(0, width - widthOf(fitting)));
  return side === 'left' ? fitting + blank : blank + fitting;
}

/** Words in lines of at most this width; a word that is longer stays whole. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const joined = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && widthOf(joined) > width) lines.push(word);
    else lines[Math.max(0, lines.length - 1)] = joined;
  }
  return lines;
}

/** As the terminal can show it, without trailing blanks, so that a frame can be copied. */
export function inked(text: string, { colour, unicode }: Ink): string {
  const shown = unicode ? text : toAscii(text);
  return (colour ? shown : stripVTControlCharacters(shown)).trimEnd();
}

const toAscii = (text: string): string =>
  text.replace(/[^\x20-\x7e\p{Cc}]+/gu, (beyond) =>
    Array.from(beyond, (one) => PLAIN[one] ?? '?'.repeat(widthOf(one))).join(''),
  );

/** How much of a whole: `██████░░░░`, at least one step where there is anything. */
export function bar(share: number, width: number, tone: Tone): string {
  const full = share > 0 ? Math.max(1, Math.round(Math.min(1, share) * width)) : 0;
  return toned(tone, '█'.repeat(full)) + dim('░'.repeat(width - full));
}
