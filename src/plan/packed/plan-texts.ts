/**
 * A plan as JSON in three texts: what a list shows before its bill, what it shows behind it, and what only the single
 * plan shows. Together they are all of the plan, so that a stored plan is these texts and nothing else. The order of
 * fields is the order a person reads them in.
 */

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
    head: `${asciiJson(JSON.stringify(identityJson(plan))).slice(0, -1)}${BILL}`,
    tail: `,${asciiJson(JSON.stringify(termsJson(plan))).slice(1)}`,
    rest: asciiJson(JSON.stringify(restJson(plan))).slice(1, -1),
  };
}

/** What the three tell. It must be a plan: a field that is in none of them would be lost on the way. */
type Told = ReturnType<typeof identityJson> & ReturnType<typeof termsJson> & ReturnType<typeof restJson>;

/** The plan the texts were made from. */
export function parsePlan({ head, tail, rest }: PlanTexts): Plan {
  return JSON.parse(`${head.slice(0, -BILL.length)}${tail.slice(0, -1)},${rest}}`) as Told;
}

/** The id of a plan, whose head begins with it. */
export const idInHead = (head: string): string => head.slice(ID.length, head.indexOf('"', ID.length));

export function identityJson(plan: Plan) {
  return {
    id: plan.id,
    external_id: plan.external_id,
    offer_id: plan.offer_id,
    tdsp_duns: plan.tdsp_duns,
    provider: { id: plan.provider.id, name: plan.provider.name },
    name: plan.name,
    term_months: plan.term_months,
    rate_type: plan.rate_type,
    percent_green: plan.percent_green,
    rates_cents_per_kwh: plan.rates_cents_per_kwh,
  };
}

export function termsJson(plan: Plan) {
  return {
    early_termination_fee_usd: plan.early_termination_fee_usd,
    early_termination_fee_per_month_usd: plan.early_termination_fee_per_month_usd,
    is_prepaid: plan.is_prepaid,
    is_time_of_use: plan.is_time_of_use,
    requires_auto_pay: plan.requires_auto_pay,
    is_new_customer_only: plan.is_new_customer_only,
    has_minimum_usage_fee: plan.has_minimum_usage_fee,
    fees_text: plan.fees_text,
    documents: { efl: plan.documents.efl, tos: plan.documents.tos, yrac: plan.documents.yrac },
    enroll_url: plan.enroll_url,
    first_seen_at: plan.first_seen_at,
    last_changed_at: plan.last_changed_at,
    is_active: plan.is_active,
  };
}

export function restJson(plan: Plan) {
  return {
    price_components: plan.price_components,
    special_terms: plan.special_terms,
    promotion: plan.promotion,
    enroll_phone: plan.enroll_phone,
    translations: plan.translations,
  };
}
