import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { CSV_TYPE, chooseType, csvText, JSON_TYPE } from './representation.ts';

type Cell = string | number | boolean | null;
const text = fc.oneof(
  fc.string(),
  fc.string({
    unit: fc.constantFrom('"', ',', '\r', '\n', ';', '=', '+', '-', '@', '\t', ' ', 'é', 'a', '1'),
  }),
);
const cell: fc.Arbitrary<Cell> = fc.oneof(
  text,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const columns = [0, 1, 2].map((at) => ({ name: `column_${at}`, value: (row: Cell[]) => row[at]! }));

/** How a cell reads for somebody else's parser. */
const written = (value: Cell): string => {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  return /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/.test(value) ? `'${value}` : value;
};

test('CSV is read back as it was written, formulas made harmless', () =>
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { maxLength: 20 }), (rows) => {
      const csv = csvText(columns, rows);
      assert.ok(csv.startsWith('column_0,column_1,column_2\r\n'));
      const read = parse(csv, { record_delimiter: '\r\n', relax_column_count: false }) as string[][];
      assert.deepEqual(
        read.slice(1),
        rows.map((row) => row.map(written)),
      );
    }),
  ));

test('no cell of a text begins like a formula, and numbers stay numbers', () => {
  const csv = csvText(
    [{ name: 'value', value: (row: Cell) => row }],
    ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '＝1', 'plain', -5.5, null],
  );
  assert.deepEqual(csv.split('\r\n'), [
    'value',
    "'=1+1",
    "'+1",
    "'-1",
    "'@SUM(A1)",
    "'\t=1",
    "'＝1",
    'plain',
    '-5.5',
    '',
    '',
  ]);
});

test('the caller’s wish decides, in quality and precision; JSON where it does not', () => {
  for (const [accept, expected] of [
    [undefined, JSON_TYPE],
    ['*/*', JSON_TYPE],
    ['', JSON_TYPE],
    ['text/csv', CSV_TYPE],
    ['TEXT/CSV', CSV_TYPE],
    ['text/*', CSV_TYPE],
    ['text/csv;q=0.4, application/json;q=0.5', JSON_TYPE],
    ['text/csv;q=0.5, application/json;q=0.4', CSV_TYPE],
    ['application/json;q=0, */*', CSV_TYPE],
    ['text/csv;q=0, */*;q=0.1', JSON_TYPE],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', JSON_TYPE],
    ['text/csv, */*;q=0.1', CSV_TYPE],
    ['image/png', null],
    ['*/*;q=0', null],
    ['text/csv;q=0', null],
    ['application/problem+json', null],
  ] as const) {
    assert.equal(chooseType(accept), expected, accept);
  }
});

const quality = fc.integer({ min: 0, max: 1000 }).map((thousandths) => thousandths / 1000);

test('the higher quality wins whatever the order, and quality 0 is never sent', () =>
  fc.assert(
    fc.property(quality, quality, fc.boolean(), (json, csv, isJsonFirst) => {
      const ranges = [`${JSON_TYPE};q=${json}`, `${CSV_TYPE};q=${csv}`];
      const type = chooseType((isJsonFirst ? ranges : ranges.toReversed()).join(', '));
      if (json === 0 && csv === 0) assert.equal(type, null);
      else if (json > csv) assert.equal(type, JSON_TYPE);
      else if (csv > json) assert.equal(type, CSV_TYPE);
      else assert.notEqual(type, null);
    }),
  ));

test('no header breaks the choice', () =>
  fc.assert(
    fc.property(fc.string(), (accept) => {
      assert.ok([JSON_TYPE, CSV_TYPE, null].includes(chooseType(accept)));
    }),
  ));
