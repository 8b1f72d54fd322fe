/**
 * Asks for a sync: what it needs is planned, written down and put into the queue in one transaction, so that either
 * all of it is asked for or nothing. The workers of the queue do the rest.
 */

import { CallBudgetExhaustedError } from '../sources/gate.ts';
import type { PlanSource } from '../sources/source.ts';
import { readCurrentSnapshots } from '../store/plans/snapshots.ts';
import type { Connection, Database, Queryable } from '../store/postgres/database.ts';
import { writeAudit } from '../store/queue/audit-log.ts';
import { readCityDemand } from '../store/queue/city-demand.ts';

import { lockControl, writeControl } from '../store/queue/sync-control.ts';
import { SyncHaltedError, SyncStoppedError } from '../store/queue/sync-control-error.ts';
import { finishRuns, insertResults, insertRun } from '../store/queue/sync-runs.ts';
import {
  type Decision,
  insertTargets,
  isWorkedOn,
  lockQueue,
  notifyMoved,
  readOpenTargets,
} from '../store/queue/sync-targets.ts';
import { hasWorker } from '../store/queue/sync-workers.ts';
import { isUpstreamPaused, readForcedLeft } from '../store/upstream/permits.ts';
import { isTdspPaused } from '../store/upstream/tdsp-pauses.ts';
import { type JobQueue, queueName } from '../sync/work/job-queue.ts';
import { jobKeys, rescueOrphans } from '../sync/work/reconcile.ts';
import type { City, Territory } from '../territory/territory.ts';
import { type PlannedTarget, planTargets } from './plan-targets.ts';
import { shareDemand } from './shared-demand.ts';
import { DEMAND_HALF_LIFE_HOURS, DEMAND_WINDOW_MS, priorityCities, type SyncKind } from './sync-kinds.ts';

/** What an upstream is, without the means to call it. */
type Upstream = Pick<PlanSource, 'name' | 'origin' | 'coverage'>;

export interface SyncRequest {
  kind: SyncKind;
  /** For `city` and `emergency`. */
  cities?: readonly City[];
  /** TDSPs wanted by themselves: a ZIP code, a failure to be tried again, a set that readers found old. */
  tdsps?: readonly string[];
  /** Slugs, ZIP codes or codes as they were named, for the record. */
  names?: readonly string[];
  force?: boolean;
  /** `cli`, `admin`, `schedule`, `start`, `reader`, `refresh`. */
  requested_by: string;
  /** Plans confirmed less than this ago need no call. Left out: as `RequestOptions` says. */
  freshForMs?: number;
  reason?: string | null;
}

export interface RequestOptions {
  database: Database;
  jobs: JobQueue;
  upstream: Upstream;
  territory: Territory;
  freshForMs: number;
  targetMs: (tier: number) => number;
  /** Most forced calls within an hour. */
  forcedPerHour: number;
  now?: () => Date;
}

export interface RequestedSync {
  run_id: number;
  /** Cities it is for, by slug; empty for all of them. */
  cities: string[];
  targets: PlannedTarget[];
  /** Syncing was stopped, and this request let it go on. */
  hasResumed: boolean;
}

/** They are asked for by a clock or by readers, so nobody waits for them at a terminal. */
const PATIENT = ['schedule', 'start', 'reader', 'refresh'];

/**
 * @throws {SyncHaltedError} {SyncStoppedError} nothing was asked for
 */
export async function requestSync(request: SyncRequest, options: RequestOptions): Promise<RequestedSync> {
  const { database, upstream } = options;
  const { kind, requested_by, names = [] } = request;
  const queue = queueName(upstream);
  const wake = await prepareWake(options);
  // What a dead worker holds is nobody's: to join it would be to wait for nothing.
  await rescueOrphans(database, queue);
  return database.transaction(async (connection) => {
    await lockQueue(connection, queue);
    const hasResumed = await expectRunning(connection, request);
    const { cities, targets } = await plan(connection, request, options);
    if (request.force) await expectForcedCalls(connection, targets, options);
    const slugs = kind === 'full' ? [] : [...new Set([...names, ...cities.map(({ slug }) => slug)])];
    const is_patient = PATIENT.includes(requested_by);
    const run_id = await insertPlanned(connection, { request, upstream, slugs, targets, is_patient });
    await wake(connection, targets);
    return { run_id, cities: slugs, targets, hasResumed };
  });
}

