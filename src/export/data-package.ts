/** The manifest of an export: a Frictionless Data Package (version 2), with what it was made of beside it. */

import type { SnapshotAbout } from '../store/exports/export-rows.ts';
import type { KeptExport } from '../store/exports/kept-exports.ts';
import { type ExportTable, TABLES, type TableName } from './dictionary.ts';
import { DECIMALS, type ExportColumn, type ExportFormat } from './formats/table.ts';
import { SOURCE_TERMS } from './sources.ts';

/** Raised where a column changes its meaning or goes; a new column does not. */
const FORMAT_VERSION = '1.0.0';

export interface ExportFile {
  table: TableName;
  format: ExportFormat;
  /** Of the file, without its folder. */
  path: string;
  bytes: number;
  sha256: string;
  rows: number;
}

interface Contents {
  /** `2026-11-28`, or `2026-11`. */
  name: string;
  until: Date;
  snapshots: readonly (SnapshotAbout & { day: string })[];
  /** TDSPs whose source the operator does not export, and those whose plans cannot be rebuilt any more. */
  left_out: readonly { day: string; tdsp_duns: string; why: 'source_not_exported' | 'not_kept' }[];
  files: readonly ExportFile[];
}

export interface DataPackage {
  name: string;
  notice?: string;
  resources: { name: string; path: string; format: string; bytes: number; hash: string; rows: number }[];
}

export const packageOf = ({ descriptor }: Pick<KeptExport, 'descriptor'>): DataPackage =>
  JSON.parse(descriptor) as DataPackage;

const MEDIA_TYPES: Record<ExportFormat, string> = {
  csv: 'text/csv',
  jsonl: 'application/jsonl',
  parquet: 'application/vnd.apache.parquet',
};

const FIELD_TYPES: Record<ExportColumn['type'], object> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  bigint: { type: 'integer' },
  decimal: { type: 'number' },
  boolean: { type: 'boolean' },
  date: { type: 'date' },
  datetime: { type: 'datetime', format: '%Y-%m-%dT%H:%M:%S.%fZ' },
  json: { type: 'object' },
};

const fieldOf = ({ name, type, description, isRequired, values }: ExportColumn) => ({
  name,
  ...FIELD_TYPES[type],
  // A list is JSON, too, and no object.
  ...(type === 'json' && { type: 'any' }),
  description: type === 'json' ? `${description}. JSON` : description,
  ...((isRequired || values) && {
    constraints: { ...(isRequired && { required: true }), ...(values && { enum: values }) },
  }),
});

const resourceOf = ({ table, format, path, bytes, sha256, rows }: ExportFile) => {
  const { title, primaryKey, columns }: ExportTable = TABLES[table];
  return {
    name: `${table}-${format}`,
    type: 'table',
    title,
    path,
    format,
    mediatype: MEDIA_TYPES[format],
    ...(format !== 'parquet' && { encoding: 'utf-8' }),
    bytes,
    hash: `sha256:${sha256}`,
    rows,
    ...(format === 'csv' && {
      dialect: { header: true, delimiter: ',', lineTerminator: '\r\n', quoteChar: '"', doubleQuote: true },
    }),
    schema: { fields: columns.map(fieldOf), primaryKey, missingValues: [''] },
  };
};

const DESCRIPTION = `Money is USD before tax, rates are cents per kWh with at most ${DECIMALS} digits behind the point (DECIMAL in Parquet), \
usage is kWh a month, times are UTC, days are those of America/Chicago. What is not known is empty, never 0 and never a guess. \
In CSV a text that a spreadsheet would take for a formula begins with an apostrophe. \
The same export can be made again from the database, byte for byte.`;

const isInvented = (source: string) => source === 'sandbox';

/** Before every name of a file with invented plans. */
export const labelOf = (sources: readonly string[]): string => (sources.some(isInvented) ? 'sandbox-' : '');

/** @returns as JSON, the same for the same contents */
export function dataPackage({ name, until, snapshots, left_out, files }: Contents): string {
  const sources = [...new Set(snapshots.map(({ source }) => source))].toSorted();
  const terms = sources.flatMap((source) => SOURCE_TERMS[source] ?? []);
  const invented = sources.some(isInvented);
  return `${JSON.stringify(
    {
      $schema: 'https://datapackage.org/profiles/2.0/datapackage.json',
      name: `wattsync-${labelOf(sources)}${name}`,
      title: `Electricity plans of the competitive Texas market, ${name}`,
      description: DESCRIPTION,
      version: FORMAT_VERSION,
      created: until.toISOString(),
      ...(invented && { notice: SOURCE_TERMS.sandbox!.attribution }),
      attribution: terms.map(({ attribution }) => attribution).join(' '),
      licenses: terms.map(({ license }) => license),
      sources: terms.map(({ title, path }) => ({ title, ...(path && { path }) })),
      resources: files.map(resourceOf),
      snapshots: snapshots.map(
        ({ day, tdsp_duns, version, source, published_at, set_hash, plans, unread }) => ({
          day,
          tdsp_duns,
          version,
          source,
          published_at: published_at.toISOString(),
          set_hash,
          plans,
          unread_records: unread,
        }),
      ),
      left_out,
    },
    null,
    2,
  )}\n`;
}
