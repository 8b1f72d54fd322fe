/** A bill whose price per kWh depends on the usage, as the text states all of its prices. */

import { fit, lineLines, stepsAt } from './known-shapes.ts';
import { type Point, roundingUsd, type Shape, stepText } from './shape.ts';
import type { StatedBlock } from './stated-blocks.ts';
import type { StatedStep } from './stated-terms.ts';

/** What delivery costs by the kWh, USD: nothing where the stated prices hold it, at most so much in Texas. */
const MOST_DELIVERY = 0.12;
/** Prices that hold all charges leave a slope of about 0, in which rounding can go either way. */
const LEAST_DELIVERY = -0.0015;

const readings = {
  blocks: (blocks: readonly StatedBlock[], usage: number) =>
    blocks.reduce((sum, { from_kwh, to_kwh, usd_per_kwh }) => {
      const kwh = Math.min(usage, to_kwh ?? usage) - from_kwh + 1;
      return sum + Math.max(0, kwh) * usd_per_kwh;
    }, 0),
  bands: (blocks: readonly StatedBlock[], usage: number) =>
    usage * blocks.findLast(({ from_kwh }) => from_kwh <= Math.max(1, usage))!.usd_per_kwh,
};

/** The stated prices and a line for the rest, delivery and monthly charges; `null` if they do not lead to the published prices. */
export function blocksShape(
  points: readonly Point[],
  blocks: readonly StatedBlock[],
  steps: readonly StatedStep[],
): Shape | null {
  const proven = Object.values(readings).flatMap((reading) => {
    const rest = points.map(({ usage, usd }) => ({ usage, usd: usd - reading(blocks, usage) }));
    const line = fit(rest, steps, LEAST_DELIVERY);
    if (!line || line.slope > MOST_DELIVERY) return [];
    const energy = (usage: number) => reading(blocks, usage);
    const usd = (usage: number) => energy(usage) + line.base + line.slope * usage + stepsAt(steps, usage);
    return [{ line, energy, usd }];
  });
  const [first, other] = proven;
  if (!first) return null;
  const { line, energy, usd } = first;
  const all = proven.map((one) => one.usd);
  const isOpen = (usage: number) =>
    other !== undefined && Math.abs(usd(usage) - other.usd(usage)) > roundingUsd(usage);
  return {
    evidence: 'stated_credit',
    usd,
    lines: (usage) => [
      { charge: { kind: 'blocks', usage_kwh: usage, blocks }, usd: energy(usage) },
      ...lineLines(line, steps, usage),
    ],
    bounds: (usage) => [
      Math.min(...all.map((one) => one(usage))) - roundingUsd(usage),
      Math.max(...all.map((one) => one(usage))) + roundingUsd(usage),
    ],
    isOpen,
    isUnbounded: false,
    edges: [
      ...blocks.flatMap(({ from_kwh }) => (from_kwh > 1 ? [from_kwh] : [])),
      ...steps.flatMap(({ from_kwh, to_kwh }) => [from_kwh, ...(to_kwh === null ? [] : [to_kwh + 1])]),
    ],
    seasonal: steps.filter(({ months }) => months !== null),
    why: `The stated prices of ${blocks.map(blockText).join(' and ')}${steps.map((step) => `, the ${stepText(step)}`).join('')} and a straight line explain all three published prices`,
  };
}

const blockText = ({ from_kwh, to_kwh, usd_per_kwh }: StatedBlock): string =>
  `${Math.round(usd_per_kwh * 1e6) / 1e4} cents ${to_kwh === null ? `from ${from_kwh} kWh` : `up to ${to_kwh} kWh`}`;
