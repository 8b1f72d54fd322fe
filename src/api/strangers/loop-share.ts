/**
 * Lets what is not ready in memory have a share of each turn of the event loop, and wait for the next turn beyond that. So
 * an answer that is ready waits for a share and for one piece of work at most, however many others are asked for at once.
 */

import type { ServerResponse } from 'node:http';
import { inSameSpan } from '../../trace.ts';

/** Dozens of answers from memory fit into as much. */
const SHARE_MS = 2;

interface Waiting {
  response: Pick<ServerResponse, 'destroyed'>;
  work: () => void;
}

export class LoopShare {
  readonly #shareMs: number;
  readonly #now: () => number;
  readonly #waiting: Waiting[] = [];
  /** When the work of this turn began; `null`: none did yet. */
  #begunMs: number | null = null;
  #isLooking = false;

  constructor(shareMs = SHARE_MS, now = () => performance.now()) {
    this.#shareMs = shareMs;
    this.#now = now;
  }

  /** Does the work at once or, in the order in which they came, in a later turn; not at all where nobody waits for it any more. */
  run(response: Waiting['response'], work: () => void): void {
    if (this.#waiting.length === 0 && this.#hasTime()) this.#begin(work);
    else {
      this.#waiting.push({ response, work: inSameSpan(work) });
      this.#lookLater();
    }
  }

  #hasTime(): boolean {
    return this.#begunMs === null || this.#now() - this.#begunMs < this.#shareMs;
  }

  #begin(work: () => void): void {
    this.#begunMs ??= this.#now();
    this.#lookLater();
    work();
  }

  /** Behind all that came in from the network in this turn. */
  #lookLater(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    setImmediate(() => {
      this.#isLooking = false;
      this.#begunMs = null;
      this.#next();
    });
  }

  #next(): void {
    if (!this.#hasTime()) return;
    const next = this.#waiting.shift();
    if (!next) return;
    if (next.response.destroyed) this.#next();
    else {
      this.#begin(next.work);
      // What the work does behind its first await belongs to it: the time is looked at when that is done, too.
      queueMicrotask(() => process.nextTick(() => this.#next()));
    }
  }
}
