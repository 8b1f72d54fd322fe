/**
 * A plan set made ready for questions, once for each version: bills, words and fragments of JSON are computed here and
 * not for each request. About 160 plans fit the CPU's cache, so a question is a walk over all of them.
 */

import { type Bill, type BillCurve, billCurve, compareBills } from '../plan/bill.ts';
import { nameKey } from '../plan/offer.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import { planFragments } from './plan-json.ts';
import type { SortKey } from './plan-query.ts';

export interface IndexedPlan {
  plan: Plan;
  curve: BillCurve;
  /** What `q` looks into. */
  words: string;
  provider_key: string;
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

/** A plan as it stands at one usage. */
export interface PricedPlan extends IndexedPlan {
  bill: Bill;
  /** Place of its value among the values of all facets, one for each of VALUE_FACETS. */
  codes: readonly number[];
  /** Finished JSON, made when first needed. */
  json: string | null;
}

export function pricedPlanJson(priced: PricedPlan): string {
  // Through a buffer, for a string that was put together stays in pieces, to be walked for every answer.
  priced.json ??= Buffer.from(
    asciiJson(priced.head + JSON.stringify(priced.bill) + priced.tail),
    'latin1',
  ).toString('latin1');
  return priced.json;
}

const NOT_ASCII = /[\u0080-\uffff]/;

/**
 * The same JSON in ASCII alone, so that parts can be joined and sent without being encoded. The way through a buffer
 * makes it a string of one byte a character inside V8; a single part of two bytes would make the whole answer slow.
 */
export function asciiJson(json: string): string {
  if (!NOT_ASCII.test(json)) return json;
  const ascii = json.replace(
    /[\u0080-\uffff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Buffer.from(ascii, 'latin1').toString('latin1');
}

export const VALUE_FACETS = ['term', 'rate_type', 'provider', 'prepaid', 'time_of_use'] as const;
export type ValueFacet = (typeof VALUE_FACETS)[number];

const FACET_VALUE: Record<ValueFacet, (plan: Plan) => string | number | boolean | null> = {
  term: (plan) => plan.term_months,
  rate_type: (plan) => plan.rate_type,
  provider: (plan) => plan.provider.id,
  prepaid: (plan) => plan.is_prepaid,
  time_of_use: (plan) => plan.is_time_of_use,
};

/** The plans of some TDSPs at one usage, in any order that is asked for. */
export class PricedPlans {
  readonly usage_kwh: number;
  /** The values of all facets, one facet after the other, as JSON up to the count: `{"value":12,"count":`. */
  readonly facetHeads: readonly string[];
  /** Where the values of each facet begin, and where the last one's end. */
  readonly facetStarts: readonly number[];
  readonly #plans: PricedPlan[];
  readonly #orders = new Map<string, readonly PricedPlan[]>();

  constructor(sets: readonly PlanSet[], usage_kwh: number) {
    this.usage_kwh = usage_kwh;
    const plans = sets.flatMap(indexPlans);
    const domains = VALUE_FACETS.map((facet) => facetDomain(facet, plans));
    this.facetHeads = domains.flatMap(({ heads }) => heads);
    const starts = [0];
    for (const { heads } of domains) starts.push(starts.at(-1)! + heads.length);
    this.facetStarts = starts;
    this.#plans = plans.map((plan) => ({
      ...plan,
      bill: plan.curve.at(usage_kwh),
      codes: domains.map(({ codeOf }, facet) => starts[facet]! + codeOf(plan.plan)),
      json: null,
    }));
  }

  sorted(sort: SortKey, isDescending: boolean): readonly PricedPlan[] {
    const key = `${sort}${isDescending}`;
    let order = this.#orders.get(key);
    if (!order) {
      const compare = COMPARE[sort];
      const direction = isDescending ? -1 : 1;
      order = this.#plans.toSorted((a, b) => compare(a, b, direction) || breakTie(a, b));
      this.#orders.set(key, order);
    }
    return order;
  }
}

function facetDomain(
  facet: ValueFacet,
  plans: readonly IndexedPlan[],
): { heads: string[]; codeOf(plan: Plan): number } {
  const read = FACET_VALUE[facet];
  const names = new Map(plans.map(({ plan }) => [plan.provider.id, plan.provider.name]));
  const values = [...new Set(plans.map(({ plan }) => read(plan)))].sort(compareValues);
  const codes = new Map(values.map((value, code) => [value, code]));
  const heads = values.map((value) => {
    const name = facet === 'provider' ? `"name":${JSON.stringify(names.get(String(value)))},` : '';
    return asciiJson(`{"value":${JSON.stringify(value)},${name}"count":`);
  });
  return { heads, codeOf: (plan) => codes.get(read(plan))! };
}

/** Numbers by size, texts by letters, unknown last. */
function compareValues(a: string | number | boolean | null, b: string | number | boolean | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return typeof a === 'string' ? compareText(a, String(b)) : Number(a) - Number(b);
}

type Direction = 1 | -1;
type Compare = (a: PricedPlan, b: PricedPlan, direction: Direction) => number;

const byBill: Compare = (a, b, direction) => compareBills(a.bill, b.bill, direction);

const COMPARE: Record<SortKey, Compare> = {
  // At one usage both are the same order: a bill is its rate times the usage.
  rate: byBill,
  bill: byBill,
  term: (a, b, direction) =>
    compareKnown(a.plan.term_months, b.plan.term_months, direction) || byBill(a, b, 1),
  green: (a, b, direction) =>
    compareKnown(a.plan.percent_green, b.plan.percent_green, direction) || byBill(a, b, 1),
  provider: (a, b, direction) => compareText(a.provider_key, b.provider_key) * direction || byBill(a, b, 1),
};

/**
 * Plans that cost the same: the lower exit fee first, then the shorter term, then the greener. No other reason ever
 * puts one plan above another; the id only makes the order the same every time.
 */
function breakTie({ plan: a }: PricedPlan, { plan: b }: PricedPlan): number {
  return (
    compareKnown(a.early_termination_fee_usd, b.early_termination_fee_usd, 1) ||
    compareKnown(a.term_months, b.term_months, 1) ||
    compareKnown(a.percent_green, b.percent_green, -1) ||
    compareText(a.id, b.id)
  );
}

/** Unknown comes last in either direction. */
function compareKnown(a: number | null, b: number | null, direction: Direction): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return (a - b) * direction;
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
