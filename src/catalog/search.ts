/**
 * The search over what is sold: ranked by PostgreSQL, forgiving of misspelt words, and answered from memory where
 * PostgreSQL cannot be asked or has not seen the plans yet.
 */

import { nameKey } from '../plan/offer.ts';
import type { Plan } from '../plan/plan.ts';
import {
  type FoundPlan,
  type FoundProvider,
  readNearWords,
  readSellers,
  searchProducts,
} from '../store/market/search.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { isOutOfReach } from '../store/postgres/out-of-reach.ts';
import type { Catalog } from './catalog.ts';
import { chosen, spellings } from './spelling.ts';

export interface Found {
  providers: FoundProvider[];
  /** Each product once, as its cheapest plan. */
  plans: FoundPlan[];
  /** What was searched for instead, where words were misspelt; `null`: what was asked. */
  corrected: string | null;
}

interface SearchParts {
  database: { pool: Queryable };
  catalog: Catalog;
  /** DUNS of all TDSPs. */
  tdsps: readonly string[];
  /** False: what was typed means something else already, such as a city. */
  mayCorrect: boolean;
}

/** Who types more words than this has not misspelt one of them: it is a sentence. */
const MOST_CORRECTED = 8;

/** @throws what the last layer threw, where neither PostgreSQL nor memory can answer */
export async function search(parts: SearchParts, asked: string, limit: number): Promise<Found> {
  // PostgreSQL has no such character.
  const typed = asked.replaceAll('\0', ' ');
  try {
    const found = await searchStore(parts, typed, limit);
    if (found.plans.length + found.providers.length > 0) return found;
  } catch (error) {
    if (!isOutOfReach(error)) throw error;
  }
  return searchMemory(parts, typed, limit);
}

async function searchStore(
  { database: { pool: queryable }, mayCorrect }: SearchParts,
  typed: string,
  limit: number,
): Promise<Found> {
  const { words, isPlain } = readTyped(typed);
  const [sellers, plans] = await Promise.all([
    readSellers(queryable),
    searchProducts(queryable, { typed }, limit),
  ]);
  const asked = words.map((word) => [word]);
  const found = { providers: sellersNamed(sellers, asked).slice(0, limit), plans, corrected: null };
  // Who writes with signs means what he writes.
  if (plans.length > 0 || words.length === 0 || !isPlain || !mayCorrect) return found;
  const meant = spellings(words, await readNearWords(queryable, words.slice(0, MOST_CORRECTED)));
  if (meant.length === 0) return found;
  const providers = sellersNamed(sellers, meant).slice(0, limit);
  const corrected = await searchProducts(queryable, { tsquery: toTsquery(meant) }, limit);
  const best = [corrected[0]?.provider.name, corrected[0]?.name, providers[0]?.name]
    .filter(Boolean)
    .join(' ');
  return { providers, plans: corrected, corrected: best === '' ? null : chosen(meant, best) };
}

const toTsquery = (meant: readonly (readonly string[])[]): string =>
  meant.map((words) => `(${words.map((word) => `'${word}':*`).join(' | ')})`).join(' & ');

interface Typed {
  /** In lower case, of letters and digits only. */
  words: string[];
  /** Those with a minus before them. */
  unwanted: string[];
  /** Words and nothing else. */
  isPlain: boolean;
}

function readTyped(text: string): Typed {
  const wordsOf = (part: string) =>
    nameKey(part)
      .split('-')
      .filter((word) => /^[\p{L}\p{N}]+$/u.test(word));
  const minus = /(?:^|\s)-(\S+)/g;
  const words = wordsOf(text.replace(minus, ' '));
  const unwanted = [...text.matchAll(minus)].flatMap(([, word]) => wordsOf(word!));
  return { words, unwanted, isPlain: unwanted.length === 0 && !text.includes('"') };
}

/** Providers with a word in their name for each of these to begin; those whose name begins with the first come first. */
function sellersNamed(
  sellers: readonly FoundProvider[],
  meant: readonly (readonly string[])[],
): FoundProvider[] {
  if (meant.length === 0) return [];
  const begins = ({ name }: FoundProvider) => meant[0]!.some((word) => nameKey(name).startsWith(word));
  return sellers
    .filter(({ name }) => meant.every((words) => words.some((word) => hasWord(nameKey(name), word))))
    .toSorted((a, b) => Number(begins(b)) - Number(begins(a)) || b.active_plans - a.active_plans);
}

const hasWord = (key: string, word: string): boolean => key.split('-').some((one) => one.startsWith(word));

async function searchMemory({ catalog, tdsps }: SearchParts, typed: string, limit: number): Promise<Found> {
  const { words, unwanted } = readTyped(typed);
  if (words.length === 0) return { providers: [], plans: [], corrected: null };
  const isWanted = (key: string) =>
    words.every((word) => hasWord(key, word)) && !unwanted.some((word) => hasWord(key, word));
  const products = new Map<string, Plan[]>();
  for (const plan of await catalog.plansWithWords(tdsps, isWanted)) {
    const product = `${plan.provider.id}|${plan.name}|${plan.term_months}`;
    products.set(product, [...(products.get(product) ?? []), plan]);
  }
  const providers = sellersNamed(
    await catalog.sellers(tdsps),
    words.map((word) => [word]),
  );
  const plans = [...products.values()].slice(0, limit).map(toFound);
  return { providers: providers.slice(0, limit), plans, corrected: null };
}

function toFound(plans: readonly Plan[]): FoundPlan {
  const rate = (plan: Plan) => plan.rates_cents_per_kwh[1000] ?? Number.POSITIVE_INFINITY;
  const { id, name, provider, tdsp_duns, term_months } = plans.toSorted((a, b) => rate(a) - rate(b))[0]!;
  const tdsps = new Set(plans.map((plan) => plan.tdsp_duns)).size;
  return { id, name, provider: { id: provider.id, name: provider.name }, tdsp_duns, term_months, tdsps };
}
