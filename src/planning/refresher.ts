/**
 * Fetches what readers found old or missing: once for the whole fleet, however many ask. In this process requests for
 * the same TDSPs are one; of all processes the one with the lease fetches. Whether the upstream may be called is for its
 * gate to say, and while it says no nobody prepares a call: a day without upstream costs fewer than 200 calls, and
 * readers no time at all. Where an operator stopped syncing nothing is fetched here either, and an emergency ends the
 * calls in flight.
 */

import { setTimeout as pause } from 'node:timers/promises';
import type { RefreshOutcome } from '../cache/plan-set-cache.ts';
import type { PlanSource } from '../sources/source.ts';
import type { Database } from '../store/postgres/database.ts';
import { readControl } from '../store/queue/sync-control.ts';
import { isUpstreamPaused } from '../store/upstream/permits.ts';
import { type LeaseTimes, takeLease } from '../store/upstream/refresh-leases.ts';
import { BackgroundCare } from '../sync/work/background-upkeep.ts';
import { runSync } from '../sync/work/run.ts';

type RefreshResult = RefreshOutcome;

const EMERGENCY_POLL_MS = 500;

interface RefresherOptions {
  database: Database;
  source: PlanSource;
  /** Every TDSP there is: what one call covers, where it covers the whole state. */
  tdsps: readonly string[];
  /** A plan set confirmed less than this ago is not fetched again. */
  freshForMs: number;
  cacheTtlMs: number;
  /** Keeps statistics and views up to what is published; false: somebody else does. */
  tuneDatabase?: boolean;
  signal: AbortSignal;
  onError?: (error: unknown) => void;
  leaseTimes?: LeaseTimes;
}

export class Refresher {
  readonly #options: RefresherOptions;
  readonly #running = new Map<string, Promise<RefreshResult>>();
  readonly #care: BackgroundCare;
  #isCareDue = false;
  #isStopped = false;

  constructor(options: RefresherOptions) {
    this.#options = options;
    this.#care = new BackgroundCare(options.database, (error) => options.onError?.(error));
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
        .then((result) => {
          this.#running.delete(key);
          this.#noteEnd(result);
          return result;
        });
      this.#running.set(key, running);
    }
    return running;
  }

  /** Readers wait for their plans, not for this; of several fetches at once the last one does it for all. */
  #noteEnd(result: RefreshResult): void {
    this.#isCareDue ||= result === 'refreshed';
    if (!this.#isCareDue || this.#running.size > 0 || this.#options.tuneDatabase === false) return;
    this.#isCareDue = false;
    this.#care.renew();
  }

  /** Waits for what is under way, but not for a PostgreSQL that hangs. Safe twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const ended = Promise.all(this.#running.values()).then(() => this.#care.stop(1_000));
    await Promise.race([ended, pause(3_000, null, { ref: false })]);
  }

  async #refresh(group: string[], reason: 'stale' | 'cold'): Promise<RefreshResult> {
    const { database, source, leaseTimes: times } = this.#options;
    if ((await readControl(database.quick)).state !== 'running') return 'stopped';
    if (await isUpstreamPaused(database.quick, source.name)) return 'later';
    const lease = await takeLease(database, group, { isPatient: true, ...(times ? { times } : {}) });
    if ('refused' in lease) return lease.refused;
    const halt = this.#watchForEmergency();
    try {
      const { freshForMs, cacheTtlMs, tuneDatabase } = this.#options;
      const signal = AbortSignal.any([this.#options.signal, halt.signal]);
      // One attempt: the next one is for the pause between refreshes to decide, not for the gate.
      const report = await runSync(
        { kind: `refresh_${reason}`, cities: [], tdsps: group, force: false, requested_by: 'reader' },
        { database, source, freshForMs, cacheTtlMs, tuneDatabase, signal, lease, attempts: 1 },
      );
      if (halt.signal.aborted) return 'stopped';
      return report.errors.length === 0 ? 'refreshed' : 'failed';
    } finally {
      halt.stop();
      await lease.release([]);
    }
  }

  /** Asked, not listened for: that somebody reads coldly is rare, and a listener would be a connection of each process. */
  #watchForEmergency(): { signal: AbortSignal; stop(): void } {
    const halt = new AbortController();
    const look = async (): Promise<void> => {
      // Who does not hear is refused by the gate, and when it publishes.
      const control = await readControl(this.#options.database.quick).catch(() => null);
      if (control?.state === 'emergency') halt.abort();
    };
    const timer = setInterval(() => void look(), EMERGENCY_POLL_MS);
    return { signal: halt.signal, stop: () => clearInterval(timer) };
  }
}
