/**
 * What a plan costs in a month at any usage, and whether that is known or estimated.
 *
 * Published are average prices at 500, 1,000 and 2,000 kWh, all recurring charges included, before tax
 * (16 TAC §25.475(g)). What lies between follows from evidence, the strongest first: the charges themselves where they
 * reproduce the three totals; a straight line in dollars, where no text speaks of anything that bends it; a line with the
 * steps that the text states; else an estimate with bounds.
 * Dollars are interpolated, never cents: with a base charge the average price is not a straight line.
 */

import assert from 'node:assert/strict';
import { expected } from '../../errors.ts';
import type { Plan, PlanDraft, RememberedText } from '../plan.ts';
import { PUBLISHED_USAGES_KWH, type PublishedUsageKwh } from '../rate.ts';
import { toldText } from '../told-text.ts';
import { blocksShape } from './blocks-shape.ts';
import { estimateShape } from './estimate.ts';
import { componentsShape, flatBelowShape, lineShape } from './known-shapes.ts';
import { type BillEvidence, type BillLine, type Point, roundingUsd, type Shape } from './shape.ts';
import { type StatedStep, type StatedTerms, statedTerms } from './stated-terms.ts';

/** Where a bill jumps as usage rises. */
interface Cliff {
  /** The first kWh on the other side. */
  at_kwh: number;
  size_usd: number;
  change: 'falls' | 'rises';
}

export interface Bill {
  usage_kwh: number;
  /** USD in an average month before tax; `null` where it cannot even be estimated. */
  total_usd: number | null;
  rate_cents_per_kwh: number | null;
  /** Published, or following from evidence within the rounding of the published prices. */
  exact: boolean;
  /** `null` where nothing is known. */
  evidence: BillEvidence | null;
  /** The least and the most that it may be. */
  low_usd: number | null;
  high_usd: number | null;
  cliffs: readonly Cliff[];
  why: string;
}

/** Exact; following from evidence beyond the published usages; estimated; not even that. */
type Certainty = 'exact' | 'extrapolated' | 'estimate' | 'unknown';

export interface BillCurve {
  /** What the bill rests on where no price is published. */
  evidence: Shape['evidence'];
  /** Costs that come once, in the first year. */
  once_usd: number;
  cliffs: readonly Cliff[];
  /** @param usageKwh a whole number from 1 */
  at(usageKwh: number): Bill;
  /**
   * USD, not rounded; without an object being made for it.
   * @param month 1 to 12: with what only that month has; 0: of an average month
   */
  usd(usageKwh: number, month?: number): number | null;
  /** Cents per kWh, as `at` tells it. */
  rate(usageKwh: number): number | null;
  certainty(usageKwh: number): Certainty;
  bounds(usageKwh: number): [low: number, high: number] | null;
  /** The arithmetic, line by line. */
  lines(usageKwh: number): BillLine[];
}

/** The place in an order: known bills before estimates before unknown ones. */
export const CERTAINTY_RANK = { exact: 0, extrapolated: 0, estimate: 1, unknown: 2 } as const;

export type PricedTerms = Pick<
  PlanDraft,
  | 'rates_cents_per_kwh'
  | 'price_components'
  | 'fees_text'
  | 'special_terms'
  | 'name'
  | 'is_time_of_use'
  | 'has_minimum_usage_fee'
  | 'has_fees_or_credits'
> &
  Partial<Pick<Plan, 'translations' | 'remembered_text'>>;

const NOTHING_KNOWN = 'Fewer than two prices are published: nothing is known of other usages';

/** Everything that can be known about a plan's bill; made once, asked for many usages. */
export function billCurve(plan: PricedTerms): BillCurve {
  const points = PUBLISHED_USAGES_KWH.flatMap((usage): Point[] => {
    const rate = plan.rates_cents_per_kwh[usage];
    return rate === null ? [] : [{ usage, usd: (rate * usage) / 100 }];
  });
  const { fees_text, special_terms } = plan.remembered_text ?? toldText(plan);
  const terms = statedTerms([fees_text, special_terms, plan.name]);
  return new Curve(plan, points, terms, explain(plan, points, terms));
}

