/**
 * How well the planner guesses. Asked for the combinations of TDSP, term and rate type that most active plans have:
 * what shoppers ask for, and columns that are not independent of one another.
 */

import type { Queryable } from '../../postgres/database.ts';

export interface Estimate {
  condition: string;
  /** Rows the planner expects, and rows there are. */
  expected: number;
  found: number;
}

const COMBINATIONS = 5;

export async function readEstimates(queryable: Queryable): Promise<Estimate[]> {
  const { rows } = await queryable.query<{ condition: string; found: number }>(
    `select concat_ws(' and ', 'is_active', format('tdsp_duns = %L', tdsp_duns),
              'term_months = ' || term_months, 'rate_type = ' || quote_literal(rate_type)) as condition,
            count(*)::int as found
       from electricity_plans where is_active
      group by tdsp_duns, term_months, rate_type order by count(*) desc, tdsp_duns, term_months limit $1`,
    [COMBINATIONS],
  );
  const estimates: Estimate[] = [];
  for (const { condition, found } of rows) {
    const plan = await queryable.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
      `explain (format json) select from electricity_plans where ${condition}`,
    );
    estimates.push({ condition, expected: plan.rows[0]!['QUERY PLAN'][0].Plan['Plan Rows'], found });
  }
  return estimates;
}

/** By which factor the worst of them is off, in either direction; 1: all are right. `null` where there is none. */
export function worstFactor(estimates: readonly Pick<Estimate, 'expected' | 'found'>[]): number | null {
  if (estimates.length === 0) return null;
  return Math.max(
    ...estimates.map(({ expected, found }) => {
      const [a, b] = [Math.max(expected, 1), Math.max(found, 1)];
      return Math.max(a / b, b / a);
    }),
  );
}
