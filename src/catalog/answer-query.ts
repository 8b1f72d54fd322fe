/**
 * Answers a question about priced plans: filters are sets of bits that are cut with each other, every facet is counted
 * over what is left, and the page is read off the order. A facet counts what would match if its own filter were not
 * set, so that a shopper sees what else there is.
 */

import { FACET_INDEX, FACETS, GREEN_STEPS } from '../plan/facets.ts';
import { type Bits, countBits, hasBit, keepBits } from './bits.ts';
import type { PlanIndex } from './plan-index.ts';
import type { PlanQuery } from './plan-query.ts';
import type { PricedPlans } from './priced-plans.ts';
import type { PricedYears } from './priced-years.ts';

interface QueryAnswer {
  /** Rows of the plans of the page in the index. */
  page: readonly number[];
  /** How many plans have each value of each facet, in the order of `PlanIndex.valueHeads`. */
  counts: Int32Array;
  total: number;
  /** Index of the last plan of the page among all matches; `null` if nothing follows. */
  lastIndex: number | null;
}

/** The plans that pass a filter, and the facet it belongs to. */
interface Filter {
  /** Index in FACETS; -1 for filters without a facet. */
  facet: number;
  bits: Bits;
}

const NO_FACET = -1;

/** @param years of the query's profile; without one an order by the year is one by the rate */
export function answerQuery(
  priced: PricedPlans,
  query: PlanQuery,
  years: PricedYears | null = null,
): QueryAnswer {
  const { index } = priced;
  const filters = readFilters(priced, query);
  const matches = intersect(index, filters, NO_FACET);
  const total = countBits(matches);
  let filtered = 0;
  for (const { facet } of filters) if (facet !== NO_FACET) filtered |= 1 << facet;
  let counts: Int32Array;
  if (filtered === 0 && total === index.count) counts = index.allCounts.slice();
  else {
    counts = new Int32Array(index.valueHeads.length);
    for (const { facet } of filters) {
      if (facet !== NO_FACET) countFacet(index, intersect(index, filters, facet), facet, counts);
    }
    countFacets(index, matches, filtered, counts);
  }
  const { sort, is_descending } = query;
  const order =
    sort === 'year' && years
      ? years.order(is_descending)
      : priced.order(sort === 'year' ? 'rate' : sort, is_descending);
  const start = startOf(index, order, matches, query);
  const page: number[] = [];
  let seen = 0;
  for (let rank = 0; rank < order.length && page.length < query.limit; rank++) {
    const row = order[rank]!;
    if (!hasBit(matches, row)) continue;
    if (seen >= start) page.push(row);
    seen += 1;
  }
  const end = start + page.length;
  return { page, counts, total, lastIndex: page.length > 0 && end < total ? end - 1 : null };
}

/** After the plan the last page ended with; where it is gone, from where it was. */
function startOf(index: PlanIndex, order: Uint16Array, matches: Bits, { after }: PlanQuery): number {
  if (!after) return 0;
  const last = index.rowOf(after.id);
  if (last === undefined || !hasBit(matches, last)) return after.index;
  let start = 1;
  for (let rank = 0; order[rank] !== last; rank++) start += Number(hasBit(matches, order[rank]!));
  return start;
}

/** Only the filters that are set. Unknown never passes: a reader who asks for a prepaid plan wants to be sure. */
function readFilters(priced: PricedPlans, query: PlanQuery): Filter[] {
  const { term, min_term, max_term, min_green, rate_type, provider, prepaid, time_of_use, max_rate, q } =
    query;
  const { index } = priced;
  const filters: Filter[] = [];
  const add = (facet: number, bits: Bits) => filters.push({ facet, bits });
  if (term?.length === 1 && min_term === null && max_term === null) {
    add(FACET_INDEX.term, index.having('term', term[0]!));
  } else if (term !== null || min_term !== null || max_term !== null) {
    const [from, to] = [min_term ?? 0, max_term ?? Number.POSITIVE_INFINITY];
    const isWanted = (months: unknown) =>
      Number(months) >= from && Number(months) <= to && (term === null || term.includes(Number(months)));
    add(FACET_INDEX.term, index.withValue('term', isWanted));
  }
  if (min_green !== null) add(FACET_INDEX.green, index.atLeastGreen(min_green));
  if (rate_type?.length === 1) add(FACET_INDEX.rate_type, index.having('rate_type', rate_type[0]!));
  else if (rate_type)
    add(
      FACET_INDEX.rate_type,
      index.withValue('rate_type', (value) => rate_type.some((one) => one === value)),
    );
  if (provider) add(FACET_INDEX.provider, index.ofProviders(provider));
  if (prepaid !== null) add(FACET_INDEX.prepaid, index.having('prepaid', prepaid));
  if (time_of_use !== null) {
    add(FACET_INDEX.time_of_use, index.having('time_of_use', time_of_use));
  }
  if (max_rate !== null) add(NO_FACET, priced.atMost(max_rate));
  if (q !== null) add(NO_FACET, index.withWords(q));
  return filters;
}

