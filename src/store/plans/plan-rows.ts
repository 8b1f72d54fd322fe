/** How a plan lies in `electricity_plans`: to a row and back. */

import type { Plan, PlanDraft, RateType } from '../../plan/plan.ts';
import type { CopyValue } from '../postgres/copy.ts';

/** A draft that knows who it is: ready to be written. */
export interface IdentifiedPlan {
  id: string;
  offer_id: string;
  provider_id: string;
  content_hash: string;
  plan_hash: string;
  first_seen_at: Date;
  last_changed_at: Date;
  draft: PlanDraft;
}

interface Column {
  name: string;
  /** Of the column, for those who send rows as JSON. */
  type: string;
  value(plan: IdentifiedPlan): CopyValue;
}

const column = (name: string, type: string, value: Column['value']): Column => ({ name, type, value });
const same = (name: keyof PlanDraft & string, type: string): Column =>
  column(name, type, ({ draft }) => draft[name] as CopyValue);

/** Every column that a publish writes, except those that are the same for all its rows. */
export const PLAN_COLUMNS: readonly Column[] = [
  column('id', 'uuid', (plan) => plan.id),
  same('external_id', 'text'),
  same('tdsp_duns', 'text'),
  column('offer_id', 'uuid', (plan) => plan.offer_id),
  column('provider_id', 'text', (plan) => plan.provider_id),
  column('provider_name', 'text', ({ draft }) => draft.provider.name),
  same('name', 'text'),
  same('term_months', 'smallint'),
  same('rate_type', 'text'),
  same('percent_green', 'numeric'),
  column('rate_500kwh', 'numeric', ({ draft }) => draft.rates_cents_per_kwh[500]),
  column('rate_1000kwh', 'numeric', ({ draft }) => draft.rates_cents_per_kwh[1000]),
  column('rate_2000kwh', 'numeric', ({ draft }) => draft.rates_cents_per_kwh[2000]),
  column('price_components', 'jsonb', ({ draft }) =>
    draft.price_components ? { json: draft.price_components } : null,
  ),
  same('early_termination_fee_usd', 'numeric'),
  same('early_termination_fee_per_month_usd', 'numeric'),
  same('is_prepaid', 'boolean'),
  same('is_time_of_use', 'boolean'),
  same('requires_auto_pay', 'boolean'),
  same('is_new_customer_only', 'boolean'),
  same('has_minimum_usage_fee', 'boolean'),
  same('fees_text', 'text'),
  same('special_terms', 'text'),
  same('promotion', 'text'),
  column('efl_url', 'text', ({ draft }) => draft.documents.efl),
  column('tos_url', 'text', ({ draft }) => draft.documents.tos),
  column('yrac_url', 'text', ({ draft }) => draft.documents.yrac),
  same('enroll_url', 'text'),
  same('enroll_phone', 'text'),
  column('translations', 'jsonb', ({ draft }) => ({ json: draft.translations })),
  column('content_hash', 'text', (plan) => plan.content_hash),
  column('plan_hash', 'text', (plan) => plan.plan_hash),
  column('first_seen_at', 'timestamptz', (plan) => plan.first_seen_at),
  column('last_changed_at', 'timestamptz', (plan) => plan.last_changed_at),
];

/** What a plan set tells of a plan: of a row that is written over, these are kept. */
export const REVISION_COLUMNS: readonly string[] = PLAN_COLUMNS.map(({ name }) => name).filter(
  (name) => name !== 'content_hash' && name !== 'plan_hash',
);

/** A row of PLAN_COLUMNS as it goes into JSON. */
export function toRecord(plan: IdentifiedPlan): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (const { name, value } of PLAN_COLUMNS) {
    const cell = value(plan);
    record[name] =
      cell !== null && typeof cell === 'object' && 'json' in cell ? cell.json : (cell as unknown);
  }
  return record;
}

/** The plan that the row will be read as. */
export function draftToPlan(plan: Omit<IdentifiedPlan, 'content_hash' | 'plan_hash'>): Plan {
  const { id, offer_id, provider_id, first_seen_at, last_changed_at, draft } = plan;
  return {
    id,
    external_id: draft.external_id,
    offer_id,
    tdsp_duns: draft.tdsp_duns,
    provider: { id: provider_id, name: draft.provider.name },
    name: draft.name,
    term_months: draft.term_months,
    rate_type: draft.rate_type,
    percent_green: draft.percent_green,
    rates_cents_per_kwh: draft.rates_cents_per_kwh,
    price_components: draft.price_components,
    early_termination_fee_usd: draft.early_termination_fee_usd,
    early_termination_fee_per_month_usd: draft.early_termination_fee_per_month_usd,
    is_prepaid: draft.is_prepaid,
    is_time_of_use: draft.is_time_of_use,
    requires_auto_pay: draft.requires_auto_pay,
    is_new_customer_only: draft.is_new_customer_only,
    has_minimum_usage_fee: draft.has_minimum_usage_fee,
    fees_text: draft.fees_text,
    special_terms: draft.special_terms,
    promotion: draft.promotion,
    documents: draft.documents,
    enroll_url: draft.enroll_url,
    enroll_phone: draft.enroll_phone,
    translations: draft.translations,
    first_seen_at: first_seen_at.toISOString(),
    last_changed_at: last_changed_at.toISOString(),
    is_active: true,
  };
}

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
