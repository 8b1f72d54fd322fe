/**
 * The bill as the sum of a plan's charges. What the upstream means by its components is known with some uncertainty
 * only, so `bill.ts` trusts the sum where it reproduces the three published totals and nowhere else.
 */

import type { PriceComponent } from '../plan.ts';

/** USD a month at a usage in kWh, not rounded. */
export function sumComponents(components: readonly PriceComponent[], usageKwh: number): number {
  let energy = 0;
  let total = 0;
  for (const component of components) {
    if (component.is_percentage) continue;
    const charge = chargeOf(component, usageKwh);
    total += charge;
    if (component.is_per_kwh && !component.is_tdsp_charge) energy += charge;
  }
  // Shares come last, in their order: a compound one applies to all that was added before it.
  for (const component of components) {
    if (!component.is_percentage || !isInRange(component, usageKwh)) continue;
    total += component.amount * (component.is_compound ? total : energy);
  }
  return total;
}

function chargeOf(component: PriceComponent, usageKwh: number): number {
  const { min_kwh, max_kwh, amount, is_per_kwh } = component;
  if (!is_per_kwh) return isInRange(component, usageKwh) ? amount : 0;
  // The kWh inside the range; a lower bound of 1001 means "from the 1001st", so 1000 of them are below it.
  const below = min_kwh === null || min_kwh === 0 ? 0 : min_kwh % 10 === 1 ? min_kwh - 1 : min_kwh;
  return amount * Math.max(0, Math.min(usageKwh, max_kwh ?? usageKwh) - below);
}

function isInRange({ min_kwh, max_kwh }: PriceComponent, usageKwh: number): boolean {
  return usageKwh >= (min_kwh ?? 0) && usageKwh <= (max_kwh ?? Number.POSITIVE_INFINITY);
}
