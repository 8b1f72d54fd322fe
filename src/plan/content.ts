/**
 * When is a plan "changed"? Two answers: its content (any field, so the row must be written) and its terms of sale
 * (what a shopper pays and signs, so the history must say so).
 */

import { hash } from 'node:crypto';
import type { PlanDraft } from './plan.ts';

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

export function termsOfSale(draft: PlanDraft): TermsOfSale {
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

function isSame(a: unknown, b: unknown): boolean {
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

/** 32 hex digits over everything a draft says, its upstream id and TDSP excepted. */
export function contentHash(draft: PlanDraft): string {
  const {
    external_id: _id,
    tdsp_duns: _duns,
    provider,
    name,
    term_months,
    special_terms,
    promotion,
    ...rest
  } = draft;
  const { documents, enroll_url, enroll_phone, translations } = rest;
  const texts = [provider, name, term_months, special_terms, promotion, enroll_url, enroll_phone];
  return hash('md5', canonical([texts, termsOfSale(draft), documents, translations]), 'hex');
}

/** One hash for a whole snapshot: the same plans in another order are the same snapshot. */
export function snapshotHash(
  source: string,
  contents: { external_id: string; content_hash: string }[],
): string {
  const lines = contents.map(({ external_id, content_hash }) => `${external_id} ${content_hash}`);
  return hash('sha256', [source, ...lines.toSorted()].join('\n'), 'hex');
}
