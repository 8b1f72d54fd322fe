/**
 * One run of the write path: the TDSPs that some cities need are fetched, normalised, guarded and published, each by
 * itself. One that fails leaves its published plans as they are and does not disturb the others.
 */

import { performance } from 'node:perf_hooks';
import { errorCode } from '../errors.ts';
import type { FetchContext, PlanSource } from '../sources/source.ts';
import { countApiCallsOfRun } from '../store/api-calls.ts';
import type { Database } from '../store/database.ts';
import { refreshDailyRateIndex } from '../store/refresh-daily-rate-index.ts';
import { type Lease, type LeaseResult, noteRefresh, waitForLease } from '../store/refresh-leases.ts';
import { readCurrentSnapshots, type Snapshot } from '../store/snapshots.ts';
import {
  finishRun,
  insertResult,
  insertRun,
  markCrashedRuns,
  type PlanCounts,
  type ResultStatus,
  type RunError,
  type RunStatus,
  releaseRun,
} from '../store/sync-runs.ts';
import { fetchAndPublish } from './fetch-and-publish.ts';
import {
  failedOutcome,
  type Outcome,
  runStatus,
  sharedFailure,
  sumCounts,
  untouchedOutcome,
} from './outcome.ts';

export interface SyncRequest {
  /** What the operator asked for: `full`, `city`. */
  kind: string;
  /** Slugs of the cities that asked, for the record. */
  cities: string[];
  /** DUNS of the TDSPs they need, each once. */
  tdsps: string[];
  /** Bypass freshness, budget, rate limit and guard. */
  force: boolean;
}

export type SyncEvent =
  | { type: 'run_started'; run_id: number; tdsps: string[] }
  | { type: 'tdsp_started'; tdsp_duns: string }
  | { type: 'tdsp_finished'; tdsp_duns: string; outcome: Outcome };

export interface SyncOptions {
  database: Database;
  source: PlanSource;
  /** A plan set confirmed less than this ago is not fetched again. */
  freshForMs: number;
  cacheTtlMs: number;
  /** Of all these TDSPs, held already; it is given back. Without one, each group waits for its own. */
  lease?: Lease;
  /** How often one fetch may call, the first time included; left out, as often as the gate sees fit. */
  attempts?: number;
  now?: () => Date;
  onEvent?: (event: SyncEvent) => void;
  signal?: AbortSignal;
}

/** What `sync:* --json` prints. */
export interface SyncReport {
  run_id: number;
  kind: string;
  status: RunStatus;
  source: string;
  cities: string[];
  tdsps: { tdsp_duns: string; status: ResultStatus; version: number | null; message: string | null }[];
  api_calls: number;
  plans: PlanCounts;
  duration_ms: number;
  errors: RunError[];
  /** Fields the upstream added (+) or dropped (-), told the first time they are seen. */
  schema_drift: string[];
  /** Records left out on purpose, and why. */
  skipped: Record<string, number>;
}

/** Never throws for a TDSP that fails: that is in the report. Throws if PostgreSQL is gone. */
export async function runSync(request: SyncRequest, options: SyncOptions): Promise<SyncReport> {
  const {
    database,
    source,
    now = () => new Date(),
    onEvent = () => {},
    signal = new AbortController().signal,
  } = options;
  const started = performance.now();
  const startedAt = now();
  await markCrashedRuns(database.pool, startedAt);
  const connection = await database.pool.connect();
  try {
    const { kind, cities, tdsps, force } = request;
    const run_id = await insertRun(connection, {
      ...{ kind, source: source.name, requested: { cities, tdsps }, is_forced: force, started_at: startedAt },
    });
    onEvent({ type: 'run_started', run_id, tdsps });

    const { attempts } = options;
    const context: FetchContext = { run_id, isForced: force, signal, attempts };
    const job = { ...options, now, context, startedAt, force };
    const groups = source.coverage === 'state' ? [tdsps] : tdsps.map((duns) => [duns]);
    const outcomes = (
      await Promise.all(
        groups.map(async (group) => {
          const began = performance.now();
          for (const tdsp_duns of group) onEvent({ type: 'tdsp_started', tdsp_duns });
          const found = await syncGroup(group, job);
          for (const outcome of found) {
            const { drift: _drift, skipped: _skipped, source: _source, ...result } = outcome;
            const duration_ms = Math.round(performance.now() - began);
            await insertResult(database.pool, { ...result, run_id, finished_at: now(), duration_ms });
            onEvent({ type: 'tdsp_finished', tdsp_duns: outcome.tdsp_duns, outcome });
          }
          return found;
        }),
      )
    ).flat();

    const errors = outcomes.flatMap(({ tdsp_duns, error_code, message }) =>
      error_code === null ? [] : [{ tdsp_duns, code: error_code, message: message ?? error_code }],
    );
    const status = runStatus(outcomes, signal);
    const api_calls = await countApiCallsOfRun(database.pool, run_id);
    const plans = sumCounts(outcomes);
    await finishRun(database.pool, { id: run_id, status, finished_at: now(), api_calls, plans, errors });
    await releaseRun(connection, run_id);
    if (outcomes.some((outcome) => outcome.status === 'published')) {
      // The plans are published all the same, and the next run finds what this one did not write.
      await refreshDailyRateIndex(database).catch(() => {});
    }
    return {
      ...{
        run_id,
        kind,
        status,
        source: outcomes.find((outcome) => outcome.source !== null)?.source ?? source.name,
        cities,
      },
      tdsps: outcomes.map(({ tdsp_duns, status, snapshot_version: version, message }) => ({
        ...{ tdsp_duns, status, version, message },
      })),
      ...{ api_calls, plans, duration_ms: Math.round(performance.now() - started), errors },
      schema_drift: [...new Set(outcomes.flatMap(({ drift }) => drift))],
      skipped: Object.assign({}, ...outcomes.map(({ skipped }) => skipped)),
    };
  } finally {
    // Closed, not returned: should anything above have failed, its lock goes with it.
    connection.release(true);
  }
}

