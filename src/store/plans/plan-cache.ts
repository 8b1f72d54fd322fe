/**
 * The database cache: a plan set ready to be served, written right after each publish, and the plans themselves behind
 * it. Readers compare versions, so one that is behind, or missing, costs a reader some milliseconds only.
 */

import { decodePlanSet, encodePlanSet } from '../../plan/packed/plan-set-bytes.ts';
import type { PlanSet } from '../../plan/plan-set.ts';
import { toJsonb } from '../postgres/copy.ts';
import type { Connection, Database, Queryable } from '../postgres/database.ts';
import { readActivePlanSet } from './plans.ts';

const cacheKey = (duns: string): string => `plans:${duns}`;

/**
 * Puts back what has expired, was cleared or is damaged, from the plans themselves.
 * @returns how many bytes were written; 0 if somebody was quicker or something newer is there
 */
export async function refillPlanCache(queryable: Queryable, set: PlanSet, ttlMs: number): Promise<number> {
  // Every process that read the plans after a publish comes with them; all but the first need not send them.
  const cached = await readCachedPlanSet(queryable, set.tdsp_duns);
  if (cached && cached.version >= set.version) return 0;
  const plans = toJsonb(set.plans);
  const { rowCount } = await queryable.query(
    `insert into plan_cache as c (cache_key, plans_data, packed, version, created_at, expires_at)
     select $1::varchar, $2::jsonb, $6::bytea, $3::bigint, now(), now() + make_interval(secs => $5::float8 / 1000)
      where $3::bigint = (select max(version) from plan_snapshots where tdsp_duns = $4)
     on conflict (cache_key) do update set plans_data = excluded.plans_data, packed = excluded.packed,
       version = excluded.version, created_at = excluded.created_at, expires_at = excluded.expires_at
      where c.version < excluded.version
         or (c.version = excluded.version and (c.expires_at <= now()
             or c.packed is distinct from excluded.packed or c.plans_data <> excluded.plans_data))`,
    [cacheKey(set.tdsp_duns), plans, set.version, set.tdsp_duns, ttlMs, encodePlanSet(set)],
  );
  return rowCount === 1 ? plans.length : 0;
}

/**
 * Makes the current plan set of a TDSP ready to be served. Who publishes waits for it, but not for ever, and not
 * inside the publish: it takes longer than all the rest, and nothing is lost without it.
 */
export function fillPlanCache(database: Database, duns: string, ttlMs: number): Promise<void> {
  return database.transaction(async (connection) => {
    await connection.query("set local statement_timeout = '3s'");
    const set = await readActivePlanSet(connection, duns);
    if (set) await refillPlanCache(connection, set, ttlMs);
  });
}

/** What is ready to be served, and until when. */
export async function readPlanCacheState(
  queryable: Queryable,
): Promise<{ tdsp_duns: string; version: number; expires_at: Date }[]> {
  const { rows } = await queryable.query<{ tdsp_duns: string; version: number; expires_at: Date }>(
    `select substr(cache_key, 7) as tdsp_duns, version, expires_at from plan_cache where cache_key like 'plans:%'`,
  );
  return rows;
}

/** @param duns one TDSP; `null`: all */
export async function deletePlanCache(connection: Connection, duns: string | null): Promise<void> {
  await connection.query('delete from plan_cache where $1::text is null or cache_key = $1', [
    duns && cacheKey(duns),
  ]);
}

/**
 * The current plan set of a TDSP; `null` unless the database cache has it whole, not expired, and in our packed format:
 * somebody may have written to the table by hand, or restored half of it.
 */
export async function readCachedPlanSet(queryable: Queryable, duns: string): Promise<PlanSet | null> {
  const { rows } = await queryable.query<{ packed: Buffer | null; version: number; observed_at: Date }>(
    `select c.packed, s.version, s.observed_at
       from (select * from plan_snapshots where tdsp_duns = $1 order by version desc limit 1) s
       join plan_cache c on c.version = s.version and c.cache_key = $2 and c.expires_at > now()`,
    [duns, cacheKey(duns)],
  );
  const [row] = rows;
  if (!row?.packed) return null;
  const { packed, version, observed_at } = row;
  return decodePlanSet(packed, { tdsp_duns: duns, version, observed_at: observed_at.toISOString() });
}
