/** Bills that are known: the charges themselves, a straight line, a line with stated steps, and one flat below a limit. */

import type { PriceComponent } from '../plan.ts';
import { PUBLISHED_USAGES_KWH } from '../rate.ts';
import { sumComponents } from './price-components.ts';
import { type BillLine, type Point, roundingUsd, type Shape, stepText } from './shape.ts';
import type { StatedStep } from './stated-terms.ts';

const COMPONENT_TOLERANCE_USD = 0.05;
// Rounded prices leave up to 0.5 + (2/3) * 0.25 + (1/3) * 1.0 of the middle point, a dollar.
const LINE_TOLERANCE_USD = 1.005;
// Real straight plans go down to about -6: an autopay or thermostat credit against the TDSP's monthly charge. An energy
// price outside of these is a misreading (USD, USD per kWh).
const CREDIBLE_BASE_USD = -6.5;
const CREDIBLE_SLOPE = { min: 0.01, max: 0.6 };

/** The charges themselves, where they reproduce the three totals within 5 cents. */
export function componentsShape(
  components: readonly PriceComponent[],
  points: readonly Point[],
): Shape | null {
  if (points.length < PUBLISHED_USAGES_KWH.length) return null;
  const readings = (['blocks', 'bands'] as const).map(
    (reading) => (usage: number) => sumComponents(components, usage, reading),
  );
  const proven = readings.filter((sum) =>
    points.every(({ usage, usd }) => Math.abs(sum(usage) - usd) <= COMPONENT_TOLERANCE_USD + 1e-9),
  );
  const [sum, other] = proven;
  if (!sum) return null;
  const isOpen = (usage: number) =>
    other !== undefined && Math.abs(sum(usage) - other(usage)) > COMPONENT_TOLERANCE_USD;
  return {
    evidence: 'components',
    usd: sum,
    lines: (usage) => componentLines(components, usage, sum),
    bounds: (usage) => [
      Math.min(...proven.map((one) => one(usage))),
      Math.max(...proven.map((one) => one(usage))),
    ],
    isOpen,
    isUnbounded: true,
    edges: components.flatMap(({ min_kwh, max_kwh }) => [
      ...(min_kwh === null || min_kwh <= 1 ? [] : [min_kwh]),
      ...(max_kwh === null ? [] : [max_kwh + 1]),
    ]),
    seasonal: [],
    why: 'The charges that the provider lists add up to all three published prices',
  };
}

function componentLines(
  components: readonly PriceComponent[],
  usage: number,
  sum: (usage: number) => number,
): BillLine[] {
  const lines = components
    .filter(({ is_percentage }) => !is_percentage)
    .map(
      (one): BillLine => ({
        charge: {
          kind: 'component',
          of: one.is_tdsp_charge ? 'delivery' : one.amount < 0 ? 'credit' : 'energy company',
          cents_per_kwh: one.is_per_kwh ? round4(one.amount * 100) : null,
        },
        usd: sumComponents([one], usage),
      }),
    )
    .filter(({ usd }) => usd !== 0);
  const rest = sum(usage) - lines.reduce((total, { usd }) => total + usd, 0);
  return Math.abs(rest) < 0.005 ? lines : [...lines, { charge: { kind: 'shares' }, usd: rest }];
}

/** A straight line through the three points less the steps, all of them or none; `null` if it is not straight. */
export function lineShape(points: readonly Point[], stated: readonly StatedStep[]): Shape | null {
  for (const steps of [stated, stated.map(asInclusive)]) {
    const line = fit(points, steps);
    if (!line) continue;
    const { base, slope } = line;
    const usd = (usage: number) => base + slope * usage + stepsAt(steps, usage);
    // The words exclude a usage that people may mean to include, and no price is published there.
    const careless = stated.map(({ careless_kwh }) => careless_kwh).filter((kwh) => kwh !== null);
    const open = careless.filter((kwh) => !PUBLISHED_USAGES_KWH.some((one) => one === kwh));
    return {
      evidence: steps.length === 0 ? 'line' : 'stated_credit',
      usd,
      lines: (usage) => lineLines(line, steps, usage),
      bounds: (usage) => {
        const doubt = open.includes(usage) ? Math.max(...steps.map((step) => Math.abs(step.usd))) : 0;
        return [usd(usage) - doubt - roundingUsd(usage), usd(usage) + doubt + roundingUsd(usage)];
      },
      isOpen: (usage) => open.includes(usage),
      isUnbounded: false,
      edges: steps.flatMap(({ from_kwh, to_kwh }) => [
        ...(from_kwh > 1 ? [from_kwh] : []),
        ...(to_kwh === null ? [] : [to_kwh + 1]),
      ]),
      seasonal: steps.filter(({ months }) => months !== null),
      why: steps.length === 0 ? 'A straight line through the three published prices' : whyStated(steps),
    };
  }
  return null;
}

