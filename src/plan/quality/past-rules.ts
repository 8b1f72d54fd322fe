/** What shows only beside the last four weeks. */

import { difference } from './mix.ts';
import type { PastRule } from './remark.ts';

/** With fewer snapshots a range means nothing. */
const LEAST_SNAPSHOTS = 5;

const LEAST_PLANS = 20;
const MIXES = [
  { of: 'provider_id', name: 'providers', most: 0.2 },
  { of: 'term_months', name: 'terms', most: 0.25 },
  { of: 'rate_type', name: 'rate types', most: 0.05 },
] as const;

export const PAST_RULES: readonly PastRule[] = [
  {
    rule: 'plan_count',
    source: 'real files of 2025 and 2026: up to 17 percent fewer plans from one day to the next',
    check(plans, { counts }) {
      if (counts.length < LEAST_SNAPSHOTS) return [];
      const [least, most] = [Math.min(...counts), Math.max(...counts)];
      if (plans.length >= 0.8 * least && plans.length <= 1.25 * most) return [];
      const message = `${plans.length} plans, where the last four weeks had ${least} to ${most}`;
      return [{ plan: null, message, evidence: { plans: plans.length, least, most } }];
    },
  },
  {
    rule: 'plan_mix',
    source:
      'January to July 2026: 19 percent of the shares of providers changed, 24 of those of terms, 2 of rate types',
    check(plans, { counts, earlier }) {
      if (counts.length < LEAST_SNAPSHOTS || earlier.length < LEAST_PLANS || plans.length < LEAST_PLANS)
        return [];
      const now = plans.map(({ provider, term_months, rate_type }) => {
        return { provider_id: provider.id, term_months, rate_type };
      });
      return MIXES.flatMap(({ of, name, most }) => {
        const share = difference(
          earlier.map((plan) => String(plan[of])),
          now.map((plan) => String(plan[of])),
        );
        if (share <= most) return [];
        const percent = Math.round(share * 100);
        const message = `${percent} percent of the shares of ${name} are others than four weeks ago`;
        return [{ plan: null, message, evidence: { of, changed_percent: percent } }];
      });
    },
  },
  {
    rule: 'provider_certificate',
    source:
      'the Public Utility Commission certifies every retail provider; its list of November 2025 is in data/providers.csv',
    check(plans, { uncertified }) {
      return plans.flatMap((plan) => {
        const { id, name } = plan.provider;
        if (!uncertified.has(id)) return [];
        const message = `${name} is not in our copy of the state's list of providers, and no certificate number is told`;
        return [{ plan, message, evidence: { provider: id } }];
      });
    },
  },
  {
    rule: 'flapping',
    source: 'ComparePower 2025: offers that left a list were back in the next',
    check(plans, { returned }) {
      const byOffer = new Map(returned.map((one) => [one.offer_id, one]));
      return plans.flatMap((plan) => {
        const one = byOffer.get(plan.offer_id);
        if (!one) return [];
        const { withdrawn_at, relisted_at } = one;
        return [{ plan, message: 'Gone and back within a day', evidence: { withdrawn_at, relisted_at } }];
      });
    },
  },
];
