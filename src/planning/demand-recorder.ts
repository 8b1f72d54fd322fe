/**
 * Counts what shoppers do and adds it, every few seconds, to what all processes counted. However many events come, it
 * is one statement each time; and none of them causes an upstream call.
 */

import type { Queryable } from '../store/postgres/database.ts';
import { addCityDemand, type DemandCounts } from '../store/queue/city-demand.ts';
import { Tally } from '../tally.ts';

export const DEMAND_EVENTS = { search: 'searches', lead: 'leads', conversion: 'conversions' } as const;
export type DemandEvent = keyof typeof DEMAND_EVENTS;

interface DemandRecorderOptions {
  database: Queryable;
  flushEveryMs?: number;
  onError(error: unknown): void;
  now?: () => Date;
}

const FLUSH_MS = 2_000;

export class DemandRecorder {
  readonly #tally: Tally<DemandCounts>;

  constructor({ database, flushEveryMs = FLUSH_MS, onError, now = () => new Date() }: DemandRecorderOptions) {
    this.#tally = new Tally({
      name: 'demand',
      everyMs: flushEveryMs,
      empty: (city_slug) => ({ city_slug, searches: 0, leads: 0, conversions: 0 }),
      add(to, more) {
        for (const name of Object.values(DEMAND_EVENTS)) to[name] += more[name];
      },
      write: (counted) => addCityDemand(database, now(), counted),
      onError,
    });
  }

  start(): void {
    this.#tally.start();
  }

  /** @param city_slug of a city there is: what is unknown must not fill the memory */
  count(city_slug: string, event: DemandEvent, times = 1): void {
    this.#tally.of(city_slug)[DEMAND_EVENTS[event]] += times;
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
