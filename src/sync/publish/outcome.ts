/** How the sync of one TDSP ended, and what that makes of the run. */

import { describeError, errorCode } from '../../errors.ts';
import { NotAllowedError } from '../../sources/not-allowed-error.ts';
import type { PlanCounts, ResultStatus, RunStatus } from '../../store/queue/sync-runs.ts';

export interface Outcome {
  tdsp_duns: string;
  status: ResultStatus;
  /** `null` where nothing was fetched or published. */
  plans: PlanCounts | null;
  snapshot_version: number | null;
  /** The body it came in, in source_payloads; `null` where nothing came or it is not kept. */
  payload_hash: string | null;
  error_code: string | null;
  message: string | null;
  /** Where no call was allowed: when one will be. */
  retry_at: Date | null;
  /** Whose plans came, `sandbox` if that is what answered; `null` where nothing was fetched. */
  source: string | null;
  /** Fields the upstream added (+) or dropped (-), seen for the first time. */
  drift: string[];
  /** Records left out on purpose, and why. */
  skipped: Record<string, number>;
}

const NOTHING = {
  plans: null,
  snapshot_version: null,
  payload_hash: null,
  error_code: null,
  message: null,
  retry_at: null,
  source: null,
  drift: [],
  skipped: {},
};

export function failedOutcome(
  tdsp_duns: string,
  status: 'failed' | 'held' | 'stopped',
  error: unknown,
): Outcome {
  const retry_at = error instanceof NotAllowedError ? error.until : null;
  return {
    ...NOTHING,
    tdsp_duns,
    status,
    error_code: errorCode(error),
    message: describeError(error),
    retry_at,
  };
}

/** Another process tried while this one waited for its turn, and failed: to try again at once would help nobody. */
export function sharedFailure(
  tdsp_duns: string,
  { code, message }: { code: string; message: string },
): Outcome {
  return { ...NOTHING, tdsp_duns, status: 'failed', error_code: code, message };
}

/** Nothing was fetched, because what is published is young enough. */
export function untouchedOutcome(tdsp_duns: string, status: 'fresh' | 'shared', version: number): Outcome {
  return { ...NOTHING, tdsp_duns, status, snapshot_version: version };
}

export function runStatus(outcomes: Outcome[], signal: AbortSignal): RunStatus {
  const bad = outcomes.filter(({ error_code }) => error_code !== null).length;
  if (bad === 0) return 'succeeded';
  if (signal.aborted) return 'stopped';
  return bad === outcomes.length ? 'failed' : 'partial';
}

export function sumCounts(outcomes: Outcome[]): PlanCounts {
  const total: PlanCounts = { seen: 0, added: 0, changed: 0, unchanged: 0, deactivated: 0, rejected: 0 };
  for (const { plans } of outcomes) {
    if (!plans) continue;
    for (const key of Object.keys(total) as (keyof PlanCounts)[]) total[key] += plans[key];
  }
  return total;
}
