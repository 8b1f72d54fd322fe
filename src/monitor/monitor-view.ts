/** Everything about syncing that an operator asks first, as it is at one moment. Data only: others draw and judge it. */

import type { Config } from '../config.ts';
import { callReserve } from '../sources/call-reserve.ts';
import type { Queryable } from '../store/postgres/database.ts';
import type { ScheduleTime } from '../store/queue/schedule-times.ts';
import { readScheduleTimes } from '../store/queue/schedule-times.ts';
import { type AttemptCounts, readAttemptCounts } from '../store/queue/sync-attempts.ts';
import { type Control, readControl } from '../store/queue/sync-control.ts';
import {
  type QueuedWork,
  readFailedCalls,
  readLastCall,
  readOpenRuns,
  readQueuedWork,
  readTdspOverview,
  readUpstreams,
  type SeenCall,
  type TdspOverview,
  type UpstreamState,
} from '../store/queue/sync-overview.ts';
import { readDeadLetters, readRecentRuns, type SyncRun } from '../store/queue/sync-runs.ts';
import { readDatabaseTime, readWorkers, type SeenWorker } from '../store/queue/sync-workers.ts';
import { HOUR_MS } from '../units.ts';
import { type AgeLimits, type AgeVerdict, ageLimits, judgeAge } from './freshness.ts';
import { type RefreshState, readRefreshState } from './refresh/state.ts';
import { type RunProgress, toProgress, type ViewWork } from './run-progress.ts';

export interface ViewTdsp extends TdspOverview, AgeLimits {
  age_seconds: number | null;
  /** Readers are told that it is. */
  stale: boolean;
  verdict: AgeVerdict;
}

export interface MonitorView {
  /** By the clock of the database, as all times here; only a worker's `started_at` is by its own. */
  at: Date;
  control: Control;
  in_progress: RunProgress[];
  /** The most urgent first. `total`: there may be more than are listed. */
  queue: { total: number; waiting: ViewWork[]; claimed: ViewWork[] };
  tdsps: ViewTdsp[];
  /** `source`: what the workers fetch from; without any, what the settings of this process name. */
  upstream: ReturnType<typeof toUpstream> & {
    source: string;
    last_call: SeenCall | null;
    last_errors: SeenCall[];
  };
  attempts: { hour: AttemptCounts; day: AttemptCounts };
  workers: SeenWorker[];
  /** `null`: the program was never started, so that nothing is scheduled. */
  schedules: ScheduleTime[] | null;
  clock_read_at: Date | null;
  refresh: RefreshState;
  /** Without those that the guard held back: that is told as what it is. */
  dead_letters: { queue: string | null; tdsps: string[]; names: string[]; died_at: Date }[];
  /** The last ones, the newest first. */
  runs: SyncRun[];
}

const LIMITS = { work: 100, runs: 20, recent: 5, errors: 3 };

