import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { PlanSet } from '../plan/plan-set.ts';
import { type Layer, PlanSetCache } from './plan-set-cache.ts';

const ONCOR = '1039940674000';
const LPL = '0582138934100';
const TTL_MS = 60_000;

const set = (version: number, some: Partial<PlanSet> = {}): PlanSet => ({
  tdsp_duns: ONCOR,
  version,
  source: 'sandbox',
  observed_at: '2026-08-01T12:00:00.000Z',
  plans: [],
  ...some,
});

/** A layer that answers as it is told to, and counts how often it was asked. */
class ScriptedLayer implements Layer {
  readonly name: Layer['name'];
  answer: (duns: string) => Promise<PlanSet | null>;
  reads = 0;

  constructor(answer: ScriptedLayer['answer'] = async () => null, name: Layer['name'] = 'database') {
    this.answer = answer;
    this.name = name;
  }

  read(duns: string): Promise<PlanSet | null> {
    this.reads++;
    return this.answer(duns);
  }
}

function cacheOf(...layers: Layer[]) {
  const clock = { now: 1_000_000 };
  return { clock, cache: new PlanSetCache({ layers, ttlMs: TTL_MS, now: () => clock.now }) };
}
const fails = async (): Promise<PlanSet | null> => {
  throw new Error('the database is away');
};

const settle = async () => {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
};

test('1000 readers at once are one load, and all get the same object', async () => {
  const gate = Promise.withResolvers<PlanSet>();
  const layer = new ScriptedLayer(() => gate.promise);
  const { cache } = cacheOf(layer);
  const readers = Array.from({ length: 1000 }, () => cache.get(ONCOR));
  const one = set(1);
  gate.resolve(one);
  for (const answer of await Promise.all(readers)) {
    assert.equal(answer?.set, one);
    assert.equal(answer.layer, 'database');
  }
  assert.equal(layer.reads, 1);
  const cached = { set: one, observedAtMs: Date.parse(one.observed_at), isStale: false, layer: 'memory' };
  assert.deepEqual(await cache.get(ONCOR), cached);
  assert.deepEqual(cache.peek(ONCOR), cached);
  assert.equal(layer.reads, 1);
});

test('each TDSP is loaded by itself', async () => {
  const layer = new ScriptedLayer(async (duns) => set(1, { tdsp_duns: duns }));
  const { cache } = cacheOf(layer);
  const [oncor, lpl] = await Promise.all([cache.get(ONCOR), cache.get(LPL)]);
  assert.deepEqual([oncor?.set.tdsp_duns, lpl?.set.tdsp_duns], [ONCOR, LPL]);
  assert.equal(layer.reads, 2);
});

test('a failure is shared by all that wait and all that come within a second', async () => {
  const gate = Promise.withResolvers<PlanSet>();
  const layer = new ScriptedLayer(() => gate.promise);
  const { cache, clock } = cacheOf(layer);
  const readers = Array.from({ length: 100 }, () => cache.get(ONCOR));
  gate.reject(new Error('the database is away'));
  for (const { status } of await Promise.allSettled(readers)) assert.equal(status, 'rejected');
  await assert.rejects(cache.get(ONCOR), /away/);
  assert.equal(layer.reads, 1);
  layer.answer = async () => set(1);
  clock.now += 1_001;
  assert.equal((await cache.get(ONCOR))?.set.version, 1);
  assert.equal(layer.reads, 2);
});

test('the first layer that has the set answers, past those that fail or have nothing', async () => {
  const layers = [
    new ScriptedLayer(fails, 'redis'),
    new ScriptedLayer(async () => null, 'database'),
    new ScriptedLayer(async () => set(3), 'active'),
    new ScriptedLayer(async () => set(9), 'api'),
  ];
  const { cache } = cacheOf(...layers);
  const answer = await cache.get(ONCOR);
  assert.deepEqual([answer?.layer, answer?.set.version], ['active', 3]);
  assert.deepEqual(
    layers.map(({ reads }) => reads),
    [1, 1, 1, 0],
  );
});

test('a layer that hangs keeps nobody waiting: the next one is asked as well', async () => {
  const hangs = new ScriptedLayer(() => new Promise(() => {}), 'redis');
  const { cache } = cacheOf(hangs, new ScriptedLayer(async () => set(1), 'database'));
  assert.equal((await cache.get(ONCOR))?.layer, 'database');
});

test('what is found is written to the layers above, and a write that fails disturbs nobody', async () => {
  const written: number[] = [];
  const redis: Layer = {
    name: 'redis',
    read: async () => null,
    write: async ({ version }) => {
      written.push(version);
      throw new Error('full');
    },
  };
  const { cache } = cacheOf(redis, new ScriptedLayer(async () => set(4)));
  await cache.get(ONCOR);
  await settle();
  assert.deepEqual(written, [4]);
});

