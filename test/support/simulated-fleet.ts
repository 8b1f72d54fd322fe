/**
 * Several processes with the real cache, over services and a time that are simulated: whatever can happen to a fleet
 * happens in an order that a seed decides, and what must never happen is looked for after every step.
 */

import assert from 'node:assert/strict';
import { GuardedLayer } from '../../src/cache/guarded-layer.ts';
import type { Layer, LayerName } from '../../src/cache/layer.ts';
import { type CachedSet, PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { countingRecorder } from './counting-recorder.ts';
import {
  type Clear,
  Link,
  type LinkState,
  type MakePlan,
  SimulatedPostgres,
  SimulatedRedis,
} from './simulated-services.ts';
import { VirtualTime } from './virtual-time.ts';

export type Deed =
  | { do: 'read'; process: number; duns: string }
  | { do: 'publish' | 'confirm' | 'expire'; duns: string }
  | { do: 'clear'; duns: string | null }
  | { do: 'link'; service: 'redis' | 'postgres'; state: LinkState }
  /** Redis forgets everything. */
  | { do: 'flush' }
  /** A process loses its notifications, and with them what is on its way. */
  | { do: 'cut'; process: number }
  /** The clock of a process is set. */
  | { do: 'jump'; process: number; ms: number };
export type Step = Deed & { afterMs: number };

export interface Schedule {
  seed: number;
  steps: readonly Step[];
}

/** In the fleet. */
export const PROCESSES = 3;
const START_MS = Date.parse('2026-08-01T12:00:00Z');
const COMPARE_MS = 5_000;
const RECONNECT_MS = 1_000;
export const STALE_AFTER_MS = 60_000;
/** What a load can take: two hedges and the deadline of the last layer, and the notice of it. */
const LONGEST_LOAD_MS = 1_200;
/** From the end of all faults until everybody is current: a breaker's longest pause, a comparison, a retry. */
const BOUND_MS = 20_000;

/** One process of the fleet. */
class Simulated {
  readonly cache: PlanSetCache;
  readonly #figures = countingRecorder();
  /** Questions to each layer behind memory. */
  readonly asked = new Map<LayerName, number>();
  reads = 0;
  fetches = 0;
  skewMs = 0;
  readonly #time: VirtualTime;
  readonly #postgres: SimulatedPostgres;
  readonly #link: Link;
  /** Grows with every loss: what was on its way before is lost. */
  #connection = 0;
  #isConnected = false;
  #lastClear = 0;

  constructor(
    services: {
      time: VirtualTime;
      postgres: SimulatedPostgres;
      redis: SimulatedRedis | null;
      links: { postgres: Link; redis: Link };
    },
    options: { onFetch(duns: string, process: Simulated): Promise<unknown> },
  ) {
    const { time, postgres, redis, links } = services;
    this.#time = time;
    this.#postgres = postgres;
    this.#link = links.postgres;
    const layers: Layer[] = [
      {
        name: 'database',
        read: (duns) => links.postgres.carry(() => postgres.cached(duns)),
        write: (set) => links.postgres.carry(() => postgres.refill(set)),
      },
      { name: 'active', read: (duns) => links.postgres.carry(() => postgres.active(duns)) },
    ];
    if (redis) {
      layers.unshift({
        name: 'redis',
        read: (duns) => links.redis.carry(() => redis.read(duns)),
        write: (set) => links.redis.carry(() => redis.write(set)),
        clear: (duns) => links.redis.carry(() => redis.clear(duns)),
      });
      redis.onPublish.push((published) => this.#deliver(() => this.cache.announce(published)));
    }
    postgres.onPublish.push((published) => this.#deliver(() => this.cache.announce(published)));
    postgres.onClear.push((clear) => this.#deliver(() => this.#clear(clear)));
    this.cache = new PlanSetCache({
      layers: layers.map((layer) =>
        this.#asking(new GuardedLayer(layer, layer.name === 'redis' ? 250 : 1_000)),
      ),
      ttlMs: 30_000,
      staleAfterMs: STALE_AFTER_MS,
      recorder: this.#figures.recorder,
      loadColdly: (duns) => {
        this.fetches += 1;
        return options.onFetch(duns, this);
      },
      now: () => this.now(),
    });
    this.#connect();
  }

  now(): number {
    return this.#time.nowMs + this.skewMs;
  }

  counted(layer: LayerName): number {
    this.#figures.flush();
    const { hits, misses, errors } = this.#figures.counts[layer];
    return hits + misses + errors;
  }

  get isAtWork(): boolean {
    const isAsking = [...this.asked].some(([layer, questions]) => this.counted(layer) !== questions);
    return isAsking || this.counted('api') !== this.fetches;
  }

  cut(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#connection += 1;
    this.#time.setTimeout(() => this.#connect(), this.#time.random() * RECONNECT_MS);
  }

  #asking(layer: GuardedLayer): Layer {
    const { name, write, clear } = layer;
    return {
      name,
      ...(write ? { write } : {}),
      ...(clear ? { clear } : {}),
      read: (duns) => {
        this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
        return layer.read(duns);
      },
    };
  }

  /** As src/store/listen.ts: listens, then asks what was missed, and asks again every few seconds. */
  #connect(): void {
    const again = () => this.#time.setTimeout(() => this.#connect(), RECONNECT_MS);
    if (!this.#link.isUp) return void again();
    this.#isConnected = true;
    this.#compare();
  }

  #compare(): void {
    const connection = this.#connection;
    const told = this.#link.carry(() => ({
      versions: this.#postgres.versions(),
      clears: this.#postgres.clears.filter(({ id }) => id > this.#lastClear),
    }));
    const giveUp = this.#time.setTimeout(() => connection === this.#connection && this.cut(), 2_000);
    told.then(
      ({ versions, clears }) => {
        this.#time.clearTimeout(giveUp);
        if (connection !== this.#connection) return;
        for (const published of versions) this.cache.announce(published);
        for (const clear of clears) this.#clear(clear);
        this.#time.setTimeout(() => connection === this.#connection && this.#compare(), COMPARE_MS);
      },
      () => {
        this.#time.clearTimeout(giveUp);
        if (connection === this.#connection) this.cut();
      },
    );
  }

  #deliver(hear: () => void): void {
    const connection = this.#connection;
    if (!this.#isConnected || !this.#link.isUp) return;
    this.#time.setTimeout(() => connection === this.#connection && hear(), this.#time.random() * 10);
  }

  #clear({ id, duns }: Clear): void {
    this.#lastClear = Math.max(this.#lastClear, id);
    void this.cache.clear(duns);
  }
}

