/**
 * One cell of the Power to Choose export as a value. An empty cell is `null`, unknown; a cell that says what
 * its column cannot mean is a `FieldError`, and its row a rejection.
 */

import { RATE_TYPES, type RateType } from '../../plan/plan.ts';
import type { RateCentsPerKwh } from '../../plan/rate.ts';
import { FieldError, readUsdPerKwh } from '../record.ts';
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

const FLAG_WORDS = { true: true, false: false };

/** What is wrong with a cell that rules out its row. */
export function wrongCell(row: PowerToChooseRow, column: PowerToChooseColumn, reason: string): FieldError {
  return new FieldError(column, row[column] ?? '', reason);
}

/** The id as it came; `12345.0`, as a spreadsheet writes it, is `12345`. */
export function readId(row: PowerToChooseRow): string | null {
  return readText(row.idKey)?.replace(/^(\d+)\.0+$/, '$1') ?? null;
}

export function readPrice(
  row: PowerToChooseRow,
  column: 'kwh500' | 'kwh1000' | 'kwh2000',
): RateCentsPerKwh | null {
  const usdPerKwh = readNumber(row, column);
  return usdPerKwh === null ? null : readUsdPerKwh(column, usdPerKwh, row[column]);
}

/** A word that is neither says nothing, and is not worth a plan. */
export function readPromotionFlag(row: PowerToChooseRow): boolean | null {
  const word = readText(row.Promotion)?.toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : null;
}

/** Stars; 0 means that the site rates the provider not yet. */
export function readRating(row: PowerToChooseRow): number | null {
  const stars = readText(row.Rating);
  return stars !== null && /^[1-5](?:\.\d{1,3})?$/.test(stars) && Number(stars) <= 5 ? Number(stars) : null;
}

/** Months; 0 and 1 both mean month to month and become 1. */
export function readTerm(row: PowerToChooseRow): number | null {
  const months = readNumber(row, 'TermValue');
  if (months === null) return null;
  if (Number.isInteger(months) && months >= 0 && months <= LONGEST_TERM_MONTHS) return Math.max(1, months);
  throw wrongCell(row, 'TermValue', `must be whole months from 0 to ${LONGEST_TERM_MONTHS}`);
}

export function readPercentGreen(row: PowerToChooseRow): number | null {
  const percent = readNumber(row, 'Renewable');
  if (percent === null || (percent >= 0 && percent <= 100)) return percent;
  throw wrongCell(row, 'Renewable', 'must be 0 to 100 percent');
}

export function readFlag(
  row: PowerToChooseRow,
  column: 'PrePaid' | 'TimeOfUse' | 'NewCustomer' | 'MinUsageFeesCredits',
): boolean | null {
  return readWord(row, column, FLAG_WORDS, 'is neither True nor False');
}

export function readRateType(row: PowerToChooseRow): RateType | null {
  return readWord(row, 'RateType', RATE_WORDS, 'is neither Fixed, Variable nor Indexed');
}

export function readLanguage(row: PowerToChooseRow): PowerToChooseLanguage {
  const reason = 'is neither English nor Spanish';
  if (row.Language === undefined) return soundsSpanish(row) ? 'es' : 'en';
  const language = readWord(row, 'Language', LANGUAGES, reason);
  if (language === null) throw wrongCell(row, 'Language', reason);
  return language;
}

/** Words that every longer text has, in one of the languages only. */
const SPANISH =
  /(?<!\p{L})(?:el|la|los|las|de|del|que|por|para|con|una|su|sus|al|es|en|tarifa|energía|cargo|meses|precio)(?!\p{L})/giu;
const ENGLISH =
  /(?<!\p{L})(?:the|of|and|for|with|your|you|is|are|to|at|in|rate|plan|energy|month|per|will|our|on|or|by)(?!\p{L})/giu;

/**
 * Exports of 2017 have no column for the language. Of 1,824 English rows of 2026 none sounds Spanish so, of 1,665 Spanish ones 61 %
 * do; the others have no text to go by.
 */
function soundsSpanish(row: PowerToChooseRow): boolean {
  const text = [row.Product, row['Fees/Credits'], row.SpecialTerms, row.PromotionDesc].join(' ');
  const count = (words: RegExp) => text.match(words)?.length ?? 0;
  return count(SPANISH) >= 3 && count(SPANISH) > count(ENGLISH);
}

function readWord<T>(
  row: PowerToChooseRow,
  column: PowerToChooseColumn,
  words: Record<string, T>,
  reason: string,
): T | null {
  const word = readText(row[column])?.toLowerCase();
  if (word === undefined) return null;
  if (!Object.hasOwn(words, word)) throw wrongCell(row, column, reason);
  return words[word]!;
}

/** Plain decimals only: what else `Number` accepts (`1e-3`, `0x10`, `Infinity`) is an accident, not a price. */
function readNumber(row: PowerToChooseRow, column: PowerToChooseColumn): number | null {
  const text = readText(row[column]);
  if (text === null) return null;
  if (/^-?(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})$/.test(text)) return Number(text) + 0;
  throw wrongCell(row, column, 'is not a plain decimal number');
}
