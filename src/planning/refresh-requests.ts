/**
 * What readers find old is put into the queue, and what they find missing is fetched at once: once for the fleet however
 * many ask. Where a TDSP waits already, or is worked on, it is not asked for again; and nothing is asked for while
 * syncing is stopped, while the upstream may not be called, or while this TDSP is left alone because it failed.
 */

import type { RefreshOutcome } from '../cache/plan-set-cache.ts';
import type { RefreshDecision, RefreshKind } from './request-sync.ts';

interface RefreshRequestsOptions {
  request(duns: string, kind: RefreshKind): Promise<RefreshDecision>;
  /** Fetches in this process what waits for this TDSP. */
  fetchNow(duns: string, run_id: number | null): Promise<RefreshOutcome>;
  onError(error: unknown): void;
  now?: () => number;
}

const ASK_AGAIN_MS = 60_000;
/** Where it was too early to ask: looking costs next to nothing, and plans shall not stay old for a minute longer. */
const LOOK_AGAIN_MS = 5_000;

export class RefreshRequests {
  readonly #options: RefreshRequestsOptions;
  readonly #asked = new Map<string, { until: number; outcome: Promise<RefreshOutcome> }>();

  constructor(options: RefreshRequestsOptions) {
    this.#options = options;
  }

  /** Readers found the plans of a TDSP old; no process asks more than once a minute. Never rejects. */
  stale(duns: string): Promise<RefreshOutcome> {
    const { request, now = Date.now } = this.#options;
    const at = now();
    const last = this.#asked.get(duns);
    if (last && at < last.until) return last.outcome;
    const asked = {
      until: at + ASK_AGAIN_MS,
      outcome: this.#settled(async () => {
        const { decision } = await request(duns, 'stale');
        if (decision !== 'later' && decision !== 'stopped') return 'elsewhere';
        asked.until = at + LOOK_AGAIN_MS;
        return decision;
      }),
    };
    this.#asked.set(duns, asked);
    return asked.outcome;
  }

  /** Nothing is stored: resolves when this process, or another one that was quicker, has tried. Never rejects. */
  cold(duns: string): Promise<RefreshOutcome> {
    const { request, fetchNow } = this.#options;
    return this.#settled(async () => {
      const { decision, run_id } = await request(duns, 'cold');
      if (decision === 'later' || decision === 'stopped' || decision === 'elsewhere') return decision;
      return decision === 'fresh' ? 'refreshed' : fetchNow(duns, run_id);
    });
  }

  #settled(ask: () => Promise<RefreshOutcome>): Promise<RefreshOutcome> {
    return ask().catch((error): RefreshOutcome => {
      this.#options.onError(error);
      return 'failed';
    });
  }
}
