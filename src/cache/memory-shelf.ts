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
  /** The verdict when it was read: confirmed longer ago than plans count as fresh. */
  readonly isStale: boolean;
  readonly layer: LayerName;
}

export interface Shelved {
  held: Held;
  expiresAtMs: number;
  /** Until then nothing about it changes that a read would have to look at; 0: to be looked at with the next read. */
  dueAtMs: number;
  /** Until then nothing better is looked for again. */
  retryAtMs: number;
  bytes: number;
  /** It was cleared, or is older than what is known: it only fills the gap until a layer answers. */
  isSpare: boolean;
  /** Reads not yet told to the recorder, all with one verdict and at ages of one step, and when the last one was. */
  reads: number;
  lastReadMs: number;
}

/** An object takes about twice the bytes of its JSON, and packed plans twice their own once all of them were shown. */
const TIMES_ITS_TEXT = 2;

/** So long as nothing has to make room, expired sets stay: an old answer is better than none. */
export class MemoryShelf {
  readonly #shelf: LRUCache<string, Shelved>;
  readonly #recorder: CacheRecorder | undefined;

  constructor(maxBytes: number, recorder?: CacheRecorder) {
    this.#recorder = recorder;
    this.#shelf = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ bytes }) => bytes,
      dispose: (shelved, _duns, reason) => {
        this.tellReads(shelved);
        if (reason === 'evict') recorder?.eviction('memory');
      },
    });
    recorder?.beforeFlush(() => {
      for (const shelved of this.#shelf.values()) this.tellReads(shelved);
    });
  }

  get(duns: string): Shelved | undefined {
    return this.#shelf.get(duns);
  }

  put(
    duns: string,
    { held, expiresAtMs, bytes, isSpare }: Pick<Shelved, 'held' | 'expiresAtMs' | 'bytes' | 'isSpare'>,
  ): void {
    this.#shelf.set(duns, {
      held,
      expiresAtMs,
      bytes,
      isSpare,
      dueAtMs: 0,
      retryAtMs: 0,
      reads: 0,
      lastReadMs: 0,
    });
  }

  delete(duns: string): void {
    this.#shelf.delete(duns);
  }

  keys(): string[] {
    return [...this.#shelf.keys()];
  }

  /** Tells the recorder of the reads since the last time: a read itself only adds one to a number. */
  tellReads(shelved: Shelved): void {
    const { reads, lastReadMs, held } = shelved;
    if (reads > 0) this.#recorder?.memoryHits(reads, lastReadMs - held.observedAtMs, held.isStale);
    shelved.reads = 0;
  }

  /** What is held now, for the figures. */
  get size(): { entries: number; bytes: number } {
    return { entries: this.#shelf.size, bytes: this.#shelf.calculatedSize ?? 0 };
  }
}

export function bytesOf(set: PlanSet): number {
  const text = set.packed?.bytes.byteLength ?? JSON.stringify(set).length;
  return text * TIMES_ITS_TEXT + (set.encoded?.byteLength ?? 0);
}