type Job = Omit<SyncOptions, 'now'> & {
  now: () => Date;
  context: FetchContext;
  startedAt: Date;
  force: boolean;
};

/** The TDSPs that one call covers. */
async function syncGroup(group: string[], job: Job): Promise<Outcome[]> {
  let lease = job.lease ?? null;
  let outcomes: Outcome[] = [];
  try {
    const { fresh, stale } = splitByAge(group, job, await currentSnapshots(job), job.freshForMs);
    outcomes = fresh;
    if (stale.length === 0) return outcomes;
    let failedMeanwhile = new Map<string, { code: string; message: string }>();
    if (!lease) ({ lease, failedMeanwhile } = await waitForLease(job.database, stale, job.context));
    const base = await currentSnapshots(job);
    // Who waited for another fetch of the same TDSP takes its result, even when told to insist.
    const waited = splitByAge(stale, { ...job, force: false }, base, 0);
    const shared = waited.fresh.map((outcome) => ({ ...outcome, status: 'shared' as const }));
    const failed = waited.stale.flatMap((duns) => {
      const failure = failedMeanwhile.get(duns);
      return failure ? sharedFailure(duns, failure) : [];
    });
    const left = waited.stale.filter((duns) => !failedMeanwhile.has(duns));
    outcomes = [...fresh, ...shared, ...failed];
    if (left.length > 0) outcomes = [...outcomes, ...(await fetchNoted(left, base, job))];
  } catch (error) {
    const status = job.context.signal.aborted ? 'stopped' : 'failed';
    outcomes = group.map((tdsp_duns) => failedOutcome(tdsp_duns, status, error));
  } finally {
    await lease?.release(outcomes.flatMap(toLeaseResult));
  }
  return outcomes;
}

/** Fetches, and notes for all processes whether the upstream is there. */
async function fetchNoted(duns: string[], base: Map<string, Snapshot>, job: Job): Promise<Outcome[]> {
  const { database, source, context } = job;
  const note = (isDown: boolean) => noteRefresh(database.pool, source.origin, isDown).catch(() => {});
  try {
    const outcomes = await fetchAndPublish(duns, { ...job, base });
    await note(false);
    return outcomes;
  } catch (error) {
    if (!context.signal.aborted && /^(upstream_|circuit_open)/.test(errorCode(error))) await note(true);
    throw error;
  }
}

/** What those who come next must know; what was not tried says nothing. */
function toLeaseResult({ tdsp_duns, status, error_code, message }: Outcome): LeaseResult[] {
  if (status === 'published' || status === 'unchanged') return [{ tdsp_duns, error: null }];
  if (status !== 'failed' && status !== 'held') return [];
  return [{ tdsp_duns, error: { code: error_code ?? 'internal_error', message: message ?? '' } }];
}

async function currentSnapshots({ database }: Pick<Job, 'database'>): Promise<Map<string, Snapshot>> {
  return new Map((await readCurrentSnapshots(database.pool)).map((one) => [one.tdsp_duns, one]));
}

/** Which TDSPs were confirmed within `freshForMs` before the run started, or later. */
function splitByAge(
  group: string[],
  { startedAt, force, source }: Pick<Job, 'startedAt' | 'force' | 'source'>,
  snapshots: Map<string, Snapshot>,
  freshForMs: number,
): { fresh: Outcome[]; stale: string[] } {
  if (force) return { fresh: [], stale: group };
  const limit = startedAt.getTime() - freshForMs;
  const fresh: Outcome[] = [];
  const stale: string[] = [];
  for (const tdsp_duns of group) {
    const snapshot = snapshots.get(tdsp_duns);
    // Plans from elsewhere are not what was asked for, however young.
    if (snapshot && snapshot.origin === source.origin && snapshot.observed_at.getTime() >= limit) {
      fresh.push(untouchedOutcome(tdsp_duns, 'fresh', snapshot.version));
    } else {
      stale.push(tdsp_duns);
    }
  }
  return { fresh, stale };
}
