/**
 * Counts what the layers do in this process and adds it, every few seconds, to what all processes counted. What could
 * not be written is kept for the next time.
 */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { AGE_STEPS_S, count, emptyCounts, LATENCY_STEPS_MS } from '../histogram.ts';
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
  readonly #flusher: Periodic;

  constructor(options: CacheStatsOptions) {
    this.#options = { keepDays: KEEP_DAYS, ...options };
    this.#flusher = new Periodic(() => this.#flush(), FLUSH_MS);
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

  load(layer: LayerName, bytes: number): void {
    const counts = this.#of(layer);
    counts.loads += 1;
    counts.loaded_bytes += bytes;
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
      const counts = this.#of(layer);
      for (const name of SUMS) counts[name] += kept[name];
      for (const name of ['latency', 'age'] as const) {
        counts[name] = counts[name].map((one, step) => one + kept[name][step]!);
      }
      const ages = [counts.max_age_seconds, kept.max_age_seconds].filter((age) => age !== null);
      counts.max_age_seconds = ages.length > 0 ? Math.max(...ages) : null;
    }
  }
}
