/** The optional filters of `/api/plans/current`, with the names the real API has for them. */

import { expected } from '../errors.ts';
import type { UpstreamPlan } from './market/upstream-plan.ts';

type Test = (plan: UpstreamPlan) => boolean;

interface Filter {
  expected: string;
  /** @returns `null` where the value is not what was expected */
  read(value: string): Test | null;
}

const flag = (name: 'is_pre_pay' | 'is_time_of_use'): Filter => ({
  expected: 'true or false',
  read: (value) =>
    value === 'true' || value === 'false' ? ({ product }) => product[name] === (value === 'true') : null,
});

const FILTERS: Record<string, Filter> = {
  term: {
    expected: 'a number of months',
    read: (value) => (/^\d{1,3}$/.test(value) ? ({ product }) => product.term === Number(value) : null),
  },
  // At least this green: 100 % also answers a search for 50 %.
  percent_green: {
    expected: 'a number from 0 to 100',
    read: (value) =>
      value !== '' && Number(value) >= 0 && Number(value) <= 100
        ? ({ product }) => (product.percent_green ?? -1) >= Number(value)
        : null,
  },
  is_pre_pay: flag('is_pre_pay'),
  is_time_of_use: flag('is_time_of_use'),
  brand_id: {
    expected: 'an id',
    read:
      (value) =>
      ({ product }) =>
        product.brand._id === value,
  },
};

/** The tests a query asks for; a text where it asks for something impossible. */
export function readFilters(query: URLSearchParams): Test[] | string {
  const tests: Test[] = [];
  for (const [name, filter] of Object.entries(FILTERS)) {
    const value = query.get(name);
    if (value === null) continue;
    const test = filter.read(value);
    if (!test) return `${name}: ${expected(filter.expected, value)}`;
    tests.push(test);
  }
  return tests;
}
