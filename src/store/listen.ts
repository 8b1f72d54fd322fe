/**
 * Hears of every publish, whoever made it. A connection that breaks is made again, and what may have been missed
 * meanwhile is asked for: notifications are not kept for those who are away.
 */

import pg from 'pg';
import type { Queryable } from './database.ts';
import { PLANS_PUBLISHED, readCurrentSnapshots } from './snapshots.ts';

export interface PublishedVersion {
  tdsp_duns: string;
  version: number;
  /** ISO 8601 in UTC. */
  observed_at: string;
}

const RECONNECT_MS = { first: 100, longest: 10_000 };

export class PublishListener {
  readonly #connectionString: string;
  readonly #pool: Queryable;
  readonly #onVersion: (published: PublishedVersion) => void;
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | undefined;
  #waitMs = RECONNECT_MS.first;
  #isStopped = false;

  constructor(
    database: { connectionString: string; pool: Queryable },
    onVersion: (published: PublishedVersion) => void,
  ) {
    this.#connectionString = database.connectionString;
    this.#pool = database.pool;
    this.#onVersion = onVersion;
  }

  /** Resolves once it listens; a later loss of the connection is its own business. */
  async start(): Promise<void> {
    if (this.#isStopped) return;
    const client = new pg.Client({ connectionString: this.#connectionString, application_name: 'wattsync' });
    this.#client = client;
    const lost = () => {
      if (this.#client !== client) return;
      this.#client = null;
      void client.end().catch(() => {});
      this.#reconnectLater();
    };
    client.on('error', lost);
    client.on('end', lost);
    client.on('notification', ({ payload }) =>
      this.#onVersion(JSON.parse(payload ?? '') as PublishedVersion),
    );
    try {
      await client.connect();
      await client.query(`listen ${PLANS_PUBLISHED}`);
      for (const { tdsp_duns, version, observed_at } of await readCurrentSnapshots(this.#pool)) {
        this.#onVersion({ tdsp_duns, version, observed_at: observed_at.toISOString() });
      }
      this.#waitMs = RECONNECT_MS.first;
    } catch {
      lost();
    }
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    await client?.end().catch(() => {});
  }

  #reconnectLater(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.start(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, RECONNECT_MS.longest);
  }
}