function explain(plan: PricedTerms, points: readonly Point[], terms: StatedTerms): Shape | null {
  const summed = plan.price_components && componentsShape(plan.price_components, points);
  if (summed && plan.is_time_of_use !== true) return summed;
  if (points.length < 2) return null;
  const estimate = (why: string) => estimateShape(points, terms, why);
  if (plan.is_time_of_use === true) {
    return estimate(
      'The price depends on the hour, and the published averages rest on an assumed share of hours',
    );
  }
  if (points.length < PUBLISHED_USAGES_KWH.length) return estimate('Only two prices are published');
  const remembered = plan.remembered_text ?? null;
  if (terms.doubts.length > 0) {
    const source = remembered ? `, as its text said on ${dayText(remembered.told_at)}` : '';
    return estimate(`An estimate: ${[...new Set(terms.doubts)].join(', and ')}${source}`);
  }
  const own = shapeOf(points, terms);
  const { steps, flat_below_kwh, blocks } = terms;
  const isBending = steps.length > 0 || flat_below_kwh !== null || blocks !== null;
  if (own && (isBending || !bendsUntold(plan))) return remembered ? asRemembered(own, remembered) : own;
  if (bendsUntold(plan) && !isBending) {
    return estimate('An estimate: a fee or credit for some usages is announced that no text explains');
  }
  if (isBending && remembered && plan.has_fees_or_credits === false) {
    // What was stated then is denied now, and a straight line agrees.
    const line = lineShape(points, []);
    if (line) return line;
  }
  return estimate(
    isBending
      ? `An estimate: the amounts stated${remembered ? ` on ${dayText(remembered.told_at)}` : ''} do not lead to the published prices`
      : 'An estimate: the published prices bend, and no text says why',
  );
}

/** Something is announced that depends on the usage: of 327 such plans every one bends. */
const bendsUntold = (plan: PricedTerms): boolean =>
  plan.has_minimum_usage_fee === true || plan.has_fees_or_credits === true;

function asRemembered(shape: Shape, { told_at }: RememberedText): Shape {
  if (shape.evidence !== 'stated_credit') return shape;
  const why = `${shape.why}; the text is of ${dayText(told_at)}, as none is told now`;
  return { ...shape, evidence: 'remembered_text', why };
}

const DAY = new Intl.DateTimeFormat('en-US', { dateStyle: 'long', timeZone: 'America/Chicago' });
const dayText = (time: string): string => DAY.format(new Date(time));

function shapeOf(points: readonly Point[], { steps, flat_below_kwh, blocks }: StatedTerms): Shape | null {
  if (blocks) return flat_below_kwh === null ? blocksShape(points, blocks, steps) : null;
  if (flat_below_kwh === null) return lineShape(points, steps) ?? oneOfContradicting(points, steps);
  return steps.length === 0 ? flatBelowShape(points, flat_below_kwh) : null;
}

/**
 * "A $125 credit from 1,000 kWh" in one sentence and "$100" in another: an old amount was left standing. The prices
 * decide, where they agree with one of them and with no other.
 */
function oneOfContradicting(points: readonly Point[], steps: readonly StatedStep[]): Shape | null {
  const places = Map.groupBy(steps, ({ from_kwh, to_kwh, months }) => `${from_kwh} ${to_kwh} ${months}`);
  const [contradicting, ...others] = [...places.values()].filter((same) => same.length > 1);
  if (!contradicting || others.length > 0) return null;
  const rest = steps.filter((step) => !contradicting.includes(step));
  const shapes = contradicting.flatMap((one) => lineShape(points, [...rest, one]) ?? []);
  return shapes.length === 1 ? shapes[0]! : null;
}

class Curve implements BillCurve {
  readonly evidence: Shape['evidence'];
  readonly once_usd: number;
  readonly #plan: PricedTerms;
  readonly #points: readonly Point[];
  readonly #shape: Shape | null;
  #cliffs: readonly Cliff[] | undefined;

  constructor(plan: PricedTerms, points: readonly Point[], terms: StatedTerms, shape: Shape | null) {
    this.#plan = plan;
    this.#points = points;
    this.#shape = shape;
    this.evidence = shape?.evidence ?? null;
    this.once_usd = terms.once_usd;
  }

  get cliffs(): readonly Cliff[] {
    this.#cliffs ??= this.#shape ? cliffsOf(this.#shape) : [];
    return this.#cliffs;
  }

