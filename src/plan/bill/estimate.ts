/**
 * A bill that is not known: what the published prices and the stated amounts leave open. Where a threshold is stated the
 * bill is never drawn straight across it: below it the prices on that side go on, and above it those on the other.
 */

import { stepsAt } from './known-shapes.ts';
import type { Point, Shape } from './shape.ts';
import type { StatedTerms } from './stated-terms.ts';

const LEAST_SLOPE = 0.01;
const MOST_SLOPE = 0.6;

/** @param points two at least */
export function estimateShape(points: readonly Point[], terms: StatedTerms, why: string): Shape {
  const { steps, knots } = terms;
  const pieces = points.slice(1).map((to, at) => ({ from: points[at]!, to }));
  const slopes = slopesOf(points, terms);
  // Between its cheapest kWh and its dearest average price lies whatever a bill may rise by.
  const extremes = [...slopes, ...points.map((point) => point.usd / point.usage)];
  const likely = (piece: (typeof pieces)[number]) => {
    const withSteps =
      (piece.to.usd - stepsAt(steps, piece.to.usage) - piece.from.usd + stepsAt(steps, piece.from.usage)) /
      (piece.to.usage - piece.from.usage);
    if (withSteps >= LEAST_SLOPE && withSteps <= MOST_SLOPE) return withSteps;
    return slopes[Math.floor(slopes.length / 2)]!;
  };
  const pieceAt = (usage: number) => pieces.find(({ to }) => to.usage >= usage) ?? pieces.at(-1)!;
  const usd = (usage: number) => {
    const piece = pieceAt(usage);
    const { from, to } = piece;
    const within = knots.filter((knot) => knot > from.usage && knot <= to.usage);
    const slope = likely(piece);
    if (usage < from.usage || usage > to.usage) {
      const end = usage < from.usage ? from : to;
      return end.usd + slope * (usage - end.usage) + stepsAt(steps, usage) - stepsAt(steps, end.usage);
    }
    if (within.length === 0)
      return from.usd + ((to.usd - from.usd) * (usage - from.usage)) / (to.usage - from.usage);
    return usage < within[0]! ? from.usd + slope * (usage - from.usage) : to.usd - slope * (to.usage - usage);
  };
  const bounds = (usage: number): [number, number] => {
    const { from, to } = pieceAt(usage);
    const ends = usage < from.usage ? [from] : usage > to.usage ? [to] : [from, to];
    const reached = ends.flatMap(({ usage: at, usd }) => extremes.map((slope) => usd + slope * (usage - at)));
    const isOutside = ends.length === 1;
    const moved = isOutside
      ? steps.map((step) => stepsAt([step], usage) - stepsAt([step], ends[0]!.usage))
      : [];
    const least = Math.min(...reached, usd(usage)) + moved.reduce((sum, by) => sum + Math.min(0, by), 0);
    const most = Math.max(...reached, usd(usage)) + moved.reduce((sum, by) => sum + Math.max(0, by), 0);
    return [Math.max(0, least), Math.max(0, most)];
  };
  return {
    evidence: 'estimate',
    usd: (usage) => Math.max(0, usd(usage)),
    lines: (usage) => [
      { charge: { kind: 'estimate', between_kwh: points.map((one) => one.usage) }, usd: usd(usage) },
    ],
    bounds,
    isOpen: () => true,
    isUnbounded: false,
    edges: knots,
    seasonal: [],
    why,
  };
}

/** What a kWh may cost, in USD: what the pieces between the published prices show, with and without the stated steps. */
function slopesOf(points: readonly Point[], { steps }: StatedTerms): number[] {
  const bare = points.map(({ usage, usd }) => ({ usage, usd: usd - stepsAt(steps, usage) }));
  const between = (a: Pick<Point, 'usd'> & { usage: number }, b: Pick<Point, 'usd'> & { usage: number }) =>
    (b.usd - a.usd) / (b.usage - a.usage);
  const all = [points, bare].flatMap((some) =>
    some.flatMap((one, at) => some.slice(at + 1).map((other) => between(one, other))),
  );
  const credible = all.filter((slope) => slope >= LEAST_SLOPE && slope <= MOST_SLOPE);
  const averages = points.map(({ usage, usd }) => Math.max(LEAST_SLOPE, usd / usage));
  return (credible.length > 0 ? credible : averages).sort((a, b) => a - b);
}
