/** The optional filters of `/api/plans/current`, with the names the real API has for them. */

import type { UpstreamPlan } from './market/upstream-plan.ts';

type Test = (plan: UpstreamPlan) => boolean;

const FILTERS: Record<string, (value: string) => Test | string> = {
  term: (value) => {
    const term = Number(value);
    if (!/^\d{1,3}$/.test(value)) return `term must be a number of months, not "${value}"`;
    return ({ product }) => product.term === term;
  },
  // At least this green: whoever asks for 50 % does not mind 100 %.
  percent_green: (value) => {
    const green = Number(value);
    if (value === '' || !(green >= 0 && green <= 100))
      return `percent_green must be 0 to 100, not "${value}"`;
    return ({ product }) => (product.percent_green ?? -1) >= green;
  },
  is_pre_pay: (value) => flag(value, 'is_pre_pay'),
  is_time_of_use: (value) => flag(value, 'is_time_of_use'),
  brand_id:
    (value) =>
    ({ product }) =>
      product.brand._id === value,
};

/** The tests a query asks for; a text where it asks for something impossible. */
export function readFilters(query: URLSearchParams): Test[] | string {
  const tests: Test[] = [];
  for (const [name, read] of Object.entries(FILTERS)) {
    const value = query.get(name);
    if (value === null) continue;
    const test = read(value);
    if (typeof test === 'string') return test;
    tests.push(test);
  }
  return tests;
}

function flag(value: string, name: 'is_pre_pay' | 'is_time_of_use'): Test | string {
  if (value !== 'true' && value !== 'false') return `${name} must be true or false, not "${value}"`;
  return ({ product }) => product[name] === (value === 'true');
}
