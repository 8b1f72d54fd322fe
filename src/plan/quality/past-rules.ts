/** What shows only beside the last four weeks. */

import type { PastRule } from './remark.ts';

/** With fewer snapshots a range means nothing. */
const LEAST_SNAPSHOTS = 5;

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
