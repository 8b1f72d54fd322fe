import type { LayerName } from '../../src/cache/layer.ts';
import type { CacheRecorder } from '../../src/cache/recorder.ts';

const LAYERS = ['memory', 'redis', 'database', 'active', 'api'] as const;

/** Counts what each layer answered. */
export function countingRecorder() {
  const none = () => ({ hits: 0, misses: 0, errors: 0 });
  const counts = Object.fromEntries(LAYERS.map((layer) => [layer, none()])) as Record<
    LayerName,
    ReturnType<typeof none>
  >;
  const tells: (() => void)[] = [];
  const recorder: CacheRecorder = {
    hit(layer) {
      counts[layer].hits += 1;
    },
    memoryHits(count) {
      counts.memory.hits += count;
    },
    beforeFlush(tell) {
      tells.push(tell);
    },
    miss(layer) {
      counts[layer].misses += 1;
    },
    error(layer) {
      counts[layer].errors += 1;
    },
    load() {},
    refusedLoad() {},
  };
  /** Reads from memory are told together, when figures are wanted. */
  const flush = () => {
    for (const tell of tells) tell();
  };
  return { counts, recorder, flush };
}
