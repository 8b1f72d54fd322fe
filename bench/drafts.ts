/** Invented plans, as many as are wanted and the same ones for the same seed. */

import type { PlanDraft, PriceComponent } from '../src/plan/plan.ts';

/** Mulberry32: small, and good enough for invented plans. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PROVIDERS = 48;
const TERMS = [1, 3, 6, 9, 12, 12, 12, 18, 24, 24, 36] as const;
const GREEN = [6, 12, 24, 33, 50, 75, 100, 100, 100] as const;
const WORDS = ['Bluebonnet', 'Lone Star', 'Mesa', 'Prairie', 'Gulf', 'Pecos', 'Caprock', 'Live Oak'] as const;

export function makeDrafts(tdspDuns: string, count: number, seed: number): PlanDraft[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, number) => makeDraft(tdspDuns, number, random));
}

function makeDraft(tdsp_duns: string, number: number, random: () => number): PlanDraft {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const provider = Math.floor(random() * PROVIDERS) + 1;
  const base_usd = pick([0, 4.95, 9.95]);
  const energy_usd = Math.round((0.06 + random() * 0.08) * 10_000) / 10_000;
  const wires_usd = 0.0521;
  const rate = (usage: number) =>
    Math.round(((base_usd + 4.23) / usage + energy_usd + wires_usd) * 100_000) / 1_000;
  const term_months = pick(TERMS);
  const external_id = `${tdsp_duns}-${number}-${Math.floor(random() * 2 ** 32).toString(16)}`;
  const site = `https://provider-${provider}.example`;
  return {
    external_id,
    tdsp_duns,
    provider: {
      name: `Example Energy ${provider}`,
      legal_name: `Example Energy ${provider} LLC`,
      puct_number: String(10_000 + provider),
      phone: '800-555-0100',
    },
    name: `${pick(WORDS)} Saver ${term_months} no. ${number}`,
    term_months,
    rate_type: term_months === 1 ? 'variable' : 'fixed',
    percent_green: pick(GREEN),
    rates_cents_per_kwh: { 500: rate(500), 1000: rate(1000), 2000: rate(2000) },
    price_components: [
      component(base_usd, false, false),
      component(energy_usd, true, false),
      component(4.23, false, true),
      component(wires_usd, true, true),
    ],
    early_termination_fee_usd: pick([0, 150, 175, 200, 295]),
    early_termination_fee_per_month_usd: null,
    early_termination_fee_text: null,
    is_prepaid: random() < 0.06,
    is_time_of_use: random() < 0.08,
    requires_auto_pay: random() < 0.2,
    is_new_customer_only: random() < 0.1,
    has_minimum_usage_fee: random() < 0.1,
    has_fees_or_credits: null,
    fees_text:
      'Base charge per month and energy charge per kWh as stated in the Electricity Facts Label; delivery charges are passed through without a mark-up.',
    special_terms: random() < 0.4 ? 'Paperless billing. For residential service addresses only.' : null,
    promotion: null,
    is_promotion: null,
    documents: {
      efl: `${site}/efl/${external_id}.pdf`,
      tos: `${site}/tos/${term_months}.pdf`,
      yrac: `${site}/yrac.pdf`,
    },
    enroll_url: `${site}/enroll?plan=${external_id}`,
    enroll_phone: '800-555-0100',
    provider_rating: null,
    provider_website: null,
    prepaid_disclosure_url: null,
    spanish_external_id: null,
    translations: {},
  };
}

const component = (amount: number, is_per_kwh: boolean, is_tdsp_charge: boolean): PriceComponent => ({
  min_kwh: null,
  max_kwh: null,
  amount,
  is_per_kwh,
  is_tdsp_charge,
  is_compound: false,
  is_percentage: false,
});

/** The same plans, every `nth` of them at a tenth of a cent more. */
export function repriced(drafts: readonly PlanDraft[], nth: number): PlanDraft[] {
  return drafts.map((draft, at) => {
    if (at % nth !== 0) return draft;
    const { 500: low, 1000: middle, 2000: high } = draft.rates_cents_per_kwh;
    const dearer = (rate: number | null) => rate && Math.round((rate + 0.1) * 1_000) / 1_000;
    return { ...draft, rates_cents_per_kwh: { 500: dearer(low), 1000: dearer(middle), 2000: dearer(high) } };
  });
}
