/**
 * What all viewers of operations look at together. It is read on connections of its own, once for all of them, and only
 * while somebody looks: fifty viewers cost PostgreSQL what one costs, and readers of plans nothing.
 */

import type pg from 'pg';
import type { Config } from '../config.ts';
import { describeError } from '../errors.ts';
import type { Rules } from '../monitor/alerts/rules.ts';
import { readMonth } from '../monitor/figures/period-figures.ts';
import type { PeriodFigures } from '../monitor/figures/targets.ts';
import { newSmallPool } from '../store/postgres/client.ts';
import type { Queryable } from '../store/postgres/database.ts';
import type { Territory } from '../territory/territory.ts';
import { type DatabaseSeen, readDatabase } from './database-reading.ts';
import type { RangeName } from './look/axis.ts';
import { type Fast, type Past, readFast, readPast, readSlow, type Slow } from './readings.ts';

/** One moment of the board, for one range of the charts. */
export interface Seen {
  /** `null`: PostgreSQL was never reached since this process began. */
  fast: Fast | null;
  slow: Slow | null;
  past: Past | null;
  /** Why the last try to read failed, and since when they have failed; `null`: what is shown is now. */
  failure: { since: Date; message: string } | null;
}

interface BoardOptions {
  connectionString: string;
  config: Config;
  territory: Territory;
  rules: Rules;
  now?: () => number;
}

const CONNECTIONS = 2;
const ANSWER_MS = 5_000;
const TRY_AGAIN_MS = 3_000;
/** How old each part may be when it is shown. */
const FAST_MS = 1_500;
const SLOW_MS = 12_000;
const MONTH_MS = 60_000;
const DATABASE_MS = 60_000;
const MOST_SHARED = 24;
const PAST_MS: Record<RangeName, number> = { '1h': 12_000, '24h': 60_000, '30d': 600_000 };

export class Board {
  readonly #pool: pg.Pool;
  readonly #now: () => number;
  readonly #fast: Kept<Fast>;
  readonly #slow: Kept<Slow>;
  readonly #month: Kept<PeriodFigures>;
  readonly #database: Kept<DatabaseSeen>;
  readonly #shared = new Map<string, Kept<unknown>>();
  readonly #past: Record<RangeName, Kept<Past>>;
  #failure: Seen['failure'] = null;
  #triedAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(options: BoardOptions) {
    const { connectionString, config, territory, rules, now = Date.now } = options;
    this.#now = now;
    this.#pool = newSmallPool(connectionString, { connections: CONNECTIONS, answerMs: ANSWER_MS });
    const pool = this.#pool;
    this.#fast = new Kept(FAST_MS, now, () => readFast(pool, config, rules));
    this.#month = new Kept(MONTH_MS, now, () => readMonth(pool, this.#at()));
    this.#slow = new Kept(SLOW_MS, now, () =>
      readSlow({ pool }, config, territory, this.#fast.last!.view, () => this.#month.get()),
    );
    this.#database = new Kept(DATABASE_MS, now, () => readDatabase(pool, connectionString, config));
    const past = (range: RangeName) => new Kept(PAST_MS[range], now, () => readPast(pool, range, this.#at()));
    this.#past = { '1h': past('1h'), '24h': past('24h'), '30d': past('30d') };
  }

  /** For what one page asks that others do not: a run, a held snapshot. */
  get queryable(): Queryable {
    return this.#pool;
  }

  /** Never throws: where PostgreSQL is away the last readings come with why there are no newer ones. */
  async look(range: RangeName): Promise<Seen> {
    // A server that hangs makes every try last: who asks meanwhile is not kept waiting for another.
    if (this.#failure && this.#now() - this.#triedAt < TRY_AGAIN_MS)
      return this.#lastSeen(range, this.#failure);
    this.#triedAt = this.#now();
    try {
      const fast = await this.#fast.get();
      const [slow, past] = await Promise.all([this.#slow.get(), this.#past[range].get()]);
      this.#failure = null;
      return { fast, slow, past, failure: null };
    } catch (error) {
      this.#failure = {
        since: this.#failure?.since ?? new Date(this.#now()),
        message: describeError(error),
      };
      return this.#lastSeen(range, this.#failure);
    }
  }

  #lastSeen(range: RangeName, failure: Seen['failure']): Seen {
    return { fast: this.#fast.last, slow: this.#slow.last, past: this.#past[range].last, failure };
  }

  /** @throws if PostgreSQL cannot be asked */
  database(): Promise<DatabaseSeen> {
    return this.#database.get();
  }

  /** Something that takes long, shared by all who ask for it within `forMs`. @throws as `read` does */
  share<T>(name: string, forMs: number, read: () => Promise<T>): Promise<T> {
    const known = this.#shared.get(name) as Kept<T> | undefined;
    const kept = known ?? new Kept(forMs, this.#now, read);
    if (!known && this.#shared.size >= MOST_SHARED) this.#shared.delete(this.#shared.keys().next().value!);
    this.#shared.set(name, kept);
    return kept.get();
  }

  /** What was changed from here is seen with the next look. */
  forget(): void {
    this.#fast.forget();
    this.#slow.forget();
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.#pool.end();
  }

  /** By the clock of the database. */
  #at(): Date {
    return this.#fast.last?.view.at ?? new Date(this.#now());
  }
}

/** A reading that is shared for a while, also by all who ask while it is being made. */
class Kept<T> {
  last: T | null = null;
  readonly #forMs: number;
  readonly #now: () => number;
  readonly #read: () => Promise<T>;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<T> | null = null;

  constructor(forMs: number, now: () => number, read: () => Promise<T>) {
    this.#forMs = forMs;
    this.#now = now;
    this.#read = read;
  }

  get(): Promise<T> {
    if (this.last !== null && this.#now() - this.#readAt < this.#forMs) return Promise.resolve(this.last);
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  forget(): void {
    this.#readAt = Number.NEGATIVE_INFINITY;
  }

  async #readNow(): Promise<T> {
    const began = this.#now();
    this.last = await this.#read();
    this.#readAt = began;
    return this.last;
  }
}
