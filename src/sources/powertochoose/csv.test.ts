import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCsvRows } from './csv.ts';

const HEADER =
  '[idKey],[TduCompanyName],[RepCompany],[Product],[kwh500],[kwh1000],[kwh2000],[Fees/Credits],[PrePaid],[TimeOfUse],[Fixed],[RateType],[Renewable],[TermValue],[CancelFee],[Website],[SpecialTerms],[TermsURL],[Promotion],[PromotionDesc],[FactsURL],[EnrollURL],[PrepaidURL],[EnrollPhone],[NewCustomer],[MinUsageFeesCredits],[Language],[Rating]';
const ROW =
  '36101,ONCOR,PECAN CREEK ENERGY,Energía 12,0.142,0.135,0.131,,False,False,,Fixed,24,12,150,,,,,,,,,,,,Spanish,4';

const utf8 = (...lines: string[]) => new TextEncoder().encode(lines.join('\n'));
const file = (...rows: string[]) => utf8(HEADER, ...rows, 'END OF FILE', '');
const unreadable = (bytes: Uint8Array, message: RegExp) =>
  assert.throws(() => readCsvRows(bytes), { code: 'upstream_unreadable', message });

test('rows are raw strings by column name without brackets', () => {
  const { header, rows, misshapen, schema_drift, complete } = readCsvRows(file(ROW));
  assert.equal(header.length, 28);
  assert.equal(rows.length, 1);
  assert.equal(rows[0]?.kwh1000, '0.135');
  assert.equal(rows[0]?.['Fees/Credits'], '');
  assert.deepEqual([misshapen, schema_drift, complete], [[], [], true]);
});

test('byte-order mark, CRLF and LF make no difference', () => {
  const plain = readCsvRows(file(ROW));
  const live = `\ufeff${new TextDecoder().decode(file(ROW)).replaceAll('\n', '\r\n')}`;
  assert.deepEqual(readCsvRows(utf8(live)), plain);
});

test('Windows-1252 is read where the bytes are not UTF-8', () => {
  const bytes = Uint8Array.from(new TextDecoder().decode(file(ROW)), (char) => char.charCodeAt(0));
  assert.equal(readCsvRows(bytes).rows[0]?.Product, 'Energía 12');
});

test('one bad byte in a file that promises UTF-8 spoils no other accent', () => {
  const bytes = utf8(`\ufeff${new TextDecoder().decode(file(ROW, ROW.replace('ONCOR', 'ONC@R')))}`);
  bytes[bytes.indexOf('@'.charCodeAt(0))] = 0xff;
  const { rows } = readCsvRows(bytes);
  assert.deepEqual(
    rows.map((row) => [row.TduCompanyName, row.Product]),
    [
      ['ONCOR', 'Energía 12'],
      ['ONC\ufffdR', 'Energía 12'],
    ],
  );
});

test('columns are known by name in any case, with or without brackets', () => {
  const bare = HEADER.replaceAll(/[[\]]/g, '').toUpperCase();
  assert.deepEqual(readCsvRows(utf8(bare, ROW, 'END OF FILE')), readCsvRows(file(ROW)));
});

test('columns that came or went are reported, YRACURL is expected either way', () => {
  const header = HEADER.replace('[Rating]', '[YRACURL]').replace('[Fixed]', '[Battery]');
  assert.deepEqual(readCsvRows(utf8(header, 'END OF FILE')).schema_drift, ['+Battery', '-Fixed', '-Rating']);
});

test('a missing column that plans cannot do without is named, with what was found', () => {
  const header = HEADER.replace('[kwh1000]', '[Price/kWh 1000]');
  unreadable(utf8(header, ROW, 'END OF FILE'), /lacks the columns kwh1000 and has: idKey.*Price\/kWh 1000/);
  unreadable(utf8(HEADER.replace('[Fixed]', '[Product]'), 'END OF FILE'), /Product twice/);
});

test('an error says what the bytes are instead of a CSV', () => {
  unreadable(new Uint8Array(), /is empty/);
  unreadable(
    utf8('\n<!DOCTYPE html><html><head><title>403 Forbidden</title>'),
    /HTML page titled "403 Forbidden"/,
  );
  unreadable(utf8('<html>'), /HTML page;/);
  unreadable(utf8('{"success":false}'), /is JSON: {"success":false}/);
  unreadable(utf8('Forbidden'), /lacks the columns idKey.* and has: Forbidden/);
});

test('a row whose quotes no reading explains is set aside alone, wherever it stands', () => {
  const broken = ['"Energía 12', '"Energía" 12', 'Energía "12"'].map((name) =>
    ROW.replace('Energía 12', name),
  );
  for (const row of broken) {
    for (const rows of [
      [row, ROW, ROW],
      [ROW, row, ROW],
      [ROW, ROW, row, ''],
    ]) {
      const read = readCsvRows(file(...rows));
      assert.deepEqual([read.rows.length, read.misshapen.length, read.complete], [2, 1, true], row);
    }
  }
});

const RAW_HEADER = HEADER.split(',')
  .map((name) => `"${name}"`)
  .join(',');
