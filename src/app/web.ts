/** The web role: the layers of the cache, the API over them, and what hears of new plans. */

import type { RequestListener } from 'node:http';
import { AnswerCounter } from '../api/observation/answer-counts.ts';
import { aboutRequest } from '../api/observation/request-id.ts';
import { Problem } from '../api/problem.ts';
import type { AdminParts } from '../api/routes.ts';
import { CacheStats } from '../cache/cache-stats.ts';
import { openLayers } from '../cache/open-layers.ts';
import { PlanSetCache, type RefreshOutcome } from '../cache/plan-set-cache.ts';
import { Catalog } from '../catalog/catalog.ts';
import { RecentPriceMemory } from '../catalog/recent-prices.ts';
import { UnreadRecordMemory } from '../catalog/unread-records.ts';
import type { Config } from '../config.ts';
import { describeError, errorCode } from '../errors.ts';
import { EventHub } from '../events/event-hub.ts';
import { packageOf } from '../export/data-package.ts';
import { remakeInThread } from '../export/in-thread.ts';
import { type Log, unexpected } from '../log.ts';
import { opsRoutes } from '../ops/routes.ts';
import { VitalsRecorder } from '../pages/beacon/vitals-recorder.ts';
import { DemandRecorder } from '../planning/demand-recorder.ts';
import { Sealer } from '../seal.ts';
import type { Database } from '../store/postgres/database.ts';
import { PublishListener } from '../store/postgres/listen.ts';
import type { PublishedVersion } from '../store/postgres/notices.ts';
import { usageProfiles } from '../store/profiles.ts';
import { Places } from '../territory/places.ts';
import type { Territory } from '../territory/territory.ts';
import { HOUR_MS } from '../units.ts';
import { WatchDesk } from '../watch/watch-desk.ts';
import type { Front } from './front.ts';
import type { ProcessMetrics } from './process-metrics.ts';
import type { Scope } from './scope.ts';
import { buildServer } from './server.ts';

interface WebOptions {
  /** Left out: there is no /metrics. */
  metrics?: ProcessMetrics;
  config: Config;
  front: Front;
  database: Database;
  territory: Territory;
  log: Log;
  admin: AdminParts | null;
  /** The event log has grown, or may have. */
  onEvents?: () => void;
  /** Readers found the plans of a TDSP old. */
  onStale(duns: string): Promise<RefreshOutcome>;
  /** Nothing is stored: has plans fetched. */
  loadColdly(duns: string): Promise<RefreshOutcome>;
}

/** Resolves when it answers; the plan sets are loaded behind it. */
export async function startWeb(scope: Scope, options: WebOptions): Promise<void> {
  const { config, front, database, territory, log, admin, metrics, onStale, loadColdly, onEvents } = options;
  const tdsps = territory.tdspsMostWantedFirst.map(({ duns }) => duns);
  const staleAfterMs = config.cacheTtlHours * HOUR_MS;
  const keptForLater = (what: string) => (error: unknown) =>
    log.debug({ error: describeError(error) }, `${what} were kept for later`);
  const layers = scope.own(await openLayers({ config, database, tdsps, ttlMs: staleAfterMs }));
  const stats: CacheStats = new CacheStats({
    database: database.quick,
    size: () => planSets.size,
    keepDays: config.retention.cacheStatsDays,
    onError: keptForLater('cache figures'),
  });
  const refusing = new Set<string>();
  const planSets = new PlanSetCache({
    // Once: every version of every TDSP would say the same.
    onWriteFailed: (layer, error) => {
      if (refusing.has(layer) || errorCode(error) === 'layer_unavailable') return;
      refusing.add(layer);
      log.warn(
        { layer, error: describeError(error) },
        'a cache layer takes no writes; npm run doctor says more',
      );
    },
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
  const demand = new DemandRecorder({
    database: database.quick,
    onError: keptForLater('counts of events'),
  });
  const vitals = config.fieldBeacon
    ? new VitalsRecorder({ database: database.quick, onError: keptForLater('vitals of pages') })
    : undefined;
  const recent = new RecentPriceMemory({
    database: database.quick,
    onError: keptForLater('what prices did lately'),
  });
  const unread = new UnreadRecordMemory({
    database: database.quick,
    onError: keptForLater('records that cannot be read'),
  });
  const heard = (published: PublishedVersion) => {
    planSets.announce(published);
    void recent.announce(published);
    void unread.announce(published);
  };
  const hub = new EventHub({
    database: database.quick,
    profiles: usageProfiles(),
    onError: keptForLater('events for the stream'),
  });
  const listener = new PublishListener(database, heard, {
    onClear: ({ tdsp_duns }) => void planSets.clear(tdsp_duns),
    onFetchFailed: (duns) => planSets.fetchFailed(duns),
    onEvents: () => {
      void hub.heard();
      onEvents?.();
    },
  });
  const counts = new AnswerCounter({
    database: database.quick,
    onError: keptForLater('counts of answers'),
  });
  const answering = Promise.withResolvers<RequestListener>();
  const app = buildServer(
    {
      territory,
      places: new Places(territory),
      staleAfterMs,
      admin,
      counts,
      ...(metrics && { metrics: (format) => metrics.render(format) }),
      strangers: config.strangers,
      catalog: new Catalog({ planSets, staleAfterMs }),
      database: { pool: database.quick },
      syncIntervalMs: config.syncIntervalMs,
      hub,
      exports: {
        folder: config.exports.folder,
        packageOf,
        remake: (kept) =>
          remakeInThread(
            { ...config.exports, connectionString: database.connectionString, tdsps },
            kept,
            scope.signal,
          ),
      },
      onEvent: (slug, event, isVouched) => demand.count(slug, event, isVouched),
      onMiss: (place) => demand.miss(place),
      publicUrl: config.publicUrl,
      watches: new WatchDesk({
        database: database.quick,
        sealer: admin?.sealer ?? new Sealer(config.secretsKey?.reveal() ?? null),
        hasMail: config.watchMail !== null,
      }),
      recentPrices: (duns, version) => recent.of(duns, version),
      unreadRecords: (duns) => unread.of(duns),
      onVisit: vitals && ((page, visit) => vitals.note(page, visit)),
    },
    (error, request) => {
      const isRefused = error instanceof Problem && error.code === 'unauthorized';
      if (isRefused) log.warn(request, 'an admin call was refused');
      else log.error(Object.assign({}, request, unexpected(error)), 'a request failed');
    },
    (answer) => {
      answering.resolve(answer);
      return front.server;
    },
  );
  metrics?.tell(() => stats.families());
  metrics?.tell(() => counts.families());
  scope.own(
    opsRoutes(app, {
      config,
      territory,
      admin,
      onError: (error) => log.error({ error: describeError(error) }, 'a page of operations failed'),
    }),
  );
  scope.own(stats).start();
  scope.own(demand).start();
  scope.own(counts).start();
  if (vitals) scope.own(vitals).start();
  scope.own({ stop: async () => hub.stop() });
  scope.own(listener);
  scope.own(app);
  // First what PostgreSQL says is current: Redis may be behind, and nobody is to be served from it before that is known.
  await listener.start();
  layers.listen((published) => planSets.announce(published));
  front.sample(config.logRequests, (request, response, ms) =>
    log.info(
      Object.assign(aboutRequest(request), { status: response.statusCode, ms: Math.round(ms * 10) / 10 }),
      'a request was answered',
    ),
  );
  await app.ready();
  front.open(await answering.promise);
  // Not waited for: `/readyz` does not say ready before every set is in memory.
  void planSets.warm(tdsps);
}
