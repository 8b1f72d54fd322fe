/**
 * Plan sets from the first of the layers that has them. Memory answers synchronously, with what it holds: expired,
 * overtaken or old, a reader never waits while one load in the background looks for something better. Who finds
 * memory empty waits for the layers, together with all others who do.
 */

import { performance } from 'node:perf_hooks';
import { AGE_STEPS_S, stepEnd } from '../histogram.ts';
import { confirmedAt, type PlanSet } from '../plan/plan-set.ts';
import { ColdFetches } from './cold-fetches.ts';
import { isNewer, KnownVersions, type Published } from './known-versions.ts';
import type { Layer, LayerName } from './layer.ts';
import { LayerUnavailableError } from './layer-error.ts';
import { bytesOf, type Held, MemoryShelf, type Shelved } from './memory-shelf.ts';
import { RecentFailures } from './recent-failures.ts';
import type { CacheRecorder } from './recorder.ts';
import { Spares } from './spares.ts';
import { askLayers } from './walk.ts';

export type { Layer, LayerName } from './layer.ts';
export type { Held } from './memory-shelf.ts';

/** `elsewhere`: another process fetches; `later`: the last fetch failed a moment ago; `stopped`: by an operator. */
export type RefreshOutcome = 'refreshed' | 'failed' | 'elsewhere' | 'later' | 'stopped';

/** Why plans are not confirmed, as far as this process knows; `not refreshed`: nobody tries. */
export type StaleReason = 'refreshing' | 'refresh failed' | 'not refreshed';
const STALE_REASONS: Record<RefreshOutcome, StaleReason> = {
  refreshed: 'refreshing',
  elsewhere: 'refreshing',
  failed: 'refresh failed',
  later: 'refresh failed',
  stopped: 'not refreshed',
};

export interface PlanSetCacheOptions {
  /** Asked in this order when memory has nothing; the last one is the truth. */
  layers: readonly Layer[];
  /** The notification of a publish brings the next version; this is the net below it. */
  ttlMs?: number;
  maxBytes?: number;
  /** Plans confirmed longer ago are stale: they are served, and `onStale` hears of it. */
  staleAfterMs?: number;
  /** So long a layer may take before the next one is asked as well. */
  hedgeMs?: number;
  /** Called at most once a second for each TDSP. May tell what became of it. */
  onStale?: (duns: string) => Promise<RefreshOutcome> | undefined;
  /**
   * Has plans fetched where no layer has any; resolves when that was tried, or with `elsewhere` at once when another
   * process is at it. What comes of it is read from the layers.
   */
  loadColdly?: (duns: string) => Promise<unknown>;
  /** The longest a reader waits for `loadColdly`. */
  coldWaitMs?: number;
  /** The longest a reader waits at all, where memory has nothing. */
  longestWaitMs?: number;
  recorder?: CacheRecorder;
  now?: () => number;
}

const TTL_MS = 30 * 60_000;
/** Sets loaded together do not expire together: up to this share of the time to live is taken off. */
const JITTER = 0.1;
const MAX_BYTES = 64 << 20;
const RETRY_MS = 1_000;

export class PlanSetCache {
  readonly #layers: readonly Layer[];
  readonly #memory: MemoryShelf;
  readonly #options: Required<
    Pick<PlanSetCacheOptions, 'ttlMs' | 'staleAfterMs' | 'hedgeMs' | 'longestWaitMs' | 'now'>
  >;
  readonly #onStale: PlanSetCacheOptions['onStale'];
  readonly #whyStale = new Map<string, StaleReason>();
  readonly #coldFetches: ColdFetches | null;
  readonly #recorder: CacheRecorder | undefined;
  readonly #loads = new Map<string, Promise<Held | null>>();
  readonly #failures: RecentFailures;
  readonly #known = new KnownVersions();
  readonly #spares = new Spares();
  /** Grows with every clear of a TDSP: what was read before one is not kept after it. */
  readonly #eras = new Map<string, number>();
  #clearing: Promise<unknown> = Promise.resolve();

