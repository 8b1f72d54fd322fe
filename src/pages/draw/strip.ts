/** A market as a strip: one stroke for each plan, with a word at the least, the middle and where the reader's plan is. */

import type { Html } from '../../html/html.ts';
import { drawing, line, linePath, words } from './frame.ts';

const HEIGHT = 64;
const TOP = 22;
const BOTTOM = 42;

interface StripMark {
  value: number;
  /** One above the strip, the other below it. */
  text: string;
  look: 'you' | 'plain';
}

/** @param values as many as there are plans, in any order */
export function drawStrip(
  values: readonly number[],
  marks: readonly StripMark[],
  label: string,
): Html | null {
  if (values.length === 0) return null;
  const all = [...values, ...marks.map(({ value }) => value)];
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const x = (value: number) => (most === least ? 0.5 : 0.01 + (0.98 * (value - least)) / (most - least));
  const stroke = (value: number, top: number, bottom: number) =>
    linePath([
      [x(value), top],
      [x(value) + 1e-6, bottom],
    ]);
  return drawing(
    { height: HEIGHT, label, look: 'strip' },
    [
      line('c thin', values.map((value) => stroke(value, TOP, BOTTOM)).join('')),
      ...marks.map(({ value, look }) => line(look === 'you' ? 'u' : 'k', stroke(value, TOP - 4, BOTTOM + 4))),
    ],
    marks.map(({ value, text, look }, at) =>
      // Those at the ends stand below; one between them may find no room there.
      words(x(value), look === 'you' || (at > 0 && at < marks.length - 1) ? TOP - 9 : BOTTOM + 18, text, {
        look: look === 'you' ? 'yours' : '',
        anchor: x(value) < 0.15 ? 'start' : x(value) > 0.7 || at > 1 ? 'end' : 'middle',
      }),
    ),
  );
}