/** @throws if PostgreSQL cannot be asked */
export async function readMonitorView(queryable: Queryable, config: Config): Promise<MonitorView> {
  // One after the other: a pool of one connection would have them wait for each other all the same.
  const at = await readDatabaseTime(queryable);
  const control = await readControl(queryable);
  const open = await readOpenRuns(queryable, LIMITS.runs);
  const queued = await readQueuedWork(queryable, LIMITS.work);
  const tdsps = await readTdspOverview(queryable);
  const upstreams = await readUpstreams(queryable);
  const last_call = await readLastCall(queryable);
  const errors = await readFailedCalls(queryable, LIMITS.errors);
  const attempts = await readAttemptCounts(queryable);
  const workers = await readWorkers(queryable);
  const tables = await readScheduleTimes(queryable);
  const dead = await readDeadLetters(queryable);
  const runs = await readRecentRuns(queryable, LIMITS.recent);
  const nameOf = (duns: string) => tdsps.find((tdsp) => tdsp.duns === duns)?.name ?? duns;
  const work = queued.work.map((one) => toWork(one, workers, nameOf));
  const inState = (state: QueuedWork['state']) => work.filter((one) => one.state === state);
  const source = sourceInUse(workers, config.planSource);
  const refresh = await readRefreshState(queryable, source, config, at);
  const ofSource = <T extends { source: string }>(all: readonly T[]) =>
    all.filter((one) => one.source === source);
  return {
    at,
    control,
    runs,
    in_progress: open.map((run) => toProgress(run, work, nameOf)),
    queue: { total: queued.total, waiting: inState('waiting'), claimed: inState('claimed') },
    tdsps: tdsps.map((tdsp) => toTdsp(tdsp, at, config)),
    upstream: {
      source,
      last_call: last_call?.source === source ? last_call : null,
      last_errors: ofSource(errors),
      ...toUpstream(ofSource(upstreams)[0], at, config),
    },
    attempts,
    workers,
    schedules: tables?.schedules ?? null,
    clock_read_at: tables?.clock_read_at ?? null,
    refresh,
    dead_letters: dead
      .filter(({ error_code }) => error_code !== 'snapshot_held')
      .map(({ queue, tdsp_duns, died_at }) => ({
        queue,
        tdsps: [tdsp_duns],
        names: [nameOf(tdsp_duns)],
        died_at,
      })),
  };
}

function toTdsp(tdsp: TdspOverview, at: Date, config: Config): ViewTdsp {
  const ageMs = tdsp.observed_at && Math.max(0, at.getTime() - tdsp.observed_at.getTime());
  // Without cities there is no promise: the least tier's is taken.
  const limits = ageLimits(tdsp.tier ?? 3, config);
  return {
    ...tdsp,
    ...limits,
    age_seconds: ageMs === null ? null : Math.floor(ageMs / 1000),
    stale: ageMs === null || ageMs > config.cacheTtlHours * HOUR_MS,
    verdict: judgeAge(ageMs, limits),
  };
}

function toWork(
  work: QueuedWork,
  workers: readonly SeenWorker[],
  nameOf: (duns: string) => string,
): ViewWork {
  const name = nameOf(work.tdsp_duns);
  if (work.state !== 'claimed') return { ...work, name, worker: null };
  // A process without a row has ended.
  const { host = null, pid = null, state = 'dead' } = workers.find(({ id }) => id === work.worker_id) ?? {};
  return { ...work, name, worker: { host, pid, state } };
}

/** What this process is set to, unless all workers there are fetch from another. */
function sourceInUse(workers: readonly SeenWorker[], configured: string): string {
  // The name of an upstream is part of the name of its queue.
  const used = workers.flatMap(({ state, queue }) => (state === 'alive' && queue?.split('.')[1]) || []);
  return used.length === 0 || used.includes(configured) ? configured : used[0]!;
}

function toUpstream(state: UpstreamState | undefined, at: Date, config: Config) {
  const { calls_last_hour = 0, forced_last_hour = 0, failures = 0 } = state ?? {};
  const { open_until = null, opened_at = null, wait_until = null } = state ?? {};
  /** `half_open`: the next call finds out whether it is back. */
  const circuit: 'closed' | 'open' | 'half_open' =
    open_until === null ? 'closed' : open_until > at ? 'open' : 'half_open';
  return {
    /** As the settings of this process say: those of the workers may be others. */
    configured: config.planSource,
    calls_last_hour,
    budget_per_hour: config.apiCallBudgetPerHour,
    /** As much of the budget as only forced calls may use. */
    reserve_per_hour: callReserve(config.apiCallBudgetPerHour),
    forced_last_hour,
    forced_budget_per_hour: config.emergencyCallBudgetPerHour,
    circuit,
    failures,
    open_until,
    /** When it opened; `null`: it is closed. */
    opened_at: open_until === null ? null : opened_at,
    certificate_ends_at: state?.certificate_ends_at ?? null,
    wait_until: wait_until && wait_until > at ? wait_until : null,
  };
}
