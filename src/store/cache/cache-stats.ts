/** What the cache layers of all processes did, and what the processes have in memory. */

import type { LayerFigures } from '../observation/figures.ts';
import type { Queryable } from '../postgres/database.ts';

export type LayerCounts = LayerFigures & { layer: string };

export const SUMS = [
  'hits',
  'misses',
  'stale_serves',
  'errors',
  'loads',
  'loaded_bytes',
  'refused_loads',
] as const;
const added = (column: string): string =>
  `${column} = array(select coalesce(a, 0) + coalesce(b, 0)
     from unnest(s.${column}, excluded.${column}) with ordinality as u (a, b, n) order by n)`;

/** Adds counts to those of the minute. */
export async function addCacheStats(
  queryable: Queryable,
  now: Date,
  counts: readonly LayerCounts[],
): Promise<void> {
  await queryable.query(
    `insert into cache_stats as s (minute, layer, ${SUMS.join(', ')}, latency, age, max_age_seconds)
     select date_trunc('minute', $1::timestamptz), layer, ${SUMS.join(', ')}, latency, age, max_age_seconds
       from jsonb_to_recordset($2) as c (layer text, ${SUMS.map((name) => `${name} bigint`).join(', ')},
         latency bigint[], age bigint[], max_age_seconds float8)
      -- In one order: two processes that add at once wait for each other, never in a circle.
      order by layer
     on conflict (minute, layer) do update set
       ${SUMS.map((name) => `${name} = s.${name} + excluded.${name}`).join(', ')},
       ${added('latency')}, ${added('age')},
       max_age_seconds = greatest(s.max_age_seconds, excluded.max_age_seconds)`,
    [now, JSON.stringify(counts)],
  );
}

/** Sums since a time, one row for each layer that did anything. */
export async function readCacheStats(queryable: Queryable, since: Date): Promise<LayerCounts[]> {
  const { rows } = await queryable.query<LayerCounts>(
    `with chosen as (select * from cache_stats where minute > $1),
          steps as (
            select layer, kind, n, sum(v) as v
              from chosen,
                   lateral (select 'latency' as kind, n, v from unnest(latency) with ordinality as l (v, n)
                            union all
                            select 'age', n, v from unnest(age) with ordinality as a (v, n)) each
             group by layer, kind, n
          ),
          arrays as (
            select layer, array_agg(v order by n) filter (where kind = 'latency')::float8[] as latency,
                   array_agg(v order by n) filter (where kind = 'age')::float8[] as age
              from steps group by layer
          )
     select layer, ${SUMS.map((name) => `sum(${name})::float8 as ${name}`).join(', ')},
            max(max_age_seconds) as max_age_seconds, a.latency, a.age
       from chosen join arrays a using (layer) group by layer, a.latency, a.age`,
    [since],
  );
  return rows;
}

/** Of each minute of a time, `to` excluded. */
export async function readMinuteLayers(
  queryable: Queryable,
  { from, to }: { from: Date; to: Date },
): Promise<(LayerCounts & { minute: Date })[]> {
  const { rows } = await queryable.query<LayerCounts & { minute: Date }>(
    `select minute, layer, ${SUMS.map((name) => `${name}::float8`).join(', ')}, max_age_seconds,
            latency::float8[] as latency, age::float8[] as age
       from cache_stats where minute >= $1 and minute < $2`,
    [from, to],
  );
  return rows;
}

export interface CacheProcess {
  process_id: string;
  host: string;
  pid: number;
  started_at: Date;
  seen_at: Date;
  entries: number;
  bytes: number;
}

/** Says that a process lives and what it has in memory; forgets those long gone, and figures older than `keepDays`. */
export async function noteCacheProcess(
  queryable: Queryable,
  process: CacheProcess,
  keepDays: number,
): Promise<void> {
  const { process_id, host, pid, started_at, seen_at, entries, bytes } = process;
  await queryable.query(
    `with gone as (delete from cache_processes where seen_at < $5::timestamptz - interval '1 hour'),
          old as (delete from cache_stats where minute < $5::timestamptz - make_interval(days => $8))
     insert into cache_processes (process_id, host, pid, started_at, seen_at, entries, bytes)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (process_id) do update set seen_at = $5, entries = $6, bytes = $7`,
    [process_id, host, pid, started_at, seen_at, entries, bytes, keepDays],
  );
}

export async function removeCacheProcess(queryable: Queryable, processId: string): Promise<void> {
  await queryable.query('delete from cache_processes where process_id = $1', [processId]);
}

/** Processes that were seen within the last minute. */
export async function readCacheProcesses(queryable: Queryable, now: Date): Promise<CacheProcess[]> {
  const { rows } = await queryable.query<CacheProcess>(
    `select * from cache_processes where seen_at > $1::timestamptz - interval '1 minute' order by started_at`,
    [now],
  );
  return rows;
}

/** What is in the database cache and has not expired. */
export async function readPlanCacheSize(queryable: Queryable): Promise<{ entries: number; bytes: number }> {
  const { rows } = await queryable.query<{ entries: number; bytes: number }>(
    `select count(*)::int as entries, coalesce(sum(pg_column_size(plans_data)), 0)::float8 as bytes
       from plan_cache where expires_at > now()`,
  );
  return rows[0]!;
}
