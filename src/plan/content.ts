/**
 * When is a plan "changed"? Two answers: its content (any field, so the row must be written) and its terms of sale
 * (what a shopper pays and signs, so the history must say so).
 */

import { hash } from 'node:crypto';
import type { Plan, PlanDocuments, PlanDraft } from './plan.ts';

/** The terms of sale by the names they have as columns. */
export interface TermsOfSale {
  rate_500kwh: number | null;
  rate_1000kwh: number | null;
  rate_2000kwh: number | null;
  rate_type: string | null;
  percent_green: number | null;
  price_components: unknown;
  early_termination_fee_usd: number | null;
  early_termination_fee_per_month_usd: number | null;
  is_prepaid: boolean | null;
  is_time_of_use: boolean | null;
  requires_auto_pay: boolean | null;
  is_new_customer_only: boolean | null;
  has_minimum_usage_fee: boolean | null;
  fees_text: string | null;
}

export const TERMS_OF_SALE = [
  'rate_500kwh',
  'rate_1000kwh',
  'rate_2000kwh',
  'rate_type',
  'percent_green',
  'price_components',
  'early_termination_fee_usd',
  'early_termination_fee_per_month_usd',
  'is_prepaid',
  'is_time_of_use',
  'requires_auto_pay',
  'is_new_customer_only',
  'has_minimum_usage_fee',
  'fees_text',
] as const satisfies (keyof TermsOfSale)[];

export interface ChangedTerm {
  field: keyof TermsOfSale;
  from_value: unknown;
  to_value: unknown;
}

export function termsOfSale(draft: Omit<PlanDraft, 'provider'>): TermsOfSale {
  const { 500: rate_500kwh, 1000: rate_1000kwh, 2000: rate_2000kwh } = draft.rates_cents_per_kwh;
  const { rate_type, percent_green, price_components, early_termination_fee_usd } = draft;
  const { early_termination_fee_per_month_usd, is_prepaid, is_time_of_use, requires_auto_pay } = draft;
  const { is_new_customer_only, has_minimum_usage_fee, fees_text } = draft;
  return {
    rate_500kwh,
    rate_1000kwh,
    rate_2000kwh,
    rate_type,
    percent_green,
    price_components,
    early_termination_fee_usd,
    early_termination_fee_per_month_usd,
    is_prepaid,
    is_time_of_use,
    requires_auto_pay,
    is_new_customer_only,
    has_minimum_usage_fee,
    fees_text,
  };
}

/**
 * The terms that differ. Unknown is no value: an upstream that stops or begins to tell a term changed what we know
 * and not what is sold. A published rate is the exception, for its absence is the plan's own statement.
 */
export function changedTerms(before: TermsOfSale, after: TermsOfSale): ChangedTerm[] {
  const changed: ChangedTerm[] = [];
  for (const field of TERMS_OF_SALE) {
    const from_value = before[field];
    const to_value = after[field];
    if (isSame(from_value, to_value)) continue;
    const isKnown = from_value !== null && to_value !== null;
    if (isKnown || /^rate_\d/.test(field)) changed.push({ field, from_value, to_value });
  }
  return changed;
}

/** Whatever the order of their keys. */
export function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && canonical(a) === canonical(b));
}

/** JSON with sorted keys, for PostgreSQL's jsonb keeps no order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/**
 * 32 hex digits over everything a draft says, its upstream id and TDSP excepted.
 *
 * Keys are written in the order they have when sorted, as every stored hash was made, and not sorted each time: every
 * sync hashes every plan, and sorting took three quarters of it.
 */
