/**
 * Which views of a page count as a search of its city: of one client as many as its events would, so that nobody lifts a
 * city by loading its page again and again. The page is answered all the same. Synchronous, for pages that are ready are
 * sent without a promise.
 */

import type { IncomingMessage } from 'node:http';
import proxyAddr from '@fastify/proxy-addr';
import { LRUCache } from 'lru-cache';
import { addressOf, CLIENTS, EVENTS_OF_A_CITY_PER_HOUR, EVENTS_OF_ALL, MINUTE_MS } from './client-limits.ts';
import type { Strangers } from './strangers.ts';

export class ViewLimit {
  readonly #perMinute: number;
  readonly #trust: ReturnType<typeof proxyAddr.compile>;
  readonly #minute = new LRUCache<string, number>({ max: CLIENTS, ttl: MINUTE_MS });
  readonly #hour = new LRUCache<string, number>({ max: CLIENTS, ttl: 60 * MINUTE_MS });

  constructor({ limits, trustedProxies }: Pick<Strangers, 'limits' | 'trustedProxies'>) {
    this.#perMinute = limits.eventsPerMinute;
    this.#trust = proxyAddr.compile([...trustedProxies]);
  }

  /** Takes one of the views that count. @returns `false`: too many did, of this client or of all */
  take(request: IncomingMessage, city: string): boolean {
    const client = addressOf(proxyAddr(request, this.#trust));
    return (
      isWithin(this.#hour, `${client} ${city}`, EVENTS_OF_A_CITY_PER_HOUR) &&
      isWithin(this.#minute, client, this.#perMinute) &&
      isWithin(this.#minute, '', EVENTS_OF_ALL * this.#perMinute)
    );
  }
}

/** Counts one more of this name since its time began. */
function isWithin(counts: LRUCache<string, number>, name: string, most: number): boolean {
  const count = (counts.get(name) ?? 0) + 1;
  if (count <= most) counts.set(name, count, { noUpdateTTL: true });
  return count <= most;
}
