/** How a single plan reads in an answer: everything about it. */

import type { Bill } from '../plan/bill.ts';
import { identityJson, restJson, termsJson } from '../plan/packed/plan-texts.ts';
import type { Plan } from '../plan/plan.ts';

export function planJson(plan: Plan, bill: Bill): Record<string, unknown> {
  return { ...identityJson(plan), bill, ...termsJson(plan), ...restJson(plan) };
}