  constructor({ layers, onStale, loadColdly, recorder, ...options }: PlanSetCacheOptions) {
    this.#layers = layers;
    this.#onStale = onStale;
    this.#recorder = recorder;
    const { ttlMs = TTL_MS, staleAfterMs = Number.POSITIVE_INFINITY, maxBytes = MAX_BYTES } = options;
    const { hedgeMs = 30, coldWaitMs = 800, longestWaitMs = 900, now = Date.now } = options;
    this.#options = { ttlMs, staleAfterMs, hedgeMs, longestWaitMs, now };
    this.#memory = new MemoryShelf(maxBytes, recorder);
    this.#failures = new RecentFailures(now);
    this.#coldFetches = loadColdly
      ? new ColdFetches({
          fetch: loadColdly,
          waitMs: coldWaitMs,
          now,
          recorder,
          held: (duns) => this.#memory.get(duns)?.held ?? null,
          load: (duns) => this.#load(duns),
          onNothing: (duns) => this.#failures.remember(duns),
        })
      : null;
  }

  /**
   * What memory holds, however old, and whether it is. Synchronous: the hot path has no promise in it, and all that
   * depends on the time is worked out when it changes, not with each read.
   */
  peek(duns: string, nowMs: number = this.#options.now()): Held | null {
    const shelved = this.#memory.get(duns);
    if (shelved === undefined) return null;
    // Read at a later time already: somebody set the clock back.
    if (shelved.dueAtMs <= nowMs || nowMs < shelved.lastReadMs) this.#attend(duns, shelved, nowMs);
    shelved.reads += 1;
    shelved.lastReadMs = nowMs;
    return shelved.held;
  }

  /**
   * The plan set from the first layer that has it; `null` if nothing was ever published and nothing came in time.
   * However many ask at once, one load runs; who goes away does not end it.
   * @throws what the layers threw, if none could answer and memory never held the set
   */
  async get(duns: string): Promise<Held | null> {
    const held = this.peek(duns);
    if (held) return held;
    const started = performance.now();
    try {
      return await this.#inTime(duns, this.#settled(duns, true));
    } finally {
      this.#recorder?.miss('memory', performance.now() - started);
    }
  }

  /** As `get`, but nothing is counted and nothing is fetched: for those who only look. */
  async stored(duns: string): Promise<Held | null> {
    return this.#memory.get(duns)?.held ?? (await this.#settled(duns, false));
  }

  /** Why a stale set is not confirmed. */
  whyStale(duns: string): StaleReason {
    return this.#whyStale.get(duns) ?? 'not refreshed';
  }

  /** Fills memory, the most wanted first. Never throws: what cannot be loaded now is loaded when it is asked for. */
  async warm(duns: readonly string[]): Promise<void> {
    for (const one of duns) await this.stored(one).catch(() => null);
  }

