/**
 * The shapes of Texas prices, as ComparePower's components tell them, and the bill they add up to.
 *
 * A flat component applies where the usage lies from `min` to `max`; one per kWh applies to the kWh in that range;
 * percentages come last, of the running total (`compound`) or of the REP's own charges per kWh.
 */

import type { TdspCharges } from './tdsps.ts';
import { round, type UpstreamComponent } from './upstream-plan.ts';

/** What a price is made of, apart from the energy price, which moves when a plan re-prices. */
export interface Shape {
  /** What the description says about it. */
  text: string;
  /** What the REP charges and credits beside the energy. */
  extras: UpstreamComponent[];
  /** How much cheaper the kWh above 1000 are, USD; 0: they are not. */
  discount_above_1000_usd_per_kwh: number;
}

const plain = {
  min: 0,
  max: null,
  multiplicative: false,
  tdsp_charge: false,
  compound: false,
  percentage: false,
};

const shape = (text: string, ...extras: (Partial<UpstreamComponent> & { amount: number })[]): Shape => ({
  text,
  extras: extras.map((extra) => ({ ...plain, ...extra })),
  discount_above_1000_usd_per_kwh: 0,
});

export const flat = (): Shape => shape('');

export const baseCharge = (usd: number): Shape => shape(`Base charge: $${usd} per month.`, { amount: usd });

/** Credits add up, each from a usage on. */
export const billCredits = (...credits: [fromKwh: number, usd: number][]): Shape =>
  shape(
    credits.map(([kwh, usd]) => `$${usd} bill credit when usage is ${kwh} kWh or more.`).join(' '),
    ...credits.map(([min, usd]) => ({ amount: -usd, min })),
  );

/** Ends a whole kWh below 1000: meters bill whole kWh, and `max` counts as inside. */
export const minimumUsageFee = (usd: number): Shape =>
  shape(`Minimum usage fee: $${usd} when usage is below 1000 kWh.`, { amount: usd, max: 999 });

export const tiers = (usdPerKwh: number): Shape => ({
  ...shape(`Every kWh above 1000 costs $${usdPerKwh} less.`),
  discount_above_1000_usd_per_kwh: usdPerKwh,
});

export const percentage = (share: number, of: 'total' | 'energy charges'): Shape =>
  shape(`Processing fee: ${share * 100} % of the ${of}.`, {
    amount: share,
    percentage: true,
    compound: of === 'total',
  });

/** Everything that makes up the price, the energy first. */
export function componentsOf(
  { extras, discount_above_1000_usd_per_kwh: discount }: Shape,
  energyUsdPerKwh: number,
  tdsp: TdspCharges,
): UpstreamComponent[] {
  const energy = { ...plain, amount: energyUsdPerKwh, multiplicative: true };
  const above = { ...energy, min: 1000, amount: round(energyUsdPerKwh - discount, 5) };
  const monthly = { ...plain, amount: tdsp.monthly_usd, tdsp_charge: true };
  return [
    ...(discount > 0 ? [{ ...energy, max: 1000 }, above] : [energy]),
    ...(tdsp.monthly_usd > 0 ? [monthly] : []),
    { ...plain, amount: tdsp.usd_per_kwh, multiplicative: true, tdsp_charge: true },
    ...extras,
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
