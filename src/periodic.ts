/** Does something at an interval, one at a time, and once more at the end. */
export class Periodic {
  readonly #work: () => Promise<void>;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();

  /** @param work never throws */
  constructor(work: () => Promise<void>, everyMs: number) {
    this.#work = work;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.now(), this.#everyMs);
    this.#timer.unref();
  }

  /** Does it now, or right after the work in progress. */
  now(): Promise<void> {
    this.#working = this.#working.then(this.#work);
    return this.#working;
  }

  /** Begins no more; what is in progress ends by itself. */
  end(): void {
    clearInterval(this.#timer);
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    this.end();
    await this.now();
  }
}
