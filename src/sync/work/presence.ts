/**
 * Says that this process is there and hears whether syncing is allowed, on one connection of its own. As long as the
 * connection lives its lock says so to everybody; a process that was killed is known to be gone in the same moment.
 */

import { randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import pg from 'pg';
import { databaseTypes } from '../../store/postgres/database.ts';
import { type ControlState, readControl, SYNC_CONTROL_CHANGED } from '../../store/queue/sync-control.ts';
import { registerWorker, removeWorker, touchWorker } from '../../store/queue/sync-workers.ts';

interface PresenceOptions {
  connectionString: string;
  roles: readonly string[];
  /** Whose jobs this process takes; `null`: none. */
  queue: string | null;
  origin: string | null;
  /** Called with the state as it is at first and each time it is another. */
  onControl(state: ControlState): void;
  onError(error: unknown): void;
}

/** Two seconds after a notification was lost everybody knows all the same. */
const TOUCH_MS = 2_000;
const DEADLINE_MS = 5_000;
const RECONNECT_MS = 500;

export class Presence {
  /** Names this process for its life. */
  readonly id = randomUUID();
  readonly #options: PresenceOptions;
  readonly #startedAt = new Date();
  readonly #lockKey = randomInt(1, 2 ** 31 - 1);
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | undefined;
  #state: ControlState | null = null;
  #isKnown = false;
  #isStopped = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  /** Whether others know that this process lives: what it claims without would be taken for a dead one's. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Resolves once it is registered, or has failed to be; a loss later is its own business. */
  async start(): Promise<void> {
    if (this.#isStopped) return;
    const client = new pg.Client({
      connectionString: this.#options.connectionString,
      application_name: 'wattsync',
      connectionTimeoutMillis: DEADLINE_MS,
      query_timeout: DEADLINE_MS,
      keepAlive: true,
      types: databaseTypes,
    });
    this.#client = client;
    const lost = (error?: unknown) => {
      if (this.#client !== client) return;
      this.#client = null;
      this.#isKnown = false;
      clearTimeout(this.#timer);
      void client.end().catch(() => {});
      if (this.#isStopped) return;
      if (error) this.#options.onError(error);
      this.#timer = setTimeout(() => void this.start(), RECONNECT_MS);
    };
    client.on('error', lost);
    client.on('end', () => lost());
    client.on('notification', ({ payload }) => this.#hear(payload as ControlState));
    try {
      await client.connect();
      await client.query(`listen ${SYNC_CONTROL_CHANGED}`);
      const { roles, queue, origin } = this.#options;
      await registerWorker(client, {
        id: this.id,
        lock_key: this.#lockKey,
        host: hostname(),
        pid: process.pid,
        roles: [...roles],
        queue,
        origin,
        started_at: this.#startedAt,
      });
      this.#isKnown = true;
      this.#hear((await readControl(client)).state);
      this.#touchLater(client, lost);
    } catch (error) {
      lost(error);
    }
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    if (!client) return;
    await removeWorker(client, this.id).catch(() => {});
    await client.end().catch(() => {});
  }

  #hear(state: ControlState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onControl(state);
  }

  #touchLater(client: pg.Client, lost: (error: unknown) => void): void {
    if (this.#isStopped || this.#client !== client) return;
    this.#timer = setTimeout(() => {
      touchWorker(client, this.id)
        .then(() => readControl(client))
        .then(({ state }) => this.#hear(state))
        .then(() => this.#touchLater(client, lost), lost);
    }, TOUCH_MS);
  }
}
