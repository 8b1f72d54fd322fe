/** How a single plan reads in an answer: everything about it. */

import type { Bill } from '../plan/bill/bill.ts';
import { DETAIL_FIELDS, HEAD_FIELDS, pickFields, TAIL_FIELDS } from '../plan/fields.ts';
import type { Plan } from '../plan/plan.ts';
import type { Remark } from '../plan/quality/remark.ts';

export function planJson(plan: Plan, bill: Bill, quality: readonly Remark[]): Record<string, unknown> {
  return {
    ...pickFields(plan, HEAD_FIELDS),
    bill,
    ...pickFields(plan, TAIL_FIELDS),
    ...pickFields(plan, DETAIL_FIELDS),
    quality,
  };
}
