/**
 * The lines of an export as records of cells.
 *
 * The state quotes every cell and doubles no quote inside one; spreadsheets and published copies double them. No rule of
 * quoting reads both, so a record is tried in several readings, and the one that gives as many cells as the header has
 * is proven. A record that none of them explains costs itself alone, however its quotes are broken.
 */

/** When a quote inside a quoted cell ends it. */
interface Reading {
  /** `""` is one quote of the text (RFC 4180). */
  doubled: boolean;
  /** Only what a quoted cell follows is an end: all cells are quoted, and `"a "b", c"` is one of them. */
  allQuoted: boolean;
}

const READINGS: readonly Reading[] = [
  { doubled: true, allQuoted: false },
  { doubled: false, allQuoted: false },
  { doubled: false, allQuoted: true },
];

// Texts of a plan have a few lines at most.
const MOST_LINES = 40;
// The longest record of ten years has 4,000 characters.
const LONGEST = 100_000;
// What does not prove itself is read again with each line that follows. A file full of it must not take minutes.
const MOST_JOINS = 2_000;

interface CsvRecord {
  /** The line of the file on which it begins, from 1. */
  line: number;
  cells: string[];
  /** It has as many cells as the header, and its quotes are understood. */
  isSound: boolean;
  /** It is not, and a quote was still open at its end. */
  isOpen: boolean;
}

/** The cells of the header, whose names hold neither quotes nor commas. */
export function splitHeader(line: string, delimiter = ','): string[] {
  return line.split(delimiter).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

/**
 * Every record; blank lines are left out.
 * @param from the first line behind the header, from 0
 * @param width how many cells the header has
 */
export function* readRecords(lines: readonly string[], from: number, width: number): Generator<CsvRecord> {
  let joins = MOST_JOINS;
  for (let at = from; at < lines.length; ) {
    const text = lines[at]!;
    const line = at + 1;
    at++;
    if (text.trim() === '') continue;
    let cells = readSound(text, width);
    let joined = text;
    // A line break inside a cell: the lines that follow belong to it, unless one is a record by itself.
    const last = Math.min(lines.length, at + MOST_LINES);
    for (let next = at; cells === null && next < last && joins > 0; next++, joins--) {
      if (!text.includes('"') || joined.length > LONGEST || readSound(lines[next]!, width) !== null) break;
      joined += `\n${lines[next]}`;
      cells = readSound(joined, width);
      if (cells) at = next + 1;
    }
    yield cells
      ? { line, cells, isSound: true, isOpen: false }
      : { line, cells: splitAnyhow(text), isSound: false, isOpen: text.split('"').length % 2 === 0 };
  }
}

function readSound(text: string, width: number): string[] | null {
  for (const reading of READINGS) {
    const cells = readCells(text, reading);
    if (cells?.length === width) return cells;
  }
  return null;
}

/** `null` where the quotes do not add up in this reading. */
function readCells(text: string, { doubled, allQuoted }: Reading): string[] | null {
  const cells: string[] = [];
  const endsAt = (after: number) =>
    after === text.length || (text[after] === ',' && (!allQuoted || text[after + 1] === '"'));
  for (let at = 0; ; ) {
    if (text[at] !== '"') {
      const comma = text.indexOf(',', at);
      const cell = comma < 0 ? text.slice(at) : text.slice(at, comma);
      if (cell.includes('"') || cell.includes('\n')) return null;
      cells.push(cell);
      if (comma < 0) return cells;
      at = comma + 1;
      continue;
    }
    let end = text.indexOf('"', at + 1);
    while (end >= 0 && !endsAt(end + 1)) {
      const isPair = doubled && text[end + 1] === '"';
      end = text.indexOf('"', end + (isPair ? 2 : 1));
    }
    if (end < 0) return null;
    const cell = text.slice(at + 1, end);
    cells.push(doubled ? cell.replaceAll('""', '"') : cell);
    if (end + 1 === text.length) return cells;
    at = end + 2;
  }
}

/** The cells of a line that no reading explains, for a person to look at. */
function splitAnyhow(text: string): string[] {
  return readCells(text, READINGS[0]!) ?? text.split(',').map((cell) => cell.replace(/^"|"$/g, ''));
}
