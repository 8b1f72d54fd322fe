/** The stored prices beside those that the kept answer of the upstream tells when it is read once more. */

import type { Plan, PlanDraft } from '../plan.ts';
import { PUBLISHED_USAGES_KWH } from '../rate.ts';
import type { PlanRemark } from './remark.ts';

export const STORED_PRICES = {
  rule: 'stored_prices',
  source: 'a price is stored as it was told: to the digit',
} as const;

/**
 * A plan that its record does not tell any more is left out: an unreadable record leaves the last reading on sale.
 * @param told what is read of the answer today
 */
export function remarksOnStored(
  plans: readonly Plan[],
  told: readonly PlanDraft[],
): { reread: number; remarks: PlanRemark[] } {
  const byId = new Map(told.map((draft) => [draft.external_id, draft.rates_cents_per_kwh]));
  const remarks: PlanRemark[] = [];
  let reread = 0;
  for (const plan of plans) {
    const rates = byId.get(plan.external_id);
    if (!rates) continue;
    reread++;
    const stored = plan.rates_cents_per_kwh;
    const differing = PUBLISHED_USAGES_KWH.filter((usage) => stored[usage] !== rates[usage]);
    if (differing.length === 0) continue;
    const said = differing.map(
      (usage) => `${stored[usage] ?? 'no'} instead of ${rates[usage] ?? 'no'} ¢ at ${usage} kWh`,
    );
    remarks.push({
      rule: STORED_PRICES.rule,
      plan,
      message: `Stored with other prices than the upstream told: ${said.join(', ')}`,
      evidence: { rates_cents_per_kwh: stored, told_cents_per_kwh: rates },
    });
  }
  return { reread, remarks };
}