  usd(usageKwh: number, month = 0): number | null {
    const published = this.#published(usageKwh);
    const average = published === null ? this.#shape?.usd(usageKwh) : (published * usageKwh) / 100;
    if (average === undefined) return null;
    return Math.max(0, average + (month === 0 ? 0 : this.#seasonal(usageKwh, month)));
  }

  rate(usageKwh: number): number | null {
    const usd = this.usd(usageKwh);
    return this.#published(usageKwh) ?? (usd === null ? null : round((usd * 100) / usageKwh, 3));
  }

  certainty(usageKwh: number): Certainty {
    if (this.#published(usageKwh) !== null) return 'exact';
    const shape = this.#shape;
    if (!shape) return 'unknown';
    if (shape.evidence === 'estimate' || shape.isOpen(usageKwh) || shape.usd(usageKwh) < 0) return 'estimate';
    return shape.isUnbounded || (usageKwh >= 500 && usageKwh <= 2000) ? 'exact' : 'extrapolated';
  }

  bounds(usageKwh: number): [number, number] | null {
    const usd = this.usd(usageKwh);
    if (usd === null) return null;
    const certainty = this.certainty(usageKwh);
    if (certainty === 'exact') return [usd, usd];
    if (certainty === 'extrapolated') {
      const doubt = roundingUsd(usageKwh);
      return [Math.max(0, usd - doubt), usd + doubt];
    }
    const [low, high] = this.#shape!.bounds(usageKwh);
    return [Math.max(0, Math.min(low, usd)), Math.max(high, usd)];
  }

  at(usageKwh: number): Bill {
    assert.ok(Number.isInteger(usageKwh) && usageKwh > 0, expected('a usage in whole kWh above 0', usageKwh));
    const usd = this.usd(usageKwh);
    const certainty = this.certainty(usageKwh);
    const [low, high] = this.bounds(usageKwh) ?? [null, null];
    return {
      usage_kwh: usageKwh,
      total_usd: roundOrNull(usd),
      rate_cents_per_kwh: this.rate(usageKwh),
      exact: certainty === 'exact',
      evidence: this.#evidenceAt(usageKwh, certainty),
      low_usd: roundOrNull(low),
      high_usd: roundOrNull(high),
      cliffs: this.cliffs,
      why: this.#whyAt(usageKwh, certainty),
    };
  }

  lines(usageKwh: number): BillLine[] {
    const published = this.#published(usageKwh);
    const lines = this.#shape?.lines(usageKwh) ?? [];
    if (published === null || (this.evidence !== 'estimate' && lines.length > 0)) return lines;
    return [
      {
        charge: { kind: 'published', usage_kwh: usageKwh, cents_per_kwh: published },
        usd: (published * usageKwh) / 100,
      },
    ];
  }

  #published(usageKwh: number): number | null {
    return this.#plan.rates_cents_per_kwh[usageKwh as PublishedUsageKwh] ?? null;
  }

  #seasonal(usageKwh: number, month: number): number {
    let sum = 0;
    for (const { usd, from_kwh, to_kwh, months } of this.#shape?.seasonal ?? []) {
      if (months === null || usageKwh < from_kwh || (to_kwh !== null && usageKwh > to_kwh)) continue;
      sum += usd * ((months.includes(month) ? 1 : 0) - months.length / 12);
    }
    return sum;
  }

  #evidenceAt(usageKwh: number, certainty: Certainty): BillEvidence | null {
    if (this.#published(usageKwh) !== null) {
      return this.evidence === null || this.evidence === 'estimate' ? 'published' : this.evidence;
    }
    return certainty === 'estimate' ? 'estimate' : this.evidence;
  }

  #whyAt(usageKwh: number, certainty: Certainty): string {
    const shape = this.#shape;
    const isPublished = this.#published(usageKwh) !== null;
    if (isPublished && (!shape || shape.evidence === 'estimate')) {
      return `The average price at ${usageKwh} kWh is published.`;
    }
    if (!shape) return `${NOTHING_KNOWN}.`;
    if (certainty === 'estimate' && shape.evidence !== 'estimate') {
      return `${shape.why}, and at ${usageKwh} kWh that still leaves more than one bill possible.`;
    }
    if (certainty !== 'extrapolated') return `${shape.why}.`;
    const [least, most] = [this.#points[0]!.usage, this.#points.at(-1)!.usage];
    return `${shape.why}; extrapolated, as no price is published ${usageKwh < least ? `below ${least}` : `above ${most}`} kWh.`;
  }
}

const LEAST_CLIFF_USD = 0.5;

function cliffsOf({ edges, usd }: Shape): Cliff[] {
  return [...new Set(edges)]
    .sort((a, b) => a - b)
    .flatMap((at_kwh): Cliff[] => {
      const slope = usd(at_kwh + 1) - usd(at_kwh);
      const jump = usd(at_kwh) - usd(at_kwh - 1) - slope;
      if (at_kwh < 2 || Math.abs(jump) < LEAST_CLIFF_USD) return [];
      return [{ at_kwh, size_usd: round(Math.abs(jump), 2), change: jump < 0 ? 'falls' : 'rises' }];
    });
}

const round = (value: number, decimals: number): number => {
  const scale = 10 ** decimals;
  // The smallest step of the number is added, for 1.005 is stored as a little less.
  return Math.round((value + Math.sign(value) * Number.EPSILON * Math.abs(value)) * scale) / scale;
};
const roundOrNull = (usd: number | null): number | null => (usd === null ? null : round(usd, 2));
