/** Rules about prices: units, shape, and how far the same offers moved. */

import { FEWEST_TO_COMPARE } from './count-rules.ts';
import { type GuardedMarket, type MarketPlan, MOST_TELLING, median, shareOf } from './guarded-market.ts';
import { percent, type Rule } from './verdict.ts';

/** Median rates of a TDSP at 1,000 kWh were 8 to 17 cents from 2017 to 2026, in February 2021 too; dollars would be 0.1. */
const RATES = { least: 4, most: 45 };
const units: Rule = ({ median_rate: rate, plans }) => {
  if (rate === null || plans.length < MOST_TELLING) return null;
  return {
    rule: 'units',
    reading: `a median rate of ${rate} cents per kWh`,
    limit: `${RATES.least} to ${RATES.most}`,
    is_broken: rate < RATES.least || rate > RATES.most,
  };
};

/** From January to July 2026 the median moved by 14 % at most. */
const LARGEST_FACTOR = 1.5;
const medianRate: Rule = ({ median_rate: is }, { before }) => {
  const was = before?.median_rate ?? null;
  if (was === null || is === null) return null;
  return {
    rule: 'median_rate',
    reading: `the median rate went from ${was} to ${is} cents per kWh`,
    limit: `by a factor of ${LARGEST_FACTOR} at most`,
    is_broken: Math.max(was / is, is / was) > LARGEST_FACTOR,
  };
};

const longRate: Rule = ({ median_rate: is }, { long }) => {
  if (is === null || !long || long.median_rate === null) return null;
  const was = long.median_rate;
  return {
    rule: 'long_rate',
    reading: `a median rate of ${is} cents per kWh, ${was} in the middle of the last 28 days`,
    limit: `by a factor of ${LARGEST_FACTOR} at most`,
    is_broken: Math.max(was / is, is / was) > LARGEST_FACTOR,
  };
};

/** A higher usage costs less where a credit begins between: 0 to 12 % of plans; more are columns in the wrong order. */
const MOST_FALLING = 0.25;
const falling: Rule = ({ falling: share, plans }) => {
  if (plans.length < MOST_TELLING) return null;
  return {
    rule: 'falling',
    reading: `the bill of ${percent(share)} of plans falls as usage rises`,
    limit: `at most ${percent(MOST_FALLING)}`,
    is_broken: share > MOST_FALLING,
  };
};

/** 84 to 98 % of plans are straight in dollars, and in half a year that changed by 11 points at most. */
const LARGEST_BEND = 0.2;
const straight: Rule = ({ straight: is, plans }, { before }) => {
  if (!before || plans.length < FEWEST_TO_COMPARE || before.plans.length < FEWEST_TO_COMPARE) return null;
  return {
    rule: 'straight',
    reading: `${percent(is)} of plans cost a base and a rate, it was ${percent(before.straight)}`,
    limit: `at most ${percent(LARGEST_BEND)} less`,
    is_broken: before.straight - is > LARGEST_BEND,
  };
};

/**
 * The base that straight plans have in common is the TDSP's monthly charge ($0 in Lubbock, $3 to $5 in most, $8 of TNMP)
 * and tells the TDSPs apart. It changes on 1 March and 1 September only.
 */
const LARGEST_BASE_STEP = { usual: 1.6, inSeason: 3.5 };
const baseCharge: Rule = ({ base_usd: is }, { before, isChargeSeason }) => {
  const was = before?.base_usd ?? null;
  if (was === null || is === null) return null;
  const limit = isChargeSeason ? LARGEST_BASE_STEP.inSeason : LARGEST_BASE_STEP.usual;
  return {
    rule: 'base_charge',
    reading: `straight plans begin at $${is.toFixed(2)} a month, it was $${was.toFixed(2)}`,
    limit: `a step of $${limit.toFixed(2)} at most`,
    is_broken: Math.abs(is - was) > limit,
  };
};

const POINTS = ['rate_500kwh', 'rate_1000kwh', 'rate_2000kwh'] as const;

/** The same offers then and now. */
function pairs(after: GuardedMarket, before: GuardedMarket | null): [MarketPlan, MarketPlan][] {
  if (!before) return [];
  return [...after.byKey].flatMap(([key, is]) => {
    const was = before.byKey.get(key);
    return was ? [[was, is]] : [];
  });
}

