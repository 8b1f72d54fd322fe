/** One upstream call and what becomes of it: every TDSP it covers is published by itself. */

import { bulkhead } from 'cockatiel';
import type { FetchContext, PlanSource } from '../../sources/source.ts';
import { noteSchemaDrift } from '../../store/plans/quarantine.ts';
import type { Snapshot } from '../../store/plans/snapshots.ts';
import type { Database } from '../../store/postgres/database.ts';
import { confirm, sharedValidators } from './confirm.ts';
import { failedOutcome, type Outcome, untouchedOutcome } from './outcome.ts';
import { publishFetched } from './publish-fetched.ts';
import { SnapshotOvertakenError } from './superseded.ts';

const PUBLISHES_AT_ONCE = 4;

interface FetchJob {
  database: Database;
  source: PlanSource;
  context: FetchContext;
  /** TDSPs of which even what the guard would hold back is published. */
  forced: ReadonlySet<string>;
  cacheTtlMs: number;
  /** False: the planner's statistics are left to `db:optimize`. */
  tuneDatabase?: boolean | undefined;
  /** What is published as the fetch begins, by TDSP. */
  base: ReadonlyMap<string, Snapshot>;
  now(): Date;
}

/** @throws {SourceError} the call brought nothing */
export async function fetchAndPublish(duns: string[], job: FetchJob): Promise<Outcome[]> {
  const { database, source, context, base, forced, cacheTtlMs, tuneDatabase, now } = job;
  let payload_hash: string | null = null;
  const onPayload = (hash: string | null) => {
    payload_hash = hash;
  };
  const known = context.isForced ? null : sharedValidators(duns, base, source, now());
  const fetched = await source.fetch(duns, { ...context, known, onPayload });
  const observed_at = now();
  if ('notModified' in fetched) {
    return Promise.all(duns.map((one) => confirmOne(base.get(one)!, observed_at, job)));
  }
  const drift = await noteSchemaDrift(database.pool, fetched.source, fetched.schema_drift, observed_at);
  const from = {
    source: fetched.source,
    origin: source.origin,
    observed_at,
    payload_hash,
    validators: fetched.validators ?? null,
    by: 'sync',
  } as const;
  // Several at once: while PostgreSQL writes one, the next one is compared, and one flush to disk serves them all.
  const atOnce = bulkhead(PUBLISHES_AT_ONCE, Number.POSITIVE_INFINITY);
  return Promise.all(
    fetched.tdsps.map(async (tdsp, place) => {
      const { tdsp_duns } = tdsp;
      const outcome = await atOnce.execute(() =>
        publishFetched(tdsp, from, {
          database,
          run_id: context.run_id,
          cacheTtlMs,
          tuneDatabase,
          now,
          base: base.get(tdsp_duns) ?? null,
          force: forced.has(tdsp_duns),
        }),
      );
      // Told once for each call, not once for each TDSP it covers.
      const told = place === 0 ? { drift, skipped: fetched.skipped } : {};
      return { ...outcome, ...told, source: fetched.source };
    }),
  );
}

/** Plans that nobody read again are those that were read before. */
async function confirmOne(snapshot: Snapshot, observed_at: Date, job: FetchJob): Promise<Outcome> {
  const { tdsp_duns, version, source, plans } = snapshot;
  try {
    await confirm(job.database, snapshot, { now: observed_at, cacheTtlMs: job.cacheTtlMs });
    const counts = { seen: plans, added: 0, changed: 0, unchanged: plans, deactivated: 0, rejected: 0 };
    return {
      tdsp_duns,
      status: 'unchanged',
      plans: counts,
      snapshot_version: version,
      payload_hash: null,
      error_code: null,
      message: null,
      retry_at: null,
      source,
      drift: [],
      skipped: {},
    };
  } catch (error) {
    if (error instanceof SnapshotOvertakenError) return untouchedOutcome(tdsp_duns, 'shared', error.version);
    return failedOutcome(tdsp_duns, 'failed', error);
  }
}
