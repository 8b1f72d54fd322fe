/**
 * Plan sets in Redis, for all processes. Redis is a convenience here and never the truth: whatever is wrong with a
 * value makes it a miss, and the next write repairs it.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { decodePlanSet, encodePlanSet } from '../../plan/packed/plan-set-bytes.ts';
import type { PlanSet } from '../../plan/plan-set.ts';
import type { Layer } from '../layer.ts';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.ts';
import type { RedisValues } from './redis-values.ts';

/** Up to this share is taken off the time to live, by chance: sets stored together do not expire together. */
const JITTER = 0.1;
/** Processes that all have the same to write spread over this time. */
const SPREAD_MS = 100;

/** Arguments: version, observed_at, body, seal, ttl in ms, channel, announcement. Answers 1 if it was stored. */
export const WRITE = `
local stored = redis.call('hmget', KEYS[1], 'version', 'observed_at')
local new, version = tonumber(ARGV[1]), tonumber(stored[1] or '') or 0
if new < version or (new == version and ARGV[2] <= stored[2]) then return 0 end
redis.call('hset', KEYS[1], 'version', ARGV[1], 'observed_at', ARGV[2], 'body', ARGV[3], 'seal', ARGV[4])
redis.call('pexpire', KEYS[1], ARGV[5])
if new > version then redis.call('publish', ARGV[6], ARGV[7]) end
return 1
`;

interface RedisLayerOptions extends Pick<RedisConnectionOptions, 'url' | 'pingEveryMs'> {
  values: RedisValues;
  ttlMs: number;
  /** Every TDSP there is: what a clear of everything clears. */
  tdsps: readonly string[];
}

export class RedisLayer implements Layer {
  readonly name = 'redis';
  readonly #connection: RedisConnection;
  readonly #values: RedisValues;
  readonly #ttlMs: number;
  readonly #tdsps: readonly string[];

  constructor({ url, values, pingEveryMs, ttlMs, tdsps }: RedisLayerOptions) {
    this.#values = values;
    this.#connection = new RedisConnection({ url, pingEveryMs });
    this.#ttlMs = ttlMs;
    this.#tdsps = tdsps;
  }

  async read(duns: string): Promise<PlanSet | null> {
    const stored = await this.#values.read(this.#connection.client, duns);
    // Left there it would be read again and again, until somebody has a set to write.
    if (stored === 'damaged') await this.#connection.client.del(this.#values.keyOf(duns)).catch(() => {});
    if (!stored || stored === 'damaged') return null;
    const { version, observed_at, body } = stored;
    return decodePlanSet(body, { tdsp_duns: duns, version, observed_at });
  }

  async write(set: PlanSet): Promise<number> {
    const { tdsp_duns, version, observed_at } = set;
    const key = this.#values.keyOf(tdsp_duns);
    const { client } = this.#connection;
    // All processes hear of a new version at once. Packing it is the dear part: not at once, and not if another has.
    await pause(Math.random() * SPREAD_MS);
    const stored = await this.#values.read(client, tdsp_duns);
    if (stored === 'damaged') await client.del(key);
    else if (stored?.version === version && stored.observed_at >= observed_at) return 0;
    const body = encodePlanSet(set);
    const isStored = await client.eval(
      WRITE,
      1,
      key,
      String(version),
      observed_at,
      body,
      this.#values.seal(set, body),
      this.#ttl(),
      this.#values.channel,
      this.#values.announcement(set),
    );
    return isStored === 1 ? body.byteLength : 0;
  }

  async clear(duns: string | null): Promise<void> {
    const keys = (duns === null ? this.#tdsps : [duns]).map(this.#values.keyOf);
    await this.#connection.client.del(...keys);
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  #ttl(): string {
    return String(Math.ceil(this.#ttlMs * (1 - Math.random() * JITTER)));
  }
}
