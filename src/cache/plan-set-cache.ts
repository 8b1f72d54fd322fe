/**
 * Plan sets in memory, in front of the slower layers. A reader gets the object itself, frozen by convention: whoever
 * holds a set never changes it.
 */

import type { PlanSet } from '../plan/plan-set.ts';

/** The layers an answer can come from, as `meta.source` and Cache-Status name them. */
export type LayerName = 'memory' | 'redis' | 'database' | 'active' | 'api';

export interface Layer {
  readonly name: LayerName;
  /** `null`: this layer has no plan set of that TDSP. */
  read(duns: string): Promise<PlanSet | null>;
}

export interface CachedPlanSet {
  set: PlanSet;
  layer: LayerName;
}

interface Held {
  set: PlanSet;
  expiresAt: number;
}

export interface PlanSetCacheOptions {
  /** Asked in this order when memory has nothing. */
  layers: readonly Layer[];
  /** The notification of a publish ends a set's life; this is the net below it. */
  ttlMs?: number;
  now?: () => number;
}

const TTL_MS = 30 * 60_000;
/** Sets loaded together do not expire together: up to this share of the time to live is taken off. */
const JITTER = 0.1;

export class PlanSetCache {
  readonly #layers: readonly Layer[];
  readonly #ttlMs: number;
  readonly #now: () => number;
  readonly #held = new Map<string, Held>();
  readonly #loads = new Map<string, Promise<CachedPlanSet | null>>();
  /** The newest version anybody told of: what a load brings must not be older. */
  readonly #known = new Map<string, number>();

  constructor({ layers, ttlMs = TTL_MS, now = Date.now }: PlanSetCacheOptions) {
    this.#layers = layers;
    this.#ttlMs = ttlMs;
    this.#now = now;
  }

  /** The set in memory, unless it has expired. Synchronous: the hot path has no promise in it. */
  peek(duns: string): PlanSet | null {
    const held = this.#held.get(duns);
    return held !== undefined && held.expiresAt > this.#now() ? held.set : null;
  }

  /**
   * The plan set from the first layer that has it; `null` if nothing was ever published. However many ask at once,
   * one load runs. While a load fails, an expired set is better than none.
   * @throws what the last layer threw, if no layer could answer and memory never held the set
   */
  async get(duns: string): Promise<CachedPlanSet | null> {
    const set = this.peek(duns);
    if (set) return { set, layer: 'memory' };
    let load = this.#loads.get(duns);
    if (!load) {
      load = this.#load(duns).finally(() => this.#loads.delete(duns));
      this.#loads.set(duns, load);
    }
    return load;
  }

  /** Somebody published, or confirmed what is published. */
  announce({
    tdsp_duns,
    version,
    observed_at,
  }: Pick<PlanSet, 'tdsp_duns' | 'version' | 'observed_at'>): void {
    this.#known.set(tdsp_duns, Math.max(version, this.#known.get(tdsp_duns) ?? 0));
    const held = this.#held.get(tdsp_duns);
    if (!held) return;
    if (held.set.version < version) {
      // Kept, for the case that the new one cannot be loaded, but never served before that was tried.
      held.expiresAt = 0;
    } else if (held.set.version === version && held.set.observed_at < observed_at) {
      held.set = { ...held.set, observed_at };
    }
  }

  async #load(duns: string): Promise<CachedPlanSet | null> {
    let failure: unknown;
    let overtaken: CachedPlanSet | null = null;
    for (const layer of this.#layers) {
      try {
        const set = await layer.read(duns);
        if (!set) continue;
        // Asked after the wait: a newer version may have been published meanwhile.
        if (set.version < Math.max(this.#known.get(duns) ?? 0, this.#held.get(duns)?.set.version ?? 0)) {
          overtaken ??= { set, layer: layer.name };
          continue;
        }
        this.#held.set(duns, { set, expiresAt: this.#now() + this.#ttlMs * (1 - Math.random() * JITTER) });
        return { set, layer: layer.name };
      } catch (error) {
        failure = error;
      }
    }
    const last = this.#held.get(duns);
    if (last) return { set: last.set, layer: 'memory' };
    // Late, and not kept; but true until a moment ago.
    if (overtaken) return overtaken;
    if (failure !== undefined) throw failure;
    return null;
  }
}
