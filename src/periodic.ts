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

interface TallyOptions<Counts> {
  /** Of the loop, for those who watch whether it goes round. */
  name: string;
  everyMs: number;
  /** Nothing, to be counted from. @param key what the counts are of */
  empty(key: string): Counts;
  /** Counts of one key that could not be written join those that came meanwhile. */
  add(to: Counts, more: Counts): void;
  write(counted: Counts[]): Promise<void>;
  /** Told of each failure to write: the counts are kept for the next time. */
  onError(error: unknown): void;
}

/** Counts that are added, every few seconds, to those of all processes: one statement, however much was counted. */
export class Tally<Counts> {
  readonly #options: TallyOptions<Counts>;
  readonly #flusher: Periodic;
  #counts = new Map<string, Counts>();

  constructor(options: TallyOptions<Counts>) {
    this.#options = options;
    this.#flusher = new Periodic(options.name, () => this.#flush(), options.everyMs);
  }

  start(): void {
    this.#flusher.start();
  }

  /** To be counted up. @param key one of those there are: what is unknown must not fill the memory */
  of(key: string): Counts {
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      counts = this.#options.empty(key);
      this.#counts.set(key, counts);
    }
    return counts;
  }

  /** Writes what was counted since the last time. Never throws. */
  flush(): Promise<void> {
    return this.#flusher.now();
  }

  /** Safe early and twice. */
  stop(): Promise<void> {
    return this.#flusher.stop();
  }

  async #flush(): Promise<void> {
    if (this.#counts.size === 0) return;
    const counted = this.#counts;
    this.#counts = new Map();
    const { write, add, onError } = this.#options;
    try {
      await write([...counted.values()]);
    } catch (error) {
      for (const [key, counts] of counted) add(this.of(key), counts);
      onError(error);
    }
  }
}
