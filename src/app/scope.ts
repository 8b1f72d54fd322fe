/** What a program has begun, and the one way to end it: the last first. */

import { setTimeout as pause } from 'node:timers/promises';

/** A part that hangs must not keep the process from ending: a supervisor waits for that, and kills after ten seconds. */
const CLOSE_MS = 8_000;

type Part = { stop(): Promise<unknown> } | { close(): Promise<unknown> };

export class Scope {
  readonly #onError: (error: unknown) => void;
  readonly #closers: (() => Promise<unknown>)[] = [];
  readonly #closing = new AbortController();
  #closed: Promise<void> | undefined;

  /** @param onError told of each part that did not shut down cleanly */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Aborted as soon as the end begins. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Ends this part when its turn comes. */
  own<T extends Part>(part: T): T {
    this.#closers.push(() => ('stop' in part ? part.stop() : part.close()));
    return part;
  }

  /** Begins work beside everything else; it should heed the signal. */
  spawn(work: (signal: AbortSignal) => Promise<unknown>, onError: (error: unknown) => void): void {
    const done = work(this.signal).catch((error) => {
      if (!this.signal.aborted) onError(error);
    });
    this.#closers.push(() => done);
  }

  /** Safe early and twice. */
  close(): Promise<void> {
    this.#closing.abort();
    this.#closed ??= Promise.race([this.#closeAll(), this.#tooLong()]);
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close().catch(this.#onError);
  }

  async #tooLong(): Promise<void> {
    await pause(CLOSE_MS, null, { ref: false });
    this.#onError(new Error(`not everything had ended after ${CLOSE_MS / 1_000} s`));
  }
}
