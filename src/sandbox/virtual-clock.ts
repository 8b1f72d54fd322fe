/**
 * Virtual time. At speed 1 it is the real time, so that every process sees the same market on the same day; at any
 * other speed it departs from real time when the server starts.
 */

import { DAY_MS } from '../units.ts';

/** Virtual day 0 begins here; days before it are negative and work as well. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

export class VirtualClock {
  /** Virtual seconds per real second; 0 is a clock that stands still. */
  readonly speed: number;
  readonly #now: () => Date;
  readonly #startedAtMs: number;
  #advancedMs = 0;

  constructor(options: { now: () => Date; speed: number }) {
    this.speed = options.speed;
    this.#now = options.now;
    this.#startedAtMs = options.now().getTime();
  }

  nowMs(): number {
    return this.#startedAtMs + (this.#now().getTime() - this.#startedAtMs) * this.speed + this.#advancedMs;
  }

  /** ISO 8601, UTC. */
  nowIso(): string {
    return new Date(this.nowMs()).toISOString();
  }

  /** The virtual day, counted from the epoch; it changes at virtual midnight UTC. */
  day(): number {
    return Math.floor((this.nowMs() - EPOCH_MS) / DAY_MS);
  }

  /** Virtual days since the server started, each 24 hours long: the step of a replay. */
  daysSinceStart(): number {
    return Math.max(0, Math.floor((this.nowMs() - this.#startedAtMs) / DAY_MS));
  }

  /** Moves virtual time on. Never back: an upstream's ids and prices would un-happen. */
  advance(days: number): void {
    this.#advancedMs += days * DAY_MS;
  }
}

/** Virtual midnight at which the day began, Unix milliseconds. */
export const midnightMs = (day: number): number => EPOCH_MS + day * DAY_MS;

export function isWeekend(day: number): boolean {
  // Day 0, 1 January 2026, is a Thursday (4).
  const weekday = (((day + 4) % 7) + 7) % 7;
  return weekday === 0 || weekday === 6;
}
