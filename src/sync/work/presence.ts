/**
 * Says that this process is there and hears whether syncing is allowed, on one connection of its own. As long as the
 * connection lives its lock says so to everybody; a process that was killed is known to be gone in the same moment.
 */

import { randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type pg from 'pg';
import { ListeningClient } from '../../store/postgres/listening-client.ts';
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

/** Two seconds after a notification was lost every process knows all the same. */
const TOUCH_MS = 2_000;
const DEADLINE_MS = 5_000;
const RECONNECT_MS = 500;

export class Presence {
  /** Names this worker for its life. */
  readonly id = randomUUID();
  readonly #options: PresenceOptions;
  readonly #connection: ListeningClient;
  readonly #startedAt = new Date();
  readonly #lockKey = randomInt(1, 2 ** 31 - 1);
  #state: ControlState | null = null;
  #isKnown = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#connection = new ListeningClient({
      name: 'presence',
      connectionString: options.connectionString,
      channels: [SYNC_CONTROL_CHANGED],
      deadlineMs: DEADLINE_MS,
      reconnectMs: { first: RECONNECT_MS, longest: RECONNECT_MS },
      lookEveryMs: TOUCH_MS,
      onNotification: (_channel, payload) => this.#hear(payload as ControlState),
      onConnect: (client) => this.#register(client),
      look: async (client) => {
        await touchWorker(client, this.id);
        this.#hear((await readControl(client)).state);
      },
      onLost: (error) => {
        this.#isKnown = false;
        if (error) options.onError(error);
      },
    });
  }

  /** Whether others know that this process lives: what it claims without would be taken for a dead one's. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Resolves once it is registered, or has failed to be; from then on it connects again by itself. */
  start(): Promise<void> {
    return this.#connection.start();
  }

  /** Safe early and twice. */
  stop(): Promise<void> {
    return this.#connection.stop((client) => removeWorker(client, this.id));
  }

  async #register(client: pg.Client): Promise<void> {
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
  }

  #hear(state: ControlState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onControl(state);
  }
}
