/**
 * One run of the write path: the TDSPs that some cities need are fetched, normalised, guarded and published, each by
 * itself. One that fails leaves its published plans as they are and does not disturb the others.
 */

import { performance } from 'node:perf_hooks';
import type { FetchContext, PlanSource } from '../../sources/source.ts';
import type { Database } from '../../store/postgres/database.ts';
import {
  finishRun,
  insertResult,
  insertRun,
  markCrashedRuns,
  releaseRun,
} from '../../store/queue/sync-runs.ts';
import { countApiCallsOfRun } from '../../store/upstream/api-calls.ts';
import type { Lease } from '../../store/upstream/refresh-leases.ts';
import { type Outcome, runStatus, sumCounts } from '../publish/outcome.ts';
import type { SyncReport } from './report.ts';
import { syncGroup } from './sync-group.ts';

interface SyncRequest {
  /** What the operator asked for: `full`, `city`. */
  kind: string;
  /** Slugs of the cities that asked, for the record. */
  cities: string[];
  /** DUNS of the TDSPs they need, each once. */
  tdsps: string[];
  /** Bypass freshness, budget, rate limit and guard. */
  force: boolean;
  requested_by?: string;
}

/** As much of an outcome as those who watch get to see. */
type SeenOutcome = Pick<Outcome, 'status' | 'plans' | 'message' | 'error_code'>;

export type SyncEvent =
  | { type: 'run_started'; run_id: number; tdsps: string[] }
  | { type: 'tdsp_started'; tdsp_duns: string }
  | { type: 'tdsp_finished'; tdsp_duns: string; outcome: SeenOutcome };

interface SyncOptions {
  database: Database;
  source: PlanSource;
  /** A plan set confirmed less than this ago is not fetched again. */
  freshForMs: number;
  cacheTtlMs: number;
  /** False: the planner's statistics are left to `db:optimize`. */
  tuneDatabase?: boolean | undefined;
  /** Of all these TDSPs, held already; it is given back. Without one, each group waits for its own. */
  lease?: Lease;
  /** How often one fetch may call, the first time included; left out, as often as the gate sees fit. */
  attempts?: number;
  now?: () => Date;
  onEvent?: (event: SyncEvent) => void;
  signal?: AbortSignal;
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
  let isUnlocked = false;
  try {
    const { kind, cities, tdsps, force, requested_by = 'unknown' } = request;
    const run_id = await insertRun(connection, {
      kind,
      source: source.name,
      requested: { cities, tdsps },
      is_forced: force,
      requested_by,
      started_at: startedAt,
    });
    onEvent({ type: 'run_started', run_id, tdsps });

    const { attempts } = options;
    const context: FetchContext = { run_id, isForced: force, signal, attempts };
    const job = { ...options, now, context, startedAt, forced: new Set(force ? tdsps : []) };
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
    isUnlocked = true;
    return {
      run_id,
      kind,
      status,
      source: outcomes.find((outcome) => outcome.source !== null)?.source ?? source.name,
      cities,
      tdsps: outcomes.map(({ tdsp_duns, status, snapshot_version: version, message }) => ({
        tdsp_duns,
        status,
        version,
        message,
      })),
      api_calls,
      plans,
      duration_ms: Math.round(performance.now() - started),
      errors,
      schema_drift: [...new Set(outcomes.flatMap(({ drift }) => drift))],
      skipped: Object.assign({}, ...outcomes.map(({ skipped }) => skipped)),
    };
  } finally {
    // Should anything above have failed it is closed, not returned: its lock goes with it.
    connection.release(!isUnlocked);
  }
}
