import assert from 'node:assert/strict';
import { test } from 'node:test';
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
  assert.deepEqual(await cache.get(ONCOR), { set: one, layer: 'memory' });
  assert.equal(cache.peek(ONCOR), one);
  assert.equal(layer.reads, 1);
});

test('each TDSP is loaded by itself', async () => {
  const layer = new ScriptedLayer(async (duns) => set(1, { tdsp_duns: duns }));
  const { cache } = cacheOf(layer);
  const [oncor, lpl] = await Promise.all([cache.get(ONCOR), cache.get(LPL)]);
  assert.deepEqual([oncor?.set.tdsp_duns, lpl?.set.tdsp_duns], [ONCOR, LPL]);
  assert.equal(layer.reads, 2);
});

test('a failure is shared by all who wait for it, and the next call tries again', async () => {
  const gate = Promise.withResolvers<PlanSet>();
  const layer = new ScriptedLayer(() => gate.promise);
  const { cache } = cacheOf(layer);
  const readers = Array.from({ length: 100 }, () => cache.get(ONCOR));
  gate.reject(new Error('the database is away'));
  for (const { status } of await Promise.allSettled(readers)) assert.equal(status, 'rejected');
  assert.equal(layer.reads, 1);
  layer.answer = async () => set(1);
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

test('nothing is remembered of a TDSP that nothing was published for', async () => {
  const layer = new ScriptedLayer();
  const { cache } = cacheOf(layer);
  assert.equal(await cache.get(ONCOR), null);
  assert.equal(cache.peek(ONCOR), null);
  layer.answer = async () => set(1);
  assert.equal((await cache.get(ONCOR))?.set.version, 1);
});

test('an error and no set is an error, not an empty market', async () => {
  const { cache } = cacheOf(new ScriptedLayer(fails), new ScriptedLayer());
  await assert.rejects(cache.get(ONCOR), /the database is away/);
});

test('a set lives for its time, less up to a tenth', async () => {
  const layer = new ScriptedLayer(async () => set(1));
  const { cache, clock } = cacheOf(layer);
  await cache.get(ONCOR);
  clock.now += TTL_MS * 0.9 - 1;
  assert.notEqual(cache.peek(ONCOR), null);
  clock.now += TTL_MS * 0.1 + 2;
  assert.equal(cache.peek(ONCOR), null);
  assert.equal((await cache.get(ONCOR))?.layer, 'database');
  assert.equal(layer.reads, 2);
  assert.notEqual(cache.peek(ONCOR), null);
});

test('a newer version that is announced ends the old set and is loaded', async () => {
  const layer = new ScriptedLayer(async () => set(1));
  const { cache } = cacheOf(layer);
  await cache.get(ONCOR);
  layer.answer = async () => set(2);
  cache.announce(set(2));
  assert.equal(cache.peek(ONCOR), null);
  assert.equal((await cache.get(ONCOR))?.set.version, 2);
  assert.equal((await cache.get(ONCOR))?.layer, 'memory');
  assert.equal(layer.reads, 2);
});

test('an older or equal version that is announced ends nothing, an equal one makes the set fresher', async () => {
  const layer = new ScriptedLayer(async () => set(2));
  const { cache } = cacheOf(layer);
  await cache.get(ONCOR);
  const later = '2026-08-01T13:00:00.000Z';
  cache.announce(set(1, { observed_at: later }));
  assert.equal(cache.peek(ONCOR)?.observed_at, set(2).observed_at);
  cache.announce(set(2, { observed_at: later }));
  assert.deepEqual(cache.peek(ONCOR), set(2, { observed_at: later }));
  cache.announce(set(2));
  assert.equal(cache.peek(ONCOR)?.observed_at, later);
  assert.equal(layer.reads, 1);
});

test('a set held by a reader is never changed under it', async () => {
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
  assert.equal((await cache.get(ONCOR))?.set.version, 5);
});

test('a set overtaken while it was loaded is not kept, and the next call loads the newer one', async () => {
  const gate = Promise.withResolvers<PlanSet>();
  const layer = new ScriptedLayer(() => gate.promise);
  const { cache } = cacheOf(layer);
  const reader = cache.get(ONCOR);
  cache.announce(set(2));
  gate.resolve(set(1));
  // Late, but better than the answer that nothing was ever published.
  assert.equal((await reader)?.set.version, 1);
  assert.equal(cache.peek(ONCOR), null);
  layer.answer = async () => set(2);
  assert.equal((await cache.get(ONCOR))?.set.version, 2);
});

test('while a reload fails the old set is served, and every call tries again', async () => {
  const layer = new ScriptedLayer(async () => set(1));
  const { cache, clock } = cacheOf(layer);
  await cache.get(ONCOR);
  layer.answer = fails;
  cache.announce(set(2));
  assert.deepEqual(await cache.get(ONCOR), { set: set(1), layer: 'memory' });
  clock.now += 10 * TTL_MS;
  assert.deepEqual(await cache.get(ONCOR), { set: set(1), layer: 'memory' });
  assert.equal(layer.reads, 3);
  layer.answer = async () => set(2);
  assert.equal((await cache.get(ONCOR))?.set.version, 2);
});
