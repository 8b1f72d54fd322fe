/** Who counts what the layers do. Called on the read path: it must be quick and must not throw. */

import type { LayerName } from './layer.ts';

export interface CacheRecorder {
  hit(layer: LayerName, latencyMs: number, ageMs: number, isStale: boolean): void;
  /** Reads from memory, told together: the last one of them at this age, all others in the same step of age. */
  memoryHits(count: number, ageMs: number, isStale: boolean): void;
  /** `tell` is called before figures are written: the cache counts reads by itself on the hot path, and tells them then. */
  beforeFlush(tell: () => void): void;
  miss(layer: LayerName, latencyMs: number): void;
  error(layer: LayerName, latencyMs: number): void;
  /** The layer did not take a plan set: no read, so no part of any hit rate. */
  refusedLoad(layer: LayerName): void;
  /** A plan set was put into this layer. */
  load(layer: LayerName, bytes: number): void;
}
