/**
 * Counts what shoppers do and adds it, every few seconds, to what all processes counted. However many events come, it
 * is one statement each time; and none of them causes an upstream call.
 */

import { Tally } from '../periodic.ts';
import type { Queryable } from '../store/postgres/database.ts';
import {
  addCityDemand,
  addMissedPlaces,
  type DemandCounts,
  type MissedPlace,
} from '../store/queue/city-demand.ts';
import { DEMAND_WEIGHTS } from './priority.ts';

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
  readonly #missed: Tally<MissedPlace>;

  constructor({ database, flushEveryMs = FLUSH_MS, onError, now = () => new Date() }: DemandRecorderOptions) {
    this.#tally = new Tally({
      name: 'demand',
      everyMs: flushEveryMs,
      empty: (city_slug) => ({ city_slug, searches: 0, leads: 0, conversions: 0, anonymous: 0 }),
      add(to, more) {
        for (const name of ['searches', 'leads', 'conversions', 'anonymous'] as const) to[name] += more[name];
      },
      write: (counted) => addCityDemand(database, now(), counted),
      onError,
    });
    this.#missed = new Tally({
      name: 'missed_places',
      everyMs: flushEveryMs,
      empty: (place) => ({ place, searches: 0 }),
      add(to, more) {
        to.searches += more.searches;
      },
      write: (counted) => addMissedPlaces(database, now(), counted),
      onError,
    });
  }

  start(): void {
    this.#tally.start();
    this.#missed.start();
  }

  /**
   * @param city_slug of a city there is: what is unknown must not fill the memory
   * @param isVouched told with the key of events
   */
  count(city_slug: string, event: DemandEvent, isVouched: boolean): void {
    const counts = this.#tally.of(city_slug);
    const what = DEMAND_EVENTS[event];
    counts[what] += 1;
    if (!isVouched) counts.anonymous += DEMAND_WEIGHTS[what];
  }

  /** @param place as `missedPlace` names it: what strangers type must not fill the memory */
  miss(place: string): void {
    this.#missed.of(place).searches += 1;
  }

  /** Adds what was counted since the last time; what cannot be written is kept for the next. Never throws. */
  async flush(): Promise<void> {
    await Promise.all([this.#tally.flush(), this.#missed.flush()]);
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    await Promise.all([this.#tally.stop(), this.#missed.stop()]);
  }
}
