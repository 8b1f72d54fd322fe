/** What is known of when plan sets change, and what was learned of it. */

import { toJsonb } from '../postgres/copy.ts';
import type { Queryable } from '../postgres/database.ts';

/** An answer of the upstream about one plan set, or about all of them. */
interface StoredLook {
  /** DUNS of the TDSP; `null` where one call brings all of them. */
  tdsp_duns: string | null;
  called_at: Date;
  /** Of when the answer is: earlier, where a cache of the upstream had held it. */
  as_of: Date;
  /** `null`: not modified. */
  payload_hash: string | null;
}

const AS_OF = `called_at - coalesce(age_seconds, 0) * interval '1 second'`;

/** Answers since then, the oldest first; a failed call is not a look. */
export async function readLooks(queryable: Queryable, source: string, since: Date): Promise<StoredLook[]> {
  const { rows } = await queryable.query<StoredLook>(
    `select params ->> 'tdsp_duns' as tdsp_duns, called_at, ${AS_OF} as as_of, case when status = 304 then null else payload_hash end as payload_hash
       from api_calls where source = $1 and called_at > $2 and error is null and status is not null
      order by called_at, id`,
    [source, since],
  );
  return rows;
}

/** The last body of each plan set that came until then, and the last answer about it, a body or "not modified". */
export async function readLastBodies(
  queryable: Queryable,
  source: string,
  until: Date,
): Promise<{ tdsp_duns: string | null; payload_hash: string; as_of: Date }[]> {
  const { rows } = await queryable.query(
    `with looks as (
       select params ->> 'tdsp_duns' as tdsp_duns, payload_hash, status, called_at, ${AS_OF} as as_of
         from api_calls where source = $1 and called_at <= $2 and error is null and status is not null
     )
     select distinct on (b.tdsp_duns) b.tdsp_duns, b.payload_hash,
            (select max(l.as_of) from looks l where l.tdsp_duns is not distinct from b.tdsp_duns) as as_of
       from looks b where b.payload_hash is not null and b.status <> 304
      order by b.tdsp_duns, b.called_at desc`,
    [source, until],
  );
  return rows;
}

export interface StoredChange {
  plan_set: string;
  changed_after: Date;
  changed_by: Date;
  seen_at: Date;
}

export async function insertChanges(
  queryable: Queryable,
  source: string,
  changes: readonly StoredChange[],
): Promise<void> {
  await queryable.query(
    `insert into refresh_changes (source, plan_set, changed_after, changed_by, seen_at)
     select $1, plan_set, changed_after, changed_by, seen_at
       from jsonb_to_recordset($2) as c (plan_set text, changed_after timestamptz, changed_by timestamptz, seen_at timestamptz)
     on conflict do nothing`,
    [source, toJsonb(changes)],
  );
}

export async function readChanges(queryable: Queryable, source: string): Promise<StoredChange[]> {
  const { rows } = await queryable.query<StoredChange>(
    `select plan_set, changed_after, changed_by, seen_at from refresh_changes
      where source = $1 order by changed_by, plan_set`,
    [source],
  );
  return rows;
}

export async function forgetRefreshModel(queryable: Queryable, source: string): Promise<void> {
  await queryable.query(
    'with models as (delete from refresh_models where source = $1) delete from refresh_changes where source = $1',
    [source],
  );
}

interface StoredModel {
  watched_since: Date;
  read_until: Date;
  fitted_at: Date;
  /** Its shape is that of another room. */
  model: unknown;
  price: number;
  proof: unknown;
}

export async function readRefreshModel(queryable: Queryable, source: string): Promise<StoredModel | null> {
  const { rows } = await queryable.query<StoredModel>(
    'select watched_since, read_until, fitted_at, model, price, proof from refresh_models where source = $1',
    [source],
  );
  return rows[0] ?? null;
}

export async function writeRefreshModel(
  queryable: Queryable,
  source: string,
  { watched_since, read_until, fitted_at, model, price, proof }: StoredModel,
): Promise<void> {
  await queryable.query(
    `insert into refresh_models (source, watched_since, read_until, fitted_at, model, price, proof)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (source) do update set watched_since = excluded.watched_since, read_until = excluded.read_until,
       fitted_at = excluded.fitted_at, model = excluded.model, price = excluded.price, proof = excluded.proof`,
    [source, watched_since, read_until, fitted_at, toJsonb(model), price, toJsonb(proof)],
  );
}

