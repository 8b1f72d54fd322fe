/**
 * The bill as the sum of a plan's charges. What the upstream means by its components is known with some uncertainty
 * only, so `bill.ts` trusts the sum where it reproduces the three published totals and nowhere else.
 */

import type { PriceComponent } from '../plan.ts';

/**
 * How a price per kWh with limits is meant: for the kWh inside of them, or for all kWh of a month whose usage is inside.
 * ComparePower's pages say bands, its data often blocks.
 */
export type Reading = 'blocks' | 'bands';

/** USD a month at a usage in kWh, not rounded. */
export function sumComponents(
  components: readonly PriceComponent[],
  usageKwh: number,
  reading: Reading = 'blocks',
): number {
  let energy = 0;
  let total = 0;
  for (const component of components) {
    if (component.is_percentage) continue;
    const charge =
      reading === 'blocks' ? chargeOf(components, component, usageKwh) : bandCharge(component, usageKwh);
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

function chargeOf(all: readonly PriceComponent[], component: PriceComponent, usageKwh: number): number {
  const { min_kwh, max_kwh, amount, is_per_kwh } = component;
  if (!is_per_kwh) return isInRange(component, usageKwh) ? amount : 0;
  const below = kwhBelow(all, min_kwh ?? 0);
  return amount * Math.max(0, Math.min(usageKwh, max_kwh ?? usageKwh) - below);
}

/**
 * The kWh before a block. "0 to 999, from 1000" and "0 to 1000, from 1001" both mean that no kWh falls between; a bound
 * of 1001 that nothing ends before means "from the 1001st".
 */
function kwhBelow(all: readonly PriceComponent[], min_kwh: number): number {
  const isNext = all.some(({ is_per_kwh, max_kwh }) => is_per_kwh && max_kwh === min_kwh - 1);
  return min_kwh > 0 && (isNext || min_kwh % 10 === 1) ? min_kwh - 1 : min_kwh;
}

function bandCharge(component: PriceComponent, usageKwh: number): number {
  if (!isInRange(component, usageKwh)) return 0;
  return component.is_per_kwh ? component.amount * usageKwh : component.amount;
}

function isInRange({ min_kwh, max_kwh }: PriceComponent, usageKwh: number): boolean {
  return usageKwh >= (min_kwh ?? 0) && usageKwh <= (max_kwh ?? Number.POSITIVE_INFINITY);
}
