/** What a table of an export is made of: its columns, each once, for every format and for the data dictionary. */

export type ColumnType =
  | 'string'
  | 'integer'
  | 'bigint'
  | 'decimal'
  | 'boolean'
  | 'datetime'
  | 'date'
  | 'json';

export interface ExportColumn {
  name: string;
  type: ColumnType;
  /** What it means, with its unit; for the data dictionary. */
  description: string;
  /** Never `null`. */
  isRequired: boolean;
  /** The only values there are. */
  values?: readonly string[];
}

/**
 * The values in the order of the columns. `datetime` is a `Date`, `bigint` a number or its text, `date` is `YYYY-MM-DD`, `decimal` has at most four digits
 * behind the point, `json` any value; unknown is `null`.
 */
export type ExportRow = readonly unknown[];

/** A file in the making. */
export interface TableWriter {
  write(rows: readonly ExportRow[]): Promise<void>;
  /** The file is whole once this resolves. */
  finish(): Promise<void>;
}

export const FORMATS = ['csv', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof FORMATS)[number];

export const DECIMALS = 4;
