/** The whole program in one process: database, API, and a sync of what is not fresh, now and at every interval. */

import type { Config } from './config.ts';
import { describeError } from './errors.ts';
import { openSource, openStore, openTerritory } from './parts.ts';
import type { buildServer } from './server.ts';
import { PortTakenError } from './start-error.ts';
import { PublishListener } from './store/listen.ts';
import { freshForMs } from './sync/freshness.ts';
import { runSync, type SyncEvent, type SyncReport } from './sync/run.ts';
import { Places } from './territory/places.ts';

export interface StartOptions {
  config: Config;
  onListening(url: string, source: { name: string; origin: string }): void;
  onSyncEvent(event: SyncEvent): void;
  onSyncReport(report: SyncReport): void;
}

export interface Running {
  url: string;
  /** Ends everything in order; safe twice. */
  stop(): Promise<void>;
}

const POOL_CONNECTIONS = 24;

/** Resolves when the API listens; the first sync goes on behind it. */
export async function start({
  config,
  onListening,
  onSyncEvent,
  onSyncReport,
}: StartOptions): Promise<Running> {
  // PostgreSQL starts while the rest of the program is being loaded.
  const opening = openStore(config, POOL_CONNECTIONS);
  const loading = Promise.all([
    import('./log.ts'),
    import('./server.ts'),
    import('./catalog/catalog.ts'),
    import('./cache/plan-set-cache.ts'),
    import('./cache/open-layers.ts'),
    import('./refresh/refresher.ts'),
    import('./cache/cache-stats.ts'),
    import('./store/query-stats.ts'),
  ]);
  const [
    database,
    [
      { createLog },
      { buildServer },
      { Catalog },
      { PlanSetCache },
      { openLayers },
      { Refresher },
      { CacheStats },
      { QueryStats },
    ],
  ] = await Promise.all([opening, loading]);
  const log = createLog(config.logLevel);
  const stopping = new AbortController();
  const closers: (() => Promise<unknown>)[] = [() => database.close()];
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopping.abort();
    stopped ??= (async () => {
      for (const close of closers.toReversed()) {
        await close().catch((error) =>
          log.error({ error: describeError(error) }, 'a part did not stop cleanly'),
        );
      }
    })();
    return stopped;
  };
  try {
    const territory = await openTerritory(database);
    const tdsps = territory.tdspsMostWantedFirst.map(({ duns }) => duns);
    const staleAfterMs = config.cacheTtlHours * 3_600_000;
    // Made once the upstream is known; until then nothing is fetched for a reader.
    let refresher: InstanceType<typeof Refresher> | null = null;
    const layers = await openLayers({ config, database, tdsps, ttlMs: staleAfterMs });
    const stats: InstanceType<typeof CacheStats> = new CacheStats({
      database: database.quick,
      size: () => planSets.size,
      keepDays: config.retention.cacheStatsDays,
      onError: (error) => log.debug({ error: describeError(error) }, 'cache figures were kept for later'),
    });
    stats.start();
    closers.push(() => stats.stop());
    const queryStats = new QueryStats({
      ...{ database: database.quick, recorder: database.queries, keepDays: config.retention.queryStatsDays },
      onError: (error) => log.debug({ error: describeError(error) }, 'statement figures were kept for later'),
    });
    queryStats.start();
    closers.push(() => queryStats.stop());
    const planSets: InstanceType<typeof PlanSetCache> = new PlanSetCache({
      recorder: stats,
      layers: layers.all,
      ttlMs: config.cacheMemoryTtlMinutes * 60_000,
      maxBytes: config.cacheMemoryMaxMb << 20,
      staleAfterMs,
      onStale: (duns) => void refresher?.request(duns, 'stale'),
      loadColdly: async (duns) => refresher?.request(duns, 'cold'),
    });
    closers.push(() => layers.stop());
    const catalog = new Catalog({ planSets, staleAfterMs });
    const listener = new PublishListener(database, (published) => planSets.announce(published), {
      onClear: ({ id, tdsp_duns }) => void planSets.clear(tdsp_duns, id),
    });
    closers.push(() => listener.stop());
    const { syncIntervalMs } = config;
    const app = buildServer(
      {
        catalog,
        database: { pool: database.quick },
        territory,
        places: new Places(territory),
        syncIntervalMs,
        staleAfterMs,
      },
      (error) => log.error({ error: describeError(error) }, 'a request failed'),
    );
    closers.push(() => app.close());
    // First what PostgreSQL says is current: Redis may be behind, and nobody is to be served from it before that is known.
    await listener.start();
    layers.listen((published) => planSets.announce(published));
    const url = await listen(app, config);
    // Not waited for: `/readyz` does not say ready before every set is in memory.
    void planSets.warm(tdsps);
    const { source, close } = await openSource(config, database, territory);
    closers.push(close);
    onListening(url, source);

    const { signal } = stopping;
    const common = {
      database,
      source,
      freshForMs: freshForMs(syncIntervalMs),
      cacheTtlMs: staleAfterMs,
      signal,
    };
    const reads = new Refresher({
      ...common,
      tdsps,
      onError: (error) => log.error({ error: describeError(error) }, 'a refresh failed'),
    });
    refresher = reads;
    closers.push(() => reads.stop());
    const sync = async () => {
      try {
        const report = await runSync(
          { kind: 'full', cities: [], tdsps, force: false },
          { ...common, onEvent: onSyncEvent },
        );
        onSyncReport(report);
      } catch (error) {
        if (!stopping.signal.aborted) log.error({ error: describeError(error) }, 'the sync failed');
      }
    };
    let current = sync();
    const timer = setInterval(() => {
      current = current.then(sync);
    }, config.syncIntervalMs);
    closers.push(async () => {
      clearInterval(timer);
      await current;
    });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function listen(app: ReturnType<typeof buildServer>, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw cause;
    const why = code === 'EADDRINUSE' ? 'is taken by another program' : 'cannot be opened';
    throw new PortTakenError(
      `${host}:${port} ${why}. Choose another with PORT (0 takes any free one) or HOST.`,
      { cause },
    );
  }
}
