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
  /** Finished JSON, made when first needed. */
  json: Buffer | null;
}

export function planBytes(priced: PricedPlan): Buffer {
  priced.json ??= Buffer.from(priced.head + JSON.stringify(priced.bill) + priced.tail);
  return priced.json;
}

/** The plans of some TDSPs at one usage, in any order that is asked for. */
export class PricedPlans {
  readonly usage_kwh: number;
  readonly #plans: PricedPlan[];
  readonly #orders = new Map<string, readonly PricedPlan[]>();

  constructor(sets: readonly PlanSet[], usage_kwh: number) {
    this.usage_kwh = usage_kwh;
    this.#plans = sets.flatMap((set) =>
      indexPlans(set).map((plan) => ({ ...plan, bill: plan.curve.at(usage_kwh), json: null })),
    );
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