export interface FleetOptions {
  tdsps: readonly string[];
  makePlan: MakePlan;
  hasRedis: boolean;
  /** Reads through something above the cache. Left out: through `get`. */
  look?: (duns: string, cache: PlanSetCache, now: () => number) => Promise<CachedSet | null>;
}

/** Lives through a schedule and checks on the way that nothing is seen that must not be. */
export async function runFleet({ seed, steps }: Schedule, options: FleetOptions): Promise<void> {
  const time = new VirtualTime(START_MS, seed);
  await time.during(() => {
    const fleet = new Fleet(time, options);
    for (const step of steps) {
      time.pass(step.afterMs);
      fleet.do(step);
      fleet.check();
    }
    fleet.heal();
  });
}

class Fleet {
  readonly #time: VirtualTime;
  readonly #options: FleetOptions;
  readonly #postgres: SimulatedPostgres;
  readonly #redis: SimulatedRedis | null;
  readonly #links: { postgres: Link; redis: Link };
  readonly #processes: Simulated[];
  readonly #firstPublishedAt = new Map<string, number>();
  /** What the last reader of a process got. */
  readonly #seen = new Map<string, { version: number; observed_at: string }>();
  #running = 0;
  #failure: unknown;

  constructor(time: VirtualTime, options: FleetOptions) {
    this.#time = time;
    this.#options = options;
    this.#postgres = new SimulatedPostgres(time, options.makePlan);
    this.#redis = options.hasRedis ? new SimulatedRedis() : null;
    this.#links = { postgres: new Link(time), redis: new Link(time) };
    const services = { time, postgres: this.#postgres, redis: this.#redis, links: this.#links };
    this.#processes = Array.from(
      { length: PROCESSES },
      (_, process) => new Simulated(services, { onFetch: (duns) => this.#fetch(duns, process) }),
    );
  }

  do(deed: Deed): void {
    switch (deed.do) {
      case 'read':
        void this.#read(deed.process, deed.duns).catch((error) => (this.#failure ??= error));
        break;
      case 'publish':
        this.#publish(deed.duns);
        break;
      case 'confirm':
        this.#postgres.confirm(deed.duns);
        break;
      case 'expire':
        this.#postgres.expire(deed.duns);
        break;
      case 'clear':
        this.#postgres.clear(deed.duns);
        break;
      case 'link':
        this.#links[deed.service].state = deed.state;
        break;
      case 'flush':
        this.#redis?.flush();
        break;
      case 'cut':
        this.#processes[deed.process]!.cut();
        break;
      case 'jump':
        this.#processes[deed.process]!.skewMs += deed.ms;
        break;
    }
  }

  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** All faults end; within the bound all processes agree with the truth, and their figures add up. */
  heal(): void {
    this.#links.postgres.state = 'well';
    this.#links.redis.state = 'well';
    const { tdsps } = this.#options;
    this.#time.pass(0);
    for (let ms = 0; !this.#isCurrent(); ms += 500) {
      assert.ok(ms < BOUND_MS, `not all are current: ${JSON.stringify([...this.#seen])}`);
      for (const process of this.#processes.keys())
        for (const duns of tdsps) this.do({ do: 'read', process, duns });
      this.#time.pass(500);
      this.check();
    }
    // A comparison may have brought late news: what they set off ends, too.
    for (let waits = 0; waits < 10 && this.#isAtWork(); waits++) this.#time.pass(LONGEST_LOAD_MS);
    this.check();
    assert.equal(this.#running, 0, 'nobody waits any more');
    for (const process of this.#processes) this.#addUp(process);
  }

  #isAtWork(): boolean {
    return this.#running > 0 || this.#processes.some(({ isAtWork }) => isAtWork);
  }

  /** Whether the last readers of all processes got what is published. */
  #isCurrent(): boolean {
    return this.#postgres
      .versions()
      .every(({ tdsp_duns, version }) =>
        [...this.#processes.keys()].every((at) => this.#seen.get(`${at} ${tdsp_duns}`)?.version === version),
      );
  }

  #publish(duns: string): void {
    if (!this.#firstPublishedAt.has(duns)) this.#firstPublishedAt.set(duns, this.#time.nowMs);
    this.#postgres.publish(duns);
  }

  /** The last resort. It must not be asked where something is stored, nor by a process that has had the plans. */
  #fetch(duns: string, process: number): Promise<unknown> {
    const published = this.#firstPublishedAt.get(duns);
    if (published !== undefined && published < this.#time.nowMs - LONGEST_LOAD_MS)
      this.#failure ??= new Error(`process ${process} asks the upstream for ${duns}, which is stored`);
    if (this.#seen.has(`${process} ${duns}`))
      this.#failure ??= new Error(`process ${process} asks the upstream for ${duns}, which it had`);
    const chance = this.#time.random();
    if (chance < 0.2) return new Promise(() => {});
    if (chance < 0.5) return Promise.resolve('later');
    return new Promise((resolve) =>
      this.#time.setTimeout(() => {
        if (!this.#firstPublishedAt.has(duns)) this.#publish(duns);
        resolve('refreshed');
      }, this.#time.random() * 1_500),
    );
  }

  async #read(at: number, duns: string): Promise<void> {
    const process = this.#processes[at]!;
    const key = `${at} ${duns}`;
    const before = this.#seen.get(key);
    process.reads += 1;
    this.#running += 1;
    const { look } = this.#options;
    let cached: CachedSet | null = null;
    try {
      cached = await (look?.(duns, process.cache, () => process.now()) ?? process.cache.get(duns));
    } catch (error) {
      if ((error as { code?: string }).code === 'ERR_ASSERTION') throw error;
    } finally {
      this.#running -= 1;
    }
    if (!cached) {
      assert.ok(!before, `process ${at} had ${duns} and now has nothing`);
      return;
    }
    const { version, observed_at, plans } = cached.set;
    assert.ok(version >= (before?.version ?? 0), `process ${at} went from ${before?.version} to ${version}`);
    if (version === before?.version) assert.ok(observed_at >= before.observed_at, `${at} grew older`);
    assert.deepEqual(plans, [this.#options.makePlan(duns, version)], 'the plans are those of the version');
    assert.ok(this.#postgres.confirmed.get(`${duns}.${version}`)?.has(observed_at), 'it was confirmed then');
    assert.equal(cached.observedAtMs, Date.parse(observed_at));
    const seen = this.#seen.get(key);
    if (!seen || seen.version < version || (seen.version === version && seen.observed_at < observed_at))
      this.#seen.set(key, { version, observed_at });
  }

  #addUp(process: Simulated): void {
    const { asked, reads, fetches } = process;
    // A page of two TDSPs is two questions, and a view that is not current any more a third one.
    if (!this.#options.look)
      assert.equal(process.counted('memory'), reads, 'every read is a hit or a miss of memory');
    for (const [layer, questions] of asked) assert.equal(process.counted(layer), questions, layer);
    assert.equal(process.counted('api'), fetches, 'every fetch brought something or failed');
  }
}
