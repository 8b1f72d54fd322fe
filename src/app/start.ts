/**
 * The program in one process, as its roles say: `web` answers, `worker` syncs, `scheduler` runs the schedules. By default
 * all three; any number of processes with any roles share the work through PostgreSQL.
 */

import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type AdminToken, type Config, type Role, Secret } from '../config.ts';
import { describeError } from '../errors.ts';
import { WebhookSender } from '../events/webhook-sender.ts';
import { createLog, type Log, settingsOf } from '../log.ts';
import { readRules } from '../monitor/alerts/rules.ts';
import { RefreshRequests } from '../planning/refresh-requests.ts';
import { checkTimes } from '../planning/scheduler.ts';
import { Sealer } from '../seal.ts';
import type { GateEvents } from '../sources/gate.ts';
import type { Database } from '../store/postgres/database.ts';
import { PublishListener } from '../store/postgres/listen.ts';
import { isOutOfReach } from '../store/postgres/out-of-reach.ts';
import { usageProfiles } from '../store/profiles.ts';
import { readTerritory, storeTerritory } from '../store/territory.ts';
import { QueryStats } from '../store/upkeep/query-stats.ts';
import { followRun, type SyncEvent } from '../sync/work/follow-run.ts';
import { type SyncReport, toReport } from '../sync/work/report.ts';
import type { Settled } from '../sync/work/sync-worker.ts';
import { Places } from '../territory/places.ts';
import type { Territory } from '../territory/territory.ts';
import { watchPlaceName } from '../watch/place.ts';
import { WatchMailer } from '../watch/watch-mailer.ts';
import { Engine } from './engine.ts';
import { Front } from './front.ts';
import { startMetrics, startObserver } from './observe.ts';
import { openSource } from './open.ts';
import { Scope } from './scope.ts';
import { startWeb } from './web.ts';

interface StartOptions {
  config: Config;
  roles: readonly Role[];
  /** Being opened already: PostgreSQL starts while this file is loaded. */
  opening: Promise<Database>;
  onListening(url: string, admin: { generatedToken: string | null }): void;
  onStarted(source: { name: string; origin: string }): void;
  onSyncEvent(event: SyncEvent, territory: Territory): void;
  onSyncReport(report: SyncReport): void;
  /** Aborted when the program is asked to stop, which may be while it still starts. */
  asked: AbortSignal;
  /** The first sync was not even asked for, and why. */
  onSyncRefused(error: unknown): void;
}

const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/**
 * Resolves when everything is at work; the first sync goes on behind it.
 * @returns ends all of it, answers under way first; safe twice
 */
