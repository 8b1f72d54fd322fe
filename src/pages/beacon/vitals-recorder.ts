/** Counts what browsers tell of a visit, and adds it every few seconds to what all processes counted. */

import { count, emptyCounts } from '../../histogram.ts';
import { Tally } from '../../periodic.ts';
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
  readonly #tally: Tally<VitalCounts>;

  constructor({ database, onError, now = () => new Date() }: VitalsRecorderOptions) {
    this.#tally = new Tally({
      name: 'page_vitals',
      everyMs: FLUSH_MS,
      empty(key) {
        const [vital, page] = key.split(' ') as [Vital, string];
        return { page, vital, counts: emptyCounts(VITALS[vital]) };
      },
      add(to, more) {
        for (const [step, times] of more.counts.entries()) to.counts[step]! += times;
      },
      write: (counted) => addPageVitals(database, now(), counted),
      onError,
    });
  }

  start(): void {
    this.#tally.start();
  }

  /** @param page one of the patterns there are: what is unknown must not fill the memory */
  note(page: string, visit: Visit): void {
    for (const vital of Object.keys(VITALS) as Vital[]) {
      const value = visit[vital];
      if (value != null) count(this.#tally.of(`${vital} ${page}`).counts, VITALS[vital], value);
    }
  }

  /** Adds what was counted since the last time; what cannot be written is kept for the next. Never throws. */
  flush(): Promise<void> {
    return this.#tally.flush();
  }

  /** Safe early and twice. */
  stop(): Promise<void> {
    return this.#tally.stop();
  }
}
