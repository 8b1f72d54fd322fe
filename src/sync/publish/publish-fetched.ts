/**
 * What was fetched for one TDSP, or read again from a kept body, on its way into the plans: rejected records are kept,
 * the rest is published, and what is not rejected any more is closed in the quarantine.
 */

import type { FetchedTdsp, SourceName } from '../../sources/source.ts';
import { fillPlanCache } from '../../store/plans/plan-cache.ts';
import { quarantine, resolveQuarantine } from '../../store/plans/quarantine.ts';
import type { Validators } from '../../store/plans/snapshots.ts';
import type { Database } from '../../store/postgres/database.ts';
import { SnapshotHeldError } from './guard.ts';
import { failedOutcome, type Outcome, untouchedOutcome } from './outcome.ts';
import { publish } from './publish.ts';
import { type SnapshotBase, SnapshotOvertakenError } from './superseded.ts';

/** Where it came from. */
interface FetchedFrom {
  source: SourceName;
  origin: string;
  observed_at: Date;
  /** `null`: the body is not kept. */
  payload_hash: string | null;
  /** What the upstream calls the answer; `null` where that is not known. */
  validators: Validators | null;
  by: 'sync' | 'replay';
}

interface PublishJob {
  database: Database;
  run_id: number;
  base: SnapshotBase | null;
  /** Publish even what the guard would hold back. */
  force: boolean;
  cacheTtlMs: number;
  /** False: the planner's statistics are left to `db:optimize`. */
  tuneDatabase?: boolean | undefined;
  now(): Date;
}

/** Never throws: what went wrong is in the outcome. */
export async function publishFetched(
  { tdsp_duns, plans, rejections }: FetchedTdsp,
  { by, ...from }: FetchedFrom,
  { database, run_id, base, force, cacheTtlMs, tuneDatabase, now }: PublishJob,
): Promise<Outcome> {
  const { source, payload_hash } = from;
  try {
    const origin = { source, tdsp_duns, run_id, payload_hash, now: now() };
    await quarantine(database.pool, origin, rejections);
    const rejected = rejections.map(({ external_id }) => external_id);
    const published = await publish(
      database,
      { ...from, tdsp_duns, plans, rejected, run_id, base },
      { now: now(), cacheTtlMs, force, tuneDatabase },
    );
    const ids = plans.map(({ external_id }) => external_id);
    await resolveQuarantine(database.pool, origin, { rejected: rejections, plans: ids }, by);
    // Readers have the plans already; should this fail, the first who asks the database puts it there.
    if (!published.isCached) await fillPlanCache(database, tdsp_duns, cacheTtlMs).catch(() => {});
    return {
      tdsp_duns,
      status: published.isNew ? 'published' : 'unchanged',
      plans: published.counts,
      snapshot_version: published.version,
      payload_hash,
      error_code: null,
      message: null,
      retry_at: null,
      source,
      drift: [],
      skipped: {},
    };
  } catch (error) {
    if (error instanceof SnapshotOvertakenError) return untouchedOutcome(tdsp_duns, 'shared', error.version);
    const status = error instanceof SnapshotHeldError ? 'held' : 'failed';
    return { ...failedOutcome(tdsp_duns, status, error), payload_hash };
  }
}
