/** Who counts what the layers do. Called on the hot path: it must be quick and must not throw. */

import type { LayerName } from './layer.ts';

export interface CacheRecorder {
  /** `latencyMs` is `null` where nothing was waited for: memory. */
  hit(layer: LayerName, latencyMs: number | null, ageMs: number, isStale: boolean): void;
  miss(layer: LayerName, latencyMs: number): void;
  error(layer: LayerName, latencyMs: number): void;
  /** A plan set was put into this layer. */
  load(layer: LayerName, bytes: number): void;
  /** A plan set had to make room for another. */
  eviction(layer: LayerName): void;
}
