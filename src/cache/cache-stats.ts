/**
 * Counts what the layers do in this process and adds it, every few seconds, to what all processes counted. What could
 * not be written is kept for the next time.
 */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { AGE_STEPS_S, count, emptyCounts, LATENCY_STEPS_MS, sumOfSteps } from '../histogram.ts';
import { type Family, gauge } from '../metrics.ts';
import { Periodic } from '../periodic.ts';
import {
  addCacheStats,
  type LayerCounts,
  noteCacheProcess,
  removeCacheProcess,
  SUMS,
} from '../store/cache/cache-stats.ts';
import type { Queryable } from '../store/postgres/database.ts';
import type { LayerName } from './layer.ts';
import type { CacheRecorder } from './recorder.ts';

interface CacheStatsOptions {
  database: Queryable;
  /** What this process has in memory. */
  size(): { entries: number; bytes: number };
  /** Older figures are forgotten. */
  keepDays?: number;
  onError?: (error: unknown) => void;
}

const FLUSH_MS = 10_000;
const KEEP_DAYS = 8;

const noCounts = (layer: LayerName): LayerCounts => ({
  layer,
  hits: 0,
  misses: 0,
  stale_serves: 0,
  errors: 0,
  loads: 0,
  refused_loads: 0,
  loaded_bytes: 0,
  latency: emptyCounts(LATENCY_STEPS_MS),
  age: emptyCounts(AGE_STEPS_S),
  max_age_seconds: null,
});

export class CacheStats implements CacheRecorder {
  readonly #options: Required<Omit<CacheStatsOptions, 'onError'>> & Pick<CacheStatsOptions, 'onError'>;
  readonly #processId = randomUUID();
  readonly #startedAt = new Date();
  readonly #tellers: (() => void)[] = [];
  #counts = new Map<LayerName, LayerCounts>();
  /** What was written, or is being written, since the process began. */
  readonly #told = new Map<LayerName, LayerCounts>();
  readonly #flusher: Periodic;

  constructor(options: CacheStatsOptions) {
    this.#options = { keepDays: KEEP_DAYS, ...options };
    this.#flusher = new Periodic('cache_figures', () => this.#flush(), FLUSH_MS);
  }

  start(): void {
    this.#flusher.start();
  }

