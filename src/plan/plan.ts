/**
 * A plan is what one REP offers in one TDSP at one time, whatever the upstream that told us.
 * Field names are the ones of the columns and of the API; unknown is `null`, never 0 and never a guess.
 */

import type { Rates } from './rate.ts';

export const RATE_TYPES = ['fixed', 'variable', 'indexed'] as const;
export type RateType = (typeof RATE_TYPES)[number];

/** Links to a plan's papers: Electricity Facts Label, terms of service, Your Rights as a Customer. http(s) only. */
export interface PlanDocuments {
  efl: string | null;
  tos: string | null;
  yrac: string | null;
}

/**
 * One line of a plan's price, as ComparePower's `components` give it.
 * It applies to usages (or to the kWh) from `min_kwh` to `max_kwh`; `null`: without bound.
 */
export interface PriceComponent {
  min_kwh: number | null;
  max_kwh: number | null;
  /** USD, or USD per kWh where `is_per_kwh`, or a share (0.05 is 5 %) where `is_percentage`; negative is a credit. */
  amount: number;
  is_per_kwh: boolean;
  /** Passed on to the TDSP; says who gets the money, changes nothing in the sum. */
  is_tdsp_charge: boolean;
  /** A share of the running total instead of the energy charges. */
  is_compound: boolean;
  is_percentage: boolean;
}

/** The same plan in another language: what differs is text and papers, never the price. */
interface PlanTranslation {
  name: string | null;
  fees_text: string | null;
  special_terms: string | null;
  documents: PlanDocuments;
  enroll_url: string | null;
}

/** A plan as a source understood it, before it has an identity or a past. */
export interface PlanDraft {
  /** The upstream's id of this record, or one derived from its content where the upstream gave none. */
  external_id: string;
  /** 9 to 13 digits, leading zeros count. */
  tdsp_duns: string;
  provider: { name: string; legal_name: string | null; puct_number: string | null; phone: string | null };
  name: string;
  /** 1 is month to month. */
  term_months: number | null;
  rate_type: RateType | null;
  /** 0 to 100; decimals occur. */
  percent_green: number | null;
  rates_cents_per_kwh: Rates;
  /** `null` where unknown or where no part of the price is told. */
  price_components: PriceComponent[] | null;
  /** The most that leaving can cost: on the first day, for a fee per remaining month. */
  early_termination_fee_usd: number | null;
  /** Set where the fee is per remaining month of the term. */
  early_termination_fee_per_month_usd: number | null;
  /** The upstream's words for that fee: what the two figures were read from, or could not be. */
  early_termination_fee_text: string | null;
  is_prepaid: boolean | null;
  is_time_of_use: boolean | null;
  requires_auto_pay: boolean | null;
  is_new_customer_only: boolean | null;
  has_minimum_usage_fee: boolean | null;
  /** The upstream's flag as told: usage fees or credits of some kind, so the price bends somewhere. */
  has_fees_or_credits: boolean | null;
  /** What the upstream says about fees and credits, as it says it. */
  fees_text: string | null;
  special_terms: string | null;
  promotion: string | null;
  /** The upstream's flag as told, with or without a text. */
  is_promotion: boolean | null;
  documents: PlanDocuments;
  enroll_url: string | null;
  enroll_phone: string | null;
  /** Stars, 1 to 5: what the state's site shows of the provider's record of complaints. */
  provider_rating: number | null;
  provider_website: string | null;
  /** The Prepaid Disclosure Statement of a prepaid plan. http(s) only. */
  prepaid_disclosure_url: string | null;
  /** The upstream's id of the Spanish record of this plan, where there is one beside the English. */
  spanish_external_id: string | null;
  translations: { es?: PlanTranslation };
}

/** What the offer's text said, last told on a day before; the upstream tells none now. */
export interface RememberedText {
  /** When the upstream last told it. ISO 8601 in UTC. */
  told_at: string;
  fees_text: string | null;
  special_terms: string | null;
}

/** A stored plan: a draft with identity, past and state. Times are ISO 8601 in UTC. */
export interface Plan extends Omit<PlanDraft, 'provider'> {
  id: string;
  /** The identity that survives re-pricing and new upstream ids. */
  offer_id: string;
  provider: { id: string; name: string };
  /** When the offer was first seen, under whatever upstream id. */
  first_seen_at: string;
  /** When the offer's terms of sale last changed; its first sight where they never did. */
  last_changed_at: string;
  is_active: boolean;
  /** `null` where the upstream tells a text now, or never told one. */
  remembered_text: RememberedText | null;
}