function shifts(matched: readonly [MarketPlan, MarketPlan][], point: (typeof POINTS)[number]): number[] {
  return matched.flatMap(([was, is]) => {
    const [from, to] = [was[point], is[point]];
    return from === null || to === null ? [] : [to - from];
  });
}

/**
 * Charge days lift nearly all prices of a TDSP by the same cents (0.9 to 1.4); from January to July 2026 the middle of the
 * market sank by 1.7.
 */
const LARGEST_SHIFT = 2.2;
const shift: Rule = (after, { before }) => {
  const moved = POINTS.flatMap((point) => median(shifts(pairs(after, before), point)) ?? []);
  if (moved.length === 0 || pairs(after, before).length < MOST_TELLING) return null;
  const largest = moved.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
  return {
    rule: 'shift',
    reading: `the same offers moved by ${largest.toFixed(1)} cents in the middle`,
    limit: `${LARGEST_SHIFT} cents at most`,
    is_broken: Math.abs(largest) > LARGEST_SHIFT,
  };
};

/**
 * Apart from what all moved by, 3,183 daily moves of January 2026 were 0.3 cents in the middle and 3.9 at most; 0 to 2 % of
 * the same offers moved by more than 1.7 within days, 17 % within half a year. Prices dealt out anew move half of them.
 */
const FAR_CENTS = 1.7;
const MOST_FAR = 0.2;
const scattered: Rule = (after, { before }) => {
  const matched = pairs(after, before);
  if (matched.length < MOST_TELLING) return null;
  const far = POINTS.map((point) => {
    const moved = shifts(matched, point);
    const common = median(moved) ?? 0;
    return shareOf(moved, (cents) => Math.abs(cents - common) > FAR_CENTS);
  });
  const share = Math.max(...far);
  return {
    rule: 'scattered',
    reading: `${percent(share)} of the same offers moved by more than ${FAR_CENTS} cents against the rest`,
    limit: `at most ${percent(MOST_FAR)}`,
    is_broken: share > MOST_FAR,
  };
};

/** Markets rise by cents, never all offers by one factor: that is a unit, a tax or a slip of the feed. */
const scaled: Rule = (after, { before }) => {
  const matched = pairs(after, before).filter(([was, is]) => was.rate_1000kwh && is.rate_1000kwh);
  if (matched.length < FEWEST_TO_COMPARE) return null;
  const ratios = matched.map(([was, is]) => is.rate_1000kwh! / was.rate_1000kwh!);
  const factor = median(ratios)!;
  const isTogether = shareOf(ratios, (ratio) => Math.abs(ratio / factor - 1) < 0.01);
  const moved = shifts(matched, 'rate_1000kwh');
  const isByCents = shareOf(moved, (cents) => Math.abs(cents - median(moved)!) < 0.11);
  return {
    rule: 'scaled',
    reading: `${percent(isTogether)} of the same offers moved by a factor of ${factor.toFixed(2)}, ${percent(isByCents)} by the same cents`,
    limit: 'not by one factor and different cents',
    is_broken: Math.abs(factor - 1) > 0.03 && isTogether > 0.8 && isByCents < 0.7,
  };
};

/** No offer moved by more than 30 % in a day. All offers of one provider at once, and of no other: its unit is wrong. */
const LARGEST_PROVIDER_FACTOR = 1.6;
const oneProvider: Rule = (after, { before }) => {
  const matched = pairs(after, before);
  if (matched.length < MOST_TELLING) return null;
  const factors = [...Map.groupBy(matched, ([, is]) => is.provider)].flatMap(([provider, offers]) => {
    const ratios = offers.flatMap(([was, is]) =>
      was.rate_1000kwh && is.rate_1000kwh ? [is.rate_1000kwh / was.rate_1000kwh] : [],
    );
    return ratios.length < 2 ? [] : [{ provider, factor: median(ratios)! }];
  });
  const size = ({ factor }: { factor: number }) => Math.max(factor, 1 / factor);
  const [worst] = factors.toSorted((a, b) => size(b) - size(a));
  if (!worst) return null;
  return {
    rule: 'one_provider',
    reading: `${worst.provider} moved by a factor of ${worst.factor.toFixed(2)}`,
    limit: `${LARGEST_PROVIDER_FACTOR} at most, either way`,
    is_broken: size(worst) > LARGEST_PROVIDER_FACTOR,
  };
};

export const PRICE_RULES: readonly Rule[] = [
  units,
  medianRate,
  longRate,
  falling,
  straight,
  baseCharge,
  shift,
  scattered,
  scaled,
  oneProvider,
];
