/**
 * Parquet for DuckDB, pandas and the like: types as they are (times in UTC, numbers as decimals that add up), a group of rows
 * for each piece that is written, so that memory holds one piece whatever the size of the file.
 */

import type { ParquetWriter } from 'hyparquet-writer';
import { DECIMALS, type ExportColumn, type ExportRow, type TableWriter } from './table.ts';

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

const PHYSICAL: Record<ExportColumn['type'], Omit<SchemaElement, 'name'>> = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  json: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  integer: { type: 'INT32' },
  bigint: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
  date: { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } },
  datetime: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  decimal: { type: 'INT64', converted_type: 'DECIMAL', scale: DECIMALS, precision: 18 },
};

const DAY_MS = 86_400_000;

/** As the writer takes it. */
const cellOf = ({ type }: ExportColumn): ((value: unknown) => unknown) => {
  if (type === 'json') return (value) => (value === null ? undefined : JSON.stringify(value));
  if (type === 'bigint') return (value) => (value === null ? undefined : BigInt(value as number | string));
  // Days since 1970.
  if (type === 'date') return (value) => (value === null ? undefined : Date.parse(value as string) / DAY_MS);
  return (value) => value ?? undefined;
};

export async function parquetTable(path: string, columns: readonly ExportColumn[]): Promise<TableWriter> {
  const { fileWriter, ParquetWriter } = await import('hyparquet-writer');
  const schema: SchemaElement[] = [
    { name: 'row', num_children: columns.length },
    ...columns.map((column) => ({
      name: column.name,
      repetition_type: column.isRequired ? ('REQUIRED' as const) : ('OPTIONAL' as const),
      ...PHYSICAL[column.type],
    })),
  ];
  // Smallest and largest values of each group cost a third of the time, and a reader has few groups to pass over.
  const writer = new ParquetWriter({ writer: fileWriter(path), schema, statistics: false });
  const cells = columns.map(cellOf);
  return {
    async write(rows: readonly ExportRow[]) {
      if (rows.length === 0) return;
      const columnData = columns.map(({ name }, at) => {
        const data = new Array<unknown>(rows.length);
        const cell = cells[at]!;
        for (let row = 0; row < rows.length; row++) data[row] = cell(rows[row]![at] ?? null);
        return { name, data };
      });
      await writer.write({ columnData, rowGroupSize: rows.length });
    },
    finish: async () => writer.finish(),
  };
}