export async function writeReadUntil(queryable: Queryable, source: string, until: Date): Promise<void> {
  await queryable.query('update refresh_models set read_until = $2 where source = $1', [source, until]);
}

export interface SeenPlanSet {
  tdsp_duns: string;
  /**
   * The last time that the upstream confirmed its plans, as of when its answer was; `null`: never, or another origin did.
   */
  looked_at: Date | null;
  /** When a look last found it changed. */
  moved_at: Date | null;
  /** The last call for it, an answer or none. */
  tried_at: Date | null;
  /** Paused, or waiting for a worker already. */
  is_busy: boolean;
}

export async function readSeenPlanSets(
  queryable: Queryable,
  { source, origin, queue }: { source: string; origin: string; queue: string },
): Promise<SeenPlanSet[]> {
  const { rows } = await queryable.query<SeenPlanSet>(
    `select t.duns as tdsp_duns, s.observed_at - coalesce((
              select c.age_seconds from api_calls c
               where c.source = $1 and c.called_at > clock_timestamp() - interval '1 day'
                 and c.params ->> 'tdsp_duns' = t.duns and c.error is null and c.status is not null
               order by c.called_at desc limit 1), 0) * interval '1 second' as looked_at,
            case when s.version > 1 then s.published_at end as moved_at,
            (select max(called_at) from api_calls c
              where c.source = $1 and c.called_at > clock_timestamp() - interval '1 day'
                and c.params ->> 'tdsp_duns' = t.duns) as tried_at,
            exists (select from tdsp_pauses p where p.tdsp_duns = t.duns and p.not_before > clock_timestamp())
              or exists (select from sync_targets g
                          where g.queue = $3 and g.tdsp_duns = t.duns and g.state <> 'settled') as is_busy
       from tdsps t left join lateral (
         select * from plan_snapshots where tdsp_duns = t.duns and origin = $2 order by version desc limit 1
       ) s on true
      order by t.duns`,
    [source, origin, queue],
  );
  return rows;
}

export interface RefreshDay {
  /** A day of Texas: `2026-07-20`. */
  day: string;
  changes: number;
  /** Mean minutes from a change to the answer that showed it; `null`: nothing changed. */
  minutes: number | null;
  /** What calls at the turns of the interval alone would have taken. */
  schedule_minutes: number | null;
  /** Calls of the refresh strategy, and all calls. */
  looks: number;
  calls: number;
}

/** What each day since then brought, the oldest first. @param intervalMs between the calls of the schedules */
export async function readRefreshDays(
  queryable: Queryable,
  source: string,
  since: Date,
  intervalMs: number,
): Promise<RefreshDay[]> {
  const { rows } = await queryable.query<RefreshDay>(
    `with changes as (
       select changed_after + (changed_by - changed_after) / 2 as at, seen_at
         from refresh_changes where source = $1 and changed_by > $2
     ), seen as (
       select to_char(at at time zone 'America/Chicago', 'YYYY-MM-DD') as day, count(*)::int as changes,
              avg(extract(epoch from seen_at - at) / 60)::float8 as minutes,
              avg(extract(epoch from date_bin($3::float8 * interval '1 ms', at, timestamptz 'epoch')
                + $3::float8 * interval '1 ms' - at) / 60)::float8 as schedule_minutes
         from changes group by 1
     ), made as (
       select to_char(called_at at time zone 'America/Chicago', 'YYYY-MM-DD') as day, count(*)::int as calls,
              count(*) filter (where exists (
                select from sync_runs r where r.id = c.run_id and r.requested_by = 'refresh'))::int as looks
         from api_calls c where source = $1 and called_at > $2 group by 1
     )
     select day, coalesce(changes, 0) as changes, minutes, schedule_minutes, coalesce(looks, 0) as looks,
            coalesce(calls, 0) as calls
       from made full join seen using (day) order by day`,
    [source, since, intervalMs],
  );
  return rows;
}

/** Calls of the refresh strategy within the last hour and week. */
export async function readRefreshCalls(
  queryable: Queryable,
  source: string,
): Promise<{ hour: number; week: number }> {
  const { rows } = await queryable.query<{ hour: number; week: number }>(
    `select count(*) filter (where c.called_at > clock_timestamp() - interval '1 hour')::int as hour, count(*)::int as week
       from api_calls c join sync_runs r on r.id = c.run_id
      where c.source = $1 and r.requested_by = 'refresh' and c.called_at > clock_timestamp() - interval '7 days'`,
    [source],
  );
  return rows[0]!;
}
