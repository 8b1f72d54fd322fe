/** What is understood of a plan's bill: a function of the usage, and how it is known. */

import type { PublishedUsageKwh } from '../rate.ts';
import type { StatedBlock } from './stated-blocks.ts';
import type { StatedStep } from './stated-terms.ts';

export type BillEvidence =
  | 'components'
  | 'line'
  | 'stated_credit'
  | 'remembered_text'
  | 'published'
  | 'estimate';

/** An average price, as dollars. */
export interface Point {
  usage: PublishedUsageKwh;
  usd: number;
}

/** What a line of the arithmetic stands for; the words for it, in whichever language, are made from this. */
export type Charge =
  /** Once a month, whatever the usage. */
  | { kind: 'base' }
  | { kind: 'energy'; usage_kwh: number; cents_per_kwh: number }
  | { kind: 'step'; step: StatedStep }
  /** The average price at just this usage. */
  | { kind: 'published'; usage_kwh: number; cents_per_kwh: number }
  /** The prices that the text states for blocks of usage. */
  | { kind: 'blocks'; usage_kwh: number; blocks: readonly StatedBlock[] }
  /** The same amount below a usage. */
  | { kind: 'flat'; below_kwh: number }
  /** As the provider lists it; without cents it is a sum a month. */
  | { kind: 'component'; of: 'delivery' | 'credit' | 'energy company'; cents_per_kwh: number | null }
  /** What shares and bands of usage add to the components. */
  | { kind: 'shares' }
  | { kind: 'estimate'; between_kwh: readonly number[] };

/** A line of the arithmetic. */
export interface BillLine {
  charge: Charge;
  usd: number;
}

/** In a few words of English, for operators. */
export function chargeText(charge: Charge): string {
  switch (charge.kind) {
    case 'base':
      return 'a month, whatever the usage';
    case 'energy':
      return `${charge.usage_kwh} kWh × ${charge.cents_per_kwh} cents`;
    case 'step':
      return stepText(charge.step);
    case 'published':
      return `${charge.usage_kwh} kWh × ${charge.cents_per_kwh} cents, as published`;
    case 'blocks':
      return `${charge.usage_kwh} kWh at the stated prices of their blocks`;
    case 'flat':
      return `the same amount below ${charge.below_kwh} kWh`;
    case 'component':
      return `${charge.of}, ${charge.cents_per_kwh === null ? 'a month' : `${charge.cents_per_kwh} cents per kWh`}`;
    case 'shares':
      return 'shares and bands of usage';
    case 'estimate':
      return `estimated between ${charge.between_kwh.join(', ')} kWh`;
  }
}

export function stepText({ usd, from_kwh, to_kwh, months }: StatedStep): string {
  const where =
    from_kwh <= 1
      ? `below ${to_kwh! + 1} kWh`
      : to_kwh === null
        ? `from ${from_kwh} kWh`
        : `from ${from_kwh} to ${to_kwh} kWh`;
  const when = months === null ? '' : ` in ${months.length} months of the year`;
  return `${usdText(usd)} ${usd < 0 ? 'credit' : 'fee'} ${where}${when}`;
}

export interface Shape {
  /** `null`: nothing is known but the published prices. */
  evidence: Exclude<BillEvidence, 'published'> | null;
  /** USD in an average month, not rounded. */
  usd(usageKwh: number): number;
  lines(usageKwh: number): BillLine[];
  /** The least and the most it may be. */
  bounds(usageKwh: number): [low: number, high: number];
  /** Usages at which even this shape leaves the bill open. */
  isOpen(usageKwh: number): boolean;
  /** Proven at any usage, not only between the published ones. */
  isUnbounded: boolean;
  /** Usages from which the bill may be another. */
  edges: readonly number[];
  seasonal: readonly StatedStep[];
  /** How it is known, as a sentence. */
  why: string;
}

const usdText = (usd: number): string =>
  `$${Number.isInteger(usd) ? Math.abs(usd) : Math.abs(usd).toFixed(2)}`;

/** Prices are rounded to a tenth of a cent: so many dollars either way at 500 and at 2,000 kWh, and on a line through them. */
export function roundingUsd(usageKwh: number): number {
  if (usageKwh < 500) return 0.25 + ((500 - usageKwh) * 1.25) / 1500;
  if (usageKwh > 2000) return 1 + ((usageKwh - 2000) * 1.25) / 1500;
  return 0.25 + ((usageKwh - 500) * 0.75) / 1500;
}