  hit(layer: LayerName, latencyMs: number, ageMs: number, isStale: boolean): void {
    count(this.#of(layer).latency, LATENCY_STEPS_MS, latencyMs);
    this.#addHits(layer, 1, ageMs, isStale);
  }

  memoryHits(times: number, ageMs: number, isStale: boolean): void {
    this.#addHits('memory', times, ageMs, isStale);
  }

  beforeFlush(tell: () => void): void {
    this.#tellers.push(tell);
  }

  miss(layer: LayerName, latencyMs: number): void {
    const counts = this.#of(layer);
    counts.misses += 1;
    // What memory has not is looked for elsewhere: the wait is that of the others.
    if (layer !== 'memory') count(counts.latency, LATENCY_STEPS_MS, latencyMs);
  }

  error(layer: LayerName, latencyMs: number): void {
    const counts = this.#of(layer);
    counts.errors += 1;
    count(counts.latency, LATENCY_STEPS_MS, latencyMs);
  }

  refusedLoad(layer: LayerName): void {
    this.#of(layer).refused_loads += 1;
  }

  load(layer: LayerName, bytes: number): void {
    const counts = this.#of(layer);
    counts.loads += 1;
    counts.loaded_bytes += bytes;
  }

  families(): Family[] {
    const totals = this.totals();
    const counter = (name: string, help: string, of: (counts: LayerCounts) => number): Family => ({
      name: `wattsync_cache_${name}_total`,
      help,
      type: 'counter',
      samples: totals.map((counts) => ({ labels: { layer: counts.layer }, value: of(counts) })),
    });
    const { entries, bytes } = this.#options.size();
    return [
      counter('hits', 'Reads of plan sets that a layer answered.', ({ hits }) => hits),
      counter('misses', 'Reads that a layer had nothing for.', ({ misses }) => misses),
      counter('stale_serves', 'Hits whose plans were older than they may be.', (one) => one.stale_serves),
      counter('errors', 'Reads that a layer failed.', ({ errors }) => errors),
      counter('loads', 'Plan sets put into a layer.', ({ loads }) => loads),
      counter('refused_loads', 'Plan sets that a layer did not take.', (one) => one.refused_loads),
      {
        name: 'wattsync_cache_wait_seconds',
        help: 'Time a layer took to answer; memory answers at once and is not timed.',
        type: 'histogram',
        steps: LATENCY_STEPS_MS.map((ms) => ms / 1_000),
        // The sum is not kept: the middle of its step stands for each wait.
        samples: totals.map(({ layer, latency }) => ({
          labels: { layer },
          counts: latency,
          sum: sumOfSteps(latency, LATENCY_STEPS_MS) / 1_000,
        })),
      },
      gauge('wattsync_cache_memory_entries', 'Plan sets in the memory of this process.', entries),
      gauge('wattsync_cache_memory_bytes', 'What they take, about.', bytes),
    ];
  }

  /** Everything since the process began. */
  totals(): LayerCounts[] {
    for (const tell of this.#tellers) tell();
    const totals = new Map([...this.#told].map(([layer, counts]) => [layer, { ...counts }]));
    for (const [layer, counts] of this.#counts) addTo(totals, layer, counts, 1);
    return [...totals.values()];
  }

  /** Adds what was counted since the last time. One at a time; never throws. */
  flush(): Promise<void> {
    return this.#flusher.now();
  }

  /** Writes the last figures and says that this process is gone. Safe early and twice. */
  async stop(): Promise<void> {
    await this.#flusher.stop();
    await removeCacheProcess(this.#options.database, this.#processId).catch(() => {});
  }

  #addHits(layer: LayerName, times: number, ageMs: number, isStale: boolean): void {
    const counts = this.#of(layer);
    const seconds = Math.max(0, ageMs / 1000);
    counts.hits += times;
    if (isStale) counts.stale_serves += times;
    count(counts.age, AGE_STEPS_S, seconds, times);
    counts.max_age_seconds = Math.max(counts.max_age_seconds ?? 0, seconds);
  }

  #of(layer: LayerName): LayerCounts {
    let counts = this.#counts.get(layer);
    if (!counts) {
      counts = noCounts(layer);
      this.#counts.set(layer, counts);
    }
    return counts;
  }

  async #flush(): Promise<void> {
    const { database, size, keepDays, onError } = this.#options;
    for (const tell of this.#tellers) tell();
    const counted = this.#counts;
    this.#counts = new Map();
    for (const [layer, counts] of counted) addTo(this.#told, layer, counts, 1);
    try {
      if (counted.size > 0) await addCacheStats(database, new Date(), [...counted.values()]);
    } catch (error) {
      this.#putBack(counted);
      onError?.(error);
      return;
    }
    const self = {
      process_id: this.#processId,
      host: hostname(),
      pid: process.pid,
      started_at: this.#startedAt,
      seen_at: new Date(),
      ...size(),
    };
    await noteCacheProcess(database, self, keepDays).catch(onError);
  }

  #putBack(counted: Map<LayerName, LayerCounts>): void {
    for (const [layer, kept] of counted) {
      addTo(this.#counts, layer, kept, 1);
      addTo(this.#told, layer, kept, -1);
    }
  }
}

function addTo(sums: Map<LayerName, LayerCounts>, layer: LayerName, counts: LayerCounts, sign: 1 | -1): void {
  const sum = sums.get(layer) ?? noCounts(layer);
  for (const name of SUMS) sum[name] += sign * counts[name];
  for (const name of ['latency', 'age'] as const) {
    sum[name] = sum[name].map((one, step) => one + sign * counts[name][step]!);
  }
  const ages = [sum.max_age_seconds, counts.max_age_seconds].filter((age) => age !== null);
  sum.max_age_seconds = ages.length > 0 ? Math.max(...ages) : null;
  sums.set(layer, sum);
}
