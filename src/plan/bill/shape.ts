/** What is understood of a plan's bill: a function of the usage, and how it is known. */

import type { PublishedUsageKwh } from '../rate.ts';
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

/** A line of the arithmetic. */
export interface BillLine {
  what: string;
  usd: number;
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

export const usdText = (usd: number): string =>
  `$${Number.isInteger(usd) ? Math.abs(usd) : Math.abs(usd).toFixed(2)}`;

/** Prices are rounded to a tenth of a cent: so many dollars either way at 500 and at 2,000 kWh, and on a line through them. */
export function roundingUsd(usageKwh: number): number {
  if (usageKwh < 500) return 0.25 + ((500 - usageKwh) * 1.25) / 1500;
  if (usageKwh > 2000) return 1 + ((usageKwh - 2000) * 1.25) / 1500;
  return 0.25 + ((usageKwh - 500) * 0.75) / 1500;
}
