/** What a read of a plan set costs: from memory beside other caches, from Redis beside a bare GET of the same bytes. */

import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { Cacheable } from 'cacheable';
import { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { CacheStats } from '../src/cache/cache-stats.ts';
import { PlanSetCache } from '../src/cache/plan-set-cache.ts';
import { RedisLayer } from '../src/cache/redis/redis-layer.ts';
import { RedisValues } from '../src/cache/redis/redis-values.ts';
import { Catalog } from '../src/catalog/catalog.ts';
import { Secret } from '../src/config.ts';
import { billCurve } from '../src/plan/bill/bill.ts';
import { FACET_VALUE } from '../src/plan/facets.ts';
import type { Plan } from '../src/plan/plan.ts';
import type { PlanSet } from '../src/plan/plan-set.ts';
import { readActivePlanSet } from '../src/store/plans/plans.ts';
import type { Queryable } from '../src/store/postgres/database.ts';
import { EVERY_PLAN } from '../test/support/questions.ts';
import { makeDrafts } from './drafts.ts';
import { publishDrafts, withDatabase, withFolder } from './postgres.ts';
import { withRedis } from './redis.ts';
import { digits, median, type Say, type Section, verdict } from './report.ts';

const PLANS = 160;
const ROUNDS = 11;
const SLICES = 100;
const STALE_AFTER_MS = 7_200_000;

export async function measureCache(say: Say): Promise<Section> {
  const set = await withDatabase(async (database, [duns]) => {
    await publishDrafts(database, duns!, makeDrafts(duns!, PLANS, 1));
    return (await readActivePlanSet(database.pool, duns!))!;
  });
  const memory = await measureMemory(set, say);
  const redis = await withFolder((folder) => withRedis(folder, (url) => measureRedis(set, url, say)));
  const own = memory.micros.get('wattsync')!;
  const times = (micros: number) => digits(micros / redis.bareJson);
  const row = (what: string, micros: number) => [what, digits(micros), times(micros)];
  return {
    title: 'Cache',
    method:
      `One plan set of ${PLANS} plans, ${digits(redis.jsonBytes)} bytes of JSON, ${digits(redis.storedBytes)} as stored in Redis (zstd). ` +
      `Each memory read also says whether the plans are fresh, where the cache knows. Median of ${ROUNDS} interleaved rounds of ${SLICES} slices. Redis is on loopback; of ${ROUNDS} interleaved rounds the median of the quietest, for each row.`,
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
          row('GET of the stored bytes', redis.bareStored),
          row('GET of the same set as JSON, not parsed', redis.bareJson),
          row('GET of the same set as JSON, parsed', redis.parsedJson),
          row('the same, and a page of 20 with facets made of the objects', redis.plainPage),
          row('wattsync: read, checked, decompressed, ready to be asked', redis.layer),
          row('wattsync: the same through all of cache and catalog, to a page of 20 with facets', redis.page),
        ],
      },
    ],
    findings: [
      `A plan set from memory with its verdict at most 0.1 µs (${digits(own)}): ${verdict(own <= 0.1)}`,
      `A hit in Redis, decoding included, at most 2.5 times a bare GET of the set (${digits(redis.layer / redis.bareJson)}): ${verdict(redis.layer <= 2.5 * redis.bareJson)}, ` +
        `even to the first page of it: ${verdict(redis.page <= 2.5 * redis.bareJson)}`,
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
    'lru-cache, no verdict': { times: 5_000, read: () => lru.get(duns) },
    wattsync: {
      times: 5_000,
      read: () => {
        const cached = cache.peek(duns)!;
        fresh += Number(!cached.isStale);
        return cached.set;
      },
    },
    'BentoCache, no serialisation': { times: 500, read: () => plain.get({ key: duns }) },
    'BentoCache, as it comes': { times: 5, read: () => serializing.get({ key: duns }) },
    'cacheable, as it comes': { times: 5, read: () => cacheable.get(duns) },
  };
  const micros = new Map<string, number[]>(Object.keys(reads).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, { times, read }] of Object.entries(reads)) {
      const isAsync = read() instanceof Promise;
      // In slices of a few milliseconds at most: whatever else the machine does falls between them, or into few.
      for (let slice = 0; slice < SLICES; slice++) {
        const started = performance.now();
        if (isAsync) for (let at = 0; at < times; at++) await read();
        else for (let at = 0; at < times; at++) read();
        if (round > 0) micros.get(name)!.push(((performance.now() - started) * 1000) / times);
      }
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
  plainPage: number;
  layer: number;
  page: number;
  jsonBytes: number;
  storedBytes: number;
}
type RedisRead = keyof Omit<RedisTimes, 'jsonBytes' | 'storedBytes'>;