test('nothing is remembered for a second, and an announcement ends that', async () => {
  const layer = new ScriptedLayer();
  const { cache } = cacheOf(layer);
  assert.equal(await cache.get(ONCOR), null);
  layer.answer = async () => set(1);
  assert.equal(await cache.get(ONCOR), null);
  assert.equal(layer.reads, 1);
  cache.announce(set(1));
  assert.equal((await cache.get(ONCOR))?.set.version, 1);
});

test('if the last layer has nothing, nothing is stored; if it fails, that is an error and no empty market', async () => {
  assert.equal(await cacheOf(new ScriptedLayer(fails), new ScriptedLayer()).cache.get(ONCOR), null);
  await assert.rejects(cacheOf(new ScriptedLayer(), new ScriptedLayer(fails)).cache.get(ONCOR), /away/);
});

test('an expired set is served while one load looks for a newer one', async () => {
  const layer = new ScriptedLayer(async () => set(1));
  const { cache, clock } = cacheOf(layer);
  await cache.get(ONCOR);
  clock.now += TTL_MS * 0.9 - 1;
  cache.peek(ONCOR);
  assert.equal(layer.reads, 1);
  layer.answer = async () => set(2);
  clock.now += TTL_MS * 0.1 + 2;
  for (let reader = 0; reader < 50; reader++) assert.equal(cache.peek(ONCOR)?.set.version, 1);
  await settle();
  assert.equal(cache.peek(ONCOR)?.set.version, 2);
  assert.equal(layer.reads, 2);
});

test('a newer version that is announced is loaded at once; until it is there the old one is served', async () => {
  const layer = new ScriptedLayer(async () => set(1));
  const { cache } = cacheOf(layer);
  await cache.get(ONCOR);
  const gate = Promise.withResolvers<PlanSet>();
  layer.answer = () => gate.promise;
  cache.announce(set(2));
  assert.equal(layer.reads, 2);
  assert.equal(cache.peek(ONCOR)?.set.version, 1);
  gate.resolve(set(2));
  await settle();
  assert.equal(cache.peek(ONCOR)?.set.version, 2);
});

test('an older or equal version that is announced ends nothing, an equal one makes the set fresher', async () => {
  const layer = new ScriptedLayer(async () => set(2));
  const { cache } = cacheOf(layer);
  await cache.get(ONCOR);
  const later = '2026-08-01T13:00:00.000Z';
  cache.announce(set(1, { observed_at: later }));
  assert.equal(cache.peek(ONCOR)?.set.observed_at, set(2).observed_at);
  cache.announce(set(2, { observed_at: later }));
  assert.deepEqual(cache.peek(ONCOR)?.set, set(2, { observed_at: later }));
  cache.announce(set(2));
  assert.equal(cache.peek(ONCOR)?.observedAtMs, Date.parse(later));
  assert.equal(layer.reads, 1);
});

test('a set that a reader has is never changed under it', async () => {
  const { cache } = cacheOf(new ScriptedLayer(async () => Object.freeze(set(1))));
  const before = (await cache.get(ONCOR))!.set;
  cache.announce(set(1, { observed_at: '2026-08-01T13:00:00.000Z' }));
  assert.equal(before.observed_at, set(1).observed_at);
});

test('an older version never replaces an announced one: the next layer is asked', async () => {
  const slow = new ScriptedLayer(async () => set(1), 'redis');
  const { cache } = cacheOf(slow, new ScriptedLayer(async () => set(2), 'database'));
  cache.announce(set(2));
  const answer = await cache.get(ONCOR);
  assert.deepEqual([answer?.set.version, answer?.layer], [2, 'database']);
});

test('an older version never replaces a newer one in memory, though nobody announced that', async () => {
  const layer = new ScriptedLayer(async () => set(5));
  const { cache, clock } = cacheOf(layer);
  await cache.get(ONCOR);
  clock.now += TTL_MS + 1;
  layer.answer = async () => set(4);
  cache.peek(ONCOR);
  await settle();
  assert.equal((await cache.get(ONCOR))?.set.version, 5);
  assert.equal(layer.reads, 2);
});

