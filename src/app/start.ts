/**
 * The program in one process, as its roles say: `web` answers, `worker` syncs, `scheduler` keeps the times. By default
 * all three; any number of processes with any roles share the work through PostgreSQL.
 */

import { randomBytes } from 'node:crypto';
import type { AdminParts } from '../api/routes.ts';
import { type Config, type Role, Secret } from '../config.ts';
import { describeError } from '../errors.ts';
import { requestClear } from '../store/cache/cache-clears.ts';
import type { Database } from '../store/postgres/database.ts';
import { readAudit, writeAudit } from '../store/queue/audit-log.ts';
import { changeControl, haltSyncs } from '../sync/work/control.ts';
import { followRun } from '../sync/work/follow-run.ts';
import { freshForMs } from '../sync/work/freshness.ts';
import { type SyncReport, toReport } from '../sync/work/report.ts';
import type { SyncEvent } from '../sync/work/run.ts';
import type { Territory } from '../territory/territory.ts';
import type { Engine } from './engine.ts';
import { openSource, openStore, openTerritory } from './open.ts';
import { loadWeb, startWeb } from './web.ts';

export interface StartOptions {
  config: Config;
  roles: readonly Role[];
  onListening(url: string, admin: { generatedToken: string | null }): void;
  onStarted(source: { name: string; origin: string }): void;
  onSyncEvent(event: SyncEvent, territory: Territory): void;
  onSyncReport(report: SyncReport): void;
  /** The first sync was not even asked for, and why. */
  onSyncRefused(error: unknown): void;
}

export interface Running {
  /** `null` without the web role. */
  url: string | null;
  /** Ends everything in order; safe twice. */
  stop(): Promise<void>;
}

