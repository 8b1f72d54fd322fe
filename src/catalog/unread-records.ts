/**
 * Which records of a market could not be read, held in memory beside the plan sets: a list tells them as left out, and
 * waits for no question to PostgreSQL.
 */

import { readUnreadRecords, type UnreadRecord } from '../store/plans/quarantine.ts';
import type { Queryable } from '../store/postgres/database.ts';

interface UnreadRecordsOptions {
  database: Queryable;
  /** The next announcement tries again. */
  onError(error: unknown): void;
}

const NONE: readonly UnreadRecord[] = [];

export class UnreadRecordMemory {
  readonly #options: UnreadRecordsOptions;
  readonly #held = new Map<string, readonly UnreadRecord[]>();

  constructor(options: UnreadRecordsOptions) {
    this.#options = options;
  }

  /** The same list until it is another one. */
  of(duns: string): readonly UnreadRecord[] {
    return this.#held.get(duns) ?? NONE;
  }

  /** Somebody published, or confirmed what is published: records may be others all the same. Never throws. */
  async announce({ tdsp_duns }: { tdsp_duns: string }): Promise<void> {
    const { database, onError } = this.#options;
    try {
      const records = await readUnreadRecords(database, tdsp_duns);
      const isSame = JSON.stringify(records) === JSON.stringify(this.of(tdsp_duns));
      if (!isSame) this.#held.set(tdsp_duns, records);
    } catch (error) {
      onError(error);
    }
  }
}