test('a set superseded while it was loaded is not kept, and the newer one is loaded after it', async () => {
  const gate = Promise.withResolvers<PlanSet>();
  const layer = new ScriptedLayer(() => gate.promise);
  const { cache } = cacheOf(layer);
  const reader = cache.get(ONCOR);
  cache.announce(set(2));
  layer.answer = async () => set(2);
  gate.resolve(set(1));
  // Late, but better than the answer that nothing was ever published.
  assert.equal((await reader)?.set.version, 1);
  await settle();
  assert.equal(cache.peek(ONCOR)?.set.version, 2);
});

test('while a reload fails the old set is served, and it is tried again once a second', async () => {
  const layer = new ScriptedLayer(async () => set(1));
  const { cache, clock } = cacheOf(layer);
  await cache.get(ONCOR);
  layer.answer = fails;
  cache.announce(set(2));
  for (let second = 0; second < 5; second++) {
    await settle();
    for (let reader = 0; reader < 10; reader++) assert.equal(cache.peek(ONCOR)?.set.version, 1);
    clock.now += 1_000;
  }
  await settle();
  assert.equal(layer.reads, 6);
  layer.answer = async () => set(2);
  cache.peek(ONCOR);
  await settle();
  assert.equal(cache.peek(ONCOR)?.set.version, 2);
});

test('a clear while the first load is under way: its set is served, and another load follows', async () => {
  const first = Promise.withResolvers<PlanSet>();
  const layer = new ScriptedLayer(() => first.promise);
  const { cache } = cacheOf(layer);
  const reader = cache.get(ONCOR);
  await settle();
  await cache.clear(null);
  layer.answer = async () => set(2);
  first.resolve(set(1));
  assert.equal((await reader)?.set.version, 1);
  await settle();
  assert.equal(cache.peek(ONCOR)?.set.version, 2);
});

test('no reader waits for ever for a layer that says nothing; its answer is kept when it comes', async () => {
  const late = Promise.withResolvers<PlanSet>();
  const cache = new PlanSetCache({ layers: [new ScriptedLayer(() => late.promise)], longestWaitMs: 20 });
  const readers = await Promise.allSettled([cache.get(ONCOR), cache.get(ONCOR)]);
  assert.ok(readers.every((one) => one.status === 'rejected' && one.reason.code === 'layer_unavailable'));
  late.resolve(set(1));
  await settle();
  assert.equal(cache.peek(ONCOR)?.set.version, 1);
});

test('a stale set is served, and told of once a second', async () => {
  const told: string[] = [];
  const clock = { now: Date.parse(set(1).observed_at) };
  const cache = new PlanSetCache({
    layers: [new ScriptedLayer(async () => set(1))],
    ttlMs: 1e9,
    staleAfterMs: 5_000,
    now: () => clock.now,
    onStale: (duns) => void told.push(duns),
  });
  await cache.get(ONCOR);
  cache.peek(ONCOR);
  assert.deepEqual(told, []);
  clock.now += 5_001;
  for (let reader = 0; reader < 10; reader++) assert.notEqual(cache.peek(ONCOR), null);
  assert.deepEqual(told, [ONCOR]);
  clock.now += 1_000;
  cache.peek(ONCOR);
  assert.equal(told.length, 2);
});

test('somebody who merely looks gets the same, and neither a refresh nor a fetch is asked for', async () => {
  const clock = { now: Date.parse(set(1).observed_at) };
  const told: string[] = [];
  const layer = new ScriptedLayer(async () => null);
  const cache = new PlanSetCache({
    layers: [layer],
    ttlMs: 1e9,
    staleAfterMs: 5_000,
    now: () => clock.now,
    onStale: (duns) => void told.push(duns),
    loadColdly: async (duns) => told.push(duns),
  });
  assert.equal(cache.look(ONCOR), null);
  await settle();
  layer.answer = async () => set(1);
  clock.now += 1_001;
  assert.equal(cache.look(ONCOR), null);
  await settle();
  assert.equal(cache.look(ONCOR)?.set.version, 1);
  assert.equal(layer.reads, 2);
  clock.now += 5_001;
  for (let reader = 0; reader < 10; reader++) assert.equal(cache.look(ONCOR)?.isStale, true);
  assert.deepEqual(told, []);
  cache.peek(ONCOR);
  assert.deepEqual(told, [ONCOR]);
});

test('where nothing is stored one fetch is asked for, and all that wait get what came of it', async () => {
  const layer = new ScriptedLayer();
  let fetches = 0;
  const cache = new PlanSetCache({
    layers: [layer],
    loadColdly: async () => {
      fetches += 1;
      layer.answer = async () => set(1);
    },
  });
  const answers = await Promise.all(Array.from({ length: 100 }, () => cache.get(ONCOR)));
  assert.ok(answers.every((cached) => cached?.layer === 'api' && cached.set.version === 1));
  assert.equal(fetches, 1);
  assert.equal(cache.peek(ONCOR)?.layer, 'memory');
});

