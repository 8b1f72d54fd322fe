/**
 * Fetches what readers found old or missing: once for the whole fleet, however many ask. In this process requests for
 * the same TDSPs are one; of all processes the one with the lease fetches. Whether the upstream may be called is for its
 * gate to say, and while it says no nobody prepares a call: a day without upstream costs fewer than 200 calls, and
 * readers no time at all.
 */

import { setTimeout } from 'node:timers/promises';
import type { RefreshOutcome } from '../cache/plan-set-cache.ts';
import type { PlanSource } from '../sources/source.ts';
import type { Database } from '../store/database.ts';
import { type LeaseTimes, takeLease } from '../store/refresh-leases.ts';
import { isUpstreamPaused } from '../store/upstream-gate.ts';
import { runSync } from '../sync/run.ts';

export type RefreshResult = RefreshOutcome;

export interface RefresherOptions {
  database: Database;
  source: PlanSource;
  /** Every TDSP there is: what one call covers, where it covers the whole state. */
  tdsps: readonly string[];
  /** A plan set confirmed less than this ago is not fetched again. */
  freshForMs: number;
  cacheTtlMs: number;
  signal: AbortSignal;
  onError?: (error: unknown) => void;
  leaseTimes?: LeaseTimes;
}

export class Refresher {
  readonly #options: RefresherOptions;
  readonly #running = new Map<string, Promise<RefreshResult>>();
  #isStopped = false;

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  /** Never throws. Who asked may go away: the refresh goes on. */
  request(duns: string, reason: 'stale' | 'cold'): Promise<RefreshResult> {
    const { source, tdsps, onError } = this.#options;
    const group = source.coverage === 'state' ? [...tdsps] : [duns];
    const key = group[0]!;
    let running = this.#running.get(key);
    if (!running) {
      if (this.#isStopped) return Promise.resolve('later');
      running = this.#refresh(group, reason)
        .catch((error): RefreshResult => {
          onError?.(error);
          return 'failed';
        })
        .finally(() => this.#running.delete(key));
      this.#running.set(key, running);
    }
    return running;
  }

  /** Waits for what is under way, but not for a PostgreSQL that hangs. Safe twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.race([Promise.all(this.#running.values()), setTimeout(3_000, null, { ref: false })]);
  }

  async #refresh(group: string[], reason: 'stale' | 'cold'): Promise<RefreshResult> {
    const { database, source, leaseTimes: times } = this.#options;
    if (await isUpstreamPaused(database.quick, source.name)) return 'later';
    const lease = await takeLease(database, group, { isPatient: true, ...(times ? { times } : {}) });
    if ('refused' in lease) return lease.refused;
    try {
      const { freshForMs, cacheTtlMs, signal } = this.#options;
      // One attempt: the next one is for the pause between refreshes to decide, not for the gate.
      const report = await runSync(
        { kind: `refresh_${reason}`, cities: [], tdsps: group, force: false },
        { database, source, freshForMs, cacheTtlMs, signal, lease, attempts: 1 },
      );
      return report.errors.length === 0 ? 'refreshed' : 'failed';
    } finally {
      await lease.release([]);
    }
  }
}
