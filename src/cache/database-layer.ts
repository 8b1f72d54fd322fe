/** The layers in PostgreSQL: the database cache, and behind it the active plans, which are always there. */

import type { PlanSet } from '../plan/plan-set.ts';
import { readCachedPlanSet, refillPlanCache } from '../store/plans/plan-cache.ts';
import { readActivePlanSet } from '../store/plans/plans.ts';
import type { Database, Queryable } from '../store/postgres/database.ts';
import type { Layer } from './layer.ts';

/**
 * `plan_cache`: written with every publish, and again from the active plans once it has expired. Nobody waits for a
 * write, so it does not go where a statement is cut off after a second: a megabyte for each TDSP at once takes longer
 * on a busy machine, and what was cut off came again only when memory expired.
 */
export function databaseLayer({ quick, pool }: Pick<Database, 'quick' | 'pool'>, ttlMs: number): Layer {
  return {
    name: 'database',
    read: (duns: string) => readCachedPlanSet(quick, duns),
    write: (set: PlanSet) => refillPlanCache(pool, set, ttlMs),
  };
}

/** Never expires, and is never behind: its rows are what was published. */
export function activeLayer(queryable: Queryable): Layer {
  return { name: 'active', read: (duns: string) => readActivePlanSet(queryable, duns) };
}
