/** A question about the plans of some TDSPs, already checked. */

import type { RateType } from '../plan/plan.ts';
import type { UsageProfile } from '../plan/profiles/profiles.ts';

export const SORT_KEYS = ['rate', 'bill', 'year', 'term', 'green', 'provider'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

interface PlanFilters {
  term: readonly number[] | null;
  min_term: number | null;
  max_term: number | null;
  min_green: number | null;
  rate_type: readonly RateType[] | null;
  /** Ids or names of providers, as `nameKey` writes them. */
  provider: readonly string[] | null;
  prepaid: boolean | null;
  time_of_use: boolean | null;
  /** Cents per kWh at the asked usage. */
  max_rate: number | null;
  /** Words that must all occur in the names of plan or provider. */
  q: string | null;
}

export interface PlanQuery extends PlanFilters {
  usage_kwh: number;
  /** For what year's usage the cost of a year is told; `null`: it is not. */
  profile: UsageProfile | null;
  sort: SortKey;
  is_descending: boolean;
  limit: number;
  /** Where the page before ended. */
  after: Cursor | null;
}

/** The last plan of a page: its id, and its index among the matches for the case that it is gone by then. */
export interface Cursor {
  id: string;
  index: number;
}

/** Everything of a query that decides which plans match and in which order; the page does not. */
export function queryKey(query: PlanQuery): string {
  const {
    usage_kwh,
    profile,
    sort,
    is_descending,
    term,
    min_term,
    max_term,
    min_green,
    rate_type,
    provider,
  } = query;
  const { prepaid, time_of_use, max_rate, q } = query;
  const filters = [
    term,
    min_term,
    max_term,
    min_green,
    rate_type,
    provider,
    prepaid,
    time_of_use,
    max_rate,
    q,
  ];
  return JSON.stringify([usage_kwh, profile?.months_kwh, sort, is_descending, ...filters]);
}
