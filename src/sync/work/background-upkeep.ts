/** Keeps the planner's statistics and the materialised views up to what this process publishes: nobody waits for it. */

import { setTimeout as pause } from 'node:timers/promises';
import { describeError } from '../../errors.ts';
import type { Database } from '../../store/postgres/database.ts';
import { analyzeWhatChanged } from '../../store/upkeep/analyze.ts';
import { refreshMarketViews } from './refresh-views.ts';

export class BackgroundUpkeep {
  readonly #database: Database;
  readonly #onError: (error: unknown) => void;
  readonly #stopping = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(database: Database, onError: (error: unknown) => void) {
    this.#database = database;
    this.#onError = onError;
  }

  /** @param isTime asked when its turn comes: of several that work together the last one does it for all */
  renew(isTime: () => Promise<boolean>): void {
    this.#last = this.#last
      .then(async () => {
        if (this.#stopping.signal.aborted || !(await isTime())) return;
        await this.#renew();
      })
      .catch((error) =>
        this.#onError(new Error(`Statistics and views were not renewed: ${describeError(error)}`)),
      );
  }

  /** Statistics first: the queries of the views are planned by them. */
  async #renew(): Promise<void> {
    const { signal } = this.#stopping;
    await analyzeWhatChanged(this.#database.pool);
    const { views } = await refreshMarketViews(this.#database, { signal });
    for (const { view, error } of views) {
      if (error !== null) this.#onError(new Error(`The view ${view} was not refreshed: ${error}`));
    }
  }

  /** A process that ends with its run, as a command does, still does it for that run, but not for longer than this. */
  async stop(graceMs: number): Promise<void> {
    await Promise.race([this.#last, pause(graceMs, null, { ref: false })]);
    this.#stopping.abort();
    await this.#last;
  }
}
