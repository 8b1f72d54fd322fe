/**
 * Hears over Redis that a new version is there. The process that is first to put a version into Redis tells the
 * others with the same command; so the news never comes before what it is about. PostgreSQL's notification says the
 * same: this one is for those whose connection to PostgreSQL is down.
 */

import type { PlanSet } from '../../plan/plan-set.ts';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.ts';
import type { RedisValues } from './redis-values.ts';

interface RedisListenerOptions extends Pick<RedisConnectionOptions, 'url' | 'pingEveryMs'> {
  values: RedisValues;
  tdsps: readonly string[];
  onVersion(published: Pick<PlanSet, 'tdsp_duns' | 'version' | 'observed_at'>): void;
}

export class RedisListener {
  readonly #connection: RedisConnection;

  constructor({ url, values, pingEveryMs, tdsps, onVersion }: RedisListenerOptions) {
    this.#connection = new RedisConnection({
      url,
      pingEveryMs,
      onReady: async (client) => {
        // Compared before it is listened to again would leave a gap, after it cannot be asked on this connection;
        // so both are sent at once, in this order, and what is published in between is in the stored versions.
        // Whole values: a version that is damaged would be waited for, for ever.
        const reading = Promise.all(tdsps.map((duns) => values.read(client, duns)));
        const listening = client.subscribe(values.channel);
        const [stored] = await Promise.all([reading, listening]);
        for (const [i, one] of stored.entries()) {
          if (!one || one === 'damaged') continue;
          onVersion({ tdsp_duns: tdsps[i]!, version: one.version, observed_at: one.observed_at });
        }
      },
    });
    this.#connection.client.on('message', (_channel, message) => {
      const published = values.heard(message);
      if (published) onVersion(published);
    });
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }
}
