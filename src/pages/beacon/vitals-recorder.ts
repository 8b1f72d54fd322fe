/** Counts what browsers tell of a visit, and adds it every few seconds to what all processes counted. */

import { count, emptyCounts } from '../../histogram.ts';
import { Periodic } from '../../periodic.ts';
import { addPageVitals, VITALS, type Vital, type VitalCounts } from '../../store/observation/page-vitals.ts';
import type { Queryable } from '../../store/postgres/database.ts';

export type Visit = Partial<Record<Vital, number | null>>;

interface VitalsRecorderOptions {
  database: Queryable;
  onError(error: unknown): void;
  now?: () => Date;
}

const FLUSH_MS = 10_000;

export class VitalsRecorder {
  readonly #options: VitalsRecorderOptions;
  #counts = new Map<string, VitalCounts>();
  readonly #flusher = new Periodic('page_vitals', () => this.#flush(), FLUSH_MS);

  constructor(options: VitalsRecorderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#flusher.start();
  }

  /** @param page one of the patterns there are: what is unknown must not fill the memory */
  note(page: string, visit: Visit): void {
    for (const vital of Object.keys(VITALS) as Vital[]) {
      const value = visit[vital];
      if (value == null) continue;
      const key = `${vital} ${page}`;
      const held = this.#counts.get(key) ?? { page, vital, counts: emptyCounts(VITALS[vital]) };
      count(held.counts, VITALS[vital], value);
      this.#counts.set(key, held);
    }
  }

  /** Adds what was counted since the last time. Never throws. */
  flush(): Promise<void> {
    return this.#flusher.now();
  }

  /** Safe early and twice. */
  stop(): Promise<void> {
    return this.#flusher.stop();
  }

  /** What cannot be written is lost: it is a sample, and must not pile up. */
  async #flush(): Promise<void> {
    const counted = [...this.#counts.values()];
    if (counted.length === 0) return;
    this.#counts = new Map();
    const { database, onError, now = () => new Date() } = this.#options;
    await addPageVitals(database, now(), counted).catch(onError);
  }
}
