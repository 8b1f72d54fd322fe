/** Writes down who was told what, in as few statements as it takes: what comes while one runs goes with the next. */

import { noteTold, type Told } from '../store/events/webhooks.ts';
import type { Queryable } from '../store/postgres/database.ts';

interface Waiting {
  told: Told;
  resolve(isHeld: boolean): void;
  reject(error: unknown): void;
}

/** More are another statement. */
const MOST = 200;

export class ToldNotes {
  readonly #database: Queryable;
  readonly #holdMs: number;
  #waiting: Waiting[] = [];
  #isWriting = false;

  /** @param holdMs for how long a webhook that was told something goes on being held */
  constructor(database: Queryable, holdMs: number) {
    this.#database = database;
    this.#holdMs = holdMs;
  }

  /** Resolves when it is written down. @returns whether it is still held by who told it */
  note(told: Told): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ told, resolve, reject });
      void this.#write();
    });
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    // What is told in the same turn goes along.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MOST);
      try {
        const told = batch.map(({ told }) => told);
        const held = await noteTold(this.#database, told, this.#holdMs);
        for (const { told, resolve } of batch) resolve(held.has(`${told.name} ${told.holder}`));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#isWriting = false;
  }
}
