/**
 * Puts what readers found old into the queue, once for the fleet however many ask. Where one waits already, or is
 * worked on, nothing is asked for again; and no process asks more than once a minute for the same TDSP.
 */

import type { RefreshOutcome } from '../cache/plan-set-cache.ts';
import type { Queryable } from '../store/database.ts';
import { readOpenTargets } from '../store/sync-targets.ts';
import { queueName } from '../sync/jobs/job-queue.ts';
import type { SyncAsk, Upstream } from './request-sync.ts';

export interface StaleRequestsOptions {
  database: Queryable;
  upstream: Upstream;
  ask(ask: SyncAsk): Promise<unknown>;
  onError(error: unknown): void;
  now?: () => number;
}

const ASK_AGAIN_MS = 60_000;

export class StaleRequests {
  readonly #options: StaleRequestsOptions;
  readonly #asked = new Map<string, { at: number; outcome: Promise<RefreshOutcome> }>();

  constructor(options: StaleRequestsOptions) {
    this.#options = options;
  }

  /** Never rejects, and no reader waits for it. */
  request(duns: string): Promise<RefreshOutcome> {
    const { onError, now = Date.now } = this.#options;
    const at = now();
    const last = this.#asked.get(duns);
    if (last && at - last.at < ASK_AGAIN_MS) return last.outcome;
    const outcome = this.#ask(duns).catch((error): RefreshOutcome => {
      onError(error);
      return 'failed';
    });
    this.#asked.set(duns, { at, outcome });
    return outcome;
  }

  async #ask(duns: string): Promise<RefreshOutcome> {
    const { database, upstream, ask } = this.#options;
    const open = await readOpenTargets(database, queueName(upstream));
    if (!open.some(({ tdsp_duns }) => tdsp_duns === duns)) {
      await ask({
        kind: 'stale',
        tdsps: [duns],
        requested_by: 'reader',
        reason: 'readers found its plans old',
      });
    }
    return 'elsewhere';
  }
}
