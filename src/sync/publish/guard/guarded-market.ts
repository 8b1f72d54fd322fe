/** The figures of one TDSP's plans that the rules of the guard compare. */

import { nameKey, providerId } from '../../../plan/offer.ts';
import type { Plan, PlanDraft } from '../../../plan/plan.ts';
import type { GuardedPlan } from '../../../store/plans/guarded-plans.ts';

export interface MarketPlan extends GuardedPlan {
  provider: string;
  /** What stays when a plan is re-priced: provider, name, term. */
  key: string;
}

export interface GuardedMarket {
  plans: readonly MarketPlan[];
  /** Without those that repeat another in everything but id. */
  distinct: number;
  median_rate: number | null;
  /** Plans whose provider, name and term no other plan has. */
  byKey: ReadonlyMap<string, MarketPlan>;
  byId: ReadonlyMap<string, MarketPlan>;
  /** Share of plans whose provider, name and term another plan has, too. */
  repeated: number;
  /** Share of plans whose three points lie on a straight line in dollars, of those that tell three. */
  straight: number;
  /** USD a month that straight plans without fee texts cost at 0 kWh, in the middle: the TDSP's own monthly charge and a little. */
  base_usd: number | null;
  /** Share of plans whose bill is lower at the higher usage. */
  falling: number;
}

export function toGuarded(draft: Plan | PlanDraft): GuardedPlan {
  const { rates_cents_per_kwh: rates, documents, provider, fees_text, translations, ...rest } = draft;
  return {
    external_id: rest.external_id,
    provider_name: provider.name,
    name: rest.name,
    term_months: rest.term_months,
    rate_type: rest.rate_type,
    percent_green: rest.percent_green,
    rate_500kwh: rates[500],
    rate_1000kwh: rates[1000],
    rate_2000kwh: rates[2000],
    early_termination_fee_usd: rest.early_termination_fee_usd,
    early_termination_fee_per_month_usd: rest.early_termination_fee_per_month_usd,
    early_termination_fee_text: rest.early_termination_fee_text,
    is_prepaid: rest.is_prepaid,
    is_time_of_use: rest.is_time_of_use,
    has_minimum_usage_fee: rest.has_minimum_usage_fee,
    fees_text,
    has_spanish: translations.es !== undefined,
    efl_url: documents.efl,
    enroll_url: rest.enroll_url,
  };
}

export function describeMarket(guarded: readonly GuardedPlan[]): GuardedMarket {
  const plans = guarded.map((plan) => {
    const provider = providerId(plan.provider_name);
    return { ...plan, provider, key: `${provider}|${nameKey(plan.name)}|${plan.term_months}` };
  });
  const groups = Map.groupBy(plans, ({ key }) => key);
  const contents = plans.map((one) =>
    [one.key, one.rate_500kwh, one.rate_1000kwh, one.rate_2000kwh, one.percent_green].join('|'),
  );
  const bills = plans.map(billsOf).filter((one) => one !== null);
  const straight = bills.filter(isStraight);
  const bases = straight
    .filter(({ plan }) => plan.fees_text === null)
    .map(({ at500, at1000 }) => 2 * at500 - at1000);
  return {
    plans,
    distinct: new Set(contents).size,
    median_rate: median(plans.flatMap(({ rate_1000kwh }) => rate_1000kwh ?? [])),
    byKey: new Map([...groups].flatMap(([key, [one, ...more]]) => (more.length === 0 ? [[key, one!]] : []))),
    byId: new Map(plans.map((plan) => [plan.external_id, plan])),
    repeated: shareOf(plans, ({ key }) => groups.get(key)!.length > 1),
    straight: bills.length === 0 ? 0 : straight.length / bills.length,
    base_usd: bases.length < MOST_TELLING ? null : lowerMean(bases),
    falling: shareOf(bills, ({ at500, at1000, at2000 }) => at1000 < at500 || at2000 < at1000),
  };
}

/** Fewer than these say nothing about the rest. */
export const MOST_TELLING = 12;

interface Bills {
  plan: MarketPlan;
  at500: number;
  at1000: number;
  at2000: number;
}

/** Prices are rounded to 0.1 cent: $1.00 at 2,000 kWh and as much again from the line through the other two. */
const isStraight = ({ at500, at1000, at2000 }: Bills): boolean =>
  Math.abs(at2000 - 3 * at1000 + 2 * at500) <= 2;

function billsOf(plan: MarketPlan): Bills | null {
  const { rate_500kwh, rate_1000kwh, rate_2000kwh } = plan;
  if (rate_500kwh === null || rate_1000kwh === null || rate_2000kwh === null) return null;
  return { plan, at500: 5 * rate_500kwh, at1000: 10 * rate_1000kwh, at2000: 20 * rate_2000kwh };
}

/** The mean of the lower half but the lowest tenth: providers add base charges of their own, discounts are rare. */
function lowerMean(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.slice(Math.floor(sorted.length / 10), Math.ceil(sorted.length / 2));
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}

export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

export function shareOf<T>(values: readonly T[], is: (value: T) => boolean): number {
  return values.length === 0 ? 0 : values.filter(is).length / values.length;
}
