/**
 * One cell of the Power to Choose export as a value. An empty cell is `null`, unknown; a cell that says something
 * else than its column may is a `CellError`, and its row a rejection.
 */

import { RATE_TYPES, type RateType } from '../../plan/plan.ts';
import { type RateCentsPerKwh, RateRejectedError, readRate } from '../../plan/rate.ts';
import { readText } from '../text.ts';
import type { PowerToChooseColumn, PowerToChooseRow } from './csv.ts';

export type PowerToChooseLanguage = 'en' | 'es';

const LONGEST_TERM_MONTHS = 60;

const LANGUAGES: Record<string, PowerToChooseLanguage> = {
  english: 'en',
  inglés: 'en',
  ingles: 'en',
  spanish: 'es',
  español: 'es',
  espanol: 'es',
};

// The site gives the English words in Spanish rows too; the Spanish ones cost nothing to understand.
const RATE_WORDS: Record<string, RateType> = {
  ...Object.fromEntries(RATE_TYPES.map((type) => [type, type])),
  fijo: 'fixed',
  fija: 'fixed',
  indexado: 'indexed',
  indexada: 'indexed',
};

/** A cell that rules out its row. */
export class CellError extends Error {
  readonly column: PowerToChooseColumn;

  constructor(column: PowerToChooseColumn, reason: string) {
    super(reason);
    this.column = column;
  }
}

/** The id as it came; `12345.0`, as a spreadsheet writes it, is `12345`. */
export function readId(row: PowerToChooseRow): string | null {
  return readText(row.idKey)?.replace(/^(\d+)\.0+$/, '$1') ?? null;
}

export function readName(row: PowerToChooseRow, column: 'RepCompany' | 'Product'): string {
  const name = readText(row[column]);
  if (name === null) throw new CellError(column, 'is empty');
  return name;
}

export function readPrice(
  row: PowerToChooseRow,
  column: 'kwh500' | 'kwh1000' | 'kwh2000',
): RateCentsPerKwh | null {
  const usdPerKwh = readNumber(row, column);
  if (usdPerKwh === null) return null;
  try {
    return readRate(usdPerKwh, 'usd_per_kwh');
  } catch (error) {
    if (error instanceof RateRejectedError) throw new CellError(column, error.message);
    throw error;
  }
}

/** Months; 0 and 1 both mean month to month and become 1. */
export function readTerm(row: PowerToChooseRow): number | null {
  const months = readNumber(row, 'TermValue');
  if (months === null) return null;
  if (Number.isInteger(months) && months >= 0 && months <= LONGEST_TERM_MONTHS) return Math.max(1, months);
  throw new CellError('TermValue', `is no term: expected whole months from 0 to ${LONGEST_TERM_MONTHS}`);
}

export function readPercentGreen(row: PowerToChooseRow): number | null {
  const percent = readNumber(row, 'Renewable');
  if (percent === null || (percent >= 0 && percent <= 100)) return percent;
  throw new CellError('Renewable', 'is no share: expected 0 to 100 percent');
}

export function readFlag(
  row: PowerToChooseRow,
  column: 'PrePaid' | 'TimeOfUse' | 'NewCustomer' | 'MinUsageFeesCredits',
): boolean | null {
  const word = readText(row[column])?.toLowerCase() ?? null;
  if (word === null) return null;
  if (word === 'true' || word === 'false') return word === 'true';
  throw new CellError(column, 'is neither True nor False');
}

export function readRateType(row: PowerToChooseRow): RateType | null {
  const word = readText(row.RateType)?.toLowerCase() ?? null;
  if (word === null) return null;
  if (Object.hasOwn(RATE_WORDS, word)) return RATE_WORDS[word]!;
  throw new CellError('RateType', 'is neither Fixed, Variable nor Indexed');
}

export function readLanguage(row: PowerToChooseRow): PowerToChooseLanguage {
  const word = readText(row.Language)?.toLowerCase() ?? '';
  if (Object.hasOwn(LANGUAGES, word)) return LANGUAGES[word]!;
  throw new CellError('Language', 'is neither English nor Spanish');
}

/** Plain decimals only: what `Number` accepts beyond them (`1e-3`, `0x10`, `Infinity`) is no price but an accident. */
function readNumber(row: PowerToChooseRow, column: PowerToChooseColumn): number | null {
  const text = readText(row[column]);
  if (text === null) return null;
  if (/^-?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})$/.test(text)) return Number(text) + 0;
  throw new CellError(column, 'is no plain decimal number');
}