async function measureRedis(set: PlanSet, url: string, say: Say): Promise<RedisTimes> {
  const duns = set.tdsp_duns;
  const values = new RedisValues({ identity: { id: 'bench', redis_key: 'bench' } });
  const layer = new RedisLayer({
    url: new Secret(url),
    values,
    ttlMs: 3_600_000,
    tdsps: [duns],
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
    const stored = await client.hgetBuffer(values.keyOf(duns), 'body');
    await client.set('stored', stored!);
    await client.set('json', json);
    const parsed = async () => JSON.parse((await client.get('json'))!) as PlanSet;
    // What a read needs that is there in a running process: made off the clock.
    const prepare = () => {
      const planSets = new PlanSetCache({ layers: [layer] });
      return new Catalog({ planSets, staleAfterMs: STALE_AFTER_MS });
    };
    const reads: Record<RedisRead, (catalog: Catalog) => Promise<unknown>> = {
      bareStored: () => client.getBuffer('stored'),
      bareJson: () => client.getBuffer('json'),
      parsedJson: parsed,
      plainPage: async () => plainPage((await parsed()).plans),
      layer: () => layer.read(duns),
      page: async (catalog) => {
        const viewed = await catalog.view([duns]);
        return 'view' in viewed ? viewed.view.page(EVERY_PLAN) : null;
      },
    };
    const names = Object.keys(reads) as RedisRead[];
    const micros = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<
      RedisRead,
      number[]
    >;
    for (let round = 0; round <= ROUNDS; round++) {
      for (const name of names) {
        const each: number[] = [];
        // The first ones clear away what the others left behind.
        for (let at = -100; at < 300; at++) {
          const catalog = prepare();
          const started = performance.now();
          const answer = await reads[name](catalog);
          if (at >= 0) each.push((performance.now() - started) * 1000);
          if (answer === null) throw new Error(`${name} answered nothing`);
        }
        if (round > 0) micros[name].push(median(each));
      }
      say(
        `Redis, round ${round}: ${digits(micros.layer.at(-1) ?? 0)} µs, ${digits(micros.page.at(-1) ?? 0)} µs to a page`,
      );
    }
    const medians = Object.fromEntries(names.map((name) => [name, Math.min(...micros[name])])) as Record<
      RedisRead,
      number
    >;
    return { ...medians, jsonBytes: json.length, storedBytes };
  } finally {
    client.disconnect();
    await layer.stop();
  }
}

/** The same page in the plainest way: plans as objects, sorted, counted and made JSON again. */
function plainPage(plans: readonly Plan[]): string {
  const price = (plan: Plan) => plan.rates_cents_per_kwh[1000] ?? Number.POSITIVE_INFINITY;
  const page = plans.toSorted((a, b) => price(a) - price(b)).slice(0, EVERY_PLAN.limit);
  const facets = Object.entries(FACET_VALUE).map(([facet, read]) => {
    const counts = new Map<unknown, number>();
    for (const plan of plans) counts.set(read(plan), (counts.get(read(plan)) ?? 0) + 1);
    return [facet, [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count)];
  });
  const data = page.map((plan) => {
    const { price_components: _parts, special_terms: _terms, promotion: _promotion, ...shown } = plan;
    return { ...shown, bill: billCurve(plan).at(1000) };
  });
  return JSON.stringify({ data, facets: Object.fromEntries(facets) });
}
