/**
 * Remarks about the quality of the data: contradictions a shopper should know of, each with its evidence. They are worked
 * out when they are read; nothing is corrected or left out for them.
 */

import type { Plan } from '../plan.ts';
import { MARKET_RULES } from './market-rules.ts';
import { OTHER_SOURCE } from './other-source.ts';
import { PAST_RULES } from './past-rules.ts';
import { PLAN_RULES } from './plan-rules.ts';
import { REACHABLE } from './reachable.ts';
import type { PlanRemark, RecentPast, Remark } from './remark.ts';
import { STORED_PRICES } from './stored-prices.ts';

/** Every rule there is, with the source of its bound. */
export const QUALITY_RULES: readonly { rule: string; source: string }[] = [
  ...PLAN_RULES,
  ...MARKET_RULES,
  ...PAST_RULES,
  STORED_PRICES,
  OTHER_SOURCE,
  REACHABLE,
];

/** What is odd about a plan by itself. */
export function remarksOf(plan: Plan): Remark[] {
  return PLAN_RULES.flatMap(({ rule, check }) => {
    const found = check(plan);
    return found ? [{ rule, ...found }] : [];
  });
}

/** What is odd about a plan beside all plans of its TDSP. */
export function remarksAmong(plan: Plan, plans: readonly Plan[]): Remark[] {
  return MARKET_RULES.flatMap(({ rule, check }) =>
    check(plans)
      .filter((found) => found.plan?.id === plan.id)
      .map(({ message, evidence }) => ({ rule, message, evidence })),
  );
}

const ofAll = (plans: readonly Plan[]): PlanRemark[] =>
  MARKET_RULES.flatMap(({ rule, check }) => check(plans).map((found) => ({ rule, ...found })));
const ofEach = (plans: readonly Plan[]): PlanRemark[] =>
  plans.flatMap((plan) => remarksOf(plan).map((remark) => ({ ...remark, plan })));

/** What is odd about the plans of one TDSP as they are: about all together, and about each. */
export const remarksNow = (plans: readonly Plan[]): PlanRemark[] => [...ofAll(plans), ...ofEach(plans)];

/** The same, and what is odd beside the last four weeks, in steps of about a millisecond: all of it takes a tenth of a second. */
export function* remarksInSteps(plans: readonly Plan[], past: RecentPast): Generator<PlanRemark[]> {
  yield ofAll(plans);
  for (const { rule, check } of PAST_RULES) yield check(plans, past).map((found) => ({ rule, ...found }));
  for (const plan of plans) yield ofEach([plan]);
}

/** The same at once. */
export const remarksOfMarket = (plans: readonly Plan[], past: RecentPast): PlanRemark[] =>
  [...remarksInSteps(plans, past)].flat();
