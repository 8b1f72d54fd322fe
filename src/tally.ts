/** Counts that are added, every few seconds, to those of all processes: one statement, however much was counted. */

import { Periodic } from './periodic.ts';

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
