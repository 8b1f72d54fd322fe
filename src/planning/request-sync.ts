/**
 * Asks for a sync: what it needs is planned, written down and put into the queue in one transaction, so that either
 * all of it is asked for or nothing. Whoever works on the queue does the rest.
 */

import type { PlanSource } from '../sources/source.ts';
import { readCurrentSnapshots } from '../store/plans/snapshots.ts';
import type { Connection, Database, Queryable } from '../store/postgres/database.ts';
import { writeAudit } from '../store/queue/audit-log.ts';
import { readCityDemand } from '../store/queue/city-demand.ts';
import { finishQueuedRuns, insertQueuedRun, insertResults } from '../store/queue/queued-runs.ts';
import { lockControl, writeControl } from '../store/queue/sync-control.ts';
import { SyncHaltedError, SyncStoppedError } from '../store/queue/sync-control-error.ts';
import { insertTargets, lockQueue, notifyMoved, readOpenTargets } from '../store/queue/sync-targets.ts';
import { type JobQueue, queueName } from '../sync/work/job-queue.ts';
import { jobKeys } from '../sync/work/reconcile.ts';
import type { City, Territory } from '../territory/territory.ts';
import { type PlannedTarget, planTargets } from './plan-targets.ts';
import { DEMAND_HALF_LIFE_HOURS, DEMAND_WINDOW_MS, priorityCities, type SyncKind } from './sync-kinds.ts';

/** What an upstream is, without the means to call it. */
export type Upstream = Pick<PlanSource, 'name' | 'origin' | 'coverage'>;

export interface SyncAsk {
  kind: SyncKind;
  /** For `city` and `emergency`. */
  cities?: readonly City[];
  /** TDSPs wanted by themselves: a ZIP code, a failure to be tried again, a set that readers found old. */
  tdsps?: readonly string[];
  /** Slugs, ZIP codes or codes as they were named, for the record. */
  names?: readonly string[];
  force?: boolean;
  /** `cli`, `admin`, `schedule`, `start`, `reader`. */
  requested_by: string;
  reason?: string | null;
}

export interface RequestOptions {
  database: Database;
  jobs: JobQueue;
  upstream: Upstream;
  territory: Territory;
  freshForMs: number;
  targetMs: (tier: number) => number;
  now?: () => Date;
}

export interface AskedSync {
  run_id: number;
  /** Cities it is for, by slug; empty for all of them. */
  cities: string[];
  targets: PlannedTarget[];
  /** Syncing was stopped, and this request let it go on. */
  hasResumed: boolean;
}

/** They are asked for by a clock or by readers, so nobody waits for them at a terminal. */
const PATIENT = ['schedule', 'start', 'reader'];

/**
 * @throws {SyncHaltedError} {SyncStoppedError} nothing was asked for
 */
export async function requestSync(ask: SyncAsk, options: RequestOptions): Promise<AskedSync> {
  const { database, jobs, upstream, now = () => new Date() } = options;
  const { kind, force = false, requested_by, reason = null, names = [] } = ask;
  const queue = queueName(upstream);
  await jobs.create(queue);
  return database.transaction(async (connection) => {
    await lockQueue(connection, queue);
    const hasResumed = await expectRunning(connection, ask);
    const { cities, targets } = await plan(connection, ask, options, now());
    const slugs = kind === 'full' ? [] : [...names, ...cities.map(({ slug }) => slug)];
    const run_id = await insertQueuedRun(connection, {
      kind,
      source: upstream.name,
      is_forced: force,
      requested_by,
      reason,
      requested: { cities: [...new Set(slugs)], tdsps: targets.map(({ tdsp_duns }) => tdsp_duns) },
    });
    const is_patient = PATIENT.includes(requested_by);
    await insertTargets(
      connection,
      { run_id, queue },
      targets.map((target) => ({ ...target, is_patient })),
    );
    await settleFresh(connection, run_id, targets);
    const due = targets.filter(({ decision }) => decision === 'queued' || decision === 'merged');
    await jobs.send(connection, queue, jobKeys(due, upstream.coverage));
    await notifyMoved(connection);
    return { run_id, cities: [...new Set(slugs)], targets, hasResumed };
  });
}

/** What a request would do, without asking for it. */
export async function explainSync(
  ask: SyncAsk,
  options: Omit<RequestOptions, 'jobs'>,
): Promise<Pick<AskedSync, 'targets'> & { cities: string[] }> {
  const { cities, targets } = await plan(options.database.pool, ask, options, options.now?.() ?? new Date());
  return { cities: ask.kind === 'full' ? [] : cities.map(({ slug }) => slug), targets };
}

/** By hand, `priority` is how the owner starts again after a stop. */
async function expectRunning(connection: Connection, { kind, requested_by }: SyncAsk): Promise<boolean> {
  const control = await lockControl(connection);
  if (control.state === 'running') return false;
  if (control.state === 'emergency') throw new SyncHaltedError(control);
  if (kind !== 'priority' || PATIENT.includes(requested_by)) throw new SyncStoppedError(control);
  const reason = 'a priority sync was asked for';
  await writeControl(connection, { state: 'running', changed_by: requested_by, reason });
  await writeAudit(connection, { actor: requested_by, action: 'sync_resumed', details: { reason } });
  return true;
}

async function plan(
  queryable: Queryable,
  ask: SyncAsk,
  { upstream, territory, freshForMs, targetMs }: Omit<RequestOptions, 'jobs' | 'database'>,
  now: Date,
): Promise<{ cities: readonly City[]; targets: PlannedTarget[] }> {
  const since = new Date(now.getTime() - DEMAND_WINDOW_MS);
  const demand = await readCityDemand(queryable, { now, since, halfLifeHours: DEMAND_HALF_LIFE_HOURS });
  const cities =
    ask.kind === 'full'
      ? territory.cities
      : ask.kind === 'priority'
        ? priorityCities(territory, demand, now)
        : (ask.cities ?? []);
  const snapshots = await readCurrentSnapshots(queryable);
  const targets = planTargets(
    { cities, tdsps: ask.tdsps ?? [], force: ask.force ?? false },
    {
      now,
      freshForMs,
      targetMs,
      // Plans from elsewhere are not what was asked for, however young.
      observedAt: new Map(
        snapshots
          .filter(({ origin }) => origin === upstream.origin)
          .map(({ tdsp_duns, observed_at }) => [tdsp_duns, observed_at]),
      ),
      demand: new Map(demand.map((one) => [one.city_slug, one])),
      open: await readOpenTargets(queryable, queueName(upstream)),
      wholeState: upstream.coverage === 'state' ? territory.tdsps.map(({ duns }) => duns) : null,
    },
  );
  return { cities, targets };
}

async function settleFresh(
  connection: Connection,
  run_id: number,
  targets: readonly PlannedTarget[],
): Promise<void> {
  const fresh = targets.filter(({ decision }) => decision === 'fresh');
  const versions = new Map(
    (await readCurrentSnapshots(connection)).map(({ tdsp_duns, version }) => [tdsp_duns, version]),
  );
  await insertResults(
    connection,
    fresh.map(({ tdsp_duns }) => ({
      run_id,
      tdsp_duns,
      status: 'fresh' as const,
      plans: null,
      error_code: null,
      message: null,
      snapshot_version: versions.get(tdsp_duns) ?? null,
      notes: {},
      duration_ms: 0,
    })),
  );
  await finishQueuedRuns(connection, [run_id]);
}
