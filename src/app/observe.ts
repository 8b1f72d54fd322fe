/** What every started process does beside its roles: it tells how it is, and one of all watches the fleet. */

import { readFileSync } from 'node:fs';
import type { Config, Role } from '../config.ts';
import { describeError } from '../errors.ts';
import type { Log } from '../log.ts';
import { type LogAlert, openChannels } from '../monitor/alerts/channels.ts';
import { Observer } from '../monitor/alerts/observer.ts';
import type { Rules } from '../monitor/alerts/rules.ts';
import type { Database } from '../store/postgres/database.ts';
import type { Territory } from '../territory/territory.ts';
import { turnTracingOn } from '../trace.ts';
import { openMetricsPort } from './metrics-port.ts';
import { ProcessMetrics } from './process-metrics.ts';
import type { Scope } from './scope.ts';

interface ObserveOptions {
  rules: Rules;
  config: Config;
  roles: readonly Role[];
  database: Database;
  territory: Territory;
  log: Log;
  /** Told of what goes wrong while it watches. */
  onError(error: unknown): void;
}

/** Before the parts that count. Without the role web /metrics has a port of its own, where METRICS_PORT says so. */
export async function startMetrics(scope: Scope, options: ObserveOptions): Promise<ProcessMetrics> {
  const { config, roles, database, log } = options;
  if (config.hasTracing) await turnTracingOn();
  const metrics = scope.own(
    new ProcessMetrics({
      database,
      roles,
      version: readVersion(),
      onError: (error) => log.debug({ error: describeError(error) }, 'vitals were not told'),
    }),
  );
  if (config.metricsPort !== null && !roles.includes('web')) {
    const address = { host: config.host, port: config.metricsPort };
    const { url } = scope.own(await openMetricsPort(address, (format) => metrics.render(format)));
    log.info({ url: `${url}/metrics` }, 'metrics');
  }
  return metrics;
}

/** After this process is known to the others. */
export function startObserver(scope: Scope, options: ObserveOptions): void {
  const { config, database, territory, rules, log, onError } = options;
  const { heartbeatUrl } = config.alerts;
  const observer = new Observer({
    database,
    config,
    territory,
    rules,
    channels: openChannels(config, logAlert(log)),
    onError,
    ...(heartbeatUrl && { heartbeat: () => callHeartbeat(heartbeatUrl.reveal()) }),
  });
  scope.own(observer).start();
}

const HEARTBEAT_DEADLINE_MS = 5_000;

async function callHeartbeat(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(HEARTBEAT_DEADLINE_MS) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`it answered ${response.status}`);
}

export const logAlert =
  (log: Log): LogAlert =>
  ({ id, severity, items }, text) => {
    const isOver = items.every(({ kind }) => kind === 'resolved');
    const level = isOver ? 'info' : severity === 'page' ? 'error' : 'warn';
    const alerts = items.map(({ kind, rule, subject, reading, runbook }) => ({
      kind,
      rule,
      subject,
      reading,
      runbook,
    }));
    log[level]({ alert: id, alerts }, text);
  };

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
