/**
 * Puts what readers found old into the queue, once for the fleet however many ask. Where one waits already, or is
 * worked on, nothing is asked for again; and no process asks more than once a minute for the same TDSP. Nothing is
 * asked for while an operator has stopped syncing, while the upstream may not be called, or while this TDSP is left alone because it failed.
 */

import type { RefreshOutcome } from '../cache/plan-set-cache.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { readControl } from '../store/queue/sync-control.ts';
import { readOpenTargets } from '../store/queue/sync-targets.ts';
import { isUpstreamPaused } from '../store/upstream/permits.ts';
import { isTdspPaused } from '../store/upstream/refresh-leases.ts';
import { queueName } from '../sync/work/job-queue.ts';
import type { SyncAsk, Upstream } from './request-sync.ts';

interface StaleRequestsOptions {
  database: Queryable;
  upstream: Upstream;
  ask(ask: SyncAsk): Promise<unknown>;
  onError(error: unknown): void;
  now?: () => number;
}

const ASK_AGAIN_MS = 60_000;
/** Where it was too early to ask: looking costs next to nothing, and plans shall not stay old for a minute longer. */
const LOOK_AGAIN_MS = 5_000;

export class StaleRequests {
  readonly #options: StaleRequestsOptions;
  readonly #asked = new Map<string, { until: number; outcome: Promise<RefreshOutcome> }>();

  constructor(options: StaleRequestsOptions) {
    this.#options = options;
  }

  /** Never rejects, and no reader waits for it. */
  request(duns: string): Promise<RefreshOutcome> {
    const { onError, now = Date.now } = this.#options;
    const at = now();
    const last = this.#asked.get(duns);
    if (last && at < last.until) return last.outcome;
    const asked = { until: at + ASK_AGAIN_MS, outcome: this.#ask(duns) };
    asked.outcome = asked.outcome
      .catch((error): RefreshOutcome => {
        onError(error);
        return 'failed';
      })
      .then((outcome) => {
        if (outcome === 'later' || outcome === 'stopped') asked.until = at + LOOK_AGAIN_MS;
        return outcome;
      });
    this.#asked.set(duns, asked);
    return asked.outcome;
  }

  async #ask(duns: string): Promise<RefreshOutcome> {
    const { database, upstream, ask } = this.#options;
    if ((await readControl(database)).state !== 'running') return 'stopped';
    if (await isUpstreamPaused(database, upstream.name)) return 'later';
    if (await isTdspPaused(database, duns)) return 'later';
    const open = await readOpenTargets(database, queueName(upstream));
    if (!open.some(({ tdsp_duns }) => tdsp_duns === duns)) {
      const reason = 'readers found its plans old';
      await ask({ kind: 'stale', tdsps: [duns], requested_by: 'reader', reason });
    }
    return 'elsewhere';
  }
}
