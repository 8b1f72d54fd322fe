/**
 * Counts what shoppers do and adds it, every few seconds, to what all processes counted. However many events come, it
 * is one statement each time; and none of them causes an upstream call.
 */

import { Periodic } from '../periodic.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { addCityDemand, addMissedPlaces, type DemandCounts } from '../store/queue/city-demand.ts';
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
  readonly #options: DemandRecorderOptions;
  #counts = new Map<string, DemandCounts>();
  #missed = new Map<string, number>();
  readonly #flusher: Periodic;

  constructor(options: DemandRecorderOptions) {
    this.#options = options;
    this.#flusher = new Periodic('demand', () => this.#flush(), options.flushEveryMs ?? FLUSH_MS);
  }

  start(): void {
    this.#flusher.start();
  }

  /**
   * @param city_slug of a city there is: what is unknown must not fill the memory
   * @param isVouched told with the key of events
   */
  count(city_slug: string, event: DemandEvent, isVouched: boolean): void {
    const none = { city_slug, searches: 0, leads: 0, conversions: 0, anonymous: 0 };
    const what = DEMAND_EVENTS[event];
    this.#add({ ...none, [what]: 1, anonymous: isVouched ? 0 : DEMAND_WEIGHTS[what] });
  }

  #add(more: DemandCounts): void {
    const counts = this.#counts.get(more.city_slug);
    if (!counts) this.#counts.set(more.city_slug, more);
    else {
      for (const name of ['searches', 'leads', 'conversions', 'anonymous'] as const)
        counts[name] += more[name];
    }
  }

  /** @param place as `missedPlace` names it: what strangers type must not fill the memory */
  miss(place: string, times = 1): void {
    this.#missed.set(place, (this.#missed.get(place) ?? 0) + times);
  }

  /** Adds what was counted since the last time; what cannot be written is kept for the next. Never throws. */
  flush(): Promise<void> {
    return this.#flusher.now();
  }

  /** Safe early and twice. */
  stop(): Promise<void> {
    return this.#flusher.stop();
  }

  async #flush(): Promise<void> {
    await this.#flushMissed();
    const counted = [...this.#counts.values()];
    if (counted.length === 0) return;
    this.#counts = new Map();
    const { database, onError, now = () => new Date() } = this.#options;
    try {
      await addCityDemand(database, now(), counted);
    } catch (error) {
      for (const counts of counted) this.#add(counts);
      onError(error);
    }
  }

  async #flushMissed(): Promise<void> {
    const missed = [...this.#missed].map(([place, searches]) => ({ place, searches }));
    if (missed.length === 0) return;
    this.#missed = new Map();
    const { database, onError, now = () => new Date() } = this.#options;
    try {
      await addMissedPlaces(database, now(), missed);
    } catch (error) {
      for (const { place, searches } of missed) this.miss(place, searches);
      onError(error);
    }
  }
}
