/**
 * What is ours in a Redis that others may share, and what of it is believed: only what carries a seal made with a key from
 * PostgreSQL. A stranger who may write there can make a value a miss, and can do no more.
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Redis } from 'ioredis';
import { PACKED_FORMAT } from '../../plan/packed/packed-plans.ts';
import type { DatabaseIdentity } from '../../store/postgres/database-identity.ts';
import { type PublishedVersion, readPublished } from '../../store/postgres/notices.ts';

/** Of the stored value: processes of two formats, as during a deployment, have keys of their own. */
const FORMAT = `3.${PACKED_FORMAT}`;
/** How far the clock of the process that confirmed a set may be ahead of ours. */
const CLOCK_SKEW_MS = 5 * 60_000;
/** PostgreSQL that does not answer at once is not waited for: what bears the seal was published once. */
const ASK_MS = 100;

interface Stored {
  version: number;
  observed_at: string;
  body: Buffer;
}

interface RedisValuesOptions {
  identity: DatabaseIdentity;
  /** Whether PostgreSQL knows this version: after a restore to an earlier moment Redis may have one it does not. */
  isPublished?: (duns: string, version: number) => Promise<boolean>;
  now?: () => number;
}

export class RedisValues {
  /** On it: JSON, `{tdsp_duns, version, observed_at, seal}`. */
  readonly channel: string;
  readonly #identity: DatabaseIdentity;
  readonly #isPublished: (duns: string, version: number) => Promise<boolean>;
  readonly #now: () => number;
  /** The newest version of each TDSP that PostgreSQL is known to know. */
  readonly #known = new Map<string, number>();

  constructor({ identity, isPublished = async () => true, now = Date.now }: RedisValuesOptions) {
    this.#identity = identity;
    this.#isPublished = isPublished;
    this.#now = now;
    this.channel = `wattsync:${identity.id}:published:2`;
  }

  keyOf = (duns: string): string => `wattsync:${this.#identity.id}:plans:${FORMAT}:${duns}`;

  seal({ tdsp_duns, version, observed_at }: PublishedVersion, body: Buffer | null = null): string {
    const seal = createHmac('sha256', this.#identity.redis_key);
    seal.update(JSON.stringify([FORMAT, tdsp_duns, version, observed_at, body === null]));
    if (body) seal.update(body);
    return seal.digest('hex');
  }

  /**
   * `null`: there is nothing; `damaged`: not a whole value of ours that PostgreSQL knows, so it says nothing about versions
   * either.
   */
  async read(client: Redis, duns: string): Promise<Stored | 'damaged' | null> {
    let fields: (Buffer | null)[];
    try {
      fields = await client.hmgetBuffer(this.keyOf(duns), 'version', 'observed_at', 'body', 'seal');
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return 'damaged';
      throw error;
    }
    if (fields.every((field) => field === null)) return null;
    // Not taken for granted: a line on which bytes were lost brings the answers to other questions.
    if (!fields.every((field) => Buffer.isBuffer(field))) return 'damaged';
    const [version, observedAt, body, seal] = fields as [Buffer, Buffer, Buffer, Buffer];
    const told = readPublished({
      tdsp_duns: duns,
      version: Number(version.toString()),
      observed_at: observedAt.toString(),
    });
    if (!told || !isSame(seal.toString(), this.seal(told, body))) return 'damaged';
    if (this.#isAhead(told) || !(await this.#knows(told))) return 'damaged';
    return { version: told.version, observed_at: told.observed_at, body };
  }

  announcement(published: PublishedVersion): string {
    const { tdsp_duns, version, observed_at } = published;
    return JSON.stringify({ tdsp_duns, version, observed_at, seal: this.seal(published) });
  }

  /** `null`: not ours. A version that does not exist would be waited for without end. */
  heard(message: string): PublishedVersion | null {
    const published = readPublished(message);
    if (!published || this.#isAhead(published)) return null;
    const { seal } = JSON.parse(message) as { seal?: unknown };
    return isSame(String(seal), this.seal(published)) ? published : null;
  }

  #isAhead({ observed_at }: PublishedVersion): boolean {
    return Date.parse(observed_at) > this.#now() + CLOCK_SKEW_MS;
  }

  /** Asked once for each version. */
  async #knows({ tdsp_duns, version }: PublishedVersion): Promise<boolean> {
    if (version <= (this.#known.get(tdsp_duns) ?? 0)) return true;
    const asked = this.#isPublished(tdsp_duns, version).then(
      (isKnown) => {
        if (isKnown) this.#known.set(tdsp_duns, version);
        return isKnown;
      },
      () => true,
    );
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, ASK_MS, true);
    });
    return Promise.race([asked, patience]).finally(() => clearTimeout(timer));
  }
}

const isSame = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
