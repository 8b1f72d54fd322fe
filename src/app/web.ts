/** The web role: the layers of the cache, the API over them, and what hears of new plans. */

import type { AdminParts } from '../api/routes.ts';
import type { RefreshOutcome } from '../cache/plan-set-cache.ts';
import type { Config } from '../config.ts';
import { describeError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Database } from '../store/postgres/database.ts';
import { PublishListener } from '../store/postgres/listen.ts';
import { Places } from '../territory/places.ts';
import type { Territory } from '../territory/territory.ts';
import type { buildServer } from './server.ts';
import { PortTakenError } from './start-error.ts';

interface WebOptions {
  config: Config;
  database: Database;
  territory: Territory;
  log: Log;
  admin: AdminParts | null;
  /** Readers found the plans of a TDSP old. */
  onStale(duns: string): Promise<RefreshOutcome> | undefined;
  /** Nothing is stored: has plans fetched, if anybody can. */
  loadColdly(duns: string): Promise<unknown>;
}

interface Web {
  url: string;
  /** Ends everything in order. */
  stop(): Promise<void>;
}

/** Loads what the role needs. Begun while PostgreSQL starts. */
export function loadWeb() {
  return Promise.all([
    import('./server.ts'),
    import('../catalog/catalog.ts'),
    import('../cache/plan-set-cache.ts'),
    import('../cache/open-layers.ts'),
    import('../cache/cache-stats.ts'),
    import('../planning/demand-recorder.ts'),
  ]);
}

/** Resolves when it listens; the plan sets are loaded behind it. */
export async function startWeb(
  options: WebOptions,
  loaded: Awaited<ReturnType<typeof loadWeb>>,
): Promise<Web> {
  const { config, database, territory, log, admin, onStale, loadColdly } = options;
  const [{ buildServer }, { Catalog }, { PlanSetCache }, { openLayers }, { CacheStats }, { DemandRecorder }] =
    loaded;
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).toReversed()) {
      await close().catch((error) =>
        log.error({ error: describeError(error) }, 'a part did not stop cleanly'),
      );
    }
  };
  try {
    const tdsps = territory.tdspsMostWantedFirst.map(({ duns }) => duns);
    const staleAfterMs = config.cacheTtlHours * 3_600_000;
    const keptForLater = (what: string) => (error: unknown) =>
      log.debug({ error: describeError(error) }, `${what} were kept for later`);
    const layers = await openLayers({ config, database, tdsps, ttlMs: staleAfterMs });
    closers.push(() => layers.stop());
    const stats: InstanceType<typeof CacheStats> = new CacheStats({
      database: database.quick,
      size: () => planSets.size,
      keepDays: config.retention.cacheStatsDays,
      onError: keptForLater('cache figures'),
    });
    stats.start();
    closers.push(() => stats.stop());
    const planSets: InstanceType<typeof PlanSetCache> = new PlanSetCache({
      recorder: stats,
      layers: layers.all,
      staleAfterMs,
      onStale,
      loadColdly,
      ttlMs: config.cacheMemoryTtlMinutes * 60_000,
      warnAbove: {
        bytes: config.cacheMemoryMaxMb << 20,
        warn: (bytes) =>
          log.warn({ bytes }, 'the plans in memory take more than CACHE_MEMORY_MAX_MB; all of them are kept'),
      },
    });
    const listener = new PublishListener(database, (published) => planSets.announce(published), {
      onClear: ({ id, tdsp_duns }) => void planSets.clear(tdsp_duns, id),
      onFetchFailed: (duns) => planSets.fetchFailed(duns),
    });
    closers.push(() => listener.stop());
    const demand = new DemandRecorder({
      database: database.quick,
      onError: keptForLater('counts of events'),
    });
    demand.start();
    closers.push(() => demand.stop());
    const app = buildServer(
      {
        territory,
        places: new Places(territory),
        staleAfterMs,
        admin,
        catalog: new Catalog({ planSets, staleAfterMs }),
        database: { pool: database.quick },
        syncIntervalMs: config.syncIntervalMs,
        onEvent: (slug, event) => demand.count(slug, event),
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