const asInclusive = (step: StatedStep): StatedStep =>
  step.careless_kwh === null ? step : { ...step, from_kwh: step.careless_kwh };

/** @param least the lowest slope that is believed, USD per kWh */
export function fit(
  points: readonly Point[],
  steps: readonly StatedStep[],
  least = CREDIBLE_SLOPE.min,
): { base: number; slope: number } | null {
  const [low, middle, high] = points.map(({ usage, usd }) => ({ usage, usd: usd - stepsAt(steps, usage) }));
  if (!low || !middle || !high) return null;
  const slope = (high.usd - low.usd) / (high.usage - low.usage);
  const base = low.usd - slope * low.usage;
  const isStraight = Math.abs(base + slope * middle.usage - middle.usd) <= LINE_TOLERANCE_USD;
  const isCredible = base >= CREDIBLE_BASE_USD && slope >= least && slope <= CREDIBLE_SLOPE.max;
  return isStraight && isCredible ? { base, slope } : null;
}

/** USD that the steps add in an average month: published prices spread over the year what only some months have. */
export function stepsAt(steps: readonly StatedStep[], usage: number): number {
  let sum = 0;
  for (const { usd, from_kwh, to_kwh, months } of steps) {
    if (usage >= from_kwh && (to_kwh === null || usage <= to_kwh)) sum += usd * ((months?.length ?? 12) / 12);
  }
  return sum;
}

export function lineLines(
  { base, slope }: { base: number; slope: number },
  steps: readonly StatedStep[],
  usage: number,
): BillLine[] {
  const applied = steps.map(
    (step): BillLine => ({ charge: { kind: 'step', step }, usd: stepsAt([step], usage) }),
  );
  return [
    { charge: { kind: 'base' }, usd: base },
    { charge: { kind: 'energy', usage_kwh: usage, cents_per_kwh: round4(slope * 100) }, usd: slope * usage },
    ...applied.filter(({ usd }) => usd !== 0),
  ];
}

const whyStated = (steps: readonly StatedStep[]): string =>
  `The stated ${steps.map(stepText).join(' and ')} and a straight line explain all three published prices`;

/** The same bill below a limit, as the text says and the price at 500 kWh shows; above it the line of the other prices. */
export function flatBelowShape(points: readonly Point[], limit_kwh: number): Shape | null {
  const [low, middle, high] = points;
  if (!low || !middle || !high || limit_kwh <= low.usage || limit_kwh > middle.usage) return null;
  const slope = (high.usd - middle.usd) / (high.usage - middle.usage);
  if (slope < CREDIBLE_SLOPE.min || slope > CREDIBLE_SLOPE.max) return null;
  const base = middle.usd - slope * middle.usage;
  const isFlat = (usage: number) => usage < limit_kwh;
  const usd = (usage: number) => (isFlat(usage) ? low.usd : base + slope * usage);
  return {
    evidence: 'stated_credit',
    usd,
    lines: (usage) =>
      isFlat(usage)
        ? [{ charge: { kind: 'flat', below_kwh: limit_kwh }, usd: low.usd }]
        : lineLines({ base, slope }, [], usage),
    bounds: (usage) => [usd(usage) - roundingUsd(usage), usd(usage) + roundingUsd(usage)],
    isOpen: () => false,
    isUnbounded: false,
    edges: [limit_kwh],
    seasonal: [],
    why: `The plan states one amount below ${limit_kwh} kWh, and the published prices show it`,
  };
}

const round4 = (value: number): number => Math.round(value * 10_000) / 10_000;
