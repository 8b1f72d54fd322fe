/** `cache stats`: what the layers of all processes did in the last hour and day. */

import { AGE_STEPS_S, LATENCY_STEPS_MS, quantile } from '../../histogram.ts';
import { LAYERS, overallHitRate } from '../../monitor/figures/targets.ts';
import { percentText, plural, sizeText, spanText } from '../../monitor/text.ts';
import { type CacheProcess, readCacheProcesses, readPlanCacheSize } from '../../store/cache/cache-stats.ts';
import { readSum } from '../../store/observation/figure-rows.ts';
import type { LayerFigures as Counted, Figures } from '../../store/observation/figures.ts';
import { readDatabaseTime, readWorkers } from '../../store/queue/sync-workers.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { table } from '../table.ts';

type Layer = (typeof LAYERS)[number];

export function cacheStats(context: CommandContext): Promise<number> {
  return withStore(context, 2, async ({ pool }) => {
    const now = await readDatabaseTime(pool);
    const processes = await readCacheProcesses(pool, now);
    const sumOf = (what: keyof Contents) => processes.reduce((sum, one) => sum + one[what], 0);
    const contents = {
      memory: processes.length > 0 ? { entries: sumOf('entries'), bytes: sumOf('bytes') } : undefined,
      database: await readPlanCacheSize(pool),
    };
    const figuresSince = async (ms: number) =>
      toFigures(await readSum(pool, { from: new Date(now.getTime() - ms), to: now }), contents);
    const hour = await figuresSince(HOUR_MS);
    const day = await figuresSince(DAY_MS);
    const found = { ...hour, processes: processes.length, day };
    const isStarting =
      processes.length === 0 &&
      (await readWorkers(pool)).some(({ state, roles }) => state === 'alive' && roles.includes('web'));
    return answer(context, found, () => describe(hour, day, { processes: processes.length, isStarting }));
  });
}

type Contents = Pick<CacheProcess, 'entries' | 'bytes'>;
type Found = ReturnType<typeof toFigures>;
type LayerFigures = ReturnType<typeof layerFigures>;

function toFigures(figures: Figures, contents: Partial<Record<Layer, Contents>>) {
  const layers = Object.fromEntries(
    LAYERS.map((layer) => [layer, layerFigures(figures.layers[layer], contents[layer])]),
  ) as Record<Layer, LayerFigures>;
  return { layers, overall_hit_rate: overallHitRate(figures) };
}

function layerFigures(counts: Counted | undefined, contents: Contents | undefined) {
  const { hits = 0, misses = 0, stale_serves = 0, errors = 0, loads = 0, refused_loads = 0 } = counts ?? {};
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
    refused_loads,
    age_seconds: { p50: ageAt(0.5), p95: ageAt(0.95), max: max_age_seconds && Math.round(max_age_seconds) },
    latency_ms: { p50: latencyAt(0.5), p95: latencyAt(0.95), p99: latencyAt(0.99) },
    /** Cached now; `null` where that is not known. */
    entries: contents?.entries ?? null,
    bytes: contents?.bytes ?? null,
  };
}

const COLUMNS: [title: string, cell: (one: LayerFigures) => string][] = [
  ['hits', ({ hits }) => String(hits)],
  ['misses', ({ misses }) => String(misses)],
  ['hit %', ({ hit_rate }) => percentText(hit_rate, 2)],
  ['stale', ({ stale_serves }) => String(stale_serves)],
  ['errors', ({ errors }) => String(errors)],
  ['loads', ({ loads, refused_loads: refused }) => `${loads}${refused > 0 ? ` (${refused} refused)` : ''}`],
  ['age p95', ({ age_seconds: { p95 } }) => (p95 === null ? '–' : spanText(p95))],
  ['wait p95', ({ latency_ms: { p95 } }) => (p95 === null ? '–' : `${p95} ms`)],
  ['cached', ({ entries, bytes }) => (bytes === null ? '–' : `${entries} (${sizeText(bytes)})`)],
];

const NOBODY = {
  starting: 'Processes have just started: their first figures come within a minute.',
  none: 'No process is running: memory is empty. Start one with: npm start',
};

const describe = (
  hour: Found,
  day: Found,
  { processes, isStarting }: { processes: number; isStarting: boolean },
): string =>
  [
    ...period('The last hour', hour),
    '',
    ...period('The last day', day),
    '',
    processes === 0
      ? NOBODY[isStarting ? 'starting' : 'none']
      : `${plural(processes, 'process has', 'processes have')} plan sets in memory.`,
    'Age and wait mean "at most": they are counted in steps. Memory answers at once.',
  ].join('\n');

function period(title: string, { layers, overall_hit_rate }: Found): string[] {
  const rows = LAYERS.map((layer) => [`  ${layer}`, ...COLUMNS.map(([, cell]) => cell(layers[layer]))]);
  return [
    title,
    ...table(['  layer', ...COLUMNS.map(([name]) => name)], rows, { gap: ' ' }),
    `  Answered without the upstream: ${percentText(overall_hit_rate, 2)}`,
  ];
}
