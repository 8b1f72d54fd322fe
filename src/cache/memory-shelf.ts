/** The first layer: plan sets as objects, bounded by bytes. A reader gets the object itself and never changes it. */

import { LRUCache } from 'lru-cache';
import type { PlanSet } from '../plan/plan-set.ts';
import type { LayerName } from './layer.ts';
import type { CacheRecorder } from './recorder.ts';

/** A plan set as a reader gets it, and where it came from just now. */
export interface Held {
  readonly set: PlanSet;
  /** `set.observed_at`, in milliseconds since 1970. */
  readonly observedAtMs: number;
  readonly layer: LayerName;
}

export const toHeld = (set: PlanSet, layer: LayerName): Held => ({
  set,
  observedAtMs: Date.parse(set.observed_at),
  layer,
});

export interface Shelved {
  held: Held;
  expiresAtMs: number;
  /** The next moment at which something about it is due: it expires, becomes stale, or is to be tried again. */
  dueAtMs: number;
  bytes: number;
  /** It was cleared, or is older than what is known: it only fills the gap until a layer answers. */
  isSpare: boolean;
}

/** An object takes about twice the bytes of its JSON. */
const BYTES_PER_CHARACTER = 2;

/** So long as nothing has to make room, expired sets stay: an old answer is better than none. */
export class MemoryShelf {
  readonly #shelf: LRUCache<string, Shelved>;

  constructor(maxBytes: number, recorder?: CacheRecorder) {
    this.#shelf = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ bytes }) => bytes,
      dispose: (_entry, _duns, reason) => {
        if (reason === 'evict') recorder?.eviction('memory');
      },
    });
  }

  get(duns: string): Shelved | undefined {
    return this.#shelf.get(duns);
  }

  put(duns: string, shelved: Shelved): void {
    this.#shelf.set(duns, shelved);
  }

  delete(duns: string): void {
    this.#shelf.delete(duns);
  }

  /** All of it is due now, and none lives longer than from now on. */
  makeDue(nowMs: number, ttlMs: number): void {
    for (const shelved of this.#shelf.values()) {
      shelved.dueAtMs = nowMs;
      shelved.expiresAtMs = Math.min(shelved.expiresAtMs, nowMs + ttlMs);
    }
  }

  keys(): string[] {
    return [...this.#shelf.keys()];
  }

  /** What is held now, for the figures. */
  get size(): { entries: number; bytes: number } {
    return { entries: this.#shelf.size, bytes: this.#shelf.calculatedSize ?? 0 };
  }
}

export function bytesOf(set: PlanSet): number {
  return JSON.stringify(set).length * BYTES_PER_CHARACTER;
}
