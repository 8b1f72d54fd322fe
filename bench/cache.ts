/** What a read of a plan set costs: from memory beside other caches, from Redis beside a bare GET of the same bytes. */

import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { Cacheable } from 'cacheable';
import { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { CacheStats } from '../src/cache/cache-stats.ts';
import { PlanSetCache } from '../src/cache/plan-set-cache.ts';
import { RedisLayer, redisNames } from '../src/cache/redis-layer.ts';
import { Secret } from '../src/config.ts';
import type { PlanSet } from '../src/plan/plan-set.ts';
import type { Queryable } from '../src/store/database.ts';
import { readActivePlanSet } from '../src/store/plans.ts';
import { makeDrafts } from './drafts.ts';
import { publishDrafts, withDatabase, withFolder } from './postgres.ts';
import { withRedis } from './redis.ts';
import { digits, median, type Say, type Section, verdict } from './report.ts';

const PLANS = 160;
const ROUNDS = 11;
const STALE_AFTER_MS = 7_200_000;

export async function measureCache(say: Say): Promise<Section> {
  const set = await withDatabase(async (database, [duns]) => {
    await publishDrafts(database, duns!, makeDrafts(duns!, PLANS, 1));
    return (await readActivePlanSet(database.pool, duns!))!;
  });
  const memory = await measureMemory(set, say);
  const redis = await withFolder((folder) => withRedis(folder, (url) => measureRedis(set, url, say)));
  const own = memory.micros.get('wattsync')!;
  const ratio = redis.layer / redis.bareJson;
  return {
    title: 'Cache',
    method:
      `One plan set of ${PLANS} plans, ${digits(redis.jsonBytes)} bytes of JSON, ${digits(redis.storedBytes)} as stored in Redis (zstd). ` +
      `Each memory read also says whether the plans are fresh, where the cache knows. Redis on loopback. Median of ${ROUNDS} interleaved rounds.`,
    tables: [
      {
        title: 'A read from memory',
        head: ['cache', 'µs', '× wattsync'],
        rows: [...memory.micros].map(([name, micros]) => [name, micros.toPrecision(2), digits(micros / own)]),
      },
      {
        title: 'A read from Redis',
        head: ['what', 'µs', '× bare GET of the JSON'],
        rows: [
          ['GET of the stored bytes', digits(redis.bareStored), digits(redis.bareStored / redis.bareJson)],
          ['GET of the same set as JSON, not parsed', digits(redis.bareJson), '1'],
          [
            'GET of the same set as JSON, parsed',
            digits(redis.parsedJson),
            digits(redis.parsedJson / redis.bareJson),
          ],
          ['wattsync: read, checked, decompressed, parsed', digits(redis.layer), digits(ratio)],
        ],
      },
    ],
    findings: [
      `A plan set from memory with its verdict at most 0.1 µs: ${verdict(own <= 0.1)}`,
      `A hit in Redis, decoding included, at most 2.5 times a bare GET of the set: ${verdict(ratio <= 2.5)}`,
    ],
  };
}

async function measureMemory(set: PlanSet, say: Say): Promise<{ micros: Map<string, number> }> {
  const duns = set.tdsp_duns;
  // Counts as it does in the program; what it counted is not written in this time.
  const recorder = new CacheStats({
    database: { query: async () => ({ rows: [] }) } as unknown as Queryable,
    size: () => cache.size,
  });
  const cache: PlanSetCache = new PlanSetCache({
    recorder,
    layers: [{ name: 'active', read: async () => set }],
    staleAfterMs: STALE_AFTER_MS,
  });
  await cache.get(duns);
  const lru = new LRUCache<string, PlanSet>({ max: 100 });
  lru.set(duns, set);
  const bento = (serialize: boolean) =>
    new BentoCache({
      default: 'memory',
      stores: { memory: bentostore().useL1Layer(memoryDriver({ serialize, maxItems: 100 })) },
    });
  const [plain, serializing] = [bento(false), bento(true)];
  for (const one of [plain, serializing]) await one.set({ key: duns, value: set, ttl: '1h' });
  const cacheable = new Cacheable();
  await cacheable.set(duns, set, '1h');
  let fresh = 0;
  const reads: Record<string, { times: number; read(): unknown }> = {
    'lru-cache, no verdict': { times: 2_000_000, read: () => lru.get(duns) },
    wattsync: {
      times: 2_000_000,
      read: () => {
        const held = cache.peek(duns)!;
        fresh += Number(!held.isStale);
        return held.set;
      },
    },
    'BentoCache, no serialisation': { times: 20_000, read: () => plain.get({ key: duns }) },
    'BentoCache, as it comes': { times: 1_000, read: () => serializing.get({ key: duns }) },
    'cacheable, as it comes': { times: 1_000, read: () => cacheable.get(duns) },
  };
  const micros = new Map<string, number[]>(Object.keys(reads).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, { times, read }] of Object.entries(reads)) {
      const isAsync = read() instanceof Promise;
      const started = performance.now();
      if (isAsync) for (let at = 0; at < times; at++) await read();
      else for (let at = 0; at < times; at++) read();
      if (round > 0) micros.get(name)!.push(((performance.now() - started) * 1000) / times);
    }
    say(`memory, round ${round}: ${digits(micros.get('wattsync')!.at(-1) ?? 0)} µs`);
  }
  await Promise.all([plain.disconnect(), serializing.disconnect(), cacheable.disconnect()]);
  if (fresh === 0) throw new Error('nothing was fresh');
  return { micros: new Map([...micros].map(([name, all]) => [name, median(all)])) };
}

