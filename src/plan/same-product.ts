/**
 * Is it the product it was? Asked of a plan under a known upstream id whose offer key is another: a provider corrects
 * a term or a typo there, and puts another product there. How much is the same decides.
 *
 * Measured on the Power to Choose files of 13 to 20 January 2026: 23 English ids came to sell another product
 * (`Octo Simple 8` → `Octo Simple 24`, `Frontier Power Saver Plus 6` → `Frontier Power Saver 5`); in each the numbers of
 * the name changed with the term. A number in a name tells products apart, so it is never a typo.
 */

import { distance } from 'fastest-levenshtein';
import { type TermsOfSale, termsOfSale } from './content.ts';
import { nameKey, providerId } from './offer.ts';
import type { PlanDraft } from './plan.ts';

/** An offer as it was last sold. */
interface SoldProduct extends TermsOfSale {
  provider_id: string;
  name: string;
}

/** Asked of one upstream id; between two ids the offer key decides, or a corrected term. */
export function isSameProduct(before: SoldProduct, draft: PlanDraft): boolean {
  if (before.provider_id !== providerId(draft.provider.name)) return false;
  const after = termsOfSale(draft);
  const [oldName, newName] = [nameKey(before.name), nameKey(draft.name)];
  const numbers = numbersOf(newName);
  const isOfAKind = KINDS.every((kind) => before[kind] === after[kind]);
  if (!isOfAKind || numbersOf(oldName).join() !== numbers.join()) return false;
  const isSameTerm = before.term_months === after.term_months;
  const isSamePrice = RATES.every((rate) => before[rate] === after[rate]);
  // `Better Rate - 5` stayed while its term went from 6 to 5: the name itself says which of the two was wrong.
  if (oldName === newName && [before, after].some(({ term_months }) => numbers.includes(`${term_months}`))) {
    return true;
  }
  if (isNearlySame(oldName, newName)) return isSameTerm || isSamePrice;
  return isSameTerm && isSamePrice && hasAllWords(oldName, newName);
}

/**
 * Of two ids: the provider took the plan off under one and listed it under another, with the term that its name had said all along.
 * A name that states another number, or none, tells two terms of one product.
 */
export function isCorrectedTerm(before: SoldProduct, draft: PlanDraft): boolean {
  if (before.provider_id !== providerId(draft.provider.name)) return false;
  const [oldName, newName] = [nameKey(before.name), nameKey(draft.name)];
  const after = termsOfSale(draft);
  const stated = numbersOf(newName);
  return (
    oldName === newName &&
    stated.length === 1 &&
    stated[0] === `${after.term_months}` &&
    before.term_months !== after.term_months &&
    KINDS.every((kind) => before[kind] === after[kind])
  );
}

const KINDS = ['rate_type', 'is_prepaid', 'is_time_of_use'] as const;
const RATES = ['rate_500kwh', 'rate_1000kwh', 'rate_2000kwh'] as const;

const wordsOf = (key: string): string[] => key.split('-').filter((word) => /\p{L}/u.test(word));
const numbersOf = (key: string): string[] =>
  (key.match(/\d+/g) ?? []).map((digits) => String(Number(digits)));

/** Long words may differ by a letter, longer ones by two; short ones tell products apart (`Plan A`, `Plan B`). */
function isNearlySame(one: string, other: string): boolean {
  if (one.replaceAll('-', '') === other.replaceAll('-', '')) return true;
  const [a, b] = [wordsOf(one), wordsOf(other)];
  return a.length === b.length && a.every((word, at) => isTypo(word, b[at]!));
}

function isTypo(one: string, other: string): boolean {
  const length = Math.min(one.length, other.length);
  return one === other || distance(one, other) <= (length >= 8 ? 2 : length >= 4 ? 1 : 0);
}

/** One of the names is the other with words added: `Saver 12`, `Saver 12 Months`. */
function hasAllWords(one: string, other: string): boolean {
  const [fewer, more] = [wordsOf(one), wordsOf(other)].toSorted((a, b) => a.length - b.length);
  return fewer!.length > 0 && fewer!.every((word) => more!.includes(word));
}
