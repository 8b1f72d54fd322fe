/** A connection that listens, and is made again when it is lost. PostgreSQL keeps no notifications for a listener that is away. */

import type pg from 'pg';
import { LOOPS, noteRound } from '../../periodic.ts';
import { newClient } from './client.ts';

interface ListeningOptions {
  /** Of the loop that looks, for those who watch whether it goes round. */
  name: string;
  connectionString: string;
  channels: readonly string[];
  /** How long connecting, and one answer, may take. */
  deadlineMs: number;
  /** Before the first try to connect again; each later pause is twice as long, up to the longest. */
  reconnectMs: { first: number; longest: number };
  /** How often `look` is called. */
  lookEveryMs: number;
  onNotification(channel: string, payload: string): void;
  /** Called once it listens, for what was missed; one that rejects counts as a lost connection. */
  onConnect?(client: pg.Client): Promise<void>;
  /** Called from then on, one call at a time; one that rejects counts as a lost connection. */
  look(client: pg.Client): Promise<void>;
  onLost?(error: unknown): void;
}

export class ListeningClient {
  readonly #options: ListeningOptions;
  #client: pg.Client | null = null;
  #timer: NodeJS.Timeout | undefined;
  #waitMs: number;
  #isStopped = false;

  constructor(options: ListeningOptions) {
    this.#options = options;
    this.#waitMs = options.reconnectMs.first;
  }

  /** Resolves once it listens or has failed to; from then on it connects again by itself. */
  async start(): Promise<void> {
    if (this.#isStopped) return;
    const { connectionString, channels, deadlineMs, reconnectMs, onNotification, onConnect } = this.#options;
    const client = newClient(connectionString, { connectMs: deadlineMs, answerMs: deadlineMs });
    this.#client = client;
    client.on('error', (error) => this.#lose(client, error));
    client.on('end', () => this.#lose(client, null));
    client.on('notification', ({ channel, payload = '' }) => onNotification(channel, payload));
    try {
      await client.connect();
      await client.query(channels.map((channel) => `listen ${channel}`).join('; '));
      await onConnect?.(client);
      this.#waitMs = reconnectMs.first;
      this.#lookLater(client);
    } catch (error) {
      this.#lose(client, error);
    }
  }

  /** Safe early and twice. @param before the last words on the connection, if there is one */
  async stop(before?: (client: pg.Client) => Promise<void>): Promise<void> {
    this.#isStopped = true;
    LOOPS.delete(this.#options.name);
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    if (!client) return;
    await before?.(client).catch(() => {});
    await client.end().catch(() => {});
  }

  #lookLater(client: pg.Client): void {
    if (this.#client !== client) return;
    const { name, look, lookEveryMs } = this.#options;
    noteRound(name, lookEveryMs);
    this.#timer = setTimeout(() => {
      look(client).then(
        () => this.#lookLater(client),
        (error) => this.#lose(client, error),
      );
    }, lookEveryMs);
  }

  #lose(client: pg.Client, error: unknown): void {
    if (this.#client !== client) return;
    this.#client = null;
    clearTimeout(this.#timer);
    void client.end().catch(() => {});
    this.#options.onLost?.(error);
    this.#timer = setTimeout(() => void this.start(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, this.#options.reconnectMs.longest);
  }
}