/** A row as the state quotes it: every cell, and no quote inside one doubled. */
const raw = (name: string) =>
  ROW.split(',')
    .map((cell) => `"${cell === 'Energía 12' ? name : cell}"`)
    .join(',');

test('bare quotes inside quoted cells are read as they stand', () => {
  for (const name of [
    'Enroll in "paperless eBilling" and save.',
    '"Free" nights',
    'Nights are "free"',
    '"',
    '12" pipe',
    'the "free", the good',
    'a "b"\nc',
    '""doubled""',
  ]) {
    const bytes = utf8([RAW_HEADER, raw(name), raw('Next'), '', 'END OF FILE', ''].join('\r\n'));
    const { rows, misshapen, complete } = readCsvRows(bytes);
    assert.deepEqual(
      rows.map((row) => row.Product.replaceAll('""', '"')),
      [name.replaceAll('""', '"'), 'Next'],
    );
    assert.deepEqual([misshapen, complete], [[], true]);
  }
});

test('a bare quote that looks like the end of a cell costs its row alone', () => {
  const { rows, misshapen } = readCsvRows(utf8(RAW_HEADER, raw('a","b'), raw('Next'), 'END OF FILE'));
  assert.deepEqual([rows.length, misshapen.length], [1, 1]);
});

test('the layout of 2017 has no languages, and says its year', () => {
  const cut = (line: string) => line.split(',').slice(0, 26).join(',');
  const { rows, layout_year } = readCsvRows(utf8(cut(HEADER), cut(ROW), 'END OF FILE'));
  assert.deepEqual([rows.length, rows[0]?.Language, layout_year], [1, undefined, 2017]);
  assert.equal(readCsvRows(file(ROW)).layout_year, null);
});

test('a file of another kind is named for what it is', () => {
  const text = new TextDecoder().decode(file(ROW));
  unreadable(utf8(text.replaceAll(',', ';')), /separated by semicolons/);
  unreadable(utf8(text.replaceAll(',', '\t')), /separated by tabs/);
  const utf16 = (bytes: Buffer) => new Uint8Array(bytes);
  unreadable(utf16(Buffer.from(`\ufeff${text}`, 'utf16le')), /UTF-16/);
  unreadable(utf16(Buffer.from(text, 'utf16le')), /UTF-16/);
  unreadable(utf16(Buffer.from(`\ufeff${text}`, 'utf16le').swap16()), /UTF-16/);
  unreadable(utf8('PK\u0003\u0004 export.csv'), /ZIP archive/);
  unreadable(utf8('PK\u0003\u0004 [Content_Types].xml'), /Excel workbook/);
  unreadable(Uint8Array.of(0x1f, 0x8b, 8, 0), /gzip/);
  unreadable(new Uint8Array(5_000), /binary data/);
  unreadable(utf8('%PDF-1.7'), /PDF/);
  unreadable(utf8('[{"plan_id":1}]'), /is JSON/);
  unreadable(utf8('<?xml version="1.0"?><plans/>'), /XML/);
});

test('the export for one ZIP code is read under the names of the export of all plans', () => {
  const { rows, complete, is_zip_export, schema_drift, layout_year } = readCsvRows(
    utf8(
      'ZipCode,TduCompany,RepCompany,Plan Name,Price/kWh 500,Price/kWh 1000,Price/kWh 2000,Term Value,Pricing Details,Fact Sheet',
      '76107,ONCOR ELECTRIC DELIVERY COMPANY,AE TEXAS,Smart Secure 36,0.149,0.145,0.143,36,Cancellation Fee: $20/month remaining,https://a.example/efl',
    ),
  );
  assert.deepEqual([complete, is_zip_export, schema_drift, layout_year], [true, true, [], null]);
  const [{ Product, kwh500, CancelFee, FactsURL } = {}] = rows;
  assert.deepEqual(
    [Product, kwh500, CancelFee, FactsURL],
    ['Smart Secure 36', '0.149', '$20/month remaining', 'https://a.example/efl'],
  );
  unreadable(utf8('ZipCode,TduCompany,RepCompany,Plan Name,Price/kWh 500'), /lacks the columns/);
});

test('quoted cells may hold commas, quotes and line breaks', () => {
  const row = ROW.replace('Energía 12', '"Free, ""really""\nEND OF FILE"');
  assert.equal(readCsvRows(file(row)).rows[0]?.Product, 'Free, "really"\nEND OF FILE');
});

test('a row of another length is set aside with its line, its neighbours are read', () => {
  const { rows, misshapen } = readCsvRows(file(ROW, `${ROW},more`, '', '   ', ROW, '36102,ONCOR'));
  assert.equal(rows.length, 2);
  assert.deepEqual(
    misshapen.map(({ line, cells }) => [line, cells.length]),
    [
      [3, 29],
      [7, 2],
    ],
  );
});

test('only the end marker makes a file complete, and nothing may follow it', () => {
  assert.equal(readCsvRows(utf8(HEADER, ROW)).complete, false);
  assert.equal(readCsvRows(utf8(HEADER, ROW, ` end of file${','.repeat(27)}`)).complete, true);
  unreadable(utf8(HEADER, 'END OF FILE', ROW), /comes after the line "END OF FILE"/);
});
