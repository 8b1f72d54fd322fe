/** What the pages of all places of a market have in common where nothing is filtered: made once, not once a city. */

import type { PlanYear } from '../../catalog/priced-years.ts';
import type { Language } from '../language.ts';
import { filterParams, type ListQuery } from './list-query.ts';

type Sharing<T> = (rows: readonly PlanYear[], language: Language, query: ListQuery, make: () => T) => T;

/**
 * @returns makes something of the plans in their order, or gives what was made of the same ones. Filtered lists are
 * made each time: there are as many of them as anybody thinks of.
 */
export function sharing<T>(): Sharing<T> {
  const made = new WeakMap<readonly PlanYear[], Map<Language, T>>();
  return (rows, language, query, make) => {
    if (filterParams(query).length > 0) return make();
    const ofRows = made.get(rows) ?? new Map<Language, T>();
    made.set(rows, ofRows);
    const known = ofRows.get(language);
    if (known !== undefined) return known;
    const value = make();
    ofRows.set(language, value);
    return value;
  };
}
