/** A view as a healthy system has it, for tests: each changes what it is about. */

import { ageLimits, judgeAge } from '../../src/monitor/freshness.ts';
import type { MonitorView, ViewTdsp } from '../../src/monitor/monitor-view.ts';
import type { ViewWork } from '../../src/monitor/run-progress.ts';
import type { SeenWorker } from '../../src/store/queue/sync-workers.ts';

export const NOW = new Date('2026-06-01T12:00:00Z');
/** So many seconds before `NOW`. */
export const before = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000);

const RULES = {
  freshnessTargetHours: { 1: 1, 2: 6, 3: 24 },
  freshnessWarnFactor: 1.25,
  freshnessErrorFactor: 3,
};
export const QUEUE = 'sync.comparepower.0a1b2c3d';

/** @param age_seconds `null`: never published */
export function sampleTdsp(
  name: string,
  age_seconds: number | null,
  change: Partial<ViewTdsp> = {},
): ViewTdsp {
  const limits = ageLimits(1, RULES);
  const ageMs = age_seconds === null ? null : age_seconds * 1000;
  const plans = { seen: 150, added: 0, changed: 3, unchanged: 147, deactivated: 0, rejected: 0 };
  return {
    duns: name,
    code: name.toUpperCase(),
    name,
    tier: 1,
    cities: 100,
    ...limits,
    plans: 150,
    version: 4,
    source: 'comparepower',
    origin: 'https://pricing.example',
    kept_fields: null,
    held_because: null,
    age_seconds,
    observed_at: age_seconds === null ? null : before(age_seconds),
    stale: ageMs === null || ageMs > 7_200_000,
    verdict: judgeAge(ageMs, limits),
    last_result:
      age_seconds === null
        ? null
        : {
            run_id: 7,
            status: 'published',
            error_code: null,
            message: null,
            plans,
            unknown_names: null,
            at: before(age_seconds),
          },
    ...change,
  };
}

export function sampleWorker(change: Partial<SeenWorker> = {}): SeenWorker {
  return {
    id: 'w1',
    host: 'web-1',
    pid: 4711,
    clock_ahead_ms: 0,
    version: '0.2.0',
    vitals: null,
    roles: ['web', 'worker', 'scheduler'],
    queue: QUEUE,
    origin: 'https://pricing.example',
    started_at: before(3_600),
    seen_at: before(1),
    state: 'alive',
    ...change,
  };
}

/** Waits, unless `worker` says who holds it. */
export function sampleWork(name: string, change: Partial<ViewWork> = {}): ViewWork {
  const isHeld = change.worker !== undefined && change.worker !== null;
  return {
    run_id: 8,
    kind: 'full',
    requested_by: 'cli',
    tdsp_duns: name,
    name,
    queue: QUEUE,
    state: isHeld ? 'claimed' : 'waiting',
    priority: 480,
    reason: 'Dallas: tier 1 300 = 480',
    is_forced: false,
    attempts: isHeld ? 1 : 0,
    requested_at: before(5),
    not_before: null,
    claimed_at: isHeld ? before(3) : null,
    worker_id: isHeld ? 'w1' : null,
    worker: null,
    ...change,
  };
}

export function sampleView(change: Partial<MonitorView> = {}): MonitorView {
  const requested = { cities: [], tdsps: ['Oncor', 'TNMP'] };
  const plans = { seen: 300, added: 1, changed: 3, unchanged: 296, deactivated: 0, rejected: 0 };
  return {
    at: NOW,
    control: { state: 'running', changed_at: before(86_400), changed_by: 'migration', reason: null },
    in_progress: [],
    queue: { total: 0, waiting: [], claimed: [] },
    tdsps: [sampleTdsp('Oncor', 600), sampleTdsp('TNMP', 660)],
    upstream: {
      source: 'comparepower',
      configured: 'comparepower',
      calls_last_hour: 6,
      budget_per_hour: 50,
      reserve_per_hour: 12,
      forced_last_hour: 0,
      forced_budget_per_hour: 12,
      circuit: 'closed',
      failures: 0,
      open_until: null,
      opened_at: null,
      certificate_ends_at: null,
      wait_until: null,
      last_call: null,
      last_errors: [],
    },
    attempts: {
      hour: { attempts: 6, succeeded: 6, success_rate: 1 },
      day: { attempts: 150, succeeded: 147, success_rate: 0.98 },
    },
    workers: [sampleWorker()],
    schedules: [
      { name: 'priority', cron: '0 * * * *', time_zone: 'America/Chicago', next_at: before(-3_600) },
    ],
    clock_read_at: before(5),
    refresh: {
      strategy: 'auto',
      in_use: 'even',
      reason: 'nothing was learned yet',
      is_judged: false,
      is_trusted: false,
      learned_minutes: null,
      even_minutes: null,
      fitted_at: null,
      experiment: null,
    },
    dead_letters: [],
    runs: [
      {
        id: 7,
        kind: 'priority',
        status: 'succeeded',
        source: 'comparepower',
        requested,
        is_forced: false,
        requested_at: before(665),
        requested_by: 'schedule',
        reason: null,
        started_at: before(664),
        finished_at: before(600),
        api_calls: 2,
        plans,
        errors: [],
      },
    ],
    ...change,
  };
}
