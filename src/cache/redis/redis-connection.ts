/**
 * One connection to Redis that never makes anybody wait: nothing is queued while it is away, every command has a
 * time-out, a peer that vanished without a word is noticed by a ping, and it is tried again for ever.
 */

import { Redis } from 'ioredis';
import type { Secret } from '../../config.ts';

export interface RedisConnectionOptions {
  url: Secret;
  /** Called each time it is there, the first time included. What it rejects with ends the connection: it is of no use. */
  onReady?: (client: Redis) => Promise<unknown>;
  pingEveryMs?: number;
}

const CONNECT_MS = 2_000;
const COMMAND_MS = 1_500;
const RECONNECT_MS = { first: 50, longest: 2_000 };
/** How long a connection that is given up has to close politely before it is cut. */
const CLOSE_MS = 300;

export class RedisConnection {
  readonly client: Redis;
  readonly #ping: NodeJS.Timeout;
  #isPinging = false;
  /** Since it was last of use: one that takes connections but no commands is not to be besieged. */
  #attempts = 0;

  constructor({ url, onReady = (client) => client.ping(), pingEveryMs = 3_000 }: RedisConnectionOptions) {
    this.client = new Redis(url.reveal(), {
      enableOfflineQueue: false,
      // It would hang on a Redis that is frozen; what a loading one answers is an error like any other.
      enableReadyCheck: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_MS,
      commandTimeout: COMMAND_MS,
      disconnectTimeout: CLOSE_MS,
      retryStrategy: () => {
        this.#attempts += 1;
        const waitMs = RECONNECT_MS.first * 2 ** Math.min(this.#attempts, 10);
        return Math.min(waitMs, RECONNECT_MS.longest) * (0.5 + Math.random() / 2);
      },
    });
    // The sender of a command hears that it failed; there is nothing else to say.
    this.client.on('error', () => {});
    this.client.on('ready', () => {
      onReady(this.client).then(
        () => {
          this.#attempts = 0;
        },
        () => this.#reconnect(),
      );
    });
    this.#ping = setInterval(() => void this.#check(), pingEveryMs);
    this.#ping.unref();
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    clearInterval(this.#ping);
    this.client.disconnect();
  }

  async #check(): Promise<void> {
    if (this.#isPinging || this.client.status !== 'ready') return;
    this.#isPinging = true;
    try {
      await this.client.ping();
    } catch {
      this.#reconnect();
    } finally {
      this.#isPinging = false;
    }
  }

  #reconnect(): void {
    if (this.client.status === 'ready') this.client.disconnect(true);
  }
}