/**
 * Refused once, before there is a run, instead of TDSP by TDSP in the middle of one.
 * @throws {CallBudgetExhaustedError} fewer forced calls are left than it takes
 */
async function expectForcedCalls(
  connection: Connection,
  targets: readonly PlannedTarget[],
  { upstream, forcedPerHour }: RequestOptions,
): Promise<void> {
  const fetched = targets.filter(({ decision }) => decision === 'queued').length;
  const needed = upstream.coverage === 'state' ? Math.min(1, fetched) : fetched;
  const { left, used, until } = await readForcedLeft(connection, upstream.name, forcedPerHour);
  if (needed <= left) return;
  throw new CallBudgetExhaustedError(
    `This takes forced calls of ${upstream.name}: ${needed} of them, and ${left} are left. ${used} were made within the hour, ` +
      `EMERGENCY_CALL_BUDGET_PER_HOUR is ${forcedPerHour}. The next is possible at ${until.toISOString().slice(0, 19)}Z. ` +
      'Wait, raise it, name fewer places, or sync without --force.',
    until,
  );
}

/** `stale`: readers get old plans meanwhile. `cold`: a reader waits, and this process fetches what is asked for. */
export type RefreshKind = 'stale' | 'cold';

export interface RefreshDecision {
  /** What was decided for the TDSP; `elsewhere`: a worker is at it; `later`, `stopped`: it must be left alone just now. */
  decision: Decision | 'elsewhere' | 'later' | 'stopped';
  /** `null`: nothing was asked for. */
  run_id: number | null;
}

/**
 * Asks for one TDSP on behalf of readers, unless it waits or is worked on already, or must be left alone. Decided under
 * the lock of the queue: however many processes ask in one moment, one call comes of it, even if that fails.
 * @param begin in the same transaction, where something was asked for
 */
export async function requestRefresh(
  duns: string,
  kind: RefreshKind,
  options: RequestOptions,
  begin: (connection: Connection, run_id: number) => Promise<void> = async () => {},
): Promise<RefreshDecision> {
  const { database, upstream } = options;
  const queue = queueName(upstream);
  const reason = kind === 'stale' ? 'readers found its plans old' : 'a reader found no plans';
  const request: SyncRequest = { kind, tdsps: [duns], requested_by: 'reader', reason };
  // What a reader waits for is begun by this process, as soon as it is asked for.
  const wake = kind === 'stale' ? await prepareWake(options) : async () => {};
  // Of a crowd in many processes the first one asks, and the others need not stand in line to learn it.
  if (await isWorkedOn(database.pool, queue, duns)) return { decision: 'elsewhere', run_id: null };
  return database.transaction(async (connection) => {
    await lockQueue(connection, queue);
    if (await isWorkedOn(connection, queue, duns)) return { decision: 'elsewhere', run_id: null };
    if ((await lockControl(connection)).state !== 'running') return { decision: 'stopped', run_id: null };
    const isPaused = (await isUpstreamPaused(connection, upstream)) || (await isTdspPaused(connection, duns));
    if (isPaused) return { decision: 'later', run_id: null };
    const { targets } = await plan(connection, request, options);
    const { decision } = targets.find(({ tdsp_duns }) => tdsp_duns === duns)!;
    if (decision !== 'queued') return { decision, run_id: null };
    // A reader that waits is told at once if no call is allowed.
    const is_patient = kind === 'stale';
    const run_id = await insertPlanned(connection, { request, upstream, slugs: [], targets, is_patient });
    await wake(connection, targets);
    await begin(connection, run_id);
    return { decision, run_id };
  });
}

