/**
 * Time that passes only when it is told to: timers fire in their order, nobody waits, and the same seed gives the same
 * run. For code that takes its time from `setTimeout`, `Date.now` and its chance from `Math.random`.
 */

import { setImmediate as turn } from 'node:timers/promises';
import { stream, unit } from '../../src/sandbox/market/chance.ts';

const CHANCE = stream('virtual time');

interface Timer {
  atMs: number;
  fire: () => void;
}

export class VirtualTime {
  nowMs: number;
  readonly #seed: number;
  #draws = 0;
  /** Sorted, the next one last. */
  readonly #timers: Timer[] = [];

  constructor(startMs: number, seed: number) {
    this.nowMs = startMs;
    this.#seed = seed;
  }

  /** Uniform in [0, 1). */
  readonly random = (): number => unit(this.#seed, CHANCE, this.#draws++);

  readonly setTimeout = (fire: () => void, ms = 0): NodeJS.Timeout => {
    const timer: Timer = { atMs: this.nowMs + Math.max(0, ms), fire };
    let place = this.#timers.length;
    while (place > 0 && this.#timers[place - 1]!.atMs <= timer.atMs) place -= 1;
    this.#timers.splice(place, 0, timer);
    return Object.assign(timer, { unref: () => timer, ref: () => timer }) as unknown as NodeJS.Timeout;
  };

  readonly clearTimeout = (timer: unknown): void => {
    const place = this.#timers.indexOf(timer as Timer);
    if (place !== -1) this.#timers.splice(place, 1);
  };

  /** Lets so much time pass, with everything that is due in it. */
  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await turn();
    while ((this.#timers.at(-1)?.atMs ?? Number.POSITIVE_INFINITY) <= endMs) {
      const timer = this.#timers.pop()!;
      this.nowMs = timer.atMs;
      timer.fire();
      // Every promise that follows from it is settled before the next timer fires.
      await turn();
    }
    this.nowMs = endMs;
  }

  /** Runs `work` with this as the time of everybody. One at a time: time is global. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    const { setTimeout, clearTimeout } = globalThis;
    const { now } = Date;
    const { random } = Math;
    Object.assign(globalThis, { setTimeout: this.setTimeout, clearTimeout: this.clearTimeout });
    Date.now = () => this.nowMs;
    Math.random = this.random;
    try {
      return await work();
    } finally {
      Object.assign(globalThis, { setTimeout, clearTimeout });
      Date.now = now;
      Math.random = random;
    }
  }
}
