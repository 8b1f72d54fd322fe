/**
 * Hears of every publish and every clear, whoever made it. A connection that breaks is made again, and what may have
 * been missed meanwhile is asked for: notifications are not kept for those who are away. The same question, asked
 * every few seconds, finds out whether PostgreSQL still answers at all.
 */

import pg from 'pg';
import { CACHE_CLEARED, type CacheClear, readClearsSince } from '../cache/cache-clears.ts';
import { PLANS_PUBLISHED, readCurrentSnapshots } from '../plans/snapshots.ts';
import { FETCH_FAILED } from '../upstream/tdsp-pauses.ts';
import { databaseTypes } from './database.ts';
import { type PublishedVersion, readClear, readPublished } from './notices.ts';

interface ListenerOptions {
  onClear?: (clear: CacheClear) => void;
  /** A fetch of this TDSP failed, in whatever process. */
  onFetchFailed?: (duns: string) => void;
  /** How often it is asked for what was missed. */
  compareEveryMs?: number;
  /** How long connecting, and one question, may take. */
  deadlineMs?: number;
}

/** Short at the longest: two seconds after PostgreSQL is back everybody is to know what is current. */
const RECONNECT_MS = { first: 100, longest: 1_000 };

export class PublishListener {
  readonly #connectionString: string;
  readonly #onVersion: (published: PublishedVersion) => void;
  readonly #onClear: (clear: CacheClear) => void;
  readonly #onFetchFailed: (duns: string) => void;
  readonly #compareEveryMs: number;
  readonly #deadlineMs: number;
  #client: pg.Client | null = null;
  #reconnecting: NodeJS.Timeout | undefined;
  #comparing: NodeJS.Timeout | undefined;
  #waitMs = RECONNECT_MS.first;
  #lastClear = 0;
  #isStopped = false;

  constructor(
    database: { connectionString: string },
    onVersion: (published: PublishedVersion) => void,
    {
      onClear = () => {},
      onFetchFailed = () => {},
      compareEveryMs = 5_000,
      deadlineMs = 2_000,
    }: ListenerOptions = {},
  ) {
    this.#connectionString = database.connectionString;
    this.#onVersion = onVersion;
    this.#onClear = onClear;
    this.#onFetchFailed = onFetchFailed;
    this.#compareEveryMs = compareEveryMs;
    this.#deadlineMs = deadlineMs;
  }

  /** Resolves once it listens or has failed to; a later loss of the connection is its own business. */
  async start(): Promise<void> {
    if (this.#isStopped) return;
    const client = new pg.Client({
      connectionString: this.#connectionString,
      application_name: 'wattsync',
      connectionTimeoutMillis: this.#deadlineMs,
      query_timeout: this.#deadlineMs,
      types: databaseTypes,
    });
    this.#client = client;
    const lost = () => {
      if (this.#client !== client) return;
      this.#client = null;
      clearTimeout(this.#comparing);
      void client.end().catch(() => {});
      this.#reconnectLater();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ channel, payload }) => this.#hear(channel, payload));
    try {
      await client.connect();
      await client.query(`listen ${PLANS_PUBLISHED}; listen ${CACHE_CLEARED}; listen ${FETCH_FAILED}`);
      await this.#compare(client);
      this.#waitMs = RECONNECT_MS.first;
      this.#compareLater(client, lost);
    } catch {
      lost();
    }
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#reconnecting);
    clearTimeout(this.#comparing);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }

  /** What cannot be read is left out: the next comparison tells what is true. */
  #hear(channel: string, payload = ''): void {
    if (channel === FETCH_FAILED) this.#onFetchFailed(payload);
    else if (channel === PLANS_PUBLISHED) {
      const published = readPublished(payload);
      if (published) this.#onVersion(published);
    } else {
      const clear = readClear(payload);
      if (clear) this.#clear(clear);
    }
  }

  /** Asks for what may have been missed. */
  async #compare(client: pg.Client): Promise<void> {
    for (const { tdsp_duns, version, observed_at } of await readCurrentSnapshots(client)) {
      this.#onVersion({ tdsp_duns, version, observed_at: observed_at.toISOString() });
    }
    for (const clear of await readClearsSince(client, this.#lastClear)) this.#clear(clear);
  }

  #clear(clear: CacheClear): void {
    // Ids are given before commits: of two clears at once the later id may be heard first, and both are heard.
    this.#lastClear = Math.max(this.#lastClear, clear.id);
    this.#onClear(clear);
  }

  #compareLater(client: pg.Client, lost: () => void): void {
    if (this.#isStopped || this.#client !== client) return;
    this.#comparing = setTimeout(() => {
      this.#compare(client).then(() => this.#compareLater(client, lost), lost);
    }, this.#compareEveryMs);
  }

  #reconnectLater(): void {
    if (this.#isStopped) return;
    this.#reconnecting = setTimeout(() => void this.start(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, RECONNECT_MS.longest);
  }
}
