/** Blocks of lines arranged on a screen: below each other, or in two columns where there is room, and never too many. */

import { cut, dim, pad, toned } from './ink.ts';

export interface Block {
  title: string;
  /** Behind the title. */
  note?: string;
  /** All of it in a line, where there is no room for more. */
  brief: string;
  lines: string[];
}

/** From here on two columns are easier to read than long lines. */
const TWO_COLUMNS_FROM = 140;
const GAP = ' │ ';

export interface Room {
  columns: number;
  /** Lines there are; `null`: as many as needed. */
  rows: number | null;
  /** No line is cut: they go to a file or a program, which has no width. */
  isEndless?: boolean;
}

/** @param left,right make their blocks for the width they get, the most important ones first */
export function arrange(
  left: (width: number) => Block[],
  right: (width: number) => Block[],
  { columns, rows, isEndless }: Room,
): string[] {
  if (columns < TWO_COLUMNS_FROM) {
    return column([...left(columns), ...right(columns)], { columns, rows, isEndless });
  }
  const width = Math.ceil((columns - GAP.length) / 2);
  const rest = columns - GAP.length - width;
  const one = column(left(width), { columns: width, rows });
  const other = column(right(rest), { columns: rest, rows });
  return Array.from({ length: Math.max(one.length, other.length) }, (_, i) =>
    [pad(one[i] ?? '', width), dim(GAP), other[i] ?? ''].join(''),
  );
}

/** Where there are too many lines one block after the other, from the last, is told in brief. */
function column(blocks: readonly Block[], { columns, rows, isEndless = false }: Room): string[] {
  let shown = [...blocks];
  for (let last = blocks.length - 1; last >= 0; last--) {
    if (rows === null || stack(shown).length <= rows) break;
    shown = shown.with(last, { ...blocks[last]!, lines: [], note: blocks[last]!.brief });
  }
  return stack(shown)
    .slice(0, rows ?? undefined)
    .map((line) => (isEndless ? line : cut(line, columns)));
}

const stack = (blocks: readonly Block[]): string[] =>
  blocks.flatMap(({ title, note, lines }, i) => {
    // No blank line between blocks that are one line each.
    const isApart = i > 0 && lines.length + blocks[i - 1]!.lines.length > 0;
    const head = toned('title', title) + (note === undefined ? '' : `  ${note}`);
    return [...(isApart ? [''] : []), head, ...lines];
  });
