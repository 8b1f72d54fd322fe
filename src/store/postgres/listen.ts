/**
 * Hears of every publish and every clear, in whatever process. What may have been missed is asked for every few
 * seconds; that also finds out whether PostgreSQL still answers at all.
 */

import type pg from 'pg';
import { CACHE_CLEARED, type CacheClear, readClearsSince } from '../cache/cache-clears.ts';
import { MARKET_EVENTS } from '../events/write-events.ts';
import { PLANS_PUBLISHED, readCurrentSnapshots } from '../plans/snapshots.ts';
import { FETCH_FAILED } from '../upstream/tdsp-pauses.ts';
import { ListeningClient } from './listening-client.ts';
import { type PublishedVersion, readClear, readPublished } from './notices.ts';

interface ListenerOptions {
  onClear?: (clear: CacheClear) => void;
  /** A fetch of this TDSP failed, in whatever process. */
  onFetchFailed?: (duns: string) => void;
  /** The event log has grown, or may have. */
  onEvents?: () => void;
  /** How often it is asked for what was missed. */
  compareEveryMs?: number;
  /** How long connecting, and one question, may take. */
  deadlineMs?: number;
}

/** Short at the longest: two seconds after PostgreSQL is back everybody is to know what is current. */
const RECONNECT_MS = { first: 100, longest: 1_000 };

export class PublishListener {
  readonly #connection: ListeningClient;
  readonly #onVersion: (published: PublishedVersion) => void;
  readonly #onClear: (clear: CacheClear) => void;
  readonly #onFetchFailed: (duns: string) => void;
  readonly #onEvents: () => void;
  #lastClear = 0;

  constructor(
    { connectionString }: { connectionString: string },
    onVersion: (published: PublishedVersion) => void,
    {
      onClear = () => {},
      onFetchFailed = () => {},
      onEvents = () => {},
      compareEveryMs = 5_000,
      deadlineMs = 2_000,
    }: ListenerOptions = {},
  ) {
    this.#onVersion = onVersion;
    this.#onClear = onClear;
    this.#onFetchFailed = onFetchFailed;
    this.#onEvents = onEvents;
    const compare = (client: pg.Client) => this.#compare(client);
    this.#connection = new ListeningClient({
      name: 'publish_listener',
      connectionString,
      channels: [PLANS_PUBLISHED, CACHE_CLEARED, FETCH_FAILED, MARKET_EVENTS],
      deadlineMs,
      reconnectMs: RECONNECT_MS,
      lookEveryMs: compareEveryMs,
      onNotification: (channel, payload) => this.#hear(channel, payload),
      onConnect: compare,
      look: compare,
    });
  }

  /** Resolves once it listens or has failed to; from then on it connects again by itself. */
  start(): Promise<void> {
    return this.#connection.start();
  }

  /** Safe early and twice. */
  stop(): Promise<void> {
    return this.#connection.stop();
  }

  /** What cannot be read is left out: the next comparison tells what is true. */
  #hear(channel: string, payload: string): void {
    if (channel === MARKET_EVENTS) this.#onEvents();
    else if (channel === FETCH_FAILED) this.#onFetchFailed(payload);
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
    this.#onEvents();
  }

  #clear(clear: CacheClear): void {
    // Ids are given before commits: of two clears at once the later id may be heard first, and both are heard.
    this.#lastClear = Math.max(this.#lastClear, clear.id);
    this.#onClear(clear);
  }
}
