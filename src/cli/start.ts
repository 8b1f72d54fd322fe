/** `start`: the whole program, or the roles that are named, until Ctrl-C. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { launchStore, openStore } from '../app/open.ts';
import { type Config, ROLES, type Role } from '../config.ts';
import { describeError, errorCode, expected } from '../errors.ts';
import { plural, tookText } from '../monitor/text.ts';
import type { SyncReport } from '../sync/work/report.ts';
import type { CommandContext } from './command.ts';
import { describeOutcome, nameOf } from './sync/report.ts';
import { UsageError } from './usage-error.ts';

/** From the signal to the end of the process, answers under way and syncs included. */
const END_WITHIN_MS = 10_000;
const INVENTED =
  'Plans come from the sandbox: plans and prices are INVENTED. For real ones set COMPAREPOWER_API_URL,\n' +
  'or PLAN_SOURCE=powertochoose.';

export async function start(
  { config, isJson }: CommandContext,
  { role }: { role?: string },
): Promise<number> {
  const roles = readRoles(role);
  const say = (line: string) => {
    if (!isJson) console.log(line);
  };
  const announce = (event: { event: string } & Record<string, unknown>, text: string) =>
    console.log(isJson ? JSON.stringify(event) : text);
  // Heard from the first moment: stopped while still starting, it must end as cleanly as later.
  // They stay: the lock's own handler ends the process as soon as it is the only one left.
  const asked = new AbortController();
  const signalled = new Promise<string>((resolve) => {
    const stop = (signal: string) => {
      resolve(signal);
      asked.abort();
      // Whatever hangs: a supervisor that waits must not have to kill it.
      setTimeout(() => process.exit(1), config.shutdownDelayMs + END_WITHIN_MS).unref();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
  if (!isJson) console.log(describeStart(config));
  // PostgreSQL starts while the rest of the program is loaded.
  const opening = openStore(config, { embedded: await launchStore(config), mayCreate: true });
  opening.catch(() => {});
  const { start: startAll } = await import('../app/start.ts');
  const stop = await startAll({
    config,
    roles,
    opening,
    asked: asked.signal,
    onListening: (url, { generatedToken }) => {
      const text = `wattsync serves on ${url}  (API description: ${url}/docs, Ctrl-C stops)`;
      const token =
        generatedToken && `\nAdmin token of this start, as ADMIN_TOKEN is not set: ${generatedToken}`;
      announce({ event: 'listening', url, admin_token: generatedToken }, text + (token ?? ''));
    },
    onStarted: ({ name, origin }) => {
      if (!roles.includes('web')) say(`wattsync runs as ${roles.join(' and ')} (Ctrl-C stops)`);
      announce(
        { event: 'started', roles, source: name, origin },
        name === 'sandbox' ? INVENTED : `Plans come from ${name}: ${origin}`,
      );
    },
    onSyncEvent: (event, territory) => {
      if (event.type !== 'tdsp_finished' || event.outcome.status === 'fresh') return;
      say(`  ${nameOf(territory, event.tdsp_duns).padEnd(18)} ${describeOutcome(event.outcome)}`);
    },
    onSyncReport: (report) => announce({ event: 'synced', ...report }, summary(report)),
    onSyncRefused: (error) => {
      const message = describeError(error);
      announce({ event: 'sync_refused', code: errorCode(error), message }, `No first sync: ${message}`);
    },
  });
  const signal = await signalled;
  say(signal === 'SIGINT' ? '\nStopping …' : 'Stopping …');
  await stop(signal === 'SIGINT');
  say('Stopped.');
  return 0;
}

/** Said at once: a first start takes a while, and nobody is to wonder what it does. */
function describeStart({ databaseUrl, dataDir, planSource }: Config): string {
  const database = databaseUrl
    ? 'connecting to the PostgreSQL at DATABASE_URL'
    : existsSync(join(dataDir, 'postgres'))
      ? `starting the PostgreSQL in ${dataDir}`
      : `first start: making a PostgreSQL in ${dataDir}, which takes some seconds`;
  return `wattsync starts (plans from ${planSource}): ${database} …`;
}

/** @throws {UsageError} an unknown role */
function readRoles(text: string = ROLES.join()): Role[] {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  const unknown = names.filter((name) => !ROLES.some((role) => role === name));
  if (unknown.length === 0) return ROLES.filter((role) => names.includes(role));
  throw new UsageError(
    expected(`${ROLES.join(', ')}, or several of them with commas between`, unknown.join(', ')),
  );
}

function summary({ status, plans, api_calls, duration_ms, tdsps }: SyncReport): string {
  if (tdsps.every((tdsp) => tdsp.status === 'fresh')) return 'All plans are fresh: nothing was fetched.';
  const calls = plural(api_calls, 'upstream call');
  return `Sync ${status}: ${plans.seen} plans of ${tdsps.length} TDSPs with ${calls} in ${tookText(duration_ms)}.`;
}
