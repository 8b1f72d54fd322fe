/** Keeps the materialised views up to what this process publishes, beside its work: nobody waits for it. */

import { setTimeout as pause } from 'node:timers/promises';
import { describeError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { refreshMarketViews } from './refresh-views.ts';

export class BackgroundViews {
  readonly #database: Database;
  readonly #onError: (error: unknown) => void;
  readonly #stopping = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(database: Database, onError: (error: unknown) => void) {
    this.#database = database;
    this.#onError = onError;
  }

  /** @param isTime asked when its turn comes: of several that work together the last one refreshes for all */
  refresh(isTime: () => Promise<boolean> = async () => true): void {
    const { signal } = this.#stopping;
    this.#last = this.#last
      .then(async () => {
        if (!signal.aborted && (await isTime())) await refreshMarketViews(this.#database, { signal });
      })
      .catch((error) => this.#onError(new Error(`The views were not refreshed: ${describeError(error)}`)));
  }

  /** Who ends with its run, as a command does, still brings the views up to it, but not for longer than this. */
  async stop(graceMs: number): Promise<void> {
    await Promise.race([this.#last, pause(graceMs, null, { ref: false })]);
    this.#stopping.abort();
    await this.#last;
  }
}
