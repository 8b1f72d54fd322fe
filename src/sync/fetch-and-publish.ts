/** One upstream call and what becomes of it: every TDSP it covers is published by itself. */

import type { FetchContext, Fetched, FetchedTdsp, PlanSource } from '../sources/source.ts';
import type { Database } from '../store/database.ts';
import { noteSchemaDrift, quarantine } from '../store/quarantine.ts';
import type { Snapshot } from '../store/snapshots.ts';
import { confirm, sharedValidators } from './confirm.ts';
import { SnapshotHeldError } from './guard.ts';
import { failedOutcome, type Outcome, untouchedOutcome } from './outcome.ts';
import { SnapshotOvertakenError } from './overtaken.ts';
import { publish } from './publish.ts';

export interface FetchJob {
  database: Database;
  source: PlanSource;
  context: FetchContext;
  /** TDSPs of which even what the guard would hold back is published. */
  forced: ReadonlySet<string>;
  cacheTtlMs: number;
  /** What is published as the fetch begins, by TDSP. */
  base: ReadonlyMap<string, Snapshot>;
  now(): Date;
}

/** @throws {SourceError} the call brought nothing */
export async function fetchAndPublish(duns: string[], job: FetchJob): Promise<Outcome[]> {
  const { database, source, context, now } = job;
  const known = context.isForced ? null : sharedValidators(duns, job.base, source, now());
  const fetched = await source.fetch(duns, { ...context, known });
  const observed_at = now();
  if ('notModified' in fetched) {
    return Promise.all(duns.map((one) => confirmOne(job.base.get(one)!, observed_at, job)));
  }
  const drift = await noteSchemaDrift(database.pool, fetched.source, fetched.schema_drift, observed_at);
  const outcomes: Outcome[] = [];
  for (const tdsp of fetched.tdsps) {
    const outcome = await publishOne(tdsp, fetched, observed_at, job);
    // Told once for each call, not once for each TDSP it covers.
    const told = outcomes.length === 0 ? { drift, skipped: fetched.skipped } : {};
    outcomes.push({ ...outcome, ...told, source: fetched.source });
  }
  return outcomes;
}

/** Plans that nobody read again are those that were read before. */
async function confirmOne(snapshot: Snapshot, observed_at: Date, job: FetchJob): Promise<Outcome> {
  const { tdsp_duns, version, source, plans } = snapshot;
  try {
    await confirm(job.database, snapshot, { now: observed_at, cacheTtlMs: job.cacheTtlMs });
    const counts = { seen: plans, added: 0, changed: 0, unchanged: plans, deactivated: 0, rejected: 0 };
    return {
      ...{ tdsp_duns, status: 'unchanged', plans: counts, snapshot_version: version },
      ...{ error_code: null, message: null, retry_at: null, source, drift: [], skipped: {} },
    };
  } catch (error) {
    if (error instanceof SnapshotOvertakenError) return untouchedOutcome(tdsp_duns, 'shared', error.version);
    return failedOutcome(tdsp_duns, 'failed', error);
  }
}

async function publishOne(
  tdsp: FetchedTdsp,
  fetched: Fetched,
  observed_at: Date,
  job: FetchJob,
): Promise<Outcome> {
  const { database, context, cacheTtlMs, forced, now } = job;
  const { tdsp_duns, plans, rejections } = tdsp;
  const { run_id } = context;
  try {
    await quarantine(database.pool, { source: fetched.source, tdsp_duns, run_id, now: now() }, rejections);
    const snapshot = {
      tdsp_duns,
      source: fetched.source,
      origin: job.source.origin,
      plans,
      observed_at,
      run_id,
      validators: fetched.validators ?? null,
      base: job.base.get(tdsp_duns) ?? null,
    };
    const published = await publish(
      database,
      { ...snapshot, rejected: rejections.map(({ external_id }) => external_id) },
      { now: now(), cacheTtlMs, force: forced.has(tdsp_duns) },
    );
    return {
      ...{ tdsp_duns, status: published.isNew ? 'published' : 'unchanged' },
      ...{ plans: published.counts, snapshot_version: published.version },
      ...{ error_code: null, message: null, retry_at: null, source: fetched.source, drift: [], skipped: {} },
    };
  } catch (error) {
    if (error instanceof SnapshotOvertakenError) return untouchedOutcome(tdsp_duns, 'shared', error.version);
    return failedOutcome(tdsp_duns, error instanceof SnapshotHeldError ? 'held' : 'failed', error);
  }
}
