/**
 * What pages say of the past is in PostgreSQL: read once for a version of the plans, kept, and done without while
 * PostgreSQL is away. No page fails for it, and none waits for it twice.
 */

import { LRUCache } from 'lru-cache';
import { Problem } from '../../api/problem.ts';
import { FairGate } from '../../api/strangers/fair-gate.ts';
import type { Queryable } from '../../store/postgres/database.ts';

/** Each is up to a year of days: some 20 KB. */
const MOST_KEPT = 500;
/** What is "in the last 90 days" changes without a new version, too. */
const KEPT_MS = 15 * 60_000;
/** While PostgreSQL is away nobody else waits for it. */
const AWAY_MS = 5_000;
/**
 * Readers of the past must not hold up those of now: of four quick connections the API gives two to questions that take long.
 * A lane of their own, so that a crowd at the API does not keep people waiting; in it clients take turns as there.
 */
const TURNS = { atOnce: 1, atOncePerClient: 1, waiting: 64, waitingPerClient: 4 };

export class Past {
  readonly #database: { pool: Queryable };
  readonly #kept = new LRUCache<string, Promise<unknown>>({ max: MOST_KEPT, ttl: KEPT_MS });
  readonly #turns = new FairGate(TURNS);
  #awayUntil = 0;

  /** @param database whose queries fail soon rather than hang */
  constructor(database: { pool: Queryable }) {
    this.#database = database;
  }

  /**
   * @param client who asks, as limits know them
   * @param key names the question and the version of the plans it is about
   * @returns `'away'` where PostgreSQL does not answer, or too many wait for it
   */
  async read<T>(client: string, key: string, ask: (queryable: Queryable) => Promise<T>): Promise<T | 'away'> {
    const known = this.#kept.get(key) as Promise<T> | undefined;
    try {
      if (known) return await known;
      if (performance.now() < this.#awayUntil) return 'away';
      const asked = this.#turns.run(client, () => ask(this.#database.pool));
      this.#kept.set(key, asked);
      return await asked;
    } catch (error) {
      this.#kept.delete(key);
      if (error instanceof Problem) return 'away';
      this.#awayUntil = performance.now() + AWAY_MS;
      return 'away';
    }
  }
}
