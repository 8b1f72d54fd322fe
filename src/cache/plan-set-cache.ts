/**
 * Plan sets from the first of the layers that has them. Memory answers synchronously, with what it has: expired,
 * superseded or old, a reader never waits while a load in the background looks for something better. A reader who
 * finds memory empty waits for the layers, together with all others who do. What is decided is decided in `slot.ts`.
 */

import { performance } from 'node:perf_hooks';
import type { PlanSet } from '../plan/plan-set.ts';
import type { Layer, LayerName } from './layer.ts';
import { LayerUnavailableError } from './layer-error.ts';
import type { CacheRecorder } from './recorder.ts';
import { bytesOf } from './set-size.ts';
import {
  type CachedSet,
  EMPTY_SLOT,
  isRefreshDue,
  type Published,
  recentFailure,
  type Slot,
  type SlotEvent,
  type SlotLimits,
  servedFrom,
  transition,
} from './slot.ts';
import { askLayers } from './walk.ts';

export type { Layer, LayerName } from './layer.ts';
export type { CachedSet } from './slot.ts';

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
  /** Plans confirmed longer ago are stale: they are served, and `onStale` hears of it. */
  staleAfterMs?: number;
  /** How long a layer may take before the next one is asked as well. */
  hedgeMs?: number;
  /** A layer did not take what it was to keep. */
  onWriteFailed?: (layer: LayerName, error: unknown) => void;
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
  /** Called once, when the sets in memory take more bytes than this. */
  warnAbove?: { bytes: number; warn(bytes: number): void };
  recorder?: CacheRecorder;
  now?: () => number;
}

const TTL_MS = 30 * 60_000;
/** Sets loaded together do not expire together: up to this share of the time to live is taken off. */
const JITTER = 0.1;

/** A slot, and what goes on for it in this process. */
class Entry {
  readonly duns: string;
  slot: Slot = EMPTY_SLOT;
  /** Reads not yet told to the recorder, all with one verdict and at ages of one step, and when the last one was. */
  reads = 0;
  lastReadMs = 0;
  load: Promise<CachedSet | null> | null = null;
  fetch: Promise<CachedSet | null> | null = null;
  /** Ends the wait for the fetch. */
  endFetch: ((cached: CachedSet | null) => void) | null = null;
  /** `null`: nobody asked for a refresh since the set was fresh. */
  whyStale: StaleReason | null = null;

  constructor(duns: string) {
    this.duns = duns;
  }
}

export class PlanSetCache {
  readonly #options: PlanSetCacheOptions;
  readonly #limits: SlotLimits;
  readonly #now: () => number;
  readonly #recorder: CacheRecorder | undefined;
  readonly #entries = new Map<string, Entry>();
  #clearing: Promise<unknown> = Promise.resolve();
  #isWarned = false;

  constructor(options: PlanSetCacheOptions) {
    this.#options = options;
    const { ttlMs = TTL_MS, staleAfterMs = Number.POSITIVE_INFINITY, now = Date.now, recorder } = options;
    this.#limits = { ttlMs, staleAfterMs };
    this.#now = now;
    this.#recorder = recorder;
    recorder?.beforeFlush(() => {
      for (const entry of this.#entries.values()) this.#tellReads(entry);
    });
  }

  /**
   * What memory has, however old, and whether it is. Synchronous: the hot path has no promise in it, and all that
   * depends on the time is worked out when it changes, not with each read.
   */
  peek(duns: string, nowMs: number = this.#now()): CachedSet | null {
    return this.#read(this.#entryOf(duns), nowMs, 'checked');
  }

  /** As `peek`, but nobody calls an upstream for it; where memory has nothing the layers are asked in the background. */
  look(duns: string, nowMs: number = this.#now()): CachedSet | null {
    const cached = this.#read(this.#entryOf(duns), nowMs, 'looked');
    if (!cached) void this.inspect(duns).catch(() => null);
    return cached;
  }

  #read(entry: Entry, nowMs: number, type: 'checked' | 'looked'): CachedSet | null {
    // Read at a later time already: somebody set the clock back.
    const isTime = entry.slot.nextCheckAtMs <= nowMs || nowMs < entry.lastReadMs;
    if (isTime || (type === 'checked' && isRefreshDue(entry.slot, nowMs))) {
      this.#apply(entry, { type, nowMs });
      entry.lastReadMs = nowMs;
    }
    const { slot } = entry;
    if (slot.state !== 'live' && slot.state !== 'fallback') return null;
    entry.reads += 1;
    entry.lastReadMs = nowMs;
    return slot.cached;
  }

