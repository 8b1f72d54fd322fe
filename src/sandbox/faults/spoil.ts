/** Plan lists that are wrong in the ways upstreams are: each returns new records and leaves the market's own alone. */

import { stream, unit } from '../market/chance.ts';
import {
  displayPricing,
  round,
  type UpstreamDisplayPricing,
  type UpstreamPlan,
} from '../market/upstream-plan.ts';
import type { Fault } from './faults.ts';

const SPOILED = stream('record spoiled');
const KEPT = stream('record kept');

/** The list as the fault leaves it; unchanged for faults that are not about the list. */
export function spoilPlans(fault: Fault, plans: readonly UpstreamPlan[]): readonly unknown[] {
  switch (fault.kind) {
    case 'empty':
      return [];
    case 'shrunk':
      return firstByHash(KEPT, plans, fault.share ?? 0.5);
    case 'cents':
      return mapShare(plans, fault.share ?? 1, timesHundred);
    case 'wrong_types':
      return mapShare(plans, fault.share ?? 0.2, (plan, number) => MISTYPED[number % MISTYPED.length]!(plan));
    default:
      return plans;
  }
}

/** Exactly this share of the plans (rounded up), in their order; by id, so that the choice does not hop about. */
function firstByHash(question: number, plans: readonly UpstreamPlan[], share: number): UpstreamPlan[] {
  const rank = (plan: UpstreamPlan) => unit(question, stream(plan.product._id));
  const ranks = plans.map(rank).sort((a, b) => a - b);
  const limit = ranks[Math.ceil(plans.length * share) - 1] ?? -1;
  return plans.filter((plan) => rank(plan) <= limit);
}

function mapShare(
  plans: readonly UpstreamPlan[],
  share: number,
  spoil: (plan: UpstreamPlan, number: number) => unknown,
): unknown[] {
  const chosen = new Set(firstByHash(SPOILED, plans, share));
  let number = 0;
  return plans.map((plan) => (chosen.has(plan) ? spoil(plan, number++) : plan));
}

function timesHundred(plan: UpstreamPlan): UpstreamPlan {
  const up = (pricing: UpstreamDisplayPricing | undefined) =>
    pricing && displayPricing(pricing.usage, pricing.avg * pricing.usage * 100);
  return {
    ...plan,
    expected_prices: plan.expected_prices.map((expected) => ({
      ...expected,
      price: round(expected.price * 100, 3),
      actual: round(expected.actual * 100, 5),
    })),
    display_pricing_500: up(plan.display_pricing_500),
    display_pricing_1000: up(plan.display_pricing_1000),
    display_pricing_2000: up(plan.display_pricing_2000),
  };
}

// In turn, so that a few spoiled records already show every way.
const MISTYPED: readonly ((plan: UpstreamPlan) => unknown)[] = [
  (plan) => ({
    ...plan,
    display_pricing_1000: { ...plan.display_pricing_1000, avg: `$${plan.display_pricing_1000?.avg}` },
  }),
  ({ product: _missing, ...plan }) => plan,
  (plan) => ({
    ...plan,
    display_pricing_500: { avg: { value: plan.display_pricing_500?.avg, unit: 'USD' } },
  }),
  (plan) => ({ ...plan, product: { ...plan.product, term: `${plan.product.term} months` } }),
  (plan) => ({ ...plan, components: { 0: 'see the label' } }),
  (plan) => ({ ...plan, _id: null }),
  () => null,
];
