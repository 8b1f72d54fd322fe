/**
 * Time that passes only when it is told to: timers fire in their order, nobody waits, and the same seed gives the same
 * run. For code that takes its time from `setTimeout`, `Date.now` and its chance from `Math.random`.
 */

import { stream, unit } from '../../src/sandbox/market/chance.ts';

const CHANCE = stream('virtual time');

class Timer {
  readonly atMs: number;
  readonly fire: () => void;

  constructor(atMs: number, fire: () => void) {
    this.atMs = atMs;
    this.fire = fire;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/**
 * Runs what promises have left to do, at once. Node does so after each callback; nothing that is documented does it in
 * between, and a turn of the event loop instead, ten times as slow, takes half of the time of a simulation.
 */
const settlePromises = (process as unknown as { _tickCallback(): void })._tickCallback;

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
    const timer = new Timer(this.nowMs + Math.max(0, ms), fire);
    let i = this.#timers.length;
    while (i > 0 && this.#timers[i - 1]!.atMs <= timer.atMs) i -= 1;
    this.#timers.splice(i, 0, timer);
    return timer as unknown as NodeJS.Timeout;
  };

  readonly clearTimeout = (timer: unknown): void => {
    const i = this.#timers.indexOf(timer as Timer);
    if (i !== -1) this.#timers.splice(i, 1);
  };

  /** Lets this much time pass, with everything that is due in it. Only within `during`. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    settlePromises();
    while ((this.#timers.at(-1)?.atMs ?? Number.POSITIVE_INFINITY) <= endMs) {
      const timer = this.#timers.pop()!;
      this.nowMs = timer.atMs;
      timer.fire();
      // Every promise that follows from it is settled before the next timer fires.
      settlePromises();
    }
    this.nowMs = endMs;
  }

  /** Runs `work` with this as the time of everybody. */
  during(work: () => void): Promise<void> {
    // From the event loop, not from a promise: only there can promises be settled on the way.
    return new Promise((resolve, reject) =>
      setImmediate(() => {
        const { setTimeout, clearTimeout } = globalThis;
        const { now } = Date;
        const { random } = Math;
        Object.assign(globalThis, { setTimeout: this.setTimeout, clearTimeout: this.clearTimeout });
        Date.now = () => this.nowMs;
        Math.random = this.random;
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        } finally {
          Object.assign(globalThis, { setTimeout, clearTimeout });
          Date.now = now;
          Math.random = random;
        }
      }),
    );
  }
}
