/** How the sync of one TDSP ended. */

import { describeError, errorCode, WattsyncError } from '../../errors.ts';
import { NotAllowedError } from '../../sources/not-allowed-error.ts';
import { explainRefusal } from '../../store/postgres/refusals.ts';
import type { PlanCounts, ResultStatus } from '../../store/queue/sync-runs.ts';

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
  /** An error that trying again does not cure: somebody should look. */
  gave_up: boolean;
  /** Where no call was allowed: when one will be. */
  retry_at: Date | null;
  /** Whose plans came, `sandbox` if that is what answered; `null` where nothing was fetched. */
  source: string | null;
  /** Fields the upstream added (+) or dropped (-), seen for the first time. */
  drift: string[];
  /** Records left out on purpose, and why. */
  skipped: Record<string, number>;
  /** Names in the answer that no TDSP has, and how many plans of this one stand under them. */
  unknown_names: Record<string, number>;
}

const NOTHING = {
  plans: null,
  snapshot_version: null,
  payload_hash: null,
  error_code: null,
  message: null,
  gave_up: false,
  retry_at: null,
  source: null,
  drift: [],
  skipped: {},
  unknown_names: {},
};

export function failedOutcome(
  tdsp_duns: string,
  status: 'failed' | 'held' | 'stopped',
  cause: unknown,
): Outcome {
  const error = explainRefusal(cause);
  return {
    ...NOTHING,
    tdsp_duns,
    status,
    error_code: errorCode(error),
    message: describeError(error),
    gave_up: status !== 'stopped' && !(error instanceof WattsyncError && error.retryable),
    retry_at: error instanceof NotAllowedError ? error.until : null,
  };
}

export function publishedOutcome(
  tdsp_duns: string,
  published: Pick<Outcome, 'plans' | 'snapshot_version' | 'payload_hash' | 'source'> & {
    status: 'published' | 'unchanged';
  },
): Outcome {
  return { ...NOTHING, tdsp_duns, ...published };
}

/** Nothing was fetched, because what is published is young enough. */
export function untouchedOutcome(tdsp_duns: string, status: 'fresh' | 'shared', version: number): Outcome {
  return { ...NOTHING, tdsp_duns, status, snapshot_version: version };
}