export async function start(options: StartOptions): Promise<(isUrgent: boolean) => Promise<void>> {
  const { config, roles, opening, onListening, onStarted } = options;
  const log = await createLog(config.logLevel, roles);
  const logFailure = (what: string) => (error: unknown) => {
    if (!scope.signal.aborted) log.error({ error: describeError(error) }, what);
  };
  const scope = new Scope((error) =>
    log.error({ error: describeError(error) }, 'a part did not shut down cleanly'),
  );
  try {
    if (roles.includes('scheduler')) checkTimes(config.schedules);
    const front = roles.includes('web') ? scope.own(new Front(config)) : null;
    const url = await front?.listen(config);
    // Read while PostgreSQL starts.
    const territory = readTerritory();
    const rules = readRules(config.alerts.rulesFile ?? undefined);
    const database = scope.own(await opening);
    await storeTerritory(database, territory);
    const queryStats = new QueryStats({
      database: database.quick,
      recorder: database.queries,
      keepDays: config.retention.queryStatsDays,
      onError: (error) => log.debug({ error: describeError(error) }, 'statement figures were kept for later'),
    });
    const watching = {
      config,
      rules,
      roles,
      database,
      territory,
      log,
      onError: throttled(logFailure('the watch over the fleet has trouble')),
    };
    const metrics = await startMetrics(scope, watching);
    const opened = scope.own(await openSource(config, database, territory, gateLog(log)));
    const engine = new Engine({
      config,
      database,
      territory,
      source: opened.source,
      roles,
      onError: throttled(logFailure('the queue has trouble')),
      onSettled: (settled) => logSettled(log, settled, territory),
      onControl: (state) => log.info({ state }, 'syncing is allowed, stopped or halted'),
      onMaintenance: () => maintain(config, database, log, scope.signal),
      onExport: async () => {
        const { makeInThread } = await import('../export/in-thread.ts');
        const tdsps = territory.tdsps.map(({ duns }) => duns);
        const common = { ...config.exports, connectionString: database.connectionString, tdsps };
        const made = await makeInThread(common, config.retention.exportsDays, scope.signal);
        log.info(made, 'exports');
      },
      onScheduled: (kind, requested, error) => {
        if (requested) log.info({ kind, run_id: requested.run_id }, 'a scheduled sync was asked for');
        else log.warn({ kind, error: describeError(error) }, 'a scheduled sync was left out');
      },
    });
    const refreshes = new RefreshRequests({
      request: (duns, kind) => engine.requestRefresh(duns, kind),
      fetchNow: (duns, runId) => engine.fetchNow(duns, runId),
      onError: logFailure('a refresh failed'),
    });
    scope.own(queryStats).start();
    const sealer = new Sealer(config.secretsKey?.reveal() ?? null);
    let sender: WebhookSender | null = null;
    if (roles.includes('worker')) {
      const onError = throttled(logFailure('webhooks could not be told'));
      sender = scope.own(
        new WebhookSender({
          database: database.pool,
          profiles: usageProfiles(),
          sealer,
          onDisabled: (about) => log.error(about, 'a webhook was disabled'),
          onError,
        }),
      );
      sender.start();
      startWatches(scope, {
        config,
        database,
        territory,
        sealer,
        onError: throttled(logFailure('price watches have trouble')),
      });
    }
    const onEvents = () => void sender?.heard();
    scope.own(engine);
    if (front && url) {
      const { tokens, generatedToken } = adminTokens(config);
      await startWeb(scope, {
        metrics,
        config,
        front,
        database,
        territory,
        log,
        admin: tokens && { tokens, engine, database, rules, sealer },
        onEvents,
        onStale: (duns) => refreshes.stale(duns),
        loadColdly: (duns) => refreshes.cold(duns),
      });
      onListening(url, { generatedToken });
    } else if (sender) {
      const listener = scope.own(new PublishListener(database, () => {}, { onEvents }));
      await listener.start();
    }
    await untilStarted(
      engine,
      options.asked,
      throttled(logFailure('PostgreSQL is away: the start goes on when it is back')),
    );
    metrics.start();
    startObserver(scope, watching);
    log.info(
      { source: opened.source.name, origin: opened.source.origin, settings: settingsOf(config) },
      'the program has started',
    );
    onStarted(opened.source);
    if (roles.includes('scheduler')) {
      scope.spawn(async (signal) => {
        const { keepHistory } = await import('../store/schema/keep-history.ts');
        await keepHistory(database, { now: new Date(), signal });
      }, logFailure('the history was not brought up to date; the next start tries again'));
      scope.spawn(
        (signal) => syncFirst(engine, database, territory, signal, options),
        logFailure('the first sync failed'),
      );
    }
    return async (isUrgent) => {
      await front?.drain(isUrgent);
      await scope.close();
    };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** What the gate tells of: a call that failed, a circuit that opened or closed. */
const gateLog = (log: Log): GateEvents => ({
  onCallFailed: (call) => log.warn(call, 'an upstream call failed'),
  onCircuit: (source, state) => log.warn({ source, state }, `the circuit of the upstream is ${state}`),
});

/** A line for each TDSP that was synced: what came of it, and by which run. */
function logSettled(log: Log, { run_id, duration_ms, outcomes }: Settled, territory: Territory): void {
  for (const { tdsp_duns, status, snapshot_version, plans, error_code, message } of outcomes) {
    const tdsp = territory.tdsp(tdsp_duns)?.short_name ?? tdsp_duns;
    const about = { run_id, tdsp, tdsp_duns, status, duration_ms };
    if (status === 'held') log.warn({ ...about, error_code, message }, 'a snapshot is held back');
    else if (error_code !== null) log.warn({ ...about, error_code, message }, 'a sync failed');
    else if (status === 'published')
      log.info({ ...about, version: snapshot_version, plans }, 'plans were published');
    else log.info(about, 'a sync has ended');
  }
}

/** Price watches are mailed where the operator has set everything that takes. */
function startWatches(
  scope: Scope,
  parts: {
    config: Config;
    database: Database;
    territory: Territory;
    sealer: Sealer;
    onError(error: unknown): void;
  },
): void {
  const { config, database, territory, sealer, onError } = parts;
  const { watchMail, publicUrl } = config;
  if (!watchMail || !publicUrl) return;
  const where = { territory, places: new Places(territory) };
  const mailer = new WatchMailer({
    database: database.pool,
    sealer,
    smtpUrl: watchMail.smtpUrl.reveal(),
    from: watchMail.from,
    publicUrl,
    profiles: usageProfiles(),
    nameOf: (place) => watchPlaceName(where, place),
    onError,
  });
  scope.own(mailer).start();
}

const START_AGAIN_MS = 1_000;

/** PostgreSQL may go away between the first look at it and the queue: readers are served already, so it is waited for. */
async function untilStarted(
  engine: Engine,
  asked: AbortSignal,
  onAway: (error: unknown) => void,
): Promise<void> {
  while (!asked.aborted) {
    try {
      await engine.start();
      return;
    } catch (error) {
      if (!isOutOfReach(error)) throw error;
      onAway(error);
      await pause(START_AGAIN_MS, null, { signal: asked }).catch(() => {});
    }
  }
}

const LOG_AGAIN_MS = 30_000;

/** A PostgreSQL that is away is met by every loop, every second: it is logged once, and again while it lasts. */
function throttled(log: (error: unknown) => void): (error: unknown) => void {
  let loggedAt = Number.NEGATIVE_INFINITY;
  return (error) => {
    const now = performance.now();
    if (now - loggedAt < LOG_AGAIN_MS) return;
    loggedAt = now;
    log(error);
  };
}

async function maintain(config: Config, database: Database, log: Log, signal: AbortSignal): Promise<void> {
  const { runMaintenance, summaryOf } = await import('../store/upkeep/maintenance.ts');
  const report = await runMaintenance(database, {
    keep: config.retention,
    vacuum: config.enableQueryOptimization,
    signal,
  });
  for (const { name, status, message } of 'steps' in report ? report.steps : []) {
    if (status === 'failed') log.error({ step: name, error: message }, 'a step of maintenance failed');
  }
  log.info(summaryOf(report), 'maintenance');
}

/** What is not fresh is synced at once, not only when the next time has come. */
async function syncFirst(
  engine: Engine,
  database: Database,
  territory: Territory,
  signal: AbortSignal,
  { onSyncEvent, onSyncReport, onSyncRefused }: StartOptions,
): Promise<void> {
  let run_id: number;
  try {
    const reason = 'the program started';
    ({ run_id } = await engine.request({ kind: 'full', requested_by: 'start', reason }));
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
function adminTokens({ adminTokens, host }: Config): {
  tokens: readonly AdminToken[] | null;
  generatedToken: string | null;
} {
  if (adminTokens !== null || !LOOPBACK.includes(host)) return { tokens: adminTokens, generatedToken: null };
  const generatedToken = randomBytes(18).toString('base64url');
  return { tokens: [{ name: 'admin', role: 'operate', token: new Secret(generatedToken) }], generatedToken };
}
