/** How a single plan reads in an answer: everything about it. */

import { billCurve } from '../plan/bill/bill.ts';
import { DETAIL_FIELDS, HEAD_FIELDS, pickFields, TAIL_FIELDS } from '../plan/fields.ts';
import type { Plan } from '../plan/plan.ts';
import type { UsageProfile } from '../plan/profiles/profiles.ts';
import { yearOf } from '../plan/profiles/year.ts';
import type { Remark } from '../plan/quality/remark.ts';

/** @param profile for what usage the cost of a year is told, if it is */
export function planJson(
  plan: Plan,
  usageKwh: number,
  profile: UsageProfile | null,
  quality: readonly Remark[],
): Record<string, unknown> {
  const curve = billCurve(plan);
  return {
    ...pickFields(plan, HEAD_FIELDS),
    bill: curve.at(usageKwh),
    ...(profile && { year: yearOf(curve, plan, profile) }),
    ...pickFields(plan, TAIL_FIELDS),
    ...pickFields(plan, DETAIL_FIELDS),
    quality,
  };
}
