/** Everything a page says about one plan at one home's usage, worked out and not yet worded. */

import type { PlanYear } from '../../catalog/priced-years.ts';
import { marketDay } from '../../plan/market-day.ts';
import type { Plan } from '../../plan/plan.ts';
import type { UsageProfile } from '../../plan/profiles/profiles.ts';
import { missedCredit, type Year, yearOf } from '../../plan/profiles/year.ts';
import { isKnown, type KnownRow, type YearMarket } from './year-market.ts';

const MONTHS = 12;
const LEAST_KWH = 1;
const ALTERNATIVES = 5;
/** A miss by so few kWh is the toss of a coin: a profile is an average. */
const NEAR_KWH = 10;
/** What usage is changed by, in percent, beside what the reader asks for. */
const CHANGES = [-20, -10, 0, 10, 20] as const;

export interface MonthFacts {
  /** 1 to 12. */
  month: number;
  year: number;
  kwh: number;
  /** USD, not rounded; `null` where it cannot even be estimated. */
  usd: number | null;
  missed: ReturnType<typeof missedCredit>;
  middle_usd: number | null;
}

interface WhatIf {
  percent: number;
  usage_kwh: number;
  year: Year;
  middle_usd: number | null;
}

export interface PlanFacts extends PlanYear {
  market: YearMarket;
  /** The next twelve months, from the one after now. */
  months: readonly MonthFacts[];
  /** From 1, among the known; `null` for one that is not. */
  place: number | null;
  /** Above the lowest known year, in USD; `null` where either is unknown. */
  above_lowest_usd: number | null;
  missed_usd: number;
  /** Months that miss by a few kWh. */
  near_misses: number;
  whatIf: readonly WhatIf[];
  /** Plans of its kind, known, and lower over this year. */
  cheaper: readonly KnownRow[];
}

/** @param change a change of usage in percent that the reader asks for */
export function planFacts(
  row: PlanYear,
  market: YearMarket,
  { nowMs, change }: { nowMs: number; change: number | null },
): PlanFacts {
  const { plan, curve, year } = row;
  const { profile } = market;
  const months = nextMonths(nowMs).map(({ month, year }): MonthFacts => {
    const kwh = profile.months_kwh[month - 1]!;
    return {
      month,
      year,
      kwh,
      usd: curve.usd(kwh, month),
      missed: missedCredit(curve, kwh),
      middle_usd: market.middleBill(kwh, month),
    };
  });
  const missed = months.flatMap((one) => (one.missed ? [{ ...one, missed: one.missed }] : []));
  const place = market.known.findIndex((one) => one.plan.id === plan.id);
  const lowest = market.known[0]?.year.total_usd;
  const changes = [...new Set([...CHANGES, ...(change === null ? [] : [change])])].sort((a, b) => a - b);
  return {
    ...row,
    market,
    months,
    place: place === -1 ? null : place + 1,
    above_lowest_usd: lowest === undefined || year.total_usd === null ? null : year.total_usd - lowest,
    missed_usd: missed.reduce((sum, one) => sum + one.missed.usd, 0),
    near_misses: missed.filter(
      ({ kwh, missed: { from_kwh } }) => from_kwh !== null && from_kwh - kwh <= NEAR_KWH,
    ).length,
    whatIf: changes.map((percent) => {
      const changed = changedBy(profile, percent);
      return {
        percent,
        usage_kwh: changed.months_kwh.reduce((sum, kwh) => sum + kwh, 0),
        year: yearOf(curve, plan, changed),
        middle_usd: market.middleYearAt(changed),
      };
    }),
    cheaper: cheaperLike(row, market),
  };
}

function nextMonths(nowMs: number): { month: number; year: number }[] {
  const [thisYear, now] = marketDay(new Date(nowMs)).split('-').map(Number) as [number, number, number];
  return Array.from({ length: MONTHS }, (_, at) => {
    const month = now + at;
    return { month: (month % MONTHS) + 1, year: thisYear + Math.floor(month / MONTHS) };
  });
}

function changedBy({ months_kwh }: UsageProfile, percent: number): UsageProfile {
  return {
    name: 'own',
    months_kwh: months_kwh.map((kwh) => Math.max(LEAST_KWH, Math.round(kwh * (1 + percent / 100)))),
  };
}

/** Of the same kind of rate, term and way to pay, no dearer to leave, and lower over the year. */
function cheaperLike(row: PlanYear, market: YearMarket): KnownRow[] {
  const { plan, year } = row;
  if (year.total_usd === null) return [];
  const fee = (one: Plan) => one.early_termination_fee_usd ?? Number.POSITIVE_INFINITY;
  const isLike = (one: Plan) =>
    one.id !== plan.id &&
    one.rate_type === plan.rate_type &&
    one.term_months === plan.term_months &&
    one.is_prepaid === plan.is_prepaid &&
    fee(one) <= fee(plan);
  const limit = isKnown(row) ? year.total_usd : (year.low_usd ?? year.total_usd);
  return market.known
    .filter((one) => isLike(one.plan) && one.year.total_usd < limit - 0.005)
    .slice(0, ALTERNATIVES);
}

/** The two months whose arithmetic is shown: the dearest usage, and the one that is told apart from it most clearly. */
export function tellingMonths({ months }: Pick<PlanFacts, 'months'>): [MonthFacts, MonthFacts] {
  const byUsage = months.toSorted((a, b) => b.kwh - a.kwh);
  const most = byUsage[0]!;
  const isOther = (one: MonthFacts) => (one.missed === null) !== (most.missed === null);
  return [most, byUsage.find(isOther) ?? byUsage.at(-1)!];
}
