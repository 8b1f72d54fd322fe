/** What `sync:* --json` prints of a run. */

import type {
  PlanCounts,
  ResultStatus,
  RunError,
  RunStatus,
  RunWithResults,
} from '../../store/queue/sync-runs.ts';

export interface SyncReport {
  run_id: number;
  kind: string;
  status: RunStatus;
  source: string;
  cities: string[];
  tdsps: { tdsp_duns: string; status: ResultStatus; version: number | null; message: string | null }[];
  /** Made under this run; a TDSP that another run had fetched cost this one none. */
  api_calls: number;
  plans: PlanCounts;
  duration_ms: number;
  errors: RunError[];
  /** Fields the upstream added (+) or dropped (-), told the first time they are seen. */
  schema_drift: string[];
  /** Records left out on purpose, and why. */
  skipped: Record<string, number>;
}

const NO_PLANS: PlanCounts = {
  seen: 0,
  added: 0,
  changed: 0,
  unchanged: 0,
  deactivated: 0,
  rejected: 0,
};

export function toReport({ run, results }: RunWithResults): SyncReport {
  const notes = results.map(
    (one) => one.notes as Partial<Pick<SyncReport, 'skipped'>> & { drift?: string[] },
  );
  const sources = results.flatMap(({ notes: { source } }) => (typeof source === 'string' ? [source] : []));
  const ended = run.finished_at ?? new Date();
  return {
    run_id: run.id,
    kind: run.kind,
    status: run.status,
    cities: run.requested.cities,
    // A sandbox that stands at the address of another upstream says so itself.
    source: sources[0] ?? run.source,
    tdsps: results.map(({ tdsp_duns, status, snapshot_version: version, message }) => ({
      tdsp_duns,
      status,
      version,
      message,
    })),
    api_calls: run.api_calls,
    plans: { ...NO_PLANS, ...run.plans },
    errors: run.errors,
    duration_ms: ended.getTime() - run.requested_at.getTime(),
    schema_drift: [...new Set(notes.flatMap(({ drift }) => drift ?? []))],
    skipped: Object.assign({}, ...notes.map(({ skipped }) => skipped ?? {})),
  };
}
