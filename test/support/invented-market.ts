/** A plausible state of six TDSPs for the guard, and honest days of it: invented, shaped like Power to Choose. */

import { seeded } from '../../bench/drafts.ts';
import type { GuardedPlan } from '../../src/store/plans/guarded-plans.ts';

/** The monthly and the per-kWh charge of each TDSP: in USD, and in cents. */
const CHARGES: Record<string, [base: number, rate: number]> = {
  '1039940674000': [4.2, 5.6],
  '957877905': [4.9, 6],
  '007924772': [3.3, 5.7],
  '007923311': [3, 5.3],
  '007929441': [7.9, 6.1],
  '0582138934100': [0, 6.3],
};
export type State = ReadonlyMap<string, readonly GuardedPlan[]>;

const TERMS = [12, 12, 12, 24, 24, 36, 36, 1, 5, 11];
const tenth = (cents: number): number => Math.round(cents * 10) / 10;

/** One TDSP of the state. */
export function inventMarket(seed: number, plans = 160, duns = '1039940674000'): GuardedPlan[] {
  const random = seeded(seed);
  const [tdspBase, tdspRate] = CHARGES[duns]!;
  return Array.from({ length: plans }, (_, at): GuardedPlan => {
    const provider = Math.floor(random() ** 1.5 * 40);
    const term = TERMS[Math.floor(random() * TERMS.length)]!;
    const base = tdspBase + (random() < 0.3 ? [4.95, 9.95][Math.floor(random() * 2)]! : 0);
    const rate = tdspRate + 5 + random() * 6;
    const credit = random() < 0.08 ? 50 : 0;
    const [a, b, c] = [500, 1000, 2000].map((kwh) =>
      tenth((100 * (base - (kwh >= 1000 ? credit : 0))) / kwh + rate),
    );
    return {
      external_id: `${duns}-${at}`,
      provider_name: `Provider ${provider} Energy`,
      name: `Product ${at} ${term}`,
      term_months: term,
      rate_type: term === 1 ? 'variable' : 'fixed',
      percent_green: random() < 0.35 ? 100 : Math.round(random() * 30),
      rate_500kwh: a!,
      rate_1000kwh: b!,
      rate_2000kwh: c!,
      early_termination_fee_usd: term === 1 ? 0 : [150, 175, 20 * term, 0][Math.floor(random() * 4)]!,
      early_termination_fee_per_month_usd: null,
      early_termination_fee_text: null,
      is_prepaid: random() < 0.02,
      is_time_of_use: random() < 0.06,
      has_minimum_usage_fee: random() < 0.12,
      fees_text: credit > 0 || random() < 0.08 ? 'A credit of $50 from 1000 kWh of usage' : null,
      has_spanish: random() < 0.9,
      efl_url: `https://papers.provider${provider}.example/efl/${at}.pdf`,
      enroll_url: `https://enroll.provider${provider}.example/${at}`,
    };
  });
}

export const inventState = (seed: number): State =>
  new Map(
    Object.keys(CHARGES).map((duns) => [duns, inventMarket(seed, duns.startsWith('058') ? 95 : 160, duns)]),
  );

/** The day after: a sixth re-priced by some tenths of a cent, some under a new id, a few offers gone and a few new. */
export function nextDay(
  plans: readonly GuardedPlan[],
  seed: number,
  { loss = 0.01, gain = 0.01, shift = 0, isNewId = false } = {},
): GuardedPlan[] {
  const random = seeded(seed);
  const move = (rate: number | null, cents: number) => (rate === null ? null : tenth(rate + cents));
  const kept = plans
    .filter(() => random() >= loss)
    .map((plan, at) => {
      const cents = shift + (random() < 0.17 ? (random() - 0.5) * (random() < 0.1 ? 4 : 0.8) : 0);
      if (cents === 0) return plan;
      return {
        ...plan,
        external_id: isNewId ? `${seed}-${plan.external_id}-${at}` : plan.external_id,
        rate_500kwh: move(plan.rate_500kwh, cents),
        rate_1000kwh: move(plan.rate_1000kwh, cents),
        rate_2000kwh: move(plan.rate_2000kwh, cents),
      };
    });
  const added = plans
    .filter(() => random() < gain)
    .map((plan, at) => ({
      ...plan,
      external_id: `new-${seed}-${at}-${plan.external_id}`,
      name: `${plan.name} new ${seed % 9973}`,
    }));
  return [...kept, ...added];
}
