/** Published snapshots: which plans a TDSP has now, and since when and until when that was confirmed. */

import type { Connection, Queryable } from './database.ts';

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

export async function insertSnapshot(
  connection: Connection,
  snapshot: Snapshot & { run_id: number },
): Promise<void> {
  const { tdsp_duns, version, source, origin, content_hash, plans, observed_at, published_at } = snapshot;
  const { run_id, validators } = snapshot;
  await connection.query(
    `insert into plan_snapshots (tdsp_duns, version, source, origin, content_hash, plans, observed_at, published_at,
       run_id, validators)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      ...[tdsp_duns, version, source, origin, content_hash, plans, observed_at, published_at],
      ...[run_id, validators],
    ],
  );
}

/** The upstream offers exactly what is published: only the time of that knowledge moves. */
export async function confirmSnapshot(
  connection: Connection,
  { tdsp_duns, version }: Pick<Snapshot, 'tdsp_duns' | 'version'>,
  seen: Pick<Snapshot, 'observed_at' | 'origin' | 'validators'>,
): Promise<void> {
  await connection.query(
    `update plan_snapshots set observed_at = greatest(observed_at, $3), origin = $4, validators = $5
      where tdsp_duns = $1 and version = $2`,
    [tdsp_duns, version, seen.observed_at, seen.origin, seen.validators],
  );
}

/**
 * Tells every process what is current, also when only the time of that knowledge moved. Takes effect with the commit,
 * and is sent once for each publish: every NOTIFY takes a database-wide lock at commit.
 */
export async function notifyPublished(
  connection: Connection,
  published: { tdsp_duns: string; version: number; observed_at: Date },
): Promise<void> {
  await connection.query('select pg_notify($1, $2)', [PLANS_PUBLISHED, JSON.stringify(published)]);
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
