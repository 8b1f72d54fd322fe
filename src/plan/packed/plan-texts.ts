/**
 * A plan as JSON in three texts: what a list shows before its bill, what it shows behind it, and what only the single
 * plan shows. Together they are all of the plan, so that a stored plan is these texts and nothing else.
 */

import { DETAIL_FIELDS, HEAD_FIELDS, pickFields, TAIL_FIELDS } from '../fields.ts';
import type { Plan } from '../plan.ts';
import { asciiJson } from './ascii-json.ts';

interface PlanTexts {
  /** `{"id":…,"bill":`. All three in ASCII. */
  head: string;
  /** `,"early_termination_fee_usd":…}`. */
  tail: string;
  /** `"price_components":…`, without braces. */
  rest: string;
}

const BILL = ',"bill":';
const ID = '{"id":"';

export function planTexts(plan: Plan): PlanTexts {
  return {
    head: `${json(plan, HEAD_FIELDS).slice(0, -1)}${BILL}`,
    tail: `,${json(plan, TAIL_FIELDS).slice(1)}`,
    rest: json(plan, DETAIL_FIELDS).slice(1, -1),
  };
}

const json = (plan: Plan, fields: Parameters<typeof pickFields>[1]): string =>
  asciiJson(JSON.stringify(pickFields(plan, fields)));

/** The plan the texts were made from. */
export function parsePlan({ head, tail, rest }: PlanTexts): Plan {
  return JSON.parse(`${head.slice(0, -BILL.length)}${tail.slice(0, -1)},${rest}}`) as Plan;
}

/** The id of a plan, whose head begins with it. */
export const idInHead = (head: string): string => head.slice(ID.length, head.indexOf('"', ID.length));