/** What passes all filters but those of one facet. */
function intersect(index: PlanIndex, filters: readonly Filter[], except: number): Bits {
  let found: Bits | null = null;
  for (const { facet, bits } of filters) {
    if (facet === except && facet !== NO_FACET) continue;
    if (found) keepBits(found, bits);
    else found = bits.slice();
  }
  return found ?? index.everybody;
}

function countFacet({ codes }: PlanIndex, matches: Bits, facet: number, counts: Int32Array): void {
  for (let word = 0; word < matches.length; word++) {
    for (let left = matches[word]!; left !== 0; left &= left - 1) {
      const row = (word << 5) + 31 - Math.clz32(left & -left);
      counts[codes[row * FACETS.length + facet]!]! += 1;
    }
  }
}

/** @param except a bit for each of FACETS that was counted already */
function countFacets({ codes }: PlanIndex, matches: Bits, except: number, counts: Int32Array): void {
  for (let word = 0; word < matches.length; word++) {
    for (let left = matches[word]!; left !== 0; left &= left - 1) {
      const from = ((word << 5) + 31 - Math.clz32(left & -left)) * FACETS.length;
      for (let facet = 0; facet < FACETS.length; facet++) {
        if (((except >>> facet) & 1) === 0) counts[codes[from + facet]!]! += 1;
      }
    }
  }
}

/** `{term,rate_type,provider,green,prepaid,time_of_use}`, each a list of values and counts, as JSON in ASCII. */
export function facetsJson(index: PlanIndex, counts: Int32Array): string {
  let json = '';
  for (let facet = 0; facet < FACETS.length; facet++) {
    const name = FACETS[facet]!;
    const [from, to] = [index.valueStarts[facet]!, index.valueStarts[facet + 1]!];
    const values =
      name === 'green' ? greenJson(counts, from, index) : valuesJson(index, counts, from, to, name);
    json += `${json && ','}"${name}":[${values}]`;
  }
  return `{${json}}`;
}

/** The commonest value first; terms stay in the order of their length. */
function valuesJson(
  { valueHeads }: PlanIndex,
  counts: Int32Array,
  from: number,
  to: number,
  name: string,
): string {
  let json = '';
  if (name === 'term') {
    for (let code = from; code < to; code++) {
      if (counts[code]! > 0) json += `${json && ','}${valueHeads[code]}${counts[code]}}`;
    }
    return json;
  }
  // Sorted by insertion: a few dozen values, and no function called for any of them.
  const present: number[] = [];
  for (let code = from; code < to; code++) {
    const count = counts[code]!;
    if (count === 0) continue;
    let at = present.length;
    for (; at > 0 && counts[present[at - 1]!]! < count; at--) present[at] = present[at - 1]!;
    present[at] = code;
  }
  for (let at = 0; at < present.length; at++) {
    const code = present[at]!;
    json += at === 0 ? valueHeads[code] : `,${valueHeads[code]}`;
    json += counts[code];
    json += '}';
  }
  return json;
}

/** A plan was counted at the highest step it reaches, and reaches all below. The values are the steps from the lowest. */
function greenJson(counts: Int32Array, from: number, index: PlanIndex): string {
  let json = '';
  let count = 0;
  for (const step of GREEN_STEPS) {
    const at = index.greenIndexes.get(step);
    if (at !== undefined) count += counts[from + at]!;
    if (count > 0) json += `${json && ','}{"value":${step},"count":${count}}`;
  }
  return json;
}
