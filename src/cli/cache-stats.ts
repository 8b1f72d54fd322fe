/** `cache stats`: what the layers of all processes did in the last hour and day. */

import { openStore } from '../app/open.ts';
import { AGE_STEPS_S, LATENCY_STEPS_MS, quantile } from '../histogram.ts';
import {
  type CacheProcess,
  type LayerCounts,
  readCacheProcesses,
  readCacheStats,
  readPlanCacheSize,
} from '../store/cache/cache-stats.ts';
import type { CommandContext } from './command.ts';

const LAYERS = ['memory', 'redis', 'database', 'active', 'api'] as const;
type Layer = (typeof LAYERS)[number];
const HOUR_MS = 3_600_000;

interface LayerFigures {
  hits: number;
  misses: number;
  /** Share of the questions to this layer that it answered; `null` where it was never asked. */
  hit_rate: number | null;
  stale_serves: number;
  errors: number;
  loads: number;
  evictions: number;
  age_seconds: { p50: number | null; p95: number | null; max: number | null };
  latency_ms: { p50: number | null; p95: number | null; p99: number | null };
  /** Held now; `null` where nobody can say. */
  entries: number | null;
  bytes: number | null;
}

interface Figures {
  layers: Record<Layer, LayerFigures>;
  /** Share of all reads that were answered without the upstream; `null` where nothing was read. */
  overall_hit_rate: number | null;
}

export async function cacheStats({ config, isJson }: CommandContext): Promise<number> {
  const database = await openStore(config, 2);
  try {
    const now = new Date();
    const [hour, day, processes, stored] = [
      await readCacheStats(database.pool, new Date(now.getTime() - HOUR_MS)),
      await readCacheStats(database.pool, new Date(now.getTime() - 24 * HOUR_MS)),
      await readCacheProcesses(database.pool, now),
      await readPlanCacheSize(database.pool),
    ];
    const held = {
      memory: processes.length > 0 ? sumHeld(processes) : null,
      database: stored,
    };
    const figures = { ...toFigures(hour, held), processes: processes.length, day: toFigures(day, held) };
    console.log(isJson ? JSON.stringify(figures) : describe(figures));
    return 0;
  } finally {
    await database.close();
  }
}

type Held = Partial<Record<Layer, { entries: number; bytes: number } | null>>;

const sumHeld = (processes: readonly CacheProcess[]): { entries: number; bytes: number } => ({
  entries: processes.reduce((sum, { entries }) => sum + entries, 0),
  bytes: processes.reduce((sum, { bytes }) => sum + bytes, 0),
});

function toFigures(counts: readonly LayerCounts[], held: Held): Figures {
  const layers = Object.fromEntries(
    LAYERS.map((layer) => [
      layer,
      layerFigures(
        counts.find((one) => one.layer === layer),
        held[layer] ?? null,
      ),
    ]),
  ) as Record<Layer, LayerFigures>;
  // Every read asks memory first; what came from the upstream in the end is the only one that cost a call.
  const reads = layers.memory.hits + layers.memory.misses;
  const overall = reads === 0 ? null : 1 - Math.min(reads, layers.api.hits + layers.api.errors) / reads;
  return { layers, overall_hit_rate: overall };
}

function layerFigures(
  counts: LayerCounts | undefined,
  held: { entries: number; bytes: number } | null,
): LayerFigures {
  const { hits = 0, misses = 0, stale_serves = 0, errors = 0, loads = 0, evictions = 0 } = counts ?? {};
  const { latency = [], age = [], max_age_seconds = null } = counts ?? {};
  const asked = hits + misses + errors;
  const ageAt = (share: number) => quantile(age, AGE_STEPS_S, share);
  const latencyAt = (share: number) => quantile(latency, LATENCY_STEPS_MS, share);
  return {
    hits,
    misses,
    hit_rate: asked === 0 ? null : hits / asked,
    stale_serves,
    errors,
    loads,
    evictions,
    age_seconds: { p50: ageAt(0.5), p95: ageAt(0.95), max: max_age_seconds && Math.round(max_age_seconds) },
    latency_ms: { p50: latencyAt(0.5), p95: latencyAt(0.95), p99: latencyAt(0.99) },
    entries: held?.entries ?? null,
    bytes: held?.bytes ?? null,
  };
}

function describe({ processes, day, ...hour }: Figures & { processes: number; day: Figures }): string {
  const running = processes === 1 ? '1 process holds' : `${processes} processes hold`;
  return [
    ...table('The last hour', hour),
    '',
    ...table('The last day', day),
    '',
    processes === 0
      ? 'No process is running: memory is empty. Start one with: npm start'
      : `${running} plan sets in memory.`,
    'Age and wait mean "at most": they are counted in steps. Nobody waits for memory.',
  ].join('\n');
}

function table(title: string, { layers, overall_hit_rate }: Figures): string[] {
  const lines = [title, '  layer       hits misses  hit % stale errors loads age p95 wait p95 held'];
  for (const layer of LAYERS) {
    const one = layers[layer];
    const cells = [
      layer.padEnd(8),
      String(one.hits).padStart(7),
      String(one.misses).padStart(6),
      percent(one.hit_rate).padStart(7),
      String(one.stale_serves).padStart(5),
      String(one.errors).padStart(6),
      String(one.loads).padStart(5),
      duration(one.age_seconds.p95).padStart(7),
      (one.latency_ms.p95 === null ? '–' : `${one.latency_ms.p95} ms`).padStart(8),
      one.bytes === null ? '–' : `${one.entries} (${size(one.bytes)})`,
    ];
    lines.push(`  ${cells.join(' ')}`);
  }
  lines.push(`  Answered without the upstream: ${percent(overall_hit_rate)}`);
  return lines;
}

const percent = (share: number | null): string =>
  share === null ? '–' : `${(Math.floor(share * 100_000) / 1000).toFixed(share === 1 ? 0 : 2)} %`;

function duration(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}

const size = (bytes: number): string =>
  bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
