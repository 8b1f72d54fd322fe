/** How a market moved: week by week for half a year, and change by change for the last week. */

import { addDays, marketDay } from '../../plan/market-day.ts';
import { ALL } from '../../plan/rate-statistics.ts';
import {
  beginningOf,
  type MarketChange,
  readFirstVersionAfter,
  readMarketChanges,
} from '../../store/market/changes.ts';
import { type RateIndexBucket, readRateIndex } from '../../store/market/rate-index.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { DAY_MS } from '../../units.ts';

const WEEKS = 26;
const CHANGES_PER_PAGE = 300;
/** More than any week had; what is beyond it is told to be left out. */
const MOST_PAGES = 6;

export interface MarketPast {
  /** Oldest first, only those of which something is known. */
  weeks: readonly RateIndexBucket[];
  /** Newest first, without what was there when the market was first read. */
  changes: readonly MarketChange[];
  /** All of the week's changes are there. */
  isWhole: boolean;
}

export async function readMarketPast(queryable: Queryable, duns: string, now: Date): Promise<MarketPast> {
  const today = marketDay(now);
  const weeks = await readRateIndex(queryable, {
    tdsp_duns: duns,
    from: addDays(today, 1 - 7 * WEEKS),
    to: today,
    by: 'week',
    term: ALL,
    rate_type: ALL,
    usage: 1000,
  });
  const week = await readWeek(queryable, duns, now);
  return { weeks: weeks.filter(({ median_rate_cents_per_kwh: middle }) => middle !== null), ...week };
}

async function readWeek(queryable: Queryable, duns: string, now: Date): Promise<Omit<MarketPast, 'weeks'>> {
  const first = await readFirstVersionAfter(queryable, duns, new Date(now.getTime() - 7 * DAY_MS));
  if (first === null) return { changes: [], isWhole: true };
  const changes: MarketChange[] = [];
  // With the first version everything is new, which says nothing about the market.
  let from = beginningOf(Math.max(first, 2));
  for (let page = 0; page < MOST_PAGES; page++) {
    const found = await readMarketChanges(queryable, duns, { from, limit: CHANGES_PER_PAGE });
    if (!found) break;
    changes.push(...found.changes);
    from = found.next;
    if (!found.hasMore) return { changes: changes.reverse(), isWhole: true };
  }
  return { changes: changes.reverse(), isWhole: false };
}
