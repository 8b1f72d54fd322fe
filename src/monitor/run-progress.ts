/** How far a run is, TDSP by TDSP. Pure. */

import type { OpenRun, QueuedWork } from '../store/queue/sync-overview.ts';
import type { PlanCounts, ResultStatus } from '../store/queue/sync-runs.ts';
import type { Liveness } from '../store/queue/sync-workers.ts';

export type ViewWork = QueuedWork & {
  name: string;
  /** The process that claimed it; `null` while it waits. */
  worker: { host: string | null; pid: number | null; state: Liveness } | null;
};

export interface RunStep {
  duns: string;
  name: string;
  /** How it ended, or how far it is. */
  step: 'waiting' | 'fetching' | ResultStatus;
  /** Being fetched since; `null` otherwise. */
  since: Date | null;
  /** Waits and may not begin before; `null` otherwise. */
  not_before: Date | null;
  /** The process that fetches it; `null` where none does, or it is not known. */
  worker: ViewWork['worker'];
  plans: PlanCounts | null;
  message: string | null;
}

export interface RunProgress extends Omit<OpenRun, 'tdsps' | 'results'> {
  done: number;
  total: number;
  steps: RunStep[];
}

export function toProgress(
  { tdsps, results, ...run }: OpenRun,
  queued: readonly ViewWork[],
  nameOf: (duns: string) => string,
): RunProgress {
  const steps = tdsps.map((duns): RunStep => {
    const result = results.find(({ tdsp_duns }) => tdsp_duns === duns);
    const work = queued.find(({ run_id, tdsp_duns }) => run_id === run.id && tdsp_duns === duns);
    const nothing = { since: null, not_before: null, worker: null, plans: null, message: null };
    const tdsp = { duns, name: nameOf(duns), ...nothing };
    if (result) {
      return { ...tdsp, step: result.status, plans: result.plans, message: result.message };
    }
    if (work?.state === 'claimed') {
      const { claimed_at: since, worker } = work;
      return { ...tdsp, step: 'fetching', since, worker };
    }
    return { ...tdsp, step: 'waiting', not_before: work?.not_before ?? null };
  });
  const done = steps.filter(({ step }) => step !== 'waiting' && step !== 'fetching').length;
  return { ...run, done, total: steps.length, steps };
}