export function contentHash(draft: PlanDraft): string {
  const { provider, name, term_months, special_terms, promotion, enroll_url, enroll_phone } = draft;
  const { 500: rate_500kwh, 1000: rate_1000kwh, 2000: rate_2000kwh } = draft.rates_cents_per_kwh;
  const { legal_name, phone, puct_number } = provider;
  const texts = [
    { legal_name, name: provider.name, phone, puct_number },
    name,
    term_months,
    special_terms,
    promotion,
    enroll_url,
    enroll_phone,
  ];
  const terms = {
    early_termination_fee_per_month_usd: draft.early_termination_fee_per_month_usd,
    early_termination_fee_usd: draft.early_termination_fee_usd,
    fees_text: draft.fees_text,
    has_minimum_usage_fee: draft.has_minimum_usage_fee,
    is_new_customer_only: draft.is_new_customer_only,
    is_prepaid: draft.is_prepaid,
    is_time_of_use: draft.is_time_of_use,
    percent_green: draft.percent_green,
    price_components: sortedComponents(draft.price_components),
    rate_1000kwh,
    rate_2000kwh,
    rate_500kwh,
    rate_type: draft.rate_type,
    requires_auto_pay: draft.requires_auto_pay,
  };
  const said = [texts, terms, sortedDocuments(draft.documents), sortedTranslations(draft.translations)];
  return hash('md5', JSON.stringify(said), 'hex');
}

/**
 * 32 hex digits over everything a plan set says of a plan: its content, its identity and its past. The same for a plan
 * just read from an upstream and for one read back from PostgreSQL, whose jsonb keeps no order of keys.
 */
export function planHash(plan: Omit<Plan, 'is_active'>): string {
  const { 500: rate_500kwh, 1000: rate_1000kwh, 2000: rate_2000kwh } = plan.rates_cents_per_kwh;
  const said = [
    plan.id,
    plan.external_id,
    plan.offer_id,
    plan.tdsp_duns,
    plan.provider.id,
    plan.provider.name,
    plan.name,
    plan.term_months,
    plan.rate_type,
    plan.percent_green,
    rate_500kwh,
    rate_1000kwh,
    rate_2000kwh,
    sortedComponents(plan.price_components),
    plan.early_termination_fee_usd,
    plan.early_termination_fee_per_month_usd,
    plan.is_prepaid,
    plan.is_time_of_use,
    plan.requires_auto_pay,
    plan.is_new_customer_only,
    plan.has_minimum_usage_fee,
    plan.fees_text,
    plan.special_terms,
    plan.promotion,
    sortedDocuments(plan.documents),
    plan.enroll_url,
    plan.enroll_phone,
    sortedTranslations(plan.translations),
    plan.first_seen_at,
    plan.last_changed_at,
  ];
  return hash('md5', JSON.stringify(said), 'hex');
}

/** One hash for a whole plan set. Which plan comes first follows from what the plans say, so the order needs no say. */
export function planSetHash(planHashes: readonly string[]): string {
  return hash('sha256', planHashes.toSorted().join('\n'), 'hex');
}

function sortedComponents(components: PlanDraft['price_components']): PlanDraft['price_components'] {
  const sorted = components?.map((one) => ({
    amount: one.amount,
    is_compound: one.is_compound,
    is_per_kwh: one.is_per_kwh,
    is_percentage: one.is_percentage,
    is_tdsp_charge: one.is_tdsp_charge,
    max_kwh: one.max_kwh,
    min_kwh: one.min_kwh,
  }));
  return sorted ?? null;
}

function sortedDocuments({ efl, tos, yrac }: PlanDocuments): PlanDocuments {
  return { efl, tos, yrac };
}

function sortedTranslations({ es }: PlanDraft['translations']): PlanDraft['translations'] {
  if (!es) return {};
  const { documents, enroll_url, fees_text, name, special_terms } = es;
  return { es: { documents: sortedDocuments(documents), enroll_url, fees_text, name, special_terms } };
}

/** One hash for a whole snapshot: the same plans in another order are the same snapshot. */
export function snapshotHash(
  source: string,
  contents: { external_id: string; content_hash: string }[],
): string {
  const lines = contents.map(({ external_id, content_hash }) => `${external_id} ${content_hash}`);
  return hash('sha256', [source, ...lines.toSorted()].join('\n'), 'hex');
}
