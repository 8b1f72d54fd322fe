/**
 * What a plan costs in a month at any usage, and whether that is known or estimated.
 *
 * Published are average prices at 500, 1,000 and 2,000 kWh, all recurring charges included, before tax
 * (16 TAC §25.475(g)). What lies between follows from evidence, the strongest first: the charges themselves where they
 * reproduce the three totals; a straight line in dollars; a stated credit taken off a straight line; else an estimate.
 * Dollars are interpolated, never cents: with a base charge the average price is not a straight line.
 */

import assert from 'node:assert/strict';
import { expected } from '../../errors.ts';
import type { PlanDraft } from '../plan.ts';
import { PUBLISHED_USAGES_KWH, type PublishedUsageKwh, type RateCentsPerKwh } from '../rate.ts';
import { type Step, statedSteps, stepsAt } from './credits.ts';
import { sumComponents } from './price-components.ts';

export interface Bill {
  usage_kwh: number;
  /** USD a month before tax; `null` where it cannot even be estimated. */
  total_usd: number | null;
  rate_cents_per_kwh: number | null;
  /** Published, or following from evidence within the rounding of the published prices. */
  exact: boolean;
}

type BillEvidence = 'components' | 'line' | 'stated_credit' | 'estimate' | 'none';

export interface BillCurve {
  evidence: BillEvidence;
  /** @param usageKwh a whole number from 1 */
  at(usageKwh: number): Bill;
}

export type PricedTerms = Pick<
  PlanDraft,
  'rates_cents_per_kwh' | 'price_components' | 'fees_text' | 'special_terms' | 'name' | 'is_time_of_use'
>;

const COMPONENT_TOLERANCE_USD = 0.05;
// Prices are rounded to a tenth of a cent: 0.25, 0.50 and 1.00 USD at 500, 1,000 and 2,000 kWh. Of the middle point that
// leaves up to 0.5 + (2/3) * 0.25 + (1/3) * 1.0, a dollar.
const LINE_TOLERANCE_USD = 1.005;
// A base charge below zero or an energy price outside of these is a misreading (USD, USD per kWh).
const CREDIBLE_BASE_USD = -1.5;
const CREDIBLE_SLOPE = { min: 0.01, max: 0.6 };

interface Point {
  usage: PublishedUsageKwh;
  usd: number;
}

/** Everything that can be known about a plan's bill; made once, asked for many usages. */
export function billCurve(plan: PricedTerms): BillCurve {
  const points = PUBLISHED_USAGES_KWH.flatMap((usage): Point[] => {
    const rate = plan.rates_cents_per_kwh[usage];
    return rate === null ? [] : [{ usage, usd: (rate * usage) / 100 }];
  });
  const { evidence, total } = explain(plan, points);
  // The published averages of such a plan rest on an assumed share of cheap hours: true at those usages, a guess elsewhere.
  const isKnown = evidence !== 'estimate' && evidence !== 'none' && plan.is_time_of_use !== true;
  return {
    evidence,
    at(usageKwh) {
      assert.ok(
        Number.isInteger(usageKwh) && usageKwh > 0,
        expected('a usage in whole kWh above 0', usageKwh),
      );
      const published = plan.rates_cents_per_kwh[usageKwh as PublishedUsageKwh] ?? null;
      if (published !== null) return publishedBill(usageKwh, published);
      const usd = total(usageKwh);
      return bill(
        usageKwh,
        usd,
        usd === null ? null : round((usd * 100) / usageKwh, 3),
        isKnown && usd !== null,
      );
    },
  };
}

/** At a usage whose average price is published. */
export function publishedBill(usageKwh: number, rate: RateCentsPerKwh): Bill {
  return bill(usageKwh, (rate * usageKwh) / 100, rate, true);
}

function bill(
  usage_kwh: number,
  usd: number | null,
  rate_cents_per_kwh: number | null,
  exact: boolean,
): Bill {
  return { usage_kwh, total_usd: usd === null ? null : round(usd, 2), rate_cents_per_kwh, exact };
}