test('a cold fetch that takes long is not waited for, and what is fetched elsewhere is heard of', async () => {
  const layer = new ScriptedLayer();
  const hanging = new PlanSetCache({
    layers: [layer],
    coldWaitMs: 20,
    loadColdly: () => new Promise(() => {}),
  });
  assert.equal(await hanging.get(ONCOR), null);
  const cache = new PlanSetCache({
    layers: [layer],
    coldWaitMs: 20_000,
    loadColdly: async () => 'elsewhere',
  });
  const reader = cache.get(ONCOR);
  await settle();
  layer.answer = async () => set(1);
  cache.announce(set(1));
  assert.equal((await reader)?.set.version, 1);
});

test('a reader who waits for a fetch elsewhere is told when it fails, and the next reader may have it tried again', async () => {
  const layer = new ScriptedLayer();
  const clock = { now: 1_000_000 };
  let fetches = 0;
  const cache = new PlanSetCache({
    layers: [layer],
    coldWaitMs: 20_000,
    longestWaitMs: 20_000,
    now: () => clock.now,
    loadColdly: async () => {
      fetches += 1;
      return 'elsewhere';
    },
  });
  const readers = Array.from({ length: 10 }, () => cache.get(ONCOR));
  await settle();
  cache.fetchFailed(LPL);
  await settle();
  cache.fetchFailed(ONCOR);
  assert.deepEqual(await Promise.all(readers), new Array(10).fill(null));
  assert.equal(await cache.get(ONCOR), null);
  assert.deepEqual([fetches, layer.reads], [1, 1], 'nobody asks again for a second');
  clock.now += 1_001;
  const again = cache.get(ONCOR);
  await settle();
  layer.answer = async () => set(1);
  cache.announce(set(1));
  assert.equal((await again)?.set.version, 1);
  assert.equal(fetches, 2);
});

test('a clear is followed by a load past the layers that were cleared; if that fails the old set is back', async () => {
  const cleared: (string | null)[] = [];
  const redis = Object.assign(new ScriptedLayer(async () => set(1), 'redis'), {
    clear: async (duns: string | null) => void cleared.push(duns),
  });
  const layer = new ScriptedLayer(async () => set(1), 'database');
  const { cache } = cacheOf(redis, layer);
  await cache.get(ONCOR);
  assert.deepEqual([redis.reads, layer.reads], [1, 0]);
  const clearing = cache.clear(null);
  assert.equal(cache.peek(ONCOR), null);
  assert.equal((await cache.get(ONCOR))?.layer, 'database');
  await clearing;
  assert.deepEqual([redis.reads, layer.reads, cleared.length], [1, 1, 1]);
  layer.answer = fails;
  await cache.clear(ONCOR);
  assert.equal((await cache.get(ONCOR))?.set.version, 1);
});

test('sets loaded at one moment expire one after the other: each is loaded once, and no crowd goes to the layers', async () => {
  const layer = new ScriptedLayer(async (duns) => set(1, { tdsp_duns: duns }));
  const clock = { now: 1_000_000 };
  const caches = Array.from(
    { length: 600 },
    () => new PlanSetCache({ layers: [layer], ttlMs: TTL_MS, now: () => clock.now }),
  );
  await Promise.all(caches.map((cache) => cache.get(ONCOR)));
  clock.now += TTL_MS * 0.9;
  const slices: number[] = [];
  for (let slice = 0; slice < 20; slice++) {
    const before = layer.reads;
    clock.now += TTL_MS * 0.005;
    for (const cache of caches) assert.equal(cache.peek(ONCOR)?.set.version, 1);
    await settle();
    slices.push(layer.reads - before);
  }
  assert.equal(layer.reads, 2 * caches.length);
  // Thirty on average; by chance never as many as this.
  assert.ok(Math.max(...slices) < 75, String(slices));
});

test('a clock that is set back puts nothing off: failures, expiries and news are looked at again', async () => {
  const layer = new ScriptedLayer(fails);
  const { cache, clock } = cacheOf(layer);
  clock.now = 10_000_000;
  await assert.rejects(cache.get(ONCOR));
  clock.now -= 3_600_000;
  layer.answer = async () => set(1);
  assert.equal((await cache.get(ONCOR))?.set.version, 1);
  layer.answer = fails;
  cache.announce(set(2));
  await settle();
  clock.now -= 3_600_000;
  layer.answer = async () => set(2);
  cache.peek(ONCOR);
  await settle();
  assert.equal(cache.peek(ONCOR)?.set.version, 2);
});
