/**
 * What happens where no layer has a plan set: it is fetched, once for all who wait in this process. They wait a moment
 * for what comes of it, here or in another process, and not for the fetch itself.
 */

import { performance } from 'node:perf_hooks';
import type { Held } from './memory-shelf.ts';
import type { CacheRecorder } from './recorder.ts';

interface ColdFetchesOptions {
  /**
   * Resolves when a fetch was tried; at once with `elsewhere` when another process is at it, or with `later` when the last
   * one failed a moment ago.
   */
  fetch(duns: string): Promise<unknown>;
  /** The longest a reader waits for it. */
  waitMs: number;
  held(duns: string): Held | null;
  load(duns: string): Promise<Held | null>;
  /** Nothing came in time. */
  onNothing(duns: string): void;
  now(): number;
  recorder?: CacheRecorder | undefined;
}

export class ColdFetches {
  readonly #options: ColdFetchesOptions;
  readonly #running = new Map<string, Promise<Held | null>>();
  readonly #waiting = new Map<string, (held: Held | null) => void>();

  constructor(options: ColdFetchesOptions) {
    this.#options = options;
  }

  /** The fetch of this TDSP that is waited for just now. */
  running(duns: string): Promise<Held | null> | undefined {
    return this.#running.get(duns);
  }

  run(duns: string): Promise<Held | null> {
    let fetch = this.#running.get(duns);
    if (!fetch) {
      fetch = this.#run(duns).finally(() => this.#running.delete(duns));
      this.#running.set(duns, fetch);
    }
    return fetch;
  }

  /** Memory has it now, wherever it came from. */
  arrived(duns: string, held: Held): void {
    this.#waiting.get(duns)?.(held);
  }

  /** Whoever fetched it, here or elsewhere, got nothing: there is nothing to wait for. */
  gaveUp(duns: string): void {
    this.#waiting.get(duns)?.(this.#options.held(duns));
  }

  async #run(duns: string): Promise<Held | null> {
    const { fetch, waitMs, held, load, onNothing, now, recorder } = this.#options;
    const started = performance.now();
    const arrived = Promise.withResolvers<Held | null>();
    const timer = setTimeout(() => arrived.resolve(null), waitMs);
    this.#waiting.set(duns, arrived.resolve);
    // Resolved or failed, the reader learns of it from the layers: another process may have published meanwhile.
    fetch(duns)
      .then(async (result) => {
        const known = held(duns);
        if (known || result === 'later' || result === 'stopped') arrived.resolve(known);
        // Who fetches elsewhere publishes, and the announcement brings it; or fails, and tells that, too.
        else if (result !== 'elsewhere') arrived.resolve(await load(duns));
      })
      .catch(() => arrived.resolve(null));
    const found = await arrived.promise;
    this.#waiting.delete(duns);
    clearTimeout(timer);
    const latencyMs = performance.now() - started;
    if (!found) {
      recorder?.error('api', latencyMs);
      onNothing(duns);
      return null;
    }
    recorder?.hit('api', latencyMs, now() - found.observedAtMs, found.isStale);
    return { ...found, layer: 'api' };
  }
}
