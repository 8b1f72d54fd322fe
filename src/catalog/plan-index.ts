/**
 * Plan sets made ready for questions, once for each version: which plan has which value of which facet, what ranks
 * above what, and fragments of JSON. Nothing here depends on the usage that is asked for.
 */

import { LRUCache } from 'lru-cache';
import { type BillCurve, billCurve } from '../plan/bill.ts';
import { nameKey } from '../plan/offer.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import { asciiJson } from './ascii-json.ts';
import { addBits, type Bits, bitsWhere, emptyBits } from './bits.ts';
import { planFragments } from './plan-json.ts';

export interface IndexedPlan {
  plan: Plan;
  curve: BillCurve;
  /** What `q` looks into. */
  words: string;
  provider_key: string;
  /** JSON of the plan in a list, before and after its bill. ASCII. */
  head: string;
  tail: string;
}

const indexed = new WeakMap<readonly Plan[], readonly IndexedPlan[]>();

/** The ready plans of a set. Computed once for each list of plans, and forgotten with it. */
export function indexPlans(set: PlanSet): readonly IndexedPlan[] {
  let plans = indexed.get(set.plans);
  if (!plans) {
    plans = set.plans.map((plan) => ({
      plan,
      curve: billCurve(plan),
      words: `${nameKey(plan.provider.name)}-${nameKey(plan.name)}`,
      provider_key: nameKey(plan.provider.name),
      ...planFragments(plan),
    }));
    indexed.set(set.plans, plans);
  }
  return plans;
}

/** `green` counts plans that have at least so many percent, as the filter `min_green` asks. */
export const GREEN_STEPS = [100, 75, 50, 25, 1] as const;

/** In the order of the answer. */
export const FACETS = ['term', 'rate_type', 'provider', 'green', 'prepaid', 'time_of_use'] as const;
export type Facet = (typeof FACETS)[number];
export const FACET_PLACE = Object.fromEntries(FACETS.map((name, place) => [name, place])) as Record<
  Facet,
  number
>;

type FacetValue = string | number | boolean | null;

const FACET_VALUE: Record<Facet, (plan: Plan) => FacetValue> = {
  term: (plan) => plan.term_months,
  rate_type: (plan) => plan.rate_type,
  provider: (plan) => plan.provider.id,
  green: ({ percent_green: green }) => GREEN_STEPS.find((step) => green !== null && green >= step) ?? null,
  prepaid: (plan) => plan.is_prepaid,
  time_of_use: (plan) => plan.is_time_of_use,
};

/** The values of one facet, and who has them. */
interface FacetIndex {
  values: readonly FacetValue[];
  /** The plans with the value at the same place. */
  bits: readonly Bits[];
}

/** What texts are searched for changes with fashion; who searches for nonsense must not fill the memory. */
const SEARCHES_KEPT = 200;

export class PlanIndex {
  readonly plans: readonly IndexedPlan[];
  /** Every value of every facet, one facet after the other, as JSON up to the count: `{"value":12,"count":`. */
  readonly valueHeads: readonly string[];
  /** Where the values of each facet begin, and where the last one's end. */
  readonly valueStarts: readonly number[];
  /** Of each plan, for each of FACETS, the place of its value in `valueHeads`. */
  readonly codes: Uint16Array;
  readonly everybody: Bits;
  /** How many plans have each value. */
  readonly allCounts: Int32Array;
  /** The order among plans that cost the same: place of each plan, and the plan at each place. */
  readonly tieRanks: Uint16Array;
  readonly byTieRank: Uint16Array;
  /** What other orders than the price go by; NaN where it is unknown. */
  readonly sortValues: Readonly<Record<'term' | 'green' | 'provider', Float64Array>>;
  /** Where each green step stands among the values of its facet. */
  readonly greenPlaces: ReadonlyMap<number, number>;
  readonly #facets: Record<Facet, FacetIndex>;
  readonly #places: ReadonlyMap<string, number>;
  readonly #greens = new LRUCache<number, Bits>({ max: 50 });
  readonly #nobody: Bits;
  readonly #searches = new LRUCache<string, Bits>({ max: SEARCHES_KEPT });

