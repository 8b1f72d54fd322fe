/** How a plan lies in `electricity_plans`: to a row and back. */

import type { Plan, PlanDraft, RateType } from '../plan/plan.ts';
import type { CopyValue } from './copy.ts';

/** A draft that knows who it is: ready to be written. */
export interface IdentifiedPlan {
  id: string;
  offer_id: string;
  provider_id: string;
  content_hash: string;
  first_seen_at: Date;
  last_changed_at: Date;
  draft: PlanDraft;
}

interface Column {
  name: string;
  value(plan: IdentifiedPlan): CopyValue;
}

const column = (name: string, value: Column['value']): Column => ({ name, value });
const same = (name: keyof PlanDraft & string): Column =>
  column(name, ({ draft }) => draft[name] as CopyValue);

/** Every column that a publish writes, except those that are the same for all its rows. */
export const PLAN_COLUMNS: readonly Column[] = [
  column('id', (plan) => plan.id),
  same('external_id'),
  same('tdsp_duns'),
  column('offer_id', (plan) => plan.offer_id),
  column('provider_id', (plan) => plan.provider_id),
  same('name'),
  same('term_months'),
  same('rate_type'),
  same('percent_green'),
  column('rate_500kwh', ({ draft }) => draft.rates_cents_per_kwh[500]),
  column('rate_1000kwh', ({ draft }) => draft.rates_cents_per_kwh[1000]),
  column('rate_2000kwh', ({ draft }) => draft.rates_cents_per_kwh[2000]),
  column('price_components', ({ draft }) =>
    draft.price_components ? { json: draft.price_components } : null,
  ),
  same('early_termination_fee_usd'),
  same('early_termination_fee_per_month_usd'),
  same('is_prepaid'),
  same('is_time_of_use'),
  same('requires_auto_pay'),
  same('is_new_customer_only'),
  same('has_minimum_usage_fee'),
  same('fees_text'),
  same('special_terms'),
  same('promotion'),
  column('efl_url', ({ draft }) => draft.documents.efl),
  column('tos_url', ({ draft }) => draft.documents.tos),
  column('yrac_url', ({ draft }) => draft.documents.yrac),
  same('enroll_url'),
  same('enroll_phone'),
  column('translations', ({ draft }) => ({ json: draft.translations })),
  column('content_hash', (plan) => plan.content_hash),
  column('first_seen_at', (plan) => plan.first_seen_at),
  column('last_changed_at', (plan) => plan.last_changed_at),
];

export interface PlanRow {
  id: string;
  external_id: string;
  tdsp_duns: string;
  offer_id: string;
  provider_id: string;
  provider_name: string;
  name: string;
  term_months: number | null;
  rate_type: RateType | null;
  percent_green: number | null;
  rate_500kwh: number | null;
  rate_1000kwh: number | null;
  rate_2000kwh: number | null;
  price_components: Plan['price_components'];
  early_termination_fee_usd: number | null;
  early_termination_fee_per_month_usd: number | null;
  is_prepaid: boolean | null;
  is_time_of_use: boolean | null;
  requires_auto_pay: boolean | null;
  is_new_customer_only: boolean | null;
  has_minimum_usage_fee: boolean | null;
  fees_text: string | null;
  special_terms: string | null;
  promotion: string | null;
  efl_url: string | null;
  tos_url: string | null;
  yrac_url: string | null;
  enroll_url: string | null;
  enroll_phone: string | null;
  translations: Plan['translations'];
  is_active: boolean;
  first_seen_at: Date;
  last_changed_at: Date;
}

export function rowToPlan(row: PlanRow): Plan {
  return {
    id: row.id,
    external_id: row.external_id,
    offer_id: row.offer_id,
    tdsp_duns: row.tdsp_duns,
    provider: { id: row.provider_id, name: row.provider_name },
    name: row.name,
    term_months: row.term_months,
    rate_type: row.rate_type,
    percent_green: row.percent_green,
    rates_cents_per_kwh: { 500: row.rate_500kwh, 1000: row.rate_1000kwh, 2000: row.rate_2000kwh },
    price_components: row.price_components,
    early_termination_fee_usd: row.early_termination_fee_usd,
    early_termination_fee_per_month_usd: row.early_termination_fee_per_month_usd,
    is_prepaid: row.is_prepaid,
    is_time_of_use: row.is_time_of_use,
    requires_auto_pay: row.requires_auto_pay,
    is_new_customer_only: row.is_new_customer_only,
    has_minimum_usage_fee: row.has_minimum_usage_fee,
    fees_text: row.fees_text,
    special_terms: row.special_terms,
    promotion: row.promotion,
    documents: { efl: row.efl_url, tos: row.tos_url, yrac: row.yrac_url },
    enroll_url: row.enroll_url,
    enroll_phone: row.enroll_phone,
    translations: row.translations,
    first_seen_at: row.first_seen_at.toISOString(),
    last_changed_at: row.last_changed_at.toISOString(),
    is_active: row.is_active,
  };
}
