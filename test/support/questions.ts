/** Questions about plans that tests and benchmarks ask. */

import type { PlanQuery } from '../../src/catalog/plan-query.ts';

/** Every plan at 1,000 kWh, cheapest first, a page of 20. */
export const EVERY_PLAN: PlanQuery = {
  term: null,
  min_term: null,
  max_term: null,
  min_green: null,
  rate_type: null,
  provider: null,
  prepaid: null,
  time_of_use: null,
  max_rate: null,
  q: null,
  usage_kwh: 1000,
  profile: null,
  sort: 'rate',
  is_descending: false,
  limit: 20,
  after: null,
};
