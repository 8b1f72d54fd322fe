/** The plans of one source beside those of another: one provider, name and term of a TDSP, told twice. */

import { offerKey } from '../offer.ts';
import type { Plan, PlanDraft } from '../plan.ts';
import { PUBLISHED_USAGES_KWH } from '../rate.ts';
import type { PlanRemark } from './remark.ts';

export const OTHER_SOURCE = {
  rule: 'other_source',
  source: 'both sources round to a tenth of a cent and may be a day apart: more than 0.3 ¢ is another price',
} as const;
const TOLERANCE_CENTS = 0.3 + 1e-9;

/** What is told twice there or here is left out: which of the two is meant nobody knows. */
export function remarksBeside(
  plans: readonly Plan[],
  others: readonly PlanDraft[],
): { compared: number; remarks: PlanRemark[] } {
  const theirs = Map.groupBy(others, offerKey);
  const remarks: PlanRemark[] = [];
  let compared = 0;
  for (const [key, [plan, ...twins]] of Map.groupBy(plans, offerKey)) {
    const [other, ...otherTwins] = theirs.get(key) ?? [];
    if (!plan || !other || twins.length + otherTwins.length > 0) continue;
    compared++;
    const [here, there] = [plan.rates_cents_per_kwh, other.rates_cents_per_kwh];
    const differing = PUBLISHED_USAGES_KWH.filter((usage) => {
      const [one, two] = [here[usage], there[usage]];
      return one !== null && two !== null && Math.abs(one - two) > TOLERANCE_CENTS;
    });
    if (differing.length === 0) continue;
    const said = differing.map((usage) => `${here[usage]} instead of ${there[usage]} ¢ at ${usage} kWh`);
    remarks.push({
      rule: OTHER_SOURCE.rule,
      plan,
      message: `The other source tells another price: ${said.join(', ')}`,
      evidence: { rates_cents_per_kwh: here, other_cents_per_kwh: there, other_id: other.external_id },
    });
  }
  return { compared, remarks };
}
