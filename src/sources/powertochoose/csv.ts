/**
 * The bytes of the Power to Choose export as rows of raw strings.
 *
 * The export has no length and no checksum; its only proof of being whole is a last line `END OF FILE`.
 */

import { type InfoRecord, parse } from 'csv-parse/sync';
import { describeError } from '../../errors.ts';
import { SourceError } from '../source-error.ts';

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
  'Language',
] as const;

/** Without these something is unknown. `Website`, `Fixed` (always empty), `PrepaidURL` and `Rating` are not used. */
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
  'Rating',
] as const;

/** The live export has it, published copies of it do not: nothing to report either way. */
const OPTIONAL_COLUMNS = ['YRACURL'] as const;

const KNOWN_COLUMNS = [...REQUIRED_COLUMNS, ...OTHER_COLUMNS, ...OPTIONAL_COLUMNS];
const END_MARKER = 'END OF FILE';

export type PowerToChooseColumn = (typeof KNOWN_COLUMNS)[number];
/** The cells of a row as they came, by column name without brackets; unknown columns by their own name. */
export type PowerToChooseRow = Record<(typeof REQUIRED_COLUMNS)[number], string> &
  Partial<Record<PowerToChooseColumn, string>> &
  Record<string, string | undefined>;

/** A row with more or fewer cells than the header: which cell is which is unknown. */
export interface MisshapenRow {
  /** The line of the file on which it ends, from 1. */
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
  /** The end marker is there. Without it the file was cut off, and the missing plans would look withdrawn. */
  complete: boolean;
}

/**
 * Reads the export: UTF-8 or Windows-1252, CRLF or LF, columns in any order.
 * @throws {SourceError} `upstream_unreadable`: not this CSV, or its quoting is broken
 */
export function readCsvRows(bytes: Uint8Array): CsvRows {
  const text = decode(bytes);
  refuseOtherThanCsv(text);
  const [first, ...records] = parseRecords(text);
  const header = readHeader(first?.record ?? []);
  const body: CsvRows = { header, rows: [], misshapen: [], schema_drift: drift(header), complete: false };
  for (const { record, line } of records) {
    if (body.complete) throw unreadable(`line ${line} comes after the line "${END_MARKER}"`);
    const [firstCell = '', ...others] = record;
    const isAlone = others.every((cell) => cell.trim() === '');
    if (isAlone && firstCell.trim().toUpperCase() === END_MARKER) body.complete = true;
    else if (record.length === header.length) {
      // `readHeader` saw to it that the required columns are there.
      const cells = header.map((name, i) => [name, record[i]] as const);
      body.rows.push(Object.fromEntries(cells) as PowerToChooseRow);
    } else if (!isAlone || firstCell.trim() !== '') body.misshapen.push({ line, cells: record });
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

function refuseOtherThanCsv(text: string): void {
  const start = text.slice(0, 4_096).trimStart();
  if (start === '') throw unreadable('it is empty');
  if (start.startsWith('{')) throw unreadable(`it is JSON: ${start.slice(0, 200)}`);
  if (!start.startsWith('<')) return;
  const title = /<title[^>]*>\s*([^<]*?)\s*</i.exec(start)?.[1];
  const name = title ? ` titled "${title}"` : '';
  throw unreadable(
    `it is an HTML page${name}; the site answers so to clients it takes for robots: check the user agent`,
  );
}

function parseRecords(text: string): { record: string[]; line: number }[] {
  try {
    // With `info` every record comes wrapped, which the types of csv-parse do not tell.
    const records = parse(text, {
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      // Not a CR alone: some texts contain one.
      record_delimiter: ['\r\n', '\n'],
    }) as unknown as { record: string[]; info: InfoRecord }[];
    return records.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (error) {
    const hint = 'its quoting is broken, perhaps because the file was cut off';
    throw unreadable(`${hint}: ${describeError(error)}`, error);
  }
}

function readHeader(cells: string[]): string[] {
  const known = new Map(KNOWN_COLUMNS.map((name) => [name.toLowerCase(), name as string]));
  const header = cells.map((cell) => {
    const name = cell.trim().replace(/^\[\s*(.*?)\s*\]$/, '$1');
    return known.get(name.toLowerCase()) ?? name;
  });
  const missing = REQUIRED_COLUMNS.filter((name) => !header.includes(name));
  if (missing.length > 0) {
    const found = header.join(', ').slice(0, 600);
    throw unreadable(`its first line lacks the columns ${missing.join(', ')} and has: ${found}`);
  }
  const twice = KNOWN_COLUMNS.filter((name) => header.indexOf(name) !== header.lastIndexOf(name));
  if (twice.length > 0) throw unreadable(`its first line has the columns ${twice.join(', ')} twice`);
  return header;
}

function drift(header: string[]): string[] {
  const known: readonly string[] = KNOWN_COLUMNS;
  const added = new Set(header.filter((name) => !known.includes(name)));
  const gone = OTHER_COLUMNS.filter((name) => !header.includes(name));
  return [...[...added].map((name) => `+${name}`), ...gone.map((name) => `-${name}`)].toSorted();
}

function unreadable(why: string, cause?: unknown): SourceError {
  return new SourceError('upstream_unreadable', `the Power to Choose export cannot be read: ${why}`, {
    cause,
  });
}
