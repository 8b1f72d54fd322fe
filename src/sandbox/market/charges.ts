/**
 * The shapes of Texas prices, as ComparePower's components tell them, and the bill they add up to.
 *
 * A flat component applies where the usage lies from `min` to `max`; one per kWh applies to the kWh in that range;
 * percentages come last, of the running total (`compound`) or of the REP's own charges per kWh.
 */

import type { TdspCharges } from './tdsps.ts';
import type { UpstreamComponent } from './upstream-plan.ts';

export type Shape =
  | { kind: 'flat' }
  | { kind: 'base_charge'; base_usd: number }
  /** One credit, or two that add up, each from a usage on. */
  | { kind: 'credit'; base_usd: number; credits: { from_kwh: number; usd: number }[] }
  | { kind: 'minimum_usage_fee'; below_kwh: number; fee_usd: number }
  /** Every kWh above the limit is cheaper. */
  | { kind: 'tiers'; limit_kwh: number; cheaper_by_usd_per_kwh: number }
  | { kind: 'percentage'; share: number; of: 'total' | 'energy' };

const plain = {
  min: 0,
  max: null,
  multiplicative: false,
  tdsp_charge: false,
  compound: false,
  percentage: false,
};

/** Everything that makes up the price, the REP's part first. `energyUsdPerKwh` is what moves when a plan re-prices. */
export function componentsOf(shape: Shape, energyUsdPerKwh: number, tdsp: TdspCharges): UpstreamComponent[] {
  const energy = { ...plain, amount: energyUsdPerKwh, multiplicative: true };
  const components: UpstreamComponent[] = shape.kind === 'tiers' ? tiers(shape, energy) : [energy];
  if ('base_usd' in shape && shape.base_usd > 0) components.push({ ...plain, amount: shape.base_usd });
  if (shape.kind === 'minimum_usage_fee') {
    // A whole kWh below the limit: meters bill whole kWh, and `max` counts as inside.
    components.push({ ...plain, amount: shape.fee_usd, max: shape.below_kwh - 1 });
  }
  if (tdsp.monthly_usd > 0) components.push({ ...plain, amount: tdsp.monthly_usd, tdsp_charge: true });
  components.push({ ...plain, amount: tdsp.usd_per_kwh, multiplicative: true, tdsp_charge: true });
  if (shape.kind === 'credit') {
    for (const credit of shape.credits) {
      components.push({ ...plain, amount: -credit.usd, min: credit.from_kwh });
    }
  }
  if (shape.kind === 'percentage') {
    components.push({ ...plain, amount: shape.share, percentage: true, compound: shape.of === 'total' });
  }
  return components;
}

function tiers(shape: Shape & { kind: 'tiers' }, energy: UpstreamComponent): UpstreamComponent[] {
  const cheaper = Math.round((energy.amount - shape.cheaper_by_usd_per_kwh) * 1e5) / 1e5;
  return [
    { ...energy, max: shape.limit_kwh },
    { ...energy, min: shape.limit_kwh, amount: cheaper },
  ];
}

/** What the components add up to at a usage (kWh a month), USD a month, not rounded. */
export function billUsd(components: readonly UpstreamComponent[], usageKwh: number): number {
  let total = 0;
  let energy = 0;
  for (const { min, max, amount, multiplicative, tdsp_charge, percentage } of components) {
    if (percentage) continue;
    if (multiplicative) {
      const kwh = Math.max(0, Math.min(usageKwh, max ?? Infinity) - (min ?? 0));
      total += amount * kwh;
      if (!tdsp_charge) energy += amount * kwh;
    } else if (usageKwh >= (min ?? 0) && usageKwh <= (max ?? Infinity)) {
      total += amount;
    }
  }
  for (const { amount, percentage, compound } of components) {
    if (percentage) total += amount * (compound ? total : energy);
  }
  return total;
}
