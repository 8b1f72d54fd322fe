/**
 * What prices did lately, held in memory beside the plan sets: asked of PostgreSQL once for each published version, in
 * the background, so that no page waits for it or asks for it.
 */

import type { RecentPrice } from '../plan/past/recent-price.ts';
import { type RecentPrices, readRecentPrices } from '../store/market/recent-prices.ts';
import type { Queryable } from '../store/postgres/database.ts';

interface RecentPricesOptions {
  database: Queryable;
  /** The next announcement tries again. */
  onError(error: unknown): void;
  now?: () => Date;
}

export class RecentPriceMemory {
  readonly #options: RecentPricesOptions;
  readonly #held = new Map<string, RecentPrices>();
  readonly #loading = new Set<string>();

  constructor(options: RecentPricesOptions) {
    this.#options = options;
  }

  /** By offer; `null` where those of this version are not here (yet). */
  of(duns: string, version: number): ReadonlyMap<string, RecentPrice> | null {
    const held = this.#held.get(duns);
    return held?.version === version ? held.by_offer : null;
  }

  /** Somebody published, or confirmed what is published. Never throws. */
  async announce({ tdsp_duns, version }: { tdsp_duns: string; version: number }): Promise<void> {
    const isHeld = (this.#held.get(tdsp_duns)?.version ?? 0) >= version;
    if (isHeld || this.#loading.has(tdsp_duns)) return;
    this.#loading.add(tdsp_duns);
    try {
      const { database, now = () => new Date() } = this.#options;
      this.#held.set(tdsp_duns, await readRecentPrices(database, tdsp_duns, now()));
    } catch (error) {
      this.#options.onError(error);
    } finally {
      this.#loading.delete(tdsp_duns);
    }
  }
}
