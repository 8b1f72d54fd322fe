/** For tests: exports of invented rows. */

import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import type { Fetched, FetchedTdsp } from '../../src/sources/source.ts';

export const ONCOR = '1039940674000';
export const LPL = '0582138934100';
const DUNS_BY_NAME: Record<string, string> = { ONCOR, 'LUBBOCK POWER & LIGHT': LPL };

export type Cells = Record<string, string>;

export const ENGLISH: Cells = {
  idKey: '36101',
  TduCompanyName: 'ONCOR',
  RepCompany: 'PECAN CREEK ENERGY',
  Product: 'Creek Saver 12',
  kwh500: '0.142',
  kwh1000: '0.135',
  kwh2000: '0.131',
  'Fees/Credits': '',
  PrePaid: 'False',
  TimeOfUse: 'False',
  Fixed: '',
  RateType: 'Fixed',
  Renewable: '24',
  TermValue: '12',
  CancelFee: '150',
  Website: 'www.pecan.example',
  SpecialTerms: '',
  TermsURL: 'https://pecan.example/tos.pdf',
  YRACURL: 'https://pecan.example/yrac.pdf',
  Promotion: 'False',
  PromotionDesc: '',
  FactsURL: 'https://pecan.example/efl.pdf',
  EnrollURL: 'https://pecan.example/enroll',
  PrepaidURL: '',
  EnrollPhone: '(855) 555-0119',
  NewCustomer: 'True',
  MinUsageFeesCredits: 'False',
  Language: 'English',
  Rating: '4',
};
export const COLUMNS = Object.keys(ENGLISH);
export const english = (cells: Partial<Cells> = {}): Cells => ({ ...ENGLISH, ...cells }) as Cells;
export const spanish = (cells: Partial<Cells> = {}): Cells =>
  english({ idKey: '36102', Language: 'Spanish', ...cells });

const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
export const lines = (rows: Cells[], columns = COLUMNS) => [
  columns.map((column) => `[${column}]`).join(','),
  ...rows.map((row) => columns.map((column) => quote(row[column] ?? '')).join(',')),
  'END OF FILE',
];
export const encode = (text: string) => new TextEncoder().encode(text);
export const parse = (bytes: Uint8Array, duns = [ONCOR, LPL]) =>
  parsePowerToChoose(bytes, { duns, tdspByName: (name) => DUNS_BY_NAME[name] });
export const read = (...rows: Cells[]): Fetched => parse(encode(lines(rows).join('\n')));
export const oncor = (...rows: Cells[]): FetchedTdsp => read(...rows).tdsps[0]!;