  /** Somebody published, or confirmed what is published. */
  announce(published: Published): void {
    const { tdsp_duns: duns, version } = published;
    if (!this.#known.learn(published)) return;
    this.#failures.forget(duns);
    const shelved = this.#memory.get(duns);
    const heldVersion = shelved?.held.set.version ?? 0;
    if (shelved && heldVersion === version) this.#shelve(duns, this.#confirmed(shelved.held.set), shelved);
    else if (heldVersion < version) {
      // The load starts now; should it fail, readers try again after a moment.
      if (shelved) {
        shelved.retryAtMs = this.#options.now() + RETRY_MS;
        shelved.dueAtMs = 0;
      }
      this.#loadInBackground(duns);
    }
  }

  /** Somebody fetched, and got nothing. Those who wait for it are told now. */
  fetchFailed(duns: string): void {
    this.#coldFetches?.gaveUp(duns);
  }

  /**
   * Forgets one TDSP, or all with `null`, and loads again what was held. Readers who come meanwhile wait for that
   * load only. Layers with a clear of their own are told, and not asked by that load.
   */
  async clear(duns: string | null, clearId: number): Promise<void> {
    const held = duns === null ? this.#memory.keys() : [duns];
    for (const one of new Set([...held, ...this.#loads.keys()])) {
      if (duns === null || one === duns) this.#eras.set(one, this.#eraOf(one) + 1);
    }
    for (const one of held) {
      const shelved = this.#memory.get(one);
      if (shelved) this.#spares.put(one, shelved.held);
      this.#memory.delete(one);
      this.#failures.forget(one);
      this.#loads.delete(one);
    }
    this.#clearing = Promise.allSettled([
      this.#clearing,
      ...this.#layers.map((layer) => layer.clear?.(duns, clearId)),
    ]);
    const layers = this.#layers.filter((layer) => !layer.clear);
    await Promise.allSettled(held.map((one) => this.#load(one, layers)));
    await this.#clearing;
  }

  /** Whatever the layers do: the load goes on, but who waits for it is told within a second how things stand. */
  #inTime(duns: string, load: Promise<Held | null>): Promise<Held | null> {
    const waited = Promise.withResolvers<Held | null>();
    const timer = setTimeout(() => {
      const held = this.#memory.get(duns)?.held ?? this.#spares.get(duns);
      if (held || this.#coldFetches?.running(duns)) waited.resolve(held ?? null);
      else waited.reject(new LayerUnavailableError('No layer behind memory answered in time'));
    }, this.#options.longestWaitMs);
    load.then(waited.resolve, waited.reject).finally(() => clearTimeout(timer));
    return waited.promise;
  }

  #eraOf(duns: string): number {
    return this.#eras.get(duns) ?? 0;
  }

  /** What memory holds now. */
  get size(): { entries: number; bytes: number } {
    return this.#memory.size;
  }

  /** Something about a set in memory is due. It is served all the same. */
  #attend(duns: string, shelved: Shelved, nowMs: number): void {
    this.#memory.tellReads(shelved);
    const { observedAtMs } = shelved.held;
    const isStale = this.#isStale(observedAtMs, nowMs);
    if (isStale !== shelved.held.isStale) shelved.held = { ...shelved.held, isStale };
    // Later than can be, unless the clock was set back: then nothing is put off by as much.
    if (shelved.retryAtMs > nowMs + RETRY_MS) shelved.retryAtMs = 0;
    shelved.expiresAtMs = Math.min(shelved.expiresAtMs, nowMs + this.#options.ttlMs);
    const isOvertaken = this.#known.versionOf(duns) > shelved.held.set.version;
    const isExpired = shelved.expiresAtMs <= nowMs || isOvertaken;
    if ((isExpired || isStale) && shelved.retryAtMs <= nowMs) {
      shelved.retryAtMs = nowMs + RETRY_MS;
      if (isExpired) this.#loadInBackground(duns);
      if (isStale) this.#askForRefresh(duns);
    }
    const nextStepMs = stepEnd(AGE_STEPS_S, (nowMs - observedAtMs) / 1000) * 1000;
    const changesAtMs = [
      shelved.expiresAtMs,
      shelved.retryAtMs,
      observedAtMs + this.#options.staleAfterMs + 1,
      observedAtMs + nextStepMs + 1,
    ];
    shelved.dueAtMs = Math.min(...changesAtMs.filter((atMs) => atMs > nowMs));
  }

  #askForRefresh(duns: string): void {
    const refresh = this.#onStale?.(duns);
    if (!refresh) return;
    // That the last one failed stays true while another is under way.
    if (!this.#whyStale.has(duns)) this.#whyStale.set(duns, 'refreshing');
    // After a refresh that went well the fresh set is on its way, as after one that began elsewhere.
    const heard = (outcome: RefreshOutcome) => this.#whyStale.set(duns, STALE_REASONS[outcome]);
    refresh.then(heard, () => heard('failed'));
  }

  #isStale(observedAtMs: number, nowMs = this.#options.now()): boolean {
    return nowMs - observedAtMs > this.#options.staleAfterMs;
  }

  #toHeld(set: PlanSet, layer: LayerName): Held {
    const observedAtMs = Date.parse(set.observed_at);
    return { set, observedAtMs, isStale: this.#isStale(observedAtMs), layer };
  }

  #loadInBackground(duns: string): void {
    const running = this.#loads.get(duns);
    // One that runs already may have read before the news: then another follows it.
    const load = running
      ? running.catch(() => {}).then(() => (this.#isCurrent(duns) ? null : this.#load(duns)))
      : this.#load(duns);
    load.catch(() => {});
  }

  #isCurrent(duns: string): boolean {
    const shelved = this.#memory.get(duns);
    if (!shelved || shelved.isSpare) return false;
    return shelved.held.set.version >= this.#known.versionOf(duns);
  }

  /** One load for all who found memory empty, then, if nothing is stored anywhere, one cold load. */
  async #settled(duns: string, mayFetch: boolean): Promise<Held | null> {
    const fetches = mayFetch ? this.#coldFetches : null;
    const running = fetches?.running(duns);
    if (running) return running;
    if (this.#failures.isNothing(duns)) return null;
    const found = await this.#load(duns);
    if (found || !fetches) return found;
    // What somebody told of meanwhile is stored, so it need not be fetched.
    const isStored = this.#known.versionOf(duns) > 0;
    return this.#memory.get(duns)?.held ?? (isStored ? this.#load(duns) : fetches.run(duns));
  }

  #load(duns: string, layers = this.#layers): Promise<Held | null> {
    let load = this.#loads.get(duns);
    if (!load) {
      load = this.#walk(duns, layers).finally(() => {
        if (this.#loads.get(duns) === load) this.#loads.delete(duns);
      });
      this.#loads.set(duns, load);
    }
    return load;
  }

