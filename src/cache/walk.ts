/**
 * Asks layers for a plan set, in their order. One that takes long does not delay the others: after a moment the
 * next one is asked as well, and the first good answer counts.
 */

import { performance } from 'node:perf_hooks';
import type { PlanSet } from '../plan/plan-set.ts';
import type { Layer, LayerName } from './layer.ts';

interface Walk {
  hedgeMs: number;
  /** The version an answer must have at least, asked when it arrives: a newer one may be published meanwhile. */
  newest(): number;
  onAnswer(layer: LayerName, latencyMs: number, answer: PlanSet | null | 'failed'): void;
}

export type Found =
  | { set: PlanSet; layer: LayerName; failure?: undefined }
  /** `failure`: a layer that might have had it could not answer; without one, nothing is stored. */
  | { set: null; failure?: unknown };

/** The first set that is new enough; else the newest of the older ones; else nothing, and why. */
export function askLayers(layers: readonly Layer[], duns: string, walk: Walk): Promise<Found> {
  const { hedgeMs, newest, onAnswer } = walk;
  const nobodyWaits = new AbortController();
  return new Promise((resolve) => {
    let asked = 0;
    let answered = 0;
    let older: { set: PlanSet; layer: LayerName } | null = null;
    let failure: unknown;
    let timer: NodeJS.Timeout | undefined;

    const end = (found: Found) => {
      clearTimeout(timer);
      const isAnybodyAsked = asked > answered + 1;
      asked = layers.length;
      resolve(found);
      // An abort makes an error with a stack: not for nobody.
      if (isAnybodyAsked) nobodyWaits.abort();
    };
    const askNext = () => {
      clearTimeout(timer);
      const layer = layers[asked];
      if (!layer) return;
      asked += 1;
      const isLast = asked === layers.length;
      const started = performance.now();
      if (!isLast) timer = setTimeout(askNext, hedgeMs);
      const heard = (set: PlanSet | null) => {
        onAnswer(layer.name, performance.now() - started, set);
        if (set && set.version >= newest()) return end({ set, layer: layer.name });
        if (set && set.version > (older?.set.version ?? 0)) older = { set, layer: layer.name };
        // The last layer is the truth: if it has nothing, that others could not be asked does not matter.
        if (isLast && !set && !older) return end({ set: null });
        next();
      };
      const failed = (error: unknown) => {
        onAnswer(layer.name, performance.now() - started, 'failed');
        failure = error;
        next();
      };
      const next = () => {
        answered += 1;
        if (answered === layers.length) end(older ?? { set: null, failure });
        else if (asked === answered) askNext();
      };
      layer.read(duns, nobodyWaits.signal).then(heard, failed);
    };
    if (layers.length === 0) return resolve({ set: null });
    askNext();
  });
}
