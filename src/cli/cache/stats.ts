/** `cache stats`: what the layers of all processes did in the last hour and day. */

import { AGE_STEPS_S, LATENCY_STEPS_MS, quantile } from '../../histogram.ts';
import { DAY_MS, HOUR_MS, percentText, plural, sizeText, spanText } from '../../monitor/text.ts';
import {
  type CacheProcess,
  type LayerCounts,
  readCacheProcesses,
  readCacheStats,
  readPlanCacheSize,
} from '../../store/cache/cache-stats.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { table } from '../table.ts';

const LAYERS = ['memory', 'redis', 'database', 'active', 'api'] as const;
type Layer = (typeof LAYERS)[number];

type LayerFigures = ReturnType<typeof layerFigures>;

interface Figures {
  layers: Record<Layer, LayerFigures>;
  /** Share of all reads that were answered without the upstream; `null` where nothing was read. */
  overall_hit_rate: number | null;
}

export function cacheStats(context: CommandContext): Promise<number> {
  return withStore(context, 2, async ({ pool }) => {
    const now = new Date();
    const [hour, day, processes, database] = [
      await readCacheStats(pool, new Date(now.getTime() - HOUR_MS)),
      await readCacheStats(pool, new Date(now.getTime() - DAY_MS)),
      await readCacheProcesses(pool, now),
      await readPlanCacheSize(pool),
    ];
    const contents = { memory: processes.length > 0 ? sumContents(processes) : null, database };
    const figures = {
      ...toFigures(hour, contents),
      processes: processes.length,
      day: toFigures(day, contents),
    };
    return answer(context, figures, () => describe(figures));
  });
}

type Contents = Pick<CacheProcess, 'entries' | 'bytes'>;
type ContentsByLayer = Partial<Record<Layer, Contents | null>>;

const sumContents = (processes: readonly CacheProcess[]): Contents => ({
  entries: processes.reduce((sum, { entries }) => sum + entries, 0),
  bytes: processes.reduce((sum, { bytes }) => sum + bytes, 0),
});

function toFigures(counts: readonly LayerCounts[], contents: ContentsByLayer): Figures {
  const layers = Object.fromEntries(
    LAYERS.map((layer) => [
      layer,
      layerFigures(
        counts.find((one) => one.layer === layer),
        contents[layer] ?? null,
      ),
    ]),
  ) as Record<Layer, LayerFigures>;
  // Every read asks memory first; what came from the upstream in the end is the only one that cost a call.
  const reads = layers.memory.hits + layers.memory.misses;
  const overall = reads === 0 ? null : 1 - Math.min(reads, layers.api.hits + layers.api.errors) / reads;
  return { layers, overall_hit_rate: overall };
}

function layerFigures(counts: LayerCounts | undefined, contents: Contents | null) {
  const { hits = 0, misses = 0, stale_serves = 0, errors = 0, loads = 0 } = counts ?? {};
  const { latency = [], age = [], max_age_seconds = null } = counts ?? {};
  const asked = hits + misses + errors;
  const ageAt = (share: number) => quantile(age, AGE_STEPS_S, share);
  const latencyAt = (share: number) => quantile(latency, LATENCY_STEPS_MS, share);
  return {
    hits,
    misses,
    /** Share of the reads of this layer that it answered; `null` where it was never asked. */
    hit_rate: asked === 0 ? null : hits / asked,
    stale_serves,
    errors,
    loads,
    age_seconds: { p50: ageAt(0.5), p95: ageAt(0.95), max: max_age_seconds && Math.round(max_age_seconds) },
    latency_ms: { p50: latencyAt(0.5), p95: latencyAt(0.95), p99: latencyAt(0.99) },
    /** Cached now; `null` where that is not known. */
    entries: contents?.entries ?? null,
    bytes: contents?.bytes ?? null,
  };
}

function describe({ processes, day, ...hour }: Figures & { processes: number; day: Figures }): string {
  return [
    ...period('The last hour', hour),
    '',
    ...period('The last day', day),
    '',
    processes === 0
      ? 'No process is running: memory is empty. Start one with: npm start'
      : `${plural(processes, 'process has', 'processes have')} plan sets in memory.`,
    'Age and wait mean "at most": they are counted in steps. Memory answers at once.',
  ].join('\n');
}

const TITLES = [
  '  layer',
  'hits',
  'misses',
  'hit %',
  'stale',
  'errors',
  'loads',
  'age p95',
  'wait p95',
  'cached',
];

const period = (title: string, { layers, overall_hit_rate }: Figures): string[] => [
  title,
  ...table(
    TITLES,
    LAYERS.map((layer) => layerCells(layer, layers[layer])),
    { gap: ' ' },
  ),
  `  Answered without the upstream: ${percentText(overall_hit_rate, 2)}`,
];

const layerCells = (layer: Layer, one: LayerFigures): string[] => [
  `  ${layer}`,
  String(one.hits),
  String(one.misses),
  percentText(one.hit_rate, 2),
  String(one.stale_serves),
  String(one.errors),
  String(one.loads),
  one.age_seconds.p95 === null ? '–' : spanText(one.age_seconds.p95),
  one.latency_ms.p95 === null ? '–' : `${one.latency_ms.p95} ms`,
  one.bytes === null ? '–' : `${one.entries} (${sizeText(one.bytes)})`,
];
