/** What a plan costs in the next twelve months at a usage profile, and how well that is known. */

import { type BillCurve, CERTAINTY_RANK } from '../bill/bill.ts';
import type { BillEvidence } from '../bill/shape.ts';
import type { Plan } from '../plan.ts';
import type { UsageProfile } from './profiles.ts';

export interface Year {
  profile: string;
  usage_kwh: number;
  /** USD before tax, with what comes once; `null` where a month cannot even be estimated. */
  total_usd: number | null;
  /** Every month is exact, and the price holds for all twelve. */
  exact: boolean;
  /** The weakest of the months; `estimate` also where the price does not hold for all twelve. */
  evidence: BillEvidence | null;
  low_usd: number | null;
  high_usd: number | null;
  /** How many months are on the dear side of a credit or a minimum-usage fee. */
  months_missing_credit: number;
  /** Months for which this price is agreed; afterwards today's price is assumed. `null`: unknown. */
  covered_months: number | null;
  /** Costs that come once and are in the total. */
  once_usd: number;
  /** The total at 10 % less usage, and at 10 % more. */
  at_90_percent_usd: number | null;
  at_110_percent_usd: number | null;
  /** The exit fee then; `null` where unknown. */
  leave_after_6_months_usd: number | null;
  leave_after_12_months_usd: number | null;
}

const MONTHS = 12;

type YearTerms = Pick<
  Plan,
  'term_months' | 'rate_type' | 'early_termination_fee_usd' | 'early_termination_fee_per_month_usd'
>;

/** What an order by the year's cost goes by, without the rest being worked out. */
export function yearRank(
  curve: BillCurve,
  terms: YearTerms,
  profile: UsageProfile,
): { total_usd: number | null; rank: number } {
  const total_usd = totalOf(curve, profile.months_kwh, 1);
  const ranks = profile.months_kwh.map((kwh) => CERTAINTY_RANK[curve.certainty(kwh)]);
  const isShort = (coveredMonths(terms) ?? 0) < MONTHS;
  const isExtrapolated = profile.months_kwh.some((kwh) => curve.certainty(kwh) === 'extrapolated');
  const rank = Math.max(...ranks, isShort ? CERTAINTY_RANK.estimate : 0);
  return { total_usd, rank: rank === 0 && isExtrapolated ? 0.5 : rank };
}

export function yearOf(curve: BillCurve, terms: YearTerms, profile: UsageProfile): Year {
  const { months_kwh } = profile;
  const { total_usd, rank } = yearRank(curve, terms, profile);
  const bounds = months_kwh.map((kwh) => curve.bounds(kwh) ?? [Number.NaN, Number.NaN]);
  const sumOf = (side: 0 | 1) => roundOrNull(bounds.reduce((sum, one) => sum + one[side]!, curve.once_usd));
  return {
    profile: profile.name,
    usage_kwh: months_kwh.reduce((sum, kwh) => sum + kwh, 0),
    total_usd: roundOrNull(total_usd),
    exact: rank === 0,
    evidence: rank === CERTAINTY_RANK.unknown ? null : evidenceOf(curve, months_kwh, rank),
    low_usd: sumOf(0),
    high_usd: sumOf(1),
    months_missing_credit: months_kwh.filter((kwh) => missedCredit(curve, kwh) !== null).length,
    covered_months: coveredMonths(terms),
    once_usd: curve.once_usd,
    at_90_percent_usd: roundOrNull(totalOf(curve, months_kwh, 0.9)),
    at_110_percent_usd: roundOrNull(totalOf(curve, months_kwh, 1.1)),
    leave_after_6_months_usd: exitFee(terms, MONTHS / 2),
    leave_after_12_months_usd: exitFee(terms, MONTHS),
  };
}

function totalOf(curve: BillCurve, months_kwh: readonly number[], share: number): number | null {
  let total = curve.once_usd;
  for (const [at, kwh] of months_kwh.entries()) {
    const usd = curve.usd(Math.max(1, Math.round(kwh * share)), at + 1);
    if (usd === null) return null;
    total += usd;
  }
  return total;
}

function evidenceOf(curve: BillCurve, months_kwh: readonly number[], rank: number): BillEvidence | null {
  if (rank >= CERTAINTY_RANK.estimate) return 'estimate';
  // Twelve months at published usages are known even where nothing else is.
  const weakest = months_kwh.find((kwh) => kwh !== 500 && kwh !== 1000 && kwh !== 2000) ?? months_kwh[0]!;
  return curve.at(weakest).evidence;
}

/** A variable or indexed price holds for a month, any other until the end of the term. */
function coveredMonths({ term_months, rate_type }: YearTerms): number | null {
  if (rate_type === 'variable' || rate_type === 'indexed') return 1;
  return term_months === null ? null : Math.min(MONTHS, term_months);
}

/** What a month pays more for being on the wrong side of a credit or of a minimum-usage fee. */
interface Missed {
  usd: number;
  /** The usage from which it would have been on the other side; `null`: it used too much. */
  from_kwh: number | null;
}

/** @returns `null` where nothing is missed; a month that has one of two credits misses none */
export function missedCredit({ cliffs }: Pick<BillCurve, 'cliffs'>, kwh: number): Missed | null {
  const credits = cliffs.filter(({ change }) => change === 'falls');
  if (credits.length === 0) return null;
  const reached = cliffs.filter(({ at_kwh }) => at_kwh <= kwh);
  const held = reached.reduce((sum, { change }) => sum + (change === 'falls' ? 1 : -1), 0);
  if (held > 0) return null;
  const next = credits.find(({ at_kwh }) => at_kwh > kwh);
  const lost = next ?? reached.findLast(({ change }) => change === 'rises') ?? credits.at(-1)!;
  return { usd: lost.size_usd, from_kwh: next?.at_kwh ?? null };
}

function exitFee(terms: YearTerms, months: number): number | null {
  const { term_months, early_termination_fee_usd: fee, early_termination_fee_per_month_usd: each } = terms;
  if (fee === 0 || (term_months !== null && term_months <= months)) return 0;
  if (each !== null) return term_months === null ? null : roundOrNull(each * (term_months - months));
  return fee;
}

const roundOrNull = (usd: number | null): number | null =>
  usd === null || Number.isNaN(usd) ? null : Math.round(usd * 100) / 100;
