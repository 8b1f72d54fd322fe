/** The database cache: a plan set ready to be served, written with each publish, and the plans themselves behind it. */

import type { Plan } from '../plan/plan.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import { decodePlanSet, encodePlanSet } from '../plan/plan-set-bytes.ts';
import { toJsonb } from './copy.ts';
import type { Connection, Queryable } from './database.ts';

const cacheKey = (duns: string): string => `plans:${duns}`;

export async function writePlanCache(
  connection: Connection,
  set: Omit<PlanSet, 'observed_at'>,
  { now, ttlMs }: { now: Date; ttlMs: number },
): Promise<void> {
  await connection.query(
    `insert into plan_cache (cache_key, plans_data, packed, version, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (cache_key) do update set plans_data = excluded.plans_data, packed = excluded.packed,
       version = excluded.version, created_at = excluded.created_at, expires_at = excluded.expires_at`,
    [
      ...[cacheKey(set.tdsp_duns), toJsonb(set.plans), encodePlanSet(set), set.version],
      ...[now, new Date(now.getTime() + ttlMs)],
    ],
  );
}

/** The cached set was just confirmed: it lives on without being written again. */
export async function extendPlanCache(
  connection: Connection,
  entry: { duns: string; now: Date; ttlMs: number },
): Promise<void> {
  await connection.query('update plan_cache set expires_at = $2 where cache_key = $1', [
    cacheKey(entry.duns),
    new Date(entry.now.getTime() + entry.ttlMs),
  ]);
}

/**
 * Puts back what has expired or was cleared, from the plans themselves.
 * @returns how many bytes were written; 0 if somebody was quicker or something newer is there
 */
export async function refillPlanCache(queryable: Queryable, set: PlanSet, ttlMs: number): Promise<number> {
  const plans = toJsonb(set.plans);
  const { rowCount } = await queryable.query(
    `insert into plan_cache as c (cache_key, plans_data, packed, version, created_at, expires_at)
     select $1::varchar, $2::jsonb, $6::bytea, $3::bigint, now(), now() + make_interval(secs => $5::float8 / 1000)
      where $3::bigint = (select max(version) from plan_snapshots where tdsp_duns = $4)
     on conflict (cache_key) do update set plans_data = excluded.plans_data, packed = excluded.packed,
       version = excluded.version, created_at = excluded.created_at, expires_at = excluded.expires_at
      where c.version < excluded.version or (c.version = excluded.version and c.expires_at <= now())`,
    [cacheKey(set.tdsp_duns), plans, set.version, set.tdsp_duns, ttlMs, encodePlanSet(set)],
  );
  return rowCount === 1 ? plans.length : 0;
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

/** The current plan set of a TDSP, if the database cache has it and it has not expired. */
export async function readCachedPlanSet(queryable: Queryable, duns: string): Promise<PlanSet | null> {
  const row = await readRow<{ packed: Buffer | null }>(queryable, duns, 'packed');
  if (!row) return null;
  const { version, observed_at } = row;
  const set =
    row.packed &&
    decodePlanSet(row.packed, { tdsp_duns: duns, version, observed_at: observed_at.toISOString() });
  return set ?? readUnpacked(queryable, duns);
}

/** As a program of another version wrote it. */
async function readUnpacked(queryable: Queryable, duns: string): Promise<PlanSet | null> {
  const row = await readRow<{ plans_data: Plan[] }>(queryable, duns, 'plans_data');
  if (!row) return null;
  const { plans_data: plans, version, source, observed_at } = row;
  return { tdsp_duns: duns, version, source, observed_at: observed_at.toISOString(), plans };
}

async function readRow<T>(
  queryable: Queryable,
  duns: string,
  column: 'packed' | 'plans_data',
): Promise<(T & { version: number; source: string; observed_at: Date }) | undefined> {
  const { rows } = await queryable.query<T & { version: number; source: string; observed_at: Date }>(
    `select c.${column}, s.version, s.source, s.observed_at
       from (select * from plan_snapshots where tdsp_duns = $1 order by version desc limit 1) s
       join plan_cache c on c.version = s.version and c.cache_key = $2 and c.expires_at > now()`,
    [duns, cacheKey(duns)],
  );
  return rows[0];
}