const round = (value: number, decimals: number): number => {
  const scale = 10 ** decimals;
  // The smallest step of the number is added, for 1.005 is stored as a little less.
  return Math.round((value + Math.sign(value) * Number.EPSILON * Math.abs(value)) * scale) / scale;
};

interface Explanation {
  evidence: BillEvidence;
  /** USD at a usage. */
  total(usageKwh: number): number | null;
}

function explain(plan: PricedTerms, points: Point[]): Explanation {
  const { price_components: components } = plan;
  const isReproduced = (total: (usage: number) => number) =>
    points.length === PUBLISHED_USAGES_KWH.length &&
    points.every(({ usage, usd }) => Math.abs(total(usage) - usd) <= COMPONENT_TOLERANCE_USD + 1e-9);
  if (components) {
    const total = (usage: number) => sumComponents(components, usage);
    if (isReproduced(total)) return { evidence: 'components', total };
  }
  if (points.length < 2) return { evidence: 'none', total: () => null };
  if (points.length === PUBLISHED_USAGES_KWH.length) {
    const proposals = statedSteps([plan.fees_text, plan.special_terms, plan.name]);
    const line = fit(points, []);
    if (line) {
      // A step at or below the least published usage does not bend the three points; below it the bill is another.
      const low = proposals.find(
        (steps) => steps.length === 1 && steps[0]!.to_kwh === null && steps[0]!.from_kwh <= 500,
      );
      return { evidence: 'line', total: low ? withStepBelow(line, low[0]!) : line };
    }
    for (const steps of proposals) {
      const total = fit(points, steps);
      if (total) return { evidence: 'stated_credit', total };
    }
  }
  return { evidence: 'estimate', total: interpolate(points) };
}

const withStepBelow = (line: (usage: number) => number, step: Step) => (usage: number) =>
  line(usage) + (usage < step.from_kwh ? step.amount_usd : 0);

/** The straight line through the points once the steps are added back, less the steps; `null` if it is not straight. */
function fit(points: Point[], steps: readonly Step[]): ((usage: number) => number) | null {
  const [low, middle, high] = points.map(({ usage, usd }) => ({ usage, usd: usd + stepsAt(steps, usage) }));
  if (!low || !middle || !high) return null;
  const slope = (high.usd - low.usd) / (high.usage - low.usage);
  const base = low.usd - slope * low.usage;
  const isStraight = Math.abs(base + slope * middle.usage - middle.usd) <= LINE_TOLERANCE_USD;
  const isCredible = base >= CREDIBLE_BASE_USD && slope >= CREDIBLE_SLOPE.min && slope <= CREDIBLE_SLOPE.max;
  if (!isStraight || !isCredible) return null;
  return (usage) => base + slope * usage - stepsAt(steps, usage);
}

/** From point to point in dollars; beyond the outer points their last piece goes on, but never below zero. */
function interpolate(points: Point[]): (usage: number) => number {
  return (usage) => {
    const next = points.findIndex((point) => point.usage >= usage);
    const to = Math.max(1, next === -1 ? points.length - 1 : next);
    const [a, b] = [points[to - 1]!, points[to]!];
    return Math.max(0, a.usd + ((b.usd - a.usd) * (usage - a.usage)) / (b.usage - a.usage));
  };
}

/**
 * The order of a ranking: known bills, then estimates, then unknown ones, in either direction; so an estimate never
 * ranks above a known bill. Within each the lower rate comes first, or the higher one with direction -1.
 */
export function compareBills(a: Bill, b: Bill, direction: 1 | -1 = 1): number {
  const rank = (one: Bill) => (one.rate_cents_per_kwh === null ? 2 : one.exact ? 0 : 1);
  return rank(a) - rank(b) || ((a.rate_cents_per_kwh ?? 0) - (b.rate_cents_per_kwh ?? 0)) * direction;
}
