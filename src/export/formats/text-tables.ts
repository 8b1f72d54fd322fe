/** CSV for spreadsheets, and JSON line by line. */

import { open } from 'node:fs/promises';
import { stringify } from 'csv-stringify/sync';
import type { ColumnType, ExportColumn, ExportRow, TableWriter } from './table.ts';

/** Texts that arrive in pieces, in one file. */
async function textFile(
  path: string,
): Promise<{ write(text: string): Promise<void>; close(): Promise<void> }> {
  const file = await open(path, 'w');
  return {
    write: async (text) => void (await file.write(text)),
    close: () => file.close(),
  };
}

/** As a cell of text shows it. */
const plain = (type: ColumnType, value: unknown): unknown => {
  if (value === null || value === undefined) return null;
  if (type === 'json') return JSON.stringify(value);
  return type === 'datetime' ? (value as Date).toISOString() : value;
};

/**
 * RFC 4180 as in the answers of the API: a line of names, CR LF, `null` an empty cell; a text that a spreadsheet would take for
 * a formula begins with an apostrophe.
 */
export async function csvTable(path: string, columns: readonly ExportColumn[]): Promise<TableWriter> {
  const file = await textFile(path);
  const text = (rows: readonly ExportRow[]) =>
    stringify(
      rows.map((row) => columns.map(({ type }, at) => plain(type, row[at]))),
      { record_delimiter: 'windows', escape_formulas: true, cast: { boolean: String } },
    );
  await file.write(text([]) + stringify([columns.map(({ name }) => name)], { record_delimiter: 'windows' }));
  return { write: (rows) => file.write(text(rows)), finish: () => file.close() };
}

/** One object a row, every column in it. */
export async function jsonlTable(path: string, columns: readonly ExportColumn[]): Promise<TableWriter> {
  const file = await textFile(path);
  const line = (row: ExportRow) =>
    `${JSON.stringify(Object.fromEntries(columns.map(({ name }, at) => [name, row[at] ?? null])))}\n`;
  return { write: (rows) => file.write(rows.map(line).join('')), finish: () => file.close() };
}
