/** The layers in PostgreSQL: the database cache, and behind it the active plans, which are always there. */

import type { PlanSet } from '../plan/plan-set.ts';
import { readCachedPlanSet, refillPlanCache } from '../store/plans/plan-cache.ts';
import { readActivePlanSet } from '../store/plans/plans.ts';
import type { Queryable } from '../store/postgres/database.ts';
import type { Layer } from './layer.ts';

/** `plan_cache`: written with every publish, and again from the active plans once it has expired. */
export function databaseLayer(queryable: Queryable, ttlMs: number): Layer {
  return {
    name: 'database',
    read: (duns: string) => readCachedPlanSet(queryable, duns),
    write: (set: PlanSet) => refillPlanCache(queryable, set, ttlMs),
  };
}

/** Never expires, and is never behind: its rows are what was published. */
export function activeLayer(queryable: Queryable): Layer {
  return { name: 'active', read: (duns: string) => readActivePlanSet(queryable, duns) };
}
