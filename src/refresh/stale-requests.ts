/**
 * Puts what readers found old into the queue, once for the fleet however many ask. Where one waits already, or is
 * worked on, nothing is asked for again; and no process asks more than once a minute for the same TDSP.
 */

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
  readonly #askedAt = new Map<string, number>();

  constructor(options: StaleRequestsOptions) {
    this.#options = options;
  }

  /** Never throws, and nobody waits for it. */
  request(duns: string): void {
    const { onError, now = Date.now } = this.#options;
    const at = now();
    if (at - (this.#askedAt.get(duns) ?? Number.NEGATIVE_INFINITY) < ASK_AGAIN_MS) return;
    this.#askedAt.set(duns, at);
    this.#ask(duns).catch(onError);
  }

  async #ask(duns: string): Promise<void> {
    const { database, upstream, ask } = this.#options;
    const open = await readOpenTargets(database, queueName(upstream));
    if (open.some(({ tdsp_duns }) => tdsp_duns === duns)) return;
    await ask({
      kind: 'stale',
      tdsps: [duns],
      requested_by: 'reader',
      reason: 'readers found its plans old',
    });
  }
}