const POOL_CONNECTIONS = 24;
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** Resolves when everything is at work; the first sync goes on behind it. */
export async function start(options: StartOptions): Promise<Running> {
  const { config, roles, onListening, onStarted } = options;
  // PostgreSQL starts while the rest of the program is being loaded.
  const opening = openStore(config, POOL_CONNECTIONS);
  const loading = Promise.all([
    import('../log.ts'),
    roles.includes('web') ? loadWeb() : null,
    import('../planning/refresher.ts'),
    import('../store/upkeep/query-stats.ts'),
  ]);
  const [database, [{ createLog }, loadedWeb, { Refresher }, { QueryStats }]] = await Promise.all([
    opening,
    loading,
  ]);
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
  const failed = (what: string) => (error: unknown) => {
    if (!stopping.signal.aborted) log.error({ error: describeError(error) }, what);
  };
  try {
    const territory = await openTerritory(database);
    const tdsps = territory.tdspsMostWantedFirst.map(({ duns }) => duns);
    // Made once the upstream is known; until then nothing is fetched for a reader.
    let refresher: InstanceType<typeof Refresher> | null = null;
    const queryStats = new QueryStats({
      database: database.quick,
      recorder: database.queries,
      keepDays: config.retention.queryStatsDays,
      onError: (error) => log.debug({ error: describeError(error) }, 'statement figures were kept for later'),
    });
    queryStats.start();
    closers.push(() => queryStats.stop());
    let stale: InstanceType<typeof StaleRequests> | null = null;
    const admin = adminParts(config, database);
    let url: string | null = null;
    if (loadedWeb) {
      const web = await startWeb(
        {
          config,
          database,
          territory,
          log,
          admin: admin.parts,
          onStale: (duns) => stale?.request(duns),
          loadColdly: async (duns) => refresher?.request(duns, 'cold'),
        },
        loadedWeb,
      );
      closers.push(() => web.stop());
      url = web.url;
      onListening(url, admin);
    }
    const { source, close } = await openSource(config, database, territory);
    closers.push(close);
    const cold = new Refresher({
      database,
      source,
      tdsps,
      signal: stopping.signal,
      freshForMs: freshForMs(config.syncIntervalMs),
      cacheTtlMs: config.cacheTtlHours * 3_600_000,
      tuneDatabase: config.enableQueryOptimization,
      onError: failed('a refresh failed'),
    });
    refresher = cold;
    closers.push(() => cold.stop());
    const [{ Engine }, { StaleRequests }] = await Promise.all([
      import('./engine.ts'),
      import('../planning/refresh-requests.ts'),
    ]);
    const engine = new Engine({
      config,
      database,
      territory,
      source,
      roles,
      onError: rarely(failed('the queue has trouble')),
      onMaintenance: async () => {
        const { runMaintenance, summaryOf } = await import('../store/upkeep/maintenance.ts');
        const report = await runMaintenance(database, {
          keep: config.retention,
          vacuum: config.enableQueryOptimization,
          signal: stopping.signal,
          onEvent: (event) => {
            if (event.type === 'step_finished' && event.result.status === 'failed')
              log.error(
                { step: event.result.name, error: event.result.message },
                'a step of maintenance failed',
              );
          },
        });
        log.info(summaryOf(report), 'maintenance');
      },
      onScheduled: (kind, asked, error) => {
        if (asked) log.info({ kind, run_id: asked.run_id }, 'a scheduled sync was asked for');
        else log.warn({ kind, error: describeError(error) }, 'a scheduled sync was left out');
      },
    });
    closers.push(() => engine.stop());
    await engine.start();
    if (admin.parts) admin.parts.sync = (ask) => engine.ask(ask);
    stale = new StaleRequests({
      database: database.quick,
      upstream: source,
      ask: (ask) => engine.ask(ask),
      onError: failed('a refresh could not be asked for'),
    });
    onStarted(source);
    if (roles.includes('scheduler')) {
      const keeping = import('../store/schema/keep-history.ts')
        .then(({ keepHistory }) => keepHistory(database, { now: new Date(), signal: stopping.signal }))
        .catch(failed('the history was not brought up to date; the next start tries again'));
      closers.push(() => keeping);
      const first = firstSync(engine, database, territory, stopping.signal, options).catch(
        failed('the first sync failed'),
      );
      closers.push(() => first);
    }
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const TELL_AGAIN_MS = 30_000;

/** A PostgreSQL that is away is met by every loop, every second: it is told once, and again while it lasts. */
function rarely(tell: (error: unknown) => void): (error: unknown) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    const now = performance.now();
    if (now - toldAt < TELL_AGAIN_MS) return;
    toldAt = now;
    tell(error);
  };
}

/** What is not fresh is synced at once, not only when the next time has come. */
async function firstSync(
  engine: Engine,
  database: Database,
  territory: Territory,
  signal: AbortSignal,
  { onSyncEvent, onSyncReport, onSyncRefused }: StartOptions,
): Promise<void> {
  let run_id: number;
  try {
    ({ run_id } = await engine.ask({ kind: 'full', requested_by: 'start', reason: 'the program started' }));
  } catch (error) {
    onSyncRefused(error);
    return;
  }
  const seen = await followRun(database, run_id, {
    onEvent: (event) => onSyncEvent(event, territory),
    signal,
  });
  if (seen.run.finished_at !== null) onSyncReport(toReport(seen));
}

/** Without ADMIN_TOKEN there are admin routes only where nobody else can reach them, with a token made for this start. */
function adminParts(
  { adminToken, host }: Config,
  database: Database,
): { parts: AdminParts | null; generatedToken: string | null } {
  const generatedToken =
    adminToken === null && LOOPBACK.includes(host) ? randomBytes(18).toString('base64url') : null;
  const token = adminToken ?? (generatedToken === null ? null : new Secret(generatedToken));
  if (!token) return { parts: null, generatedToken };
  return {
    generatedToken,
    parts: {
      token,
      sync: null,
      stop: (order) => changeControl(database, 'stopped', order),
      resume: (order) => changeControl(database, 'running', order),
      emergency: (order) => haltSyncs(database, order),
      clearCache: (duns) => requestClear(database, duns),
      audit: (entry) => writeAudit(database.pool, entry),
      readAudit: (limit) => readAudit(database.quick, limit),
    },
  };
}
