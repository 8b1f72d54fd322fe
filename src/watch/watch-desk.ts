/** Where a watch is asked for, wanted, shown and ended. Its links are signed: who has one may do what it says, and nothing else. */

import { randomUUID, timingSafeEqual } from 'node:crypto';
import type { Sealer } from '../seal.ts';
import type { Queryable } from '../store/postgres/database.ts';
import {
  confirmWatch,
  deleteWatch,
  insertWatch,
  readChargeShift,
  readWatch,
  type StoredWatch,
} from '../store/watch/watches.ts';
import { DAY_MS } from '../units.ts';
import { endOfWatch, type WatchQuestion } from './question.ts';

/** One that nobody says yes to is gone after this. */
const UNCONFIRMED_MS = 2 * DAY_MS;
const LIMITS = { ofAddress: 5, anHour: 300 } as const;

export const emailOwner = (id: string): string => `watch ${id}`;

export const watchToken = (sealer: Sealer, id: string): string => `${id}.${sealer.sign(`watch ${id}`)}`;

/** @returns the id; `null`: not one of ours */
function idOf(sealer: Sealer, token: string): string | null {
  const [, id, given = ''] = /^([0-9a-f-]{36})\.([\w-]{27})$/.exec(token) ?? [];
  if (id === undefined) return null;
  const [a, b] = [Buffer.from(given), Buffer.from(sealer.sign(`watch ${id}`))];
  return a.length === b.length && timingSafeEqual(a, b) ? id : null;
}

interface DeskOptions {
  database: Queryable;
  sealer: Sealer;
  /** Whether mail can be sent; without it a watch is a private feed alone. */
  hasMail: boolean;
}

export class WatchDesk {
  readonly hasMail: boolean;
  readonly #database: Queryable;
  readonly #sealer: Sealer;

  constructor({ database, sealer, hasMail }: DeskOptions) {
    this.#database = database;
    this.#sealer = sealer;
    this.hasMail = hasMail && sealer.hasKey;
  }

  /**
   * Takes it down; its owner is asked by mail. Whether the address has one already is told to nobody.
   * @returns `full`: the address, or the hour, has as many as it may
   */
  ask(email: string, language: 'en' | 'es', question: WatchQuestion, now: Date): Promise<'written' | 'full'> {
    const id = randomUUID();
    return insertWatch(
      this.#database,
      {
        id,
        sealed_email: this.#sealer.seal(emailOwner(id), email),
        email_mark: this.#sealer.sign(`address ${email.toLowerCase()}`),
        language,
        question,
        expires_at: new Date(now.getTime() + UNCONFIRMED_MS),
      },
      LIMITS,
    );
  }

  /** @returns `null`: it has ended, or the link is not one of ours */
  async find(token: string): Promise<StoredWatch<WatchQuestion> | null> {
    const id = this.#idOf(token);
    return id === null ? null : readWatch<WatchQuestion>(this.#database, id);
  }

  /** @returns whether there was one */
  async confirm(token: string, now: Date): Promise<boolean> {
    const watch = await this.find(token);
    return watch !== null && confirmWatch(this.#database, watch.id, endOfWatch(watch.question, now));
  }

  /** Nothing is kept of it. Safe twice. */
  async end(token: string): Promise<void> {
    const id = this.#idOf(token);
    if (id !== null) await deleteWatch(this.#database, id);
  }

  /** Cents per kWh by which the delivery charge has moved since they asked. */
  chargeSince({ tdsp_duns, since }: Pick<WatchQuestion, 'tdsp_duns' | 'since'>): Promise<number> {
    return readChargeShift(this.#database, tdsp_duns, new Date(`${since}T12:00:00Z`));
  }

  #idOf(token: string): string | null {
    return this.hasMail ? idOf(this.#sealer, token) : null;
  }
}