  constructor(sets: readonly PlanSet[]) {
    const plans = sets.flatMap(indexPlans);
    const count = plans.length;
    this.plans = plans;
    this.#nobody = emptyBits(count);
    this.everybody = bitsWhere(count, () => true);
    this.#places = new Map(plans.flatMap(({ plan }, place): [string, number][] => [[plan.id, place]]));

    const facets = FACETS.map((name) => indexFacet(plans, FACET_VALUE[name]));
    this.#facets = Object.fromEntries(FACETS.map((name, at) => [name, facets[at]!])) as Record<
      Facet,
      FacetIndex
    >;
    this.greenPlaces = new Map(
      this.#facets.green.values.flatMap((step, at): [number, number][] =>
        step === null ? [] : [[Number(step), at]],
      ),
    );
    const names = new Map(plans.map(({ plan }) => [plan.provider.id, plan.provider.name]));
    this.valueHeads = FACETS.flatMap((facet, at) =>
      facets[at]!.values.map((value) => {
        const name = facet === 'provider' ? `"name":${JSON.stringify(names.get(String(value)))},` : '';
        return asciiJson(`{"value":${JSON.stringify(value)},${name}"count":`);
      }),
    );
    const starts = [0];
    for (const { values } of facets) starts.push(starts.at(-1)! + values.length);
    this.valueStarts = starts;
    this.codes = new Uint16Array(count * FACETS.length);
    for (let place = 0; place < count; place++) {
      for (let facet = 0; facet < FACETS.length; facet++) {
        const value = FACET_VALUE[FACETS[facet]!](plans[place]!.plan);
        this.codes[place * FACETS.length + facet] = starts[facet]! + facets[facet]!.values.indexOf(value);
      }
    }

    this.allCounts = new Int32Array(this.valueHeads.length);
    for (const code of this.codes) this.allCounts[code]! += 1;

    this.byTieRank = Uint16Array.from(
      plans.map((_, place) => place).sort((a, b) => breakTie(plans[a]!.plan, plans[b]!.plan)),
    );
    this.tieRanks = new Uint16Array(count);
    for (let rank = 0; rank < count; rank++) this.tieRanks[this.byTieRank[rank]!] = rank;
    const keys = [...new Set(plans.map(({ provider_key }) => provider_key))].sort();
    this.sortValues = {
      term: Float64Array.from(plans, ({ plan }) => plan.term_months ?? Number.NaN),
      green: Float64Array.from(plans, ({ plan }) => plan.percent_green ?? Number.NaN),
      provider: Float64Array.from(plans, ({ provider_key }) => keys.indexOf(provider_key)),
    };
  }

  /** Where the plan with this id stands. */
  placeOf(planId: string): number | undefined {
    return this.#places.get(planId);
  }

  /** Plans with exactly this value of a facet. Not to be changed. */
  having(facet: Facet, value: string | number | boolean): Bits {
    const { values, bits } = this.#facets[facet];
    return bits[values.indexOf(value)] ?? this.#nobody;
  }

  /** Plans whose value of a facet is wanted; an unknown value never is. */
  withValue(facet: Facet, isWanted: (value: string | number | boolean) => boolean): Bits {
    const { values, bits } = this.#facets[facet];
    const found = emptyBits(this.plans.length);
    for (let at = 0; at < values.length; at++) {
      const value = values[at]!;
      if (value !== null && isWanted(value)) addBits(found, bits[at]!);
    }
    return found;
  }

  atLeastGreen(percent: number): Bits {
    let found = this.#greens.get(percent);
    if (!found) {
      const { green } = this.sortValues;
      found = bitsWhere(green.length, (place) => green[place]! >= percent);
      this.#greens.set(percent, found);
    }
    return found;
  }

  /** Plans of providers with one of these ids or names. */
  ofProviders(wanted: readonly string[]): Bits {
    return bitsWhere(this.plans.length, (place) => {
      const { plan, provider_key } = this.plans[place]!;
      return wanted.includes(plan.provider.id) || wanted.includes(provider_key);
    });
  }

  /** Plans whose names hold all words of a `nameKey`. */
  withWords(text: string): Bits {
    let found = this.#searches.get(text);
    if (!found) {
      const words = text.split('-');
      found = bitsWhere(this.plans.length, (place) =>
        words.every((word) => this.plans[place]!.words.includes(word)),
      );
      this.#searches.set(text, found);
    }
    return found;
  }
}

function indexFacet(plans: readonly IndexedPlan[], read: (plan: Plan) => FacetValue): FacetIndex {
  const values = [...new Set(plans.map(({ plan }) => read(plan)))].sort(compareValues);
  const bits = values.map((value) => bitsWhere(plans.length, (place) => read(plans[place]!.plan) === value));
  return { values, bits };
}

/** Numbers by size, texts by letters, unknown last. */
function compareValues(a: FacetValue, b: FacetValue): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return typeof a === 'string' ? compareText(a, String(b)) : Number(a) - Number(b);
}

/**
 * Plans that cost the same: the lower exit fee first, then the shorter term, then the greener. No other reason ever
 * puts one plan above another; the id only makes the order the same every time.
 */
function breakTie(a: Plan, b: Plan): number {
  return (
    compareKnown(a.early_termination_fee_usd, b.early_termination_fee_usd, 1) ||
    compareKnown(a.term_months, b.term_months, 1) ||
    compareKnown(a.percent_green, b.percent_green, -1) ||
    compareText(a.id, b.id)
  );
}

/** Unknown comes last in either direction. */
function compareKnown(a: number | null, b: number | null, direction: 1 | -1): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return (a - b) * direction;
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
