/**
 * The bytes of the Power to Choose export as rows of raw strings.
 *
 * The export has no length and no checksum; its only proof of being whole is a last line `END OF FILE`.
 */

import { SourceError } from '../source-error.ts';
import { nameOtherKind } from './other-kinds.ts';
import { readRecords, splitHeader } from './records.ts';
import { allPlansName, isZipExport, withoutLabel } from './zip-export.ts';

/** Without these a row cannot be a plan, or not the same plan as yesterday. */
const REQUIRED_COLUMNS = [
  'idKey',
  'TduCompanyName',
  'RepCompany',
  'Product',
  'kwh500',
  'kwh1000',
  'kwh2000',
  'TermValue',
] as const;

/** Without these something is unknown. `Fixed` repeats `RateType` in numbers and is not used. */
const OTHER_COLUMNS = [
  'Fees/Credits',
  'PrePaid',
  'TimeOfUse',
  'Fixed',
  'RateType',
  'Renewable',
  'CancelFee',
  'Website',
  'SpecialTerms',
  'TermsURL',
  'Promotion',
  'PromotionDesc',
  'FactsURL',
  'EnrollURL',
  'PrepaidURL',
  'EnrollPhone',
  'NewCustomer',
  'MinUsageFeesCredits',
  'Language',
  'Rating',
] as const;

/** The live export has it, published copies of it do not: nothing to report either way. */
const OPTIONAL_COLUMNS = ['YRACURL'] as const;

const KNOWN_COLUMNS = [...REQUIRED_COLUMNS, ...OTHER_COLUMNS, ...OPTIONAL_COLUMNS];
const KNOWN_BY_LOWER_CASE = new Map(KNOWN_COLUMNS.map((name) => [name.toLowerCase(), name as string]));
const OTHER_DELIMITERS = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'vertical bars'],
] as const;
/** Of the one export seen that has neither `Language` nor `Rating`. */
const YEAR_WITHOUT_LANGUAGE = 2017;
const END_MARKER = 'END OF FILE';

export type PowerToChooseColumn = (typeof KNOWN_COLUMNS)[number];
/** The cells of a row as they came, by column name without brackets; unknown columns by their own name. */
export type PowerToChooseRow = Record<(typeof REQUIRED_COLUMNS)[number], string> &
  Partial<Record<PowerToChooseColumn, string>> &
  Record<string, string | undefined>;

/** A row that no reading gives as many cells as the header: which cell is which is unknown. */
export interface MisshapenRow {
  /** The line of the file on which it begins, from 1. */
  line: number;
  cells: string[];
}

interface CsvRows {
  /** Column names in the order of the file, without brackets, known ones in our spelling. */
  header: string[];
  rows: PowerToChooseRow[];
  misshapen: MisshapenRow[];
  /** `+name` for a column that is new to us, `-name` for one that vanished. */
  schema_drift: string[];
  /** The year whose layout this is, `null` where it is today's. */
  layout_year: number | null;
  /** It is of one ZIP code only, whose TDSPs it covers. */
  is_zip_export: boolean;
  /** The end marker is there. Without it the file was cut off, and the missing plans would look withdrawn. */
  complete: boolean;
}

/**
 * Reads the export: UTF-8 or Windows-1252, CRLF or LF, quotes doubled or bare, columns in any order.
 * @throws {SourceError} `upstream_unreadable`: not this CSV
 */
export function readCsvRows(bytes: Uint8Array): CsvRows {
  const other = nameOtherKind(bytes);
  if (other) throw unreadable(other);
  // A carriage return alone ends no line: some texts contain one.
  const lines = decode(bytes).split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first < 0) throw unreadable('it is empty');
  const header = readHeader(lines[first]!);
  const isZip = isZipExport(header);
  const body: CsvRows = {
    header,
    rows: [],
    misshapen: [],
    schema_drift: isZip ? [] : drift(header),
    layout_year: isZip || header.includes('Language') ? null : YEAR_WITHOUT_LANGUAGE,
    is_zip_export: isZip,
    complete: false,
  };
  let openLine = -1;
  for (const { line, cells, isSound, isOpen } of readRecords(lines, first + 1, header.length)) {
    const [firstCell = '', ...others] = cells;
    const isAlone = others.every((cell) => cell.trim() === '');
    if (isAlone && firstCell.trim() === '') continue;
    if (body.complete) throw unreadable(`line ${line} comes after the line "${END_MARKER}"`);
    // Right behind a quote that never closed it may be a line of that text, of a file cut off there.
    const isMarker = isAlone && firstCell.trim().toUpperCase() === END_MARKER && openLine !== line - 1;
    if (isOpen) openLine = line;
    if (isMarker) body.complete = true;
    else if (isSound) {
      // `readHeader` saw to it that the required columns are there.
      body.rows.push(Object.fromEntries(header.map((name, i) => [name, cells[i]])) as PowerToChooseRow);
    } else body.misshapen.push({ line, cells });
  }
  if (isZip) {
    // It ends without a marker: what a cut-off one lacks is for the guard to see.
    body.complete = true;
    for (const row of body.rows) row.CancelFee = withoutLabel(row.CancelFee ?? '');
  }
  return body;
}

function decode(bytes: Uint8Array): string {
  // A byte-order mark is a promise of UTF-8: one bad byte behind it must not turn every other accent into "Ã©".
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  try {
    return new TextDecoder('utf-8', { fatal: !hasMark }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

function readHeader(line: string): string[] {
  const header = namesIn(line, ',');
  const isThere = (names: string[]) => REQUIRED_COLUMNS.every((name) => names.includes(name));
  if (!isThere(header)) {
    for (const [delimiter, name] of OTHER_DELIMITERS) {
      if (isThere(namesIn(line, delimiter))) {
        throw unreadable(
          `its cells are separated by ${name} instead of commas, as a program of another country or a spreadsheet saves it; use the file as the state sends it`,
        );
      }
    }
    if (isZipExport(header)) {
      const named = header.map(allPlansName);
      if (isThere(['idKey', ...named])) return named;
    }
    const missing = REQUIRED_COLUMNS.filter((name) => !header.includes(name));
    const found = header.join(', ').slice(0, 600);
    throw unreadable(`its first line lacks the columns ${missing.join(', ')} and has: ${found}`);
  }
  const twice = KNOWN_COLUMNS.filter((name) => header.indexOf(name) !== header.lastIndexOf(name));
  if (twice.length > 0) throw unreadable(`its first line has the columns ${twice.join(', ')} twice`);
  return header;
}

/** The names of columns without brackets, known ones in our spelling. */
function namesIn(line: string, delimiter: string): string[] {
  return splitHeader(line, delimiter).map((cell) => {
    const name = cell.trim().replace(/^\[\s*(.*?)\s*\]$/, '$1');
    return KNOWN_BY_LOWER_CASE.get(name.toLowerCase()) ?? name;
  });
}

function drift(header: string[]): string[] {
  const known: readonly string[] = KNOWN_COLUMNS;
  const added = new Set(header.filter((name) => !known.includes(name)));
  const gone = OTHER_COLUMNS.filter((name) => !header.includes(name));
  return [...[...added].map((name) => `+${name}`), ...gone.map((name) => `-${name}`)].toSorted();
}

function unreadable(why: string): SourceError {
  return new SourceError('upstream_unreadable', `the Power to Choose export cannot be read: ${why}`);
}