  /**
   * The plan set from the first layer that has it; `null` if nothing was ever published and nothing came in time.
   * However many ask at once, one load runs; a reader who goes away does not end it.
   * @throws what the layers threw, if none could answer and memory never had the set
   */
  async get(duns: string): Promise<CachedSet | null> {
    const cached = this.peek(duns);
    if (cached) return cached;
    const started = performance.now();
    const entry = this.#entryOf(duns);
    try {
      return await this.#inTime(entry, this.#loadOrFetch(entry, true));
    } finally {
      this.#recorder?.miss('memory', performance.now() - started);
    }
  }

  /** As `get`, but nothing is counted and nothing is fetched: for those who only look. */
  async inspect(duns: string): Promise<CachedSet | null> {
    const entry = this.#entryOf(duns);
    return servedFrom(entry.slot) ?? (await this.#loadOrFetch(entry, false));
  }

  /** Why a stale set is not confirmed. */
  whyStale(duns: string): StaleReason {
    return this.#entries.get(duns)?.whyStale ?? 'not refreshed';
  }

  /** Fills memory, the most wanted first. Never throws: what cannot be loaded now is loaded when it is asked for. */
  async warm(duns: readonly string[]): Promise<void> {
    for (const one of duns) await this.inspect(one).catch(() => null);
  }

  /** Somebody published, or confirmed what is published. */
  announce(published: Published): void {
    this.#apply(this.#entryOf(published.tdsp_duns), { type: 'announced', published, nowMs: this.#now() });
  }

  /** Somebody fetched, and got nothing. Those who wait for it are told now. */
  fetchFailed(duns: string): void {
    const entry = this.#entryOf(duns);
    entry.endFetch?.(servedFrom(entry.slot));
  }

  /**
   * Forgets one TDSP, or all with `null`, and loads again what was there. Readers who come meanwhile wait for that
   * load only. Layers with a clear of their own are told, and not asked by that load.
   */
  async clear(duns: string | null): Promise<void> {
    const entries = duns === null ? [...this.#entries.values()] : [this.#entryOf(duns)];
    const { layers } = this.#options;
    this.#clearing = Promise.allSettled([this.#clearing, ...layers.map((layer) => layer.clear?.(duns))]);
    const uncleared = layers.filter((layer) => !layer.clear);
    for (const entry of entries) {
      if (entry.slot.state !== 'empty') entry.load = null;
      this.#apply(entry, { type: 'cleared', nowMs: this.#now() }, uncleared);
    }
    const cleared = entries.filter(({ slot }) => slot.state === 'cleared');
    await Promise.allSettled([this.#clearing, ...cleared.map(({ load }) => load)]);
  }

  /** What is in memory now. */
  get size(): { entries: number; bytes: number } {
    const sets = [...this.#entries.values()].flatMap(({ slot }) => servedFrom(slot)?.set ?? []);
    return { entries: sets.length, bytes: sets.reduce((sum, set) => sum + bytesOf(set), 0) };
  }

  #entryOf(duns: string): Entry {
    let entry = this.#entries.get(duns);
    if (!entry) {
      entry = new Entry(duns);
      this.#entries.set(duns, entry);
    }
    return entry;
  }

  /** Changes the slot, and does what is to be done for it. */
  #apply(entry: Entry, event: SlotEvent, layers?: readonly Layer[]): void {
    this.#tellReads(entry);
    entry.slot = transition(entry.slot, event, this.#limits);
    const { todo } = entry.slot;
    if (todo.includes('load')) this.#loadInBackground(entry, layers);
    if (todo.includes('refresh')) this.#askForRefresh(entry);
    const cached = servedFrom(entry.slot);
    if (!cached) return;
    if (!cached.isStale) entry.whyStale = null;
    entry.endFetch?.(cached);
  }

  /** Tells the recorder of the reads since the last time: a read itself only adds one to a number. */
  #tellReads(entry: Entry): void {
    const cached = servedFrom(entry.slot);
    if (entry.reads === 0 || !cached) return;
    this.#recorder?.memoryHits(entry.reads, entry.lastReadMs - cached.observedAtMs, cached.isStale);
    entry.reads = 0;
  }

  #askForRefresh(entry: Entry): void {
    const refresh = this.#options.onStale?.(entry.duns);
    if (!refresh) return;
    // That the last one failed stays true while another is under way.
    entry.whyStale ??= 'refreshing';
    // After a refresh that went well the fresh set is on its way, as after one that began elsewhere.
    const heard = (outcome: RefreshOutcome) => {
      entry.whyStale = STALE_REASONS[outcome];
    };
    refresh.then(heard, () => heard('failed'));
  }

  /** Whatever the layers do: the load goes on, but a reader is told within a second how things stand. */
  #inTime(entry: Entry, load: Promise<CachedSet | null>): Promise<CachedSet | null> {
    const waited = Promise.withResolvers<CachedSet | null>();
    const timer = setTimeout(() => {
      const { slot } = entry;
      if (slot.state !== 'empty') waited.resolve(slot.cached);
      else if (entry.fetch) waited.resolve(null);
      else waited.reject(new LayerUnavailableError('No layer behind memory answered in time'));
    }, this.#options.longestWaitMs ?? 900);
    load.then(waited.resolve, waited.reject).finally(() => clearTimeout(timer));
    return waited.promise;
  }

  /** One load for all who found memory empty, then, if nothing is stored anywhere, one fetch. */
  async #loadOrFetch(entry: Entry, mayFetch: boolean): Promise<CachedSet | null> {
    if (mayFetch && entry.fetch) return entry.fetch;
    const failure = recentFailure(entry.slot, this.#now());
    if (failure?.error !== undefined) throw failure.error;
    if (failure) return null;
    const found = await this.#load(entry);
    if (found || !mayFetch || !this.#options.loadColdly) return found;
    const meanwhile = servedFrom(entry.slot);
    if (meanwhile) return meanwhile;
    // What somebody told of meanwhile is stored, so it need not be fetched.
    if (entry.slot.newest.version > 0) return this.#load(entry);
    entry.fetch ??= this.#fetch(entry, this.#options.loadColdly).finally(() => {
      entry.fetch = null;
    });
    return entry.fetch;
  }

  /** Readers wait a moment for what comes of a fetch, here or in another process, and not for the fetch itself. */
  async #fetch(entry: Entry, loadColdly: (duns: string) => Promise<unknown>): Promise<CachedSet | null> {
    const started = performance.now();
    const arrival = Promise.withResolvers<CachedSet | null>();
    const timer = setTimeout(() => arrival.resolve(null), this.#options.coldWaitMs ?? 800);
    entry.endFetch = arrival.resolve;
    // Resolved or failed, the reader learns of it from the layers: another process may have published meanwhile.
    loadColdly(entry.duns)
      .then(async (outcome) => {
        const cached = servedFrom(entry.slot);
        if (cached || outcome === 'later' || outcome === 'stopped') arrival.resolve(cached);
        // A process that fetches elsewhere publishes, and the announcement brings it; or it fails, and tells that, too.
        else if (outcome !== 'elsewhere') arrival.resolve(await this.#load(entry));
      })
      .catch(() => arrival.resolve(null));
    const found = await arrival.promise;
    entry.endFetch = null;
    clearTimeout(timer);
    const latencyMs = performance.now() - started;
    if (!found) {
      this.#recorder?.error('api', latencyMs);
      this.#apply(entry, { type: 'failed', error: undefined, nowMs: this.#now() });
      return null;
    }
    this.#recorder?.hit('api', latencyMs, this.#now() - found.observedAtMs, found.isStale);
    return { ...found, layer: 'api' };
  }

  #loadInBackground(entry: Entry, layers?: readonly Layer[]): void {
    // One that runs already may have read before the news: then another follows it.
    const load = entry.load
      ? entry.load.catch(() => {}).then(() => (entry.slot.state === 'live' ? null : this.#load(entry)))
      : this.#load(entry, layers);
    load.catch(() => {});
  }

  #load(entry: Entry, layers = this.#options.layers): Promise<CachedSet | null> {
    if (entry.load) return entry.load;
    const load = this.#walk(entry, layers).finally(() => {
      if (entry.load === load) entry.load = null;
    });
    entry.load = load;
    return load;
  }