interface Planned {
  request: SyncRequest;
  upstream: Upstream;
  slugs: string[];
  targets: readonly PlannedTarget[];
  is_patient: boolean;
}

async function insertPlanned(
  connection: Connection,
  { request, upstream, slugs, targets, is_patient }: Planned,
): Promise<number> {
  const { kind, force = false, requested_by, reason = null, freshForMs: fresh_for_ms = null } = request;
  const run_id = await insertRun(connection, {
    kind,
    source: upstream.name,
    is_forced: force,
    requested_by,
    reason,
    requested: { cities: slugs, tdsps: targets.map(({ tdsp_duns }) => tdsp_duns) },
  });
  await insertTargets(
    connection,
    { run_id, queue: queueName(upstream) },
    targets.map((target) => ({ ...target, is_patient, fresh_for_ms })),
  );
  await settleFresh(connection, run_id, targets);
  await notifyMoved(connection);
  return run_id;
}

/** Jobs are sent where somebody takes them: a worker that comes later finds what waits by itself. */
async function prepareWake({
  database,
  jobs,
  upstream,
}: RequestOptions): Promise<(connection: Connection, targets: readonly PlannedTarget[]) => Promise<void>> {
  const queue = queueName(upstream);
  if (!(await hasWorker(database.pool, queue))) return async () => {};
  await jobs.start();
  return (connection, targets) => {
    const due = targets.filter(({ decision }) => decision === 'queued' || decision === 'merged');
    return jobs.send(connection, queue, jobKeys(due, upstream.coverage));
  };
}

/** What a request would do, without asking for it. */
export async function explainSync(
  request: SyncRequest,
  options: Omit<RequestOptions, 'jobs'>,
): Promise<Pick<RequestedSync, 'targets'> & { cities: string[] }> {
  const { cities, targets } = await plan(options.database.pool, request, options);
  return { cities: request.kind === 'full' ? [] : cities.map(({ slug }) => slug), targets };
}

/** By hand, `priority` is how the owner starts again after a stop. */
async function expectRunning(connection: Connection, { kind, requested_by }: SyncRequest): Promise<boolean> {
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
  request: SyncRequest,
  {
    upstream,
    territory,
    freshForMs,
    targetMs,
    now: clock = () => new Date(),
  }: Omit<RequestOptions, 'jobs' | 'database'>,
): Promise<{ cities: readonly City[]; targets: PlannedTarget[] }> {
  const now = clock();
  const since = new Date(now.getTime() - DEMAND_WINDOW_MS);
  const demand = await readCityDemand(queryable, { now, since, halfLifeHours: DEMAND_HALF_LIFE_HOURS });
  const cities =
    request.kind === 'full'
      ? territory.cities
      : request.kind === 'priority'
        ? priorityCities(territory, demand, now)
        : (request.cities ?? []);
  const snapshots = await readCurrentSnapshots(queryable);
  const targets = planTargets(
    { cities, tdsps: request.tdsps ?? [], force: request.force ?? false },
    {
      now,
      freshForMs: request.freshForMs ?? freshForMs,
      targetMs,
      // Plans from elsewhere are not what was asked for, however young.
      observedAt: new Map(
        snapshots
          .filter(({ origin }) => origin === upstream.origin)
          .map(({ tdsp_duns, observed_at }) => [tdsp_duns, observed_at]),
      ),
      demand: shareDemand(territory, demand),
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
  if (fresh.length === 0 && targets.length > 0) return;
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
      payload_hash: null,
      error_code: null,
      message: null,
      gave_up: false,
      snapshot_version: versions.get(tdsp_duns) ?? null,
      notes: {},
      duration_ms: 0,
    })),
  );
  await finishRuns(connection, [run_id]);
}
