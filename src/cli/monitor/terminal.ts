/** What the terminal at the other end can show. */

import type { Ink } from './ink.ts';

type Output = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & { hasColors?(): boolean };

/** Narrower ones are written to all the same: their lines break. */
const COLUMNS = { least: 20, without: 80 };

export interface InkChoice {
  /** `false`: none whatever the terminal can (--no-color). */
  color?: boolean;
  /** Nothing beyond ASCII. */
  ascii?: boolean;
}

/** Colour on a terminal that has it, unless NO_COLOR is set, which Node itself heeds. */
export function inkOf(output: Output, { color = true, ascii = false }: InkChoice = {}): Ink {
  return { colour: color && output.isTTY === true && output.hasColors?.() === true, unicode: !ascii };
}

/** A pipe gets what fits the usual terminal. */
export const columnsOf = ({ isTTY, columns }: Output): number =>
  isTTY && columns ? Math.max(COLUMNS.least, columns) : COLUMNS.without;
