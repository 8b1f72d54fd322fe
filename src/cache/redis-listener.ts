/**
 * Hears over Redis that a new version is there. The process that is first to put a version into Redis tells the
 * others with the same command; so the news never comes before what it is about. PostgreSQL's notification says the
 * same: this one is for those whose connection to PostgreSQL is down.
 */

import type { PlanSet } from '../plan/plan-set.ts';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.ts';
import { readRedisVersion, redisNames } from './redis-layer.ts';

export interface RedisListenerOptions extends Pick<RedisConnectionOptions, 'url' | 'pingEveryMs'> {
  /** Of `readDatabaseId`. */
  databaseId: string;
  tdsps: readonly string[];
  onVersion(published: Pick<PlanSet, 'tdsp_duns' | 'version' | 'observed_at'>): void;
}

export class RedisListener {
  readonly #connection: RedisConnection;

  constructor({ url, databaseId, pingEveryMs, tdsps, onVersion }: RedisListenerOptions) {
    const { keyOf, channel } = redisNames(databaseId);
    this.#connection = new RedisConnection({
      url,
      pingEveryMs,
      onReady: (client) => {
        const catchUp = async () => {
          // Compared before it is listened to again would leave a gap, after it cannot be asked on this connection;
          // so both are sent at once, in this order, and what is published in between is in the stored versions.
          const stored = tdsps.map((duns) => client.hmget(keyOf(duns), 'version', 'observed_at'));
          const listening = client.subscribe(channel);
          for (const [index, answer] of stored.entries()) {
            const published = readRedisVersion(tdsps[index]!, await answer.catch(() => []));
            if (published) onVersion(published);
          }
          await listening;
        };
        catchUp().catch(() => client.disconnect(true));
      },
    });
    this.#connection.client.on('message', (_channel, message) => {
      try {
        onVersion(JSON.parse(message));
      } catch {
        // Not ours: anybody may publish on any channel.
      }
    });
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }
}