interface RedisTimes {
  bareStored: number;
  bareJson: number;
  parsedJson: number;
  layer: number;
  jsonBytes: number;
  storedBytes: number;
}

async function measureRedis(set: PlanSet, url: string, say: Say): Promise<RedisTimes> {
  const layer = new RedisLayer({
    url: new Secret(url),
    databaseId: 'bench',
    ttlMs: 3_600_000,
    tdsps: [set.tdsp_duns],
  });
  const client = new Redis(url);
  try {
    const json = JSON.stringify(set);
    let storedBytes = 0;
    // The first moments of a connection: it may not be there yet.
    for (let attempt = 0; storedBytes === 0 && attempt < 100; attempt++) {
      storedBytes = await layer.write(set).catch(() => 0);
      if (storedBytes === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const stored = await client.hgetBuffer(redisNames('bench').keyOf(set.tdsp_duns), 'body');
    await client.set('stored', stored!);
    await client.set('json', json);
    const reads: Record<keyof Omit<RedisTimes, 'jsonBytes' | 'storedBytes'>, () => Promise<unknown>> = {
      bareStored: () => client.getBuffer('stored'),
      bareJson: () => client.getBuffer('json'),
      parsedJson: async () => JSON.parse((await client.get('json'))!),
      layer: () => layer.read(set.tdsp_duns),
    };
    const names = Object.keys(reads) as (keyof typeof reads)[];
    const micros = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
      keyof typeof reads,
      number[]
    >;
    for (let round = 0; round <= ROUNDS; round++) {
      for (const name of names) {
        const each: number[] = [];
        for (let at = 0; at < 300; at++) {
          const started = performance.now();
          const answer = await reads[name]();
          each.push((performance.now() - started) * 1000);
          if (answer === null) throw new Error(`${name} answered nothing`);
        }
        if (round > 0) micros[name].push(median(each));
      }
      say(`Redis, round ${round}: ${digits(micros.layer.at(-1) ?? 0)} µs`);
    }
    const medians = Object.fromEntries(names.map((name) => [name, median(micros[name])])) as Record<
      keyof typeof reads,
      number
    >;
    return { ...medians, jsonBytes: json.length, storedBytes };
  } finally {
    client.disconnect();
    await layer.stop();
  }
}
