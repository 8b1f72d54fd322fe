/**
 * Answers a question about priced plans: one walk over them filters, counts every facet and cuts the page.
 * A facet counts what would match if its own filter were not set, so that a shopper sees what else there is.
 */

import { type PricedPlan, type PricedPlans, VALUE_FACETS } from './plan-index.ts';
import type { PlanFilters, PlanQuery } from './plan-query.ts';

const FACETS = [...VALUE_FACETS, 'green'] as const;
type FacetName = (typeof FACETS)[number];

export interface QueryAnswer {
  page: readonly PricedPlan[];
  /** `{term,rate_type,provider,green,prepaid,time_of_use}`, each a list of values and counts, as JSON in ASCII. */
  facetsJson: string;
  total: number;
  /** Place of the last plan of the page among all matches; `null` if nothing follows. */
  lastIndex: number | null;
}

/** Each facet has the bit of its place in FACETS; this one is for filters without a facet. */
const NO_FACET = 1 << FACETS.length;
const BIT = Object.fromEntries(FACETS.map((name, place) => [name, 1 << place])) as Record<FacetName, number>;

/** `green` counts plans that have at least so many percent, as the filter `min_green` asks. */
const GREEN_STEPS = [100, 75, 50, 25, 1] as const;

export function answerQuery(priced: PricedPlans, query: PlanQuery): QueryAnswer {
  const tests = filterTests(query);
  const counts = new FacetCounts(priced);
  const matches: PricedPlan[] = [];
  for (const plan of priced.sorted(query.sort, query.is_descending)) {
    let failed = 0;
    for (let at = 0; at < tests.length; at++) if (!tests[at]!.passes(plan)) failed |= tests[at]!.bit;
    if (failed === 0) matches.push(plan);
    counts.add(plan, failed);
  }
  const start = startOf(matches, query);
  const page = matches.slice(start, start + query.limit);
  const end = start + page.length;
  return {
    page,
    facetsJson: counts.json(),
    total: matches.length,
    lastIndex: end < matches.length ? end - 1 : null,
  };
}

/** After the plan the last page ended with; where it is gone, at the place it had. */
function startOf(matches: readonly PricedPlan[], { after }: PlanQuery): number {
  if (!after) return 0;
  const found = matches.findIndex(({ plan }) => plan.id === after.id);
  return found >= 0 ? found + 1 : after.index;
}

interface FilterTest {
  bit: number;
  passes(plan: PricedPlan): boolean;
}

/** Only the filters that are set. Unknown never passes: who asks for a prepaid plan wants to be sure. */
function filterTests(filters: PlanFilters): FilterTest[] {
  const { term, min_term, max_term, min_green, rate_type, provider, prepaid, time_of_use, max_rate, q } =
    filters;
  const tests: FilterTest[] = [];
  const test = (bit: number, passes: FilterTest['passes']) => tests.push({ bit, passes });
  const atLeast = (value: number | null, bound: number) => value !== null && value >= bound;
  const atMost = (value: number | null, bound: number) => value !== null && value <= bound;

  if (term) test(BIT.term, ({ plan }) => plan.term_months !== null && term.includes(plan.term_months));
  if (min_term !== null) test(BIT.term, ({ plan }) => atLeast(plan.term_months, min_term));
  if (max_term !== null) test(BIT.term, ({ plan }) => atMost(plan.term_months, max_term));
  if (min_green !== null) test(BIT.green, ({ plan }) => atLeast(plan.percent_green, min_green));
  if (rate_type)
    test(BIT.rate_type, ({ plan }) => plan.rate_type !== null && rate_type.includes(plan.rate_type));
  if (provider)
    test(
      BIT.provider,
      ({ plan, provider_key: key }) => provider.includes(plan.provider.id) || provider.includes(key),
    );
  if (prepaid !== null) test(BIT.prepaid, ({ plan }) => plan.is_prepaid === prepaid);
  if (time_of_use !== null) test(BIT.time_of_use, ({ plan }) => plan.is_time_of_use === time_of_use);
  if (max_rate !== null) test(NO_FACET, ({ bill }) => atMost(bill.rate_cents_per_kwh, max_rate));
  if (q !== null) {
    const wanted = q.split('-');
    test(NO_FACET, ({ words }) => wanted.every((word) => words.includes(word)));
  }
  return tests;
}

class FacetCounts {
  readonly #priced: PricedPlans;
  readonly #counts: Int32Array;
  readonly #green = new Int32Array(GREEN_STEPS.length);

  constructor(priced: PricedPlans) {
    this.#priced = priced;
    this.#counts = new Int32Array(priced.facetHeads.length);
  }

  /** @param failed the bits of the filters this plan fails */
  add({ plan, codes }: PricedPlan, failed: number): void {
    // Two filters failed, or one without a facet: the plan is missing from every count.
    if ((failed & (failed - 1)) !== 0 || failed === NO_FACET) return;
    const counts = this.#counts;
    for (let facet = 0; facet < codes.length; facet++) {
      if ((failed & ~(1 << facet)) === 0) counts[codes[facet]!]! += 1;
    }
    const green = plan.percent_green;
    if (green === null || (failed & ~BIT.green) !== 0) return;
    // From the highest step that it reaches; the others are summed up at the end.
    for (let step = 0; step < GREEN_STEPS.length; step++) {
      if (green < GREEN_STEPS[step]!) continue;
      this.#green[step]! += 1;
      return;
    }
  }

  json(): string {
    const [term, rateType, provider, prepaid, timeOfUse] = VALUE_FACETS.map((name, facet) =>
      this.#valuesJson(facet, name === 'term'),
    );
    let green = '';
    let count = 0;
    for (let step = 0; step < GREEN_STEPS.length; step++) {
      count += this.#green[step]!;
      if (count > 0) green += `${green && ','}{"value":${GREEN_STEPS[step]},"count":${count}}`;
    }
    return `{"term":[${term}],"rate_type":[${rateType}],"provider":[${provider}],"green":[${green}],"prepaid":[${prepaid}],"time_of_use":[${timeOfUse}]}`;
  }

  /** The commonest value first; terms stay in the order of their length. */
  #valuesJson(facet: number, inOrder: boolean): string {
    const { facetHeads: heads, facetStarts: starts } = this.#priced;
    const counts = this.#counts;
    const end = starts[facet + 1]!;
    const present: number[] = [];
    for (let code = starts[facet]!; code < end; code++) {
      // Count and place in one number: sorted without a function.
      if (counts[code]! > 0)
        present.push(inOrder ? code : (MOST_COUNTED - counts[code]!) * MOST_CODES + code);
    }
    const sorted = inOrder ? present : Float64Array.from(present).sort();
    let json = '';
    for (const key of sorted) {
      const code = key % MOST_CODES;
      json += `${json && ','}${heads[code]}${counts[code]}}`;
    }
    return json;
  }
}

/** More plans than a view can hold, and more values than its facets can have. */
const MOST_COUNTED = 1 << 20;
const MOST_CODES = 1 << 20;
