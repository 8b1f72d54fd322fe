/** What misspelt words may have meant, of those that are on sale. */

import { distance } from 'fastest-levenshtein';
import { nameKey } from '../plan/offer.ts';
import type { NearWord } from '../store/market/search.ts';

/** So many letters may differ: one in a short word, three in a long one. */
const tolerance = (word: string): number => (word.length <= 3 ? 1 : word.length <= 7 ? 2 : 3);

const MOST_SPELLINGS = 5;

/**
 * For each word what it may have meant, the likeliest first: itself where it begins a word, and words that are spelled
 * nearly so. One that is like no word is left out, for the others may be enough.
 */
export function spellings(words: readonly string[], near: readonly NearWord[]): string[][] {
  return words.flatMap((word) => {
    const candidates = near.filter(({ asked }) => asked === word);
    const own = candidates.some(({ is_longer }) => is_longer) ? [word] : [];
    const others = candidates
      .map((one) => ({ ...one, letters: lettersApart(word, one.word) }))
      .filter(({ letters, is_longer }) => !is_longer && letters <= tolerance(word))
      .toSorted((a, b) => a.letters - b.letters || b.products - a.products)
      .map((one) => one.word);
    const meant = [...own, ...others].slice(0, MOST_SPELLINGS);
    return meant.length > 0 ? [meant] : [];
  });
}

/** Of the spellings those that the best hit has. */
export function chosen(meant: readonly (readonly string[])[], best: string): string {
  const own = nameKey(best).split('-');
  return meant
    .map((words) => words.find((word) => own.some((one) => one.startsWith(word))) ?? words[0]!)
    .join(' ');
}

/** Also of a word that is not typed to its end. */
const lettersApart = (asked: string, word: string): number =>
  Math.min(distance(asked, word), distance(asked, word.slice(0, asked.length)));
