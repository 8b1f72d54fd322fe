/** What plans are counted by, so that a shopper sees what else there is. */

import type { Plan } from './plan.ts';

/** `green` counts plans that have at least so many percent, as the filter `min_green` asks. */
export const GREEN_STEPS = [100, 75, 50, 25, 1] as const;

/** In the order of the answer. */
export const FACETS = ['term', 'rate_type', 'provider', 'green', 'prepaid', 'time_of_use'] as const;
export type Facet = (typeof FACETS)[number];
export const FACET_INDEX = Object.fromEntries(FACETS.map((name, index) => [name, index])) as Record<
  Facet,
  number
>;

export type FacetValue = string | number | boolean | null;

export const FACET_VALUE: Readonly<Record<Facet, (plan: Plan) => FacetValue>> = {
  term: (plan) => plan.term_months,
  rate_type: (plan) => plan.rate_type,
  provider: (plan) => plan.provider.id,
  green: ({ percent_green: green }) => GREEN_STEPS.find((step) => green !== null && green >= step) ?? null,
  prepaid: (plan) => plan.is_prepaid,
  time_of_use: (plan) => plan.is_time_of_use,
};

/** Numbers by size, texts by letters, unknown last. */
export function compareFacetValues(a: FacetValue, b: FacetValue): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === 'string') return a === b ? 0 : a < String(b) ? -1 : 1;
  return Number(a) - Number(b);
}
