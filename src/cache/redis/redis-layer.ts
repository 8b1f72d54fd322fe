/**
 * Plan sets in Redis, for all processes. Redis is a convenience here and never the truth: whatever is wrong with a
 * value makes it a miss, and the next write repairs it.
 */

import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { PACKED_FORMAT } from '../../plan/packed/packed-plans.ts';
import { decodePlanSet, encodePlanSet } from '../../plan/packed/plan-set-bytes.ts';
import type { PlanSet } from '../../plan/plan-set.ts';
import type { Layer } from '../layer.ts';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.ts';

/** Of the stored value: processes of two formats, as during a deployment, have keys of their own. */
const FORMAT = `2.${PACKED_FORMAT}`;
/** Up to this share is taken off the time to live, by chance: sets stored together do not expire together. */
const JITTER = 0.1;
/** Processes that all have the same to write spread over this time. */
const SPREAD_MS = 100;

/** Arguments: version, observed_at, body, sum, ttl in ms, channel, announcement. Answers 1 if it was stored. */
const WRITE = `
local stored = redis.call('hmget', KEYS[1], 'version', 'observed_at')
local new, version = tonumber(ARGV[1]), tonumber(stored[1] or '') or 0
if new < version or (new == version and ARGV[2] <= stored[2]) then return 0 end
redis.call('hset', KEYS[1], 'version', ARGV[1], 'observed_at', ARGV[2], 'body', ARGV[3], 'sum', ARGV[4])
redis.call('pexpire', KEYS[1], ARGV[5])
if new > version then redis.call('publish', ARGV[6], ARGV[7]) end
return 1
`;

interface RedisLayerOptions extends Pick<RedisConnectionOptions, 'url' | 'pingEveryMs'> {
  /** Of `readDatabaseId`. */
  databaseId: string;
  ttlMs: number;
  /** Every TDSP there is: what a clear of everything clears. */
  tdsps: readonly string[];
}

export class RedisLayer implements Layer {
  readonly name = 'redis';
  readonly #connection: RedisConnection;
  readonly #names: RedisNames;
  readonly #ttlMs: number;
  readonly #tdsps: readonly string[];

  constructor({ url, databaseId, pingEveryMs, ttlMs, tdsps }: RedisLayerOptions) {
    this.#names = redisNames(databaseId);
    this.#connection = new RedisConnection({ url, pingEveryMs });
    this.#ttlMs = ttlMs;
    this.#tdsps = tdsps;
  }

  async read(duns: string): Promise<PlanSet | null> {
    const stored = await this.#stored(duns);
    if (!stored || stored === 'damaged') return null;
    const { version, observed_at, body } = stored;
    return decodePlanSet(body, { tdsp_duns: duns, version, observed_at });
  }

  async write(set: PlanSet): Promise<number> {
    const { tdsp_duns, version, observed_at } = set;
    const key = this.#names.keyOf(tdsp_duns);
    const { client } = this.#connection;
    // All processes hear of a new version at once. Packing it is the dear part: not at once, and not if another has.
    await pause(Math.random() * SPREAD_MS);
    const stored = await this.#stored(tdsp_duns);
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
      checksum(String(version), observed_at, body),
      this.#ttl(),
      this.#names.channel,
      JSON.stringify({ tdsp_duns, version, observed_at }),
    );
    return isStored === 1 ? body.byteLength : 0;
  }

  async clear(duns: string | null): Promise<void> {
    const keys = (duns === null ? this.#tdsps : [duns]).map(this.#names.keyOf);
    await this.#connection.client.del(...keys);
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  #stored(duns: string): Promise<Stored | 'damaged' | null> {
    return readStored(this.#connection.client, this.#names.keyOf(duns));
  }

  #ttl(): string {
    return String(Math.ceil(this.#ttlMs * (1 - Math.random() * JITTER)));
  }
}

function checksum(version: string, observedAt: string, body: Buffer): string {
  return createHash('sha1').update(`${FORMAT} ${version} ${observedAt} `).update(body).digest('hex');
}

interface Stored {
  version: number;
  observed_at: string;
  body: Buffer;
}

/** `null`: there is nothing; `damaged`: not a whole value in this format, so it says nothing about versions either. */
export async function readStored(client: Redis, key: string): Promise<Stored | 'damaged' | null> {
  let fields: (Buffer | null)[];
  try {
    fields = await client.hmgetBuffer(key, 'version', 'observed_at', 'body', 'sum');
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return 'damaged';
    throw error;
  }
  if (fields.every((field) => field === null)) return null;
  // Not taken for granted: a line on which bytes were lost brings the answers to other questions.
  if (!fields.every((field) => Buffer.isBuffer(field))) return 'damaged';
  const [version, observedAt, body, sum] = fields as [Buffer, Buffer, Buffer, Buffer];
  if (!/^\d{1,15}$/.test(version.toString())) return 'damaged';
  if (sum.toString() !== checksum(version.toString(), observedAt.toString(), body)) return 'damaged';
  return { version: Number(version), observed_at: observedAt.toString(), body };
}

interface RedisNames {
  keyOf(duns: string): string;
  /** On it: JSON, `{tdsp_duns, version, observed_at}`, as PostgreSQL's notification has it. */
  channel: string;
}

/** What is ours in a Redis that several databases may share. The numbers are those of the formats. */
export const redisNames = (databaseId: string): RedisNames => ({
  keyOf: (duns) => `wattsync:${databaseId}:plans:${FORMAT}:${duns}`,
  channel: `wattsync:${databaseId}:published:1`,
});
