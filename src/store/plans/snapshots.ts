/** Published snapshots: which plans a TDSP has now, and since when and until when that was confirmed. */

import type { Queryable } from '../postgres/database.ts';

/** The channel on which every process hears of a publish. The payload is JSON: `{tdsp_duns, version, observed_at}`. */
export const PLANS_PUBLISHED = 'wattsync_plans_published';

/** What an upstream calls a version of its answer (RFC 9110, 8.8). */
export interface Validators {
  /** What had been asked for. */
  request: string;
  etag: string | null;
  last_modified: string | null;
  /** When the whole answer was last read, ISO 8601 in UTC. */
  body_at: string;
}

export interface Snapshot {
  tdsp_duns: string;
  version: number;
  source: string;
  origin: string;
  content_hash: string;
  plans: number;
  observed_at: Date;
  published_at: Date;
  /** Of the answer that held exactly these plans and nothing that could not be read. */
  validators: Validators | null;
}

/** The current snapshot of every TDSP that has one. */
export async function readCurrentSnapshots(queryable: Queryable): Promise<Snapshot[]> {
  const { rows } = await queryable.query<Snapshot>(
    // One look at the index for each TDSP: the cost does not grow with the history.
    `select s.tdsp_duns, s.version, s.source, s.origin, s.content_hash, s.plans, s.observed_at, s.published_at,
            s.validators
       from tdsps t cross join lateral
            (select * from plan_snapshots where tdsp_duns = t.duns order by version desc limit 1) s
      order by s.tdsp_duns`,
  );
  return rows;
}

export async function readCurrentSnapshot(queryable: Queryable, duns: string): Promise<Snapshot | null> {
  const { rows } = await queryable.query<Snapshot>(
    `select tdsp_duns, version, source, origin, content_hash, plans, observed_at, published_at, validators
       from plan_snapshots where tdsp_duns = $1 order by version desc limit 1`,
    [duns],
  );
  return rows[0] ?? null;
}

/** A published snapshot, and what it was read from. */
export interface SnapshotReading {
  tdsp_duns: string;
  version: number;
  source: string;
  origin: string;
  observed_at: Date;
  /** `null`: published before bodies were kept. */
  payload_hash: string | null;
  /** Upstream ids of records that could not be read; empty text where not even that could. */
  unread: string[];
  /** Fields that are not as they were read, but as they were before. */
  kept_fields: string[];
}

/**
 * What these snapshots were read from.
 * @param version the current one where it is left out
 */
export async function readSnapshotReadings(
  queryable: Queryable,
  tdsps: readonly string[],
  version: number | null = null,
): Promise<SnapshotReading[]> {
  const { rows } = await queryable.query<SnapshotReading>(
    `select s.tdsp_duns, s.version, s.source, s.origin, s.observed_at, s.payload_hash, coalesce(s.unread, '{}') as unread,
            coalesce(s.kept_fields, '{}') as kept_fields
       from unnest($1::text[]) with ordinality as wanted (duns, place) cross join lateral (
         select * from plan_snapshots where tdsp_duns = wanted.duns and ($2::bigint is null or version = $2)
          order by version desc limit 1
       ) s
      order by wanted.place`,
    [tdsps, version],
  );
  return rows;
}

/**
 * The upstream offers exactly what is published: only the time of that knowledge moves, and with it the life of the
 * database cache. Every process is told, with the commit: one NOTIFY, for each takes a database-wide lock.
 * @returns whether the database cache holds this version; `null` where the snapshot is not as it was read any more, or
 * in an emergency: then nothing was written
 */
export async function confirmSnapshot(
  queryable: Queryable,
  { tdsp_duns, version, observed_at: before }: Snapshot,
  seen: Pick<Snapshot, 'observed_at' | 'origin' | 'validators'> & {
    payload_hash: string | null;
    cache_expires_at: Date;
  },
): Promise<{ is_cached: boolean } | null> {
  const { observed_at, origin, validators, payload_hash, cache_expires_at } = seen;
  const { rows } = await queryable.query<{ is_cached: boolean }>({
    name: 'confirm snapshot',
    text: `with control as (
        select state from sync_control for share
      ), confirmed as (
        update plan_snapshots set observed_at = greatest(observed_at, $4), origin = $5, validators = $10,
               payload_hash = coalesce($9, payload_hash)
         where tdsp_duns = $1 and version = $2 and superseded_at is null
           and date_trunc('milliseconds', observed_at) = $3 and (select state from control) <> 'emergency'
        returning tdsp_duns, version
      ), extended as (
        update plan_cache c set expires_at = $6 from confirmed
         where c.cache_key = 'plans:' || confirmed.tdsp_duns and c.version = confirmed.version
        returning 1
      )
      select exists (select from extended) as is_cached, pg_notify($7, $8) from confirmed`,
    values: [
      tdsp_duns,
      version,
      before,
      observed_at,
      origin,
      cache_expires_at,
      PLANS_PUBLISHED,
      JSON.stringify({ tdsp_duns, version, observed_at }),
      payload_hash,
      validators,
    ],
  });
  return rows[0] ?? null;
}

/** Tells every process what is current, for those that lost it. */
export async function announceCurrent(queryable: Queryable, snapshots: readonly Snapshot[]): Promise<void> {
  await queryable.query('select pg_notify($1, payload) from unnest($2::text[]) payload', [
    PLANS_PUBLISHED,
    snapshots.map(({ tdsp_duns, version, observed_at }) =>
      JSON.stringify({ tdsp_duns, version, observed_at }),
    ),
  ]);
}

/** Whether this version was ever published: what else claims it does not come from here. */
export async function isPublished(queryable: Queryable, duns: string, version: number): Promise<boolean> {
  const { rows } = await queryable.query<{ is_published: boolean }>(
    'select exists (select from plan_snapshots where tdsp_duns = $1 and version = $2) as is_published',
    [duns, version],
  );
  return rows[0]!.is_published;
}
