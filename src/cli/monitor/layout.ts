/** Blocks of lines arranged on a screen: below each other, or in two columns where there is room, and never too many. */

import { fit, type Line, lineWidth, piece } from './ink.ts';

export interface Block {
  title: string;
  /** Behind the title. */
  note?: Line;
  /** All of it in a line, where there is no room for more. */
  brief: Line;
  lines: Line[];
  /** Where there is no room the blocks with the lowest rank give way first. */
  rank: number;
}

/** From here on two columns are easier to read than long lines. */
const TWO_COLUMNS_FROM = 140;
const GAP = ' │ ';

export interface Room {
  columns: number;
  /** Lines there are; `null`: as many as needed. */
  rows: number | null;
}

/** @param left,right make their blocks for the width they get */
export function arrange(
  left: (width: number) => Block[],
  right: (width: number) => Block[],
  { columns, rows }: Room,
): Line[] {
  if (columns < TWO_COLUMNS_FROM) {
    return stack(shrink([...left(columns), ...right(columns)], rows), columns);
  }
  const width = Math.ceil((columns - GAP.length) / 2);
  const rest = columns - GAP.length - width;
  const one = stack(shrink(left(width), rows), width);
  const other = stack(shrink(right(rest), rows), rest);
  return Array.from({ length: Math.max(one.length, other.length) }, (_, at) => [
    ...widened(one[at] ?? [], width),
    piece(GAP, 'dim'),
    ...(other[at] ?? []),
  ]);
}

const widened = (line: Line, width: number): Line => [
  ...line,
  piece(' '.repeat(Math.max(0, width - lineWidth(line)))),
];

function stack(blocks: readonly Block[], width: number): Line[] {
  return blocks.flatMap(({ title, note = [], lines }, index) => [
    ...(isApart(blocks, index) ? [[]] : []),
    fit([piece(title, 'title'), ...(note.length > 0 ? [piece('  '), ...note] : [])], width),
    ...lines.map((line) => fit(line, width)),
  ]);
}

/** A blank line comes before it: not between blocks that are one line each. */
const isApart = (blocks: readonly Block[], index: number): boolean =>
  index > 0 && blocks[index]!.lines.length + blocks[index - 1]!.lines.length > 0;

const heightOf = (blocks: readonly Block[]): number =>
  blocks.reduce((sum, { lines }, index) => sum + lines.length + (isApart(blocks, index) ? 2 : 1), 0);

/** A list that shows fewer lines than these tells less than its brief. */
const LEAST_LINES = 3;

/** One block after the other loses lines, or all of them but its brief, until the rest fits. */
function shrink(blocks: readonly Block[], rows: number | null): Block[] {
  if (rows === null) return [...blocks];
  const shrunk = [...blocks];
  for (const block of blocks.toSorted((a, b) => a.rank - b.rank)) {
    const excess = heightOf(shrunk) - rows;
    if (excess <= 0) return shrunk;
    shrunk[blocks.indexOf(block)] = shortened(block, excess);
  }
  while (shrunk.length > 0 && heightOf(shrunk) > rows) {
    const least = Math.min(...shrunk.map(({ rank }) => rank));
    shrunk.splice(
      shrunk.findIndex(({ rank }) => rank === least),
      1,
    );
  }
  return shrunk;
}

function shortened(block: Block, excess: number): Block {
  const { lines, brief } = block;
  const shown = lines.length - excess - 1;
  if (shown < LEAST_LINES) return { ...block, lines: [], note: brief };
  const more = [piece(`  … and ${lines.length - shown} more`, 'dim')];
  return { ...block, lines: [...lines.slice(0, shown), more] };
}
