/** What an offer cost before, and what the market cost meanwhile. */

import { marketDay } from '../../plan/market-day.ts';
import type { Plan } from '../../plan/plan.ts';
import { lowestRate, type PriceStep, priceSteps, stateBefore, stepOf } from '../../plan/price-steps.ts';
import { ALL } from '../../plan/rate-statistics.ts';
import { readPriceEvents } from '../../store/market/offer-history.ts';
import { type RateIndexBucket, readRateIndex } from '../../store/market/rate-index.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { DAY_MS } from '../../units.ts';

const SHOWN_DAYS = 365;
const LOWEST_DAYS = 90;
const USAGE = 1000;

export interface PlanPast {
  /** Oldest first; the first is how it stood at the beginning of what is shown. */
  steps: readonly PriceStep[];
  /** Of the market at 1,000 kWh, by day; days of which nothing is known have none. */
  middle: readonly { at: number; cents: number }[];
  from: Date;
  /** Of the last 90 days, at 1,000 kWh. */
  lowest: { cents: number; at: string } | null;
}

export async function readPlanPast(queryable: Queryable, plan: Plan, now: Date): Promise<PlanPast> {
  const firstSeen = new Date(plan.first_seen_at);
  const shownFrom = new Date(now.getTime() - SHOWN_DAYS * DAY_MS);
  const from = firstSeen > shownFrom ? firstSeen : shownFrom;
  const events = await readPriceEvents(queryable, plan.offer_id, from);
  const state = { is_offered: plan.is_active, rates: plan.rates_cents_per_kwh };
  const steps = [...priceSteps(events, state), stepOf(stateBefore(events, state), from.toISOString())];
  const days = await readRateIndex(queryable, {
    tdsp_duns: plan.tdsp_duns,
    from: marketDay(from),
    to: marketDay(now),
    by: 'day',
    term: ALL,
    rate_type: ALL,
    usage: USAGE,
  });
  const since = new Date(now.getTime() - LOWEST_DAYS * DAY_MS).toISOString();
  const lowest = lowestRate(steps, USAGE, since);
  return {
    steps: steps.toReversed(),
    middle: days.flatMap(middleOf),
    from,
    lowest: lowest && { cents: lowest.rate_cents_per_kwh, at: lowest.at },
  };
}

/** At noon UTC, which is the same day in Texas. */
const middleOf = ({ from, median_rate_cents_per_kwh: cents }: RateIndexBucket) =>
  cents === null ? [] : [{ at: Date.parse(`${from}T12:00:00Z`), cents }];
