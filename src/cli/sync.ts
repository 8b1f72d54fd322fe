/** `sync full` and `sync city`. */

import type { SyncReport } from '../sync/run.ts';
import type { Territory } from '../territory/territory.ts';
import type { CommandContext } from './program.ts';
import { showProgress } from './sync-progress.ts';
import { describeReport } from './sync-report.ts';
import { readTargets } from './targets.ts';

interface SyncCommandOptions {
  force?: boolean;
}

interface Targets {
  kind: string;
  cities: string[];
  tdsps: string[];
}

export function syncFull(context: CommandContext, { force }: SyncCommandOptions): Promise<number> {
  return sync(context, force ?? false, (territory) => ({
    kind: 'full',
    cities: [],
    tdsps: territory.tdsps.map(({ duns }) => duns),
  }));
}

export function syncCity(
  context: CommandContext,
  names: string[],
  { force }: SyncCommandOptions,
): Promise<number> {
  return sync(context, force ?? false, (territory) => {
    const { names: cities, tdsps } = readTargets(territory, names, false);
    return { kind: 'city', cities, tdsps };
  });
}

async function sync(
  context: CommandContext,
  force: boolean,
  choose: (territory: Territory) => Targets,
): Promise<number> {
  const { config, isJson } = context;
  const { openSource, openStore, openTerritory } = await context.parts();
  const [{ runSync }, { freshForMs }, { QueryStats }] = await Promise.all([
    import('../sync/run.ts'),
    import('../sync/freshness.ts'),
    import('../store/query-stats.ts'),
  ]);
  const stopping = new AbortController();
  const onSignal = () => stopping.abort();
  // Not once: a library's handler ends the process as soon as it is the only one left.
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const database = await openStore(config);
  try {
    const territory = await openTerritory(database);
    const { kind, cities, tdsps } = choose(territory);
    const { source, close } = await openSource(config, database, territory);
    const progress = await showProgress(territory, source, isJson);
    let report: SyncReport;
    try {
      report = await runSync(
        { kind, cities, tdsps, force },
        {
          database,
          source,
          freshForMs: freshForMs(config.syncIntervalMs),
          cacheTtlMs: config.cacheTtlHours * 3_600_000,
          onEvent: progress.onEvent,
          signal: stopping.signal,
        },
      );
    } finally {
      await progress.end();
      await close();
      // Counted by this process alone, and gone with it otherwise.
      const { retention } = config;
      await new QueryStats({
        database: database.quick,
        recorder: database.queries,
        keepDays: retention.queryStatsDays,
      }).stop();
    }
    console.log(isJson ? JSON.stringify(report) : describeReport(report, territory));
    return report.status === 'succeeded' ? 0 : 1;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await database.close();
  }
}
