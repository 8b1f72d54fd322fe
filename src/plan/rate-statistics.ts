/**
 * What a set of plans costs as a whole: how many there are, the lowest, the middle and the average rate, for all of
 * them, for each term, for each kind of rate and for each pair of both.
 */

import { PUBLISHED_USAGES_KWH, type PublishedUsageKwh, type RateCentsPerKwh, type Rates } from './rate.ts';

/** As much of a plan as is counted. */
export interface RatedPlan {
  term_months: number | null;
  rate_type: string | null;
  rates: Rates;
}

interface RateStatistics {
  /** How many plans tell a rate. */
  priced: number;
  /** Cents per kWh; `null` where no plan tells one. */
  min: RateCentsPerKwh | null;
  /** Of an even number the mean of the two in the middle; four decimals. */
  median: number | null;
  /** Every plan weighs the same; four decimals. */
  average: number | null;
}

export interface GroupStatistics {
  /** Months, or `all`. */
  term: string;
  /** Or `all`. */
  rate_type: string;
  plans: number;
  rates: Record<PublishedUsageKwh, RateStatistics>;
}

export const ALL = 'all';

/** Of every group that has a plan, and of `all` and `all` also without one. What is unknown of a plan puts it in no group. */
export function statisticsByGroup(plans: readonly RatedPlan[]): GroupStatistics[] {
  const groups = new Map<string, { term: string; rate_type: string; plans: RatedPlan[] }>();
  groups.set(`${ALL} ${ALL}`, { term: ALL, rate_type: ALL, plans: [] });
  for (const plan of plans) {
    for (const term of plan.term_months === null ? [ALL] : [ALL, String(plan.term_months)]) {
      for (const rate_type of plan.rate_type === null ? [ALL] : [ALL, plan.rate_type]) {
        const key = `${term} ${rate_type}`;
        const group = groups.get(key);
        if (group) group.plans.push(plan);
        else groups.set(key, { term, rate_type, plans: [plan] });
      }
    }
  }
  return [...groups.values()].map(({ term, rate_type, plans: members }) => ({
    term,
    rate_type,
    plans: members.length,
    rates: Object.fromEntries(
      PUBLISHED_USAGES_KWH.map((usage) => [usage, rateStatistics(members.map(({ rates }) => rates[usage]))]),
    ) as GroupStatistics['rates'],
  }));
}

export function rateStatistics(rates: readonly (RateCentsPerKwh | null)[]): RateStatistics {
  // In thousandths of a cent, which are whole numbers: sums of decimals would not be exact.
  const known = Float64Array.from(
    rates.filter((rate) => rate !== null),
    (rate) => Math.round(rate * 1000),
  );
  const priced = known.length;
  if (priced === 0) return { priced, min: null, median: null, average: null };
  known.sort();
  const middle = priced >> 1;
  const median = priced % 2 === 1 ? known[middle]! : (known[middle - 1]! + known[middle]!) / 2;
  const average = known.reduce((sum, rate) => sum + rate, 0) / priced;
  return { priced, min: known[0]! / 1000, median: fourDecimals(median), average: fourDecimals(average) };
}

const fourDecimals = (thousandths: number): number => Math.round(thousandths * 10) / 10_000;
