/**
 * What somebody loses a year by taking the plan that stands first in an order. The bills of that year come from a second
 * arithmetic (test/bills/plain-reading.ts) where it can read a plan, so that an order cannot confirm itself.
 */

import { PlanView } from '../src/catalog/catalog.ts';
import type { PlanQuery } from '../src/catalog/plan-query.ts';
import { billCurve } from '../src/plan/bill/bill.ts';
import type { Plan, PlanDraft } from '../src/plan/plan.ts';
import type { UsageProfile } from '../src/plan/profiles/profiles.ts';
import { yearOf } from '../src/plan/profiles/year.ts';
import { readPlainly } from '../test/bills/plain-reading.ts';
import { EVERY_PLAN } from '../test/support/questions.ts';

/** A draft with what its offer's text said before. */
export type RememberingDraft = PlanDraft & Pick<Plan, 'remembered_text'>;

/** USD a year over the best known plan. */
export interface Regrets {
  /** The plan that the yearly order shows first. */
  by_year: number;
  /** The one that is cheapest at 1,000 kWh. */
  by_rate_at_1000: number;
  /** Plans that are compared, and how many of their bills come from the second arithmetic. */
  plans: number;
  read_plainly: number;
}

const BEST_YEAR: PlanQuery = { ...EVERY_PLAN, sort: 'year', limit: 1 };

/** @param drafts of one TDSP */
export function regretsOf(drafts: readonly RememberingDraft[], profile: UsageProfile): Regrets | null {
  const plans = drafts.map(asPlan);
  const [{ tdsp_duns } = { tdsp_duns: '' }] = plans;
  const set = { tdsp_duns, version: 1, source: 'powertochoose', observed_at: plans[0]!.first_seen_at, plans };
  const view = new PlanView([tdsp_duns], [set]);
  const firstBy = (query: Partial<PlanQuery>): number => {
    const { data } = JSON.parse(`{${view.page({ ...BEST_YEAR, ...query }).json}}`) as {
      data: { id: string }[];
    };
    return Number(data[0]?.id.slice(-12));
  };
  const years = plans.map((plan) => costForYear(plan, profile));
  const known = years.filter((year) => year !== null);
  if (known.length === 0) return null;
  const best = Math.min(...known.map(({ usd }) => usd));
  const lost = (at: number) => (years[at]?.usd ?? Number.NaN) - best;
  return {
    by_year: lost(firstBy({ profile })),
    by_rate_at_1000: lost(firstBy({ sort: 'rate', rate_type: ['fixed'], min_term: 12, time_of_use: false })),
    plans: known.length,
    read_plainly: known.filter(({ isPlain }) => isPlain).length,
  };
}

/** USD a year that this plan costs more than the best known one; `NaN`: nobody knows. @param plans of one TDSP */
export function lossOf(plans: readonly Plan[], profile: UsageProfile, id: string): number {
  const years = plans.flatMap((plan) => costForYear(plan, profile)?.usd ?? []);
  const own = costForYear(plans.find((plan) => plan.id === id)!, profile);
  return own === null ? Number.NaN : own.usd - Math.min(...years);
}

/** For a year the price must be agreed for a year; what the hour decides is nobody's to add up. */
function costForYear(plan: Plan, profile: UsageProfile) {
  const isForYear = plan.rate_type === 'fixed' && (plan.term_months ?? 0) >= 12;
  return isForYear && plan.is_time_of_use !== true ? costOf(plan, profile) : null;
}

/** `null`: not known, by either arithmetic. */
function costOf(plan: Plan, profile: UsageProfile): { usd: number; isPlain: boolean } | null {
  const { 500: low, 1000: middle, 2000: high } = plan.rates_cents_per_kwh;
  const curve = billCurve(plan);
  const year = yearOf(curve, plan, profile);
  const isKnown = year.total_usd !== null && year.evidence !== 'estimate';
  const { fees_text, special_terms } = plan.remembered_text ?? plan;
  const texts = [fees_text, special_terms];
  const plain =
    low === null || middle === null || high === null
      ? null
      : readPlainly(texts, [low * 5, middle * 10, high * 20]);
  if (!plain) return isKnown ? { usd: year.total_usd!, isPlain: false } : null;
  const usd = profile.months_kwh.reduce((sum, kwh) => sum + plain(kwh), curve.once_usd);
  // Within the rounding of the published prices the two are one bill.
  const doubt = profile.months_kwh.length * ROUNDING_USD;
  return { usd: isKnown && Math.abs(usd - year.total_usd!) <= doubt ? year.total_usd! : usd, isPlain: true };
}

const ROUNDING_USD = 2.2;

const NOW = '2026-01-01T00:00:00.000Z';

function asPlan(draft: RememberingDraft, at: number): Plan {
  const id = `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
  const { name } = draft.provider;
  return {
    ...draft,
    id,
    offer_id: id,
    provider: { id: name, name },
    first_seen_at: NOW,
    last_changed_at: NOW,
    is_active: true,
  };
}