  async #walk(duns: string, layers: readonly Layer[]): Promise<Held | null> {
    const era = this.#eraOf(duns);
    const { hedgeMs, now } = this.#options;
    const newest = () => Math.max(this.#known.versionOf(duns), this.#memory.get(duns)?.held.set.version ?? 0);
    const recorder = this.#recorder;
    const found = await askLayers(layers, duns, {
      hedgeMs,
      newest,
      onAnswer: (layer, latencyMs, set) => {
        if (set === 'failed') recorder?.error(layer, latencyMs);
        else if (set === null) recorder?.miss(layer, latencyMs);
        else {
          const observedAtMs = Date.parse(set.observed_at);
          recorder?.hit(layer, latencyMs, now() - observedAtMs, this.#isStale(observedAtMs));
        }
      },
    });
    const held = found.set && this.#toHeld(this.#confirmed(found.set), found.layer);
    const isNewest = held !== null && held.set.version >= newest();
    if (isNewest && era === this.#eraOf(duns)) {
      this.#keep(duns, held.set);
      this.#fillAbove(held.layer, held.set);
      return held;
    }
    const last = this.#memory.get(duns)?.held;
    if (last) return last;
    // Read before a clear, or overtaken while it was read: true until a moment ago, and soon replaced.
    if (isNewest) this.#loadInBackground(duns);
    const spare = this.#spares.choose(duns, held);
    if (spare) {
      // So that nobody else waits; whatever a layer has soon takes its place.
      this.#shelve(duns, spare.set, { expiresAtMs: this.#options.now() + RETRY_MS, isSpare: true });
      return this.#toHeld(spare.set, spare.layer);
    }
    const failure =
      held === null
        ? found.failure
        : new LayerUnavailableError('No layer behind memory has the version that was served before');
    this.#failures.remember(duns, failure);
    if (failure !== undefined) throw failure;
    return null;
  }

  /** The same plans, with the youngest time at which anybody heard them confirmed. */
  #confirmed(set: PlanSet): PlanSet {
    const shelved = this.#memory.get(set.tdsp_duns);
    // The same version, the same plans: what was prepared from them stays of use. But not after a clear.
    const isHeld = shelved?.held.set.version === set.version && !shelved.isSpare;
    const plans = isHeld ? shelved.held.set : set;
    const observed_at = this.#known.confirmedAt(isNewer(plans, set) ? plans : set);
    return observed_at === plans.observed_at ? plans : confirmedAt(plans, observed_at);
  }

  #keep(duns: string, set: PlanSet): void {
    this.#shelve(duns, set);
    this.#recorder?.load('memory', this.#memory.get(duns)?.bytes ?? 0);
    this.#failures.forget(duns);
    this.#spares.supersede(duns, set);
    this.#known.learn(set);
  }

  /** @param as of what the set replaces without being loaded anew: its time to live goes on */
  #shelve(
    duns: string,
    set: PlanSet,
    as: Partial<Pick<Shelved, 'expiresAtMs' | 'bytes' | 'isSpare'>> = {},
  ): void {
    const { ttlMs, now } = this.#options;
    const { expiresAtMs = now() + ttlMs * (1 - Math.random() * JITTER), isSpare = false } = as;
    const held = this.#toHeld(set, 'memory');
    this.#memory.put(duns, { held, expiresAtMs, isSpare, bytes: as.bytes ?? bytesOf(set) });
    if (!held.isStale) this.#whyStale.delete(duns);
    this.#coldFetches?.arrived(duns, held);
  }

  /** Writes to the layers above the one that answered. Nobody waits for it. */
  #fillAbove(layer: string, set: PlanSet): void {
    const above = this.#layers.slice(
      0,
      this.#layers.findIndex(({ name }) => name === layer),
    );
    for (const one of above) {
      if (!one.write) continue;
      void this.#clearing
        .then(() => one.write!(set))
        .then((bytes) => {
          if (bytes > 0) this.#recorder?.load(one.name, bytes);
        })
        .catch(() => {});
    }
  }
}
