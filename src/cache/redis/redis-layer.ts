/**
 * Plan sets in Redis, for all processes. Redis is a convenience here and never the truth: whatever is wrong with a
 * value makes it a miss, and the next write heals it.
 *
 * A set is a hash. A cleared one stays as a tombstone that remembers the version, so that nobody who was slow brings
 * back an older one.
 */

import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { PACKED_FORMAT } from '../../plan/packed/packed-plans.ts';
import { decodePlanSet, encodePlanSet } from '../../plan/packed/plan-set-bytes.ts';
import type { PlanSet } from '../../plan/plan-set.ts';
import type { Layer } from '../layer.ts';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.ts';

/** Of the stored value: processes of two formats, as during a deployment, have keys of their own. */
const FORMAT = `2.${PACKED_FORMAT}`;
/** So much may be taken off the time to live, by chance: sets stored together do not expire together. */
const JITTER = 0.1;

// Both scripts check the stored value as a reader would: one that is damaged says nothing about versions either.
const READ_STORED = `
local kind = redis.call('type', KEYS[1]).ok
if kind ~= 'hash' and kind ~= 'none' then redis.call('del', KEYS[1]) end
local s = redis.call('hmget', KEYS[1], 'format', 'version', 'observed_at', 'body', 'sum', 'clear_id')
local version, observed_at, body, clear_id = tonumber(s[2] or ''), s[3] or '', s[4] or '', tonumber(s[6] or '') or 0
local is_sound = s[1] == '${FORMAT}' and version and s[5] == redis.sha1hex(s[2] .. ' ' .. observed_at .. ' ' .. body)
if not is_sound then version, observed_at, body = 0, '', '' end
`;

/** Arguments: version, observed_at, body, sum, ttl in ms, channel, announcement. Answers 1 if it was stored. */
const WRITE = `${READ_STORED}
local new = tonumber(ARGV[1])
if new < version then return 0 end
if new == version and body ~= '' and ARGV[2] <= observed_at then return 0 end
redis.call('hset', KEYS[1], 'format', '${FORMAT}', 'version', ARGV[1], 'observed_at', ARGV[2],
  'body', ARGV[3], 'sum', ARGV[4], 'clear_id', string.format('%d', clear_id))
redis.call('pexpire', KEYS[1], ARGV[5])
if new > version then redis.call('publish', ARGV[6], ARGV[7]) end
return 1
`;

/** Arguments: id of the clear, ttl in ms. */
const CLEAR = `${READ_STORED}
if clear_id >= tonumber(ARGV[1]) then return 0 end
local kept = string.format('%d', version)
redis.call('del', KEYS[1])
redis.call('hset', KEYS[1], 'format', '${FORMAT}', 'version', kept, 'observed_at', '', 'body', '',
  'sum', redis.sha1hex(kept .. '  '), 'clear_id', ARGV[1])
redis.call('pexpire', KEYS[1], ARGV[2])
return 1
`;

interface RedisLayerOptions extends Pick<RedisConnectionOptions, 'url' | 'pingEveryMs'> {
  /** Of `readDatabaseId`. */
  databaseId: string;
  ttlMs: number;
  /** Every TDSP there is: what a clear of everything clears. */
  tdsps: readonly string[];
  /** Processes that all have the same to write spread over this time. */
  spreadMs?: number;
}

export class RedisLayer implements Layer {
  readonly name = 'redis';
  readonly #connection: RedisConnection;
  readonly #names: RedisNames;
  readonly #ttlMs: number;
  readonly #tdsps: readonly string[];
  readonly #spreadMs: number;

  constructor({ url, databaseId, pingEveryMs, ttlMs, tdsps, spreadMs = 100 }: RedisLayerOptions) {
    this.#names = redisNames(databaseId);
    this.#spreadMs = spreadMs;
    this.#connection = new RedisConnection({ url, pingEveryMs });
    this.#ttlMs = ttlMs;
    this.#tdsps = tdsps;
  }

  async read(duns: string): Promise<PlanSet | null> {
    try {
      const stored = readStored(await this.#fields(duns));
      if (!stored) return null;
      const { version, observedAt: observed_at, body } = stored;
      return decodePlanSet(body, { tdsp_duns: duns, version: Number(version), observed_at });
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return null;
      throw error;
    }
  }

  async write(set: PlanSet): Promise<number> {
    const { tdsp_duns, version, observed_at } = set;
    // All processes hear of a new version at once. Packing it is the dear part: not at once, and not if another has.
    await pause(Math.random() * this.#spreadMs);
    if (await this.#isStored(set)) return 0;
    const body = encodePlanSet(set);
    const isStored = await this.#connection.client.eval(
      WRITE,
      1,
      this.#names.keyOf(tdsp_duns),
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

  async clear(duns: string | null, clearId: number): Promise<void> {
    const keys = duns === null ? this.#tdsps : [duns];
    await Promise.all(
      keys.map((key) =>
        this.#connection.client.eval(CLEAR, 1, this.#names.keyOf(key), String(clearId), this.#ttl()),
      ),
    );
  }

  stop(): Promise<void> {
    return this.#connection.stop();
  }

  async #isStored({ tdsp_duns, version, observed_at }: PlanSet): Promise<boolean> {
    try {
      const stored = readStored(await this.#fields(tdsp_duns));
      return stored?.version === String(version) && stored.observedAt >= observed_at;
    } catch {
      return false;
    }
  }

  #fields(duns: string): Promise<(Buffer | null)[]> {
    return this.#connection.client.hmgetBuffer(this.#names.keyOf(duns), ...STORED_FIELDS);
  }

  #ttl(): string {
    return String(Math.ceil(this.#ttlMs * (1 - Math.random() * JITTER)));
  }
}

function checksum(version: string, observedAt: string, body: Buffer): string {
  return createHash('sha1').update(`${version} ${observedAt} `).update(body).digest('hex');
}

interface Stored {
  version: string;
  observedAt: string;
  body: Buffer;
}

/** `null` for whatever is not a value in this format, whole. */
function readStored([format, version, observedAt, body, sum]: (Buffer | null)[]): Stored | null {
  if (!format || !version || !observedAt || !body || !sum || body.byteLength === 0) return null;
  if (format.toString() !== FORMAT) return null;
  const stored = { version: version.toString(), observedAt: observedAt.toString(), body };
  return sum.toString() === checksum(stored.version, stored.observedAt, body) ? stored : null;
}

/** Which version a stored value is of, its STORED_FIELDS given; `null` if it is damaged: then it says nothing. */
export function readRedisVersion(
  duns: string,
  fields: (Buffer | null)[],
): Pick<PlanSet, 'tdsp_duns' | 'version' | 'observed_at'> | null {
  const stored = readStored(fields);
  if (!stored || !/^\d{1,15}$/.test(stored.version)) return null;
  return { tdsp_duns: duns, version: Number(stored.version), observed_at: stored.observedAt };
}

/** Of a value, in the order in which they are read. */
export const STORED_FIELDS = ['format', 'version', 'observed_at', 'body', 'sum'] as const;

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
