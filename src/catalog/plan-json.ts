/** How a plan reads in an answer. The order of fields is the order a person reads them in. */

import type { Bill } from '../plan/bill.ts';
import type { Plan } from '../plan/plan.ts';

/** Everything about a plan. */
export function planJson(plan: Plan, bill: Bill): Record<string, unknown> {
  return {
    ...identityJson(plan),
    bill,
    ...termsJson(plan),
    price_components: plan.price_components,
    special_terms: plan.special_terms,
    promotion: plan.promotion,
    enroll_phone: plan.enroll_phone,
    translations: plan.translations,
  };
}

/**
 * What a list shows of a plan, serialised but for the bill, which depends on the asked usage. Long texts and the parts
 * of the price are for the single plan.
 */
export function planFragments(plan: Plan): { head: string; tail: string } {
  const head = JSON.stringify(identityJson(plan));
  const tail = JSON.stringify(termsJson(plan));
  return { head: `${head.slice(0, -1)},"bill":`, tail: `,${tail.slice(1)}` };
}

function identityJson(plan: Plan): Record<string, unknown> {
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

function termsJson(plan: Plan): Record<string, unknown> {
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
