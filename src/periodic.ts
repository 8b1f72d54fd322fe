/** Does something at an interval, one at a time, and once more at the end. */

/** When the loops of this process last went round whole, and how often they should. */
export const LOOPS = new Map<string, { at: number; everyMs: number }>();

export const noteRound = (loop: string, everyMs: number): void => {
  LOOPS.set(loop, { at: Date.now(), everyMs });
};

export class Periodic {
  readonly #name: string;
  readonly #work: () => Promise<void>;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();

  /**
   * @param name of the loop, for those who watch whether it goes round
   * @param work never throws
   */
  constructor(name: string, work: () => Promise<void>, everyMs: number) {
    this.#name = name;
    this.#work = work;
    this.#everyMs = everyMs;
  }

  start(): void {
    noteRound(this.#name, this.#everyMs);
    this.#timer ??= setInterval(() => void this.now(), this.#everyMs);
    this.#timer.unref();
  }

  /** Does it now, or right after the work in progress. */
  now(): Promise<void> {
    this.#working = this.#working.then(this.#work).then(() => {
      if (this.#timer) noteRound(this.#name, this.#everyMs);
    });
    return this.#working;
  }

  /** Begins no more; what is in progress ends by itself. */
  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    LOOPS.delete(this.#name);
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    this.end();
    await this.now();
  }
}