  /** @returns what the slot serves afterwards: never anything else, so that nobody gets less than another got before */
  async #walk(entry: Entry, layers: readonly Layer[]): Promise<CachedSet | null> {
    const { era } = entry.slot;
    const found = await askLayers(layers, entry.duns, {
      hedgeMs: this.#options.hedgeMs ?? 30,
      newest: () => entry.slot.newest.version,
      onAnswer: (name, latencyMs, answer) => this.#count(name, latencyMs, answer),
    });
    const nowMs = this.#now();
    if (!found.set) {
      this.#apply(entry, { type: 'failed', error: found.failure, nowMs });
      const cached = servedFrom(entry.slot);
      if (!cached && found.failure !== undefined) throw found.failure;
      return cached;
    }
    const { set, layer } = found;
    const expiresAtMs = nowMs + this.#limits.ttlMs * (1 - Math.random() * JITTER);
    this.#apply(entry, { type: 'loaded', set, era, expiresAtMs, nowMs });
    const cached = servedFrom(entry.slot)!;
    if (entry.slot.todo.includes('share')) {
      this.#recorder?.load('memory', bytesOf(cached.set));
      this.#warnIfLarge();
      this.#fillAbove(layer, cached.set);
    }
    return cached.set.version === set.version ? { ...cached, layer } : cached;
  }

  #count(layer: LayerName, latencyMs: number, answer: PlanSet | null | 'failed'): void {
    if (answer === 'failed') this.#recorder?.error(layer, latencyMs);
    else if (answer === null) this.#recorder?.miss(layer, latencyMs);
    else {
      const ageMs = this.#now() - Date.parse(answer.observed_at);
      this.#recorder?.hit(layer, latencyMs, ageMs, ageMs > this.#limits.staleAfterMs);
    }
  }

  #warnIfLarge(): void {
    const { warnAbove } = this.#options;
    if (!warnAbove || this.#isWarned) return;
    const { bytes } = this.size;
    if (bytes <= warnAbove.bytes) return;
    this.#isWarned = true;
    warnAbove.warn(bytes);
  }

  /** Writes to the layers above the one that answered. Nobody waits for it. */
  #fillAbove(layer: LayerName, set: PlanSet): void {
    const { layers } = this.#options;
    const above = layers.slice(
      0,
      layers.findIndex(({ name }) => name === layer),
    );
    for (const one of above) {
      if (!one.write) continue;
      void this.#clearing
        .then(() => one.write!(set))
        .then((bytes) => {
          if (bytes > 0) this.#recorder?.load(one.name, bytes);
        })
        .catch((error) => {
          this.#recorder?.refusedLoad(one.name);
          this.#options.onWriteFailed?.(one.name, error);
        });
    }
  }
}
