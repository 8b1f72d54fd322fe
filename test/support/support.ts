/** What tests of the whole share: a real PostgreSQL, a database for each file, and the command line as a process. */

import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Engine } from '../../src/app/engine.ts';
import { readConfig, Secret } from '../../src/config.ts';
import { RefreshRequests } from '../../src/planning/refresh-requests.ts';
import { Gate, type GateOptions } from '../../src/sources/gate.ts';
import type { PlanSource } from '../../src/sources/source.ts';
import { attachEmbeddedPostgres } from '../../src/store/embedded/attach.ts';
import { type Database, openDatabase } from '../../src/store/postgres/database.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { readTerritory, storeTerritory } from '../../src/store/territory.ts';
import { followRun } from '../../src/sync/work/follow-run.ts';
import { type SyncReport, toReport } from '../../src/sync/work/report.ts';

export const territory = readTerritory();
export const allDuns = territory.tdsps.map(({ duns }) => duns);
export const ONCOR = '1039940674000';

const TEMPLATE = 'wattsync_template';
/** One server for the whole test run; the runner names its folder, a single file finds its own. */
const SERVER_FOLDER = process.env.WATTSYNC_TEST_DIR ?? join(tmpdir(), `wattsync-test-${process.ppid}`);

/** A database of this file's own, migrated and with the territory in it; gone when the file's tests are over. */
export async function createTestDatabase(): Promise<{ database: Database; url: string }> {
  const server = await attachEmbeddedPostgres(join(SERVER_FOLDER, 'postgres-of-tests'));
  const admin = new pg.Client({ connectionString: server.connectionString, application_name: 'wattsync' });
  await admin.connect();
  await makeTemplate(admin, server.connectionString);
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await admin.query(`create database ${name} template ${TEMPLATE}`);
  const url = onDatabase(server.connectionString, name);
  const database = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 20 });
  after(async () => {
    await database.close();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
    await server.detach();
  });
  return { database, url };
}

const onDatabase = (url: string, name: string): string => url.replace(/\/[^/]*$/, `/${name}`);

async function makeTemplate(admin: pg.Client, serverUrl: string): Promise<void> {
  await admin.query('select pg_advisory_lock(1)');
  try {
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [TEMPLATE]);
    if (rowCount === 0) {
      // Made under another name first: a half-made template must not be found by the next file.
      await admin.query(`drop database if exists ${TEMPLATE}_draft`);
      await admin.query(`create database ${TEMPLATE}_draft`);
      const url = onDatabase(serverUrl, `${TEMPLATE}_draft`);
      const database = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 2 });
      await migrate(database);
      await storeTerritory(database, territory);
      await database.close();
      await until(async () => {
        const { rows } = await admin.query(
          'select count(*)::int as n from pg_stat_activity where datname = $1',
          [`${TEMPLATE}_draft`],
        );
        return rows[0].n === 0;
      });
      await admin.query(`alter database ${TEMPLATE}_draft rename to ${TEMPLATE}`);
    }
  } finally {
    await admin.query('select pg_advisory_unlock(1)');
  }
}

/** Waits for a condition, with a deadline. */
export async function until(isTrue: () => boolean | Promise<boolean>, deadlineMs = 60_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error('waited without success');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A gate that does not wait long between its attempts. */
export function testGate(database: Database, options: Partial<GateOptions> = {}): Gate {
  return new Gate(
    {
      maxConcurrentRequests: 6,
      rateLimitPerSecond: 1000,
      callBudgetPerHour: 100_000,
      backoffMs: 1,
      timeoutMs: 2_000,
      failuresThatOpen: 1_000,
      ...options,
    },
    database,
  );
}

interface ReaderOptions {
  /** Plans confirmed less than this ago are not fetched again. */
  freshForMs?: number;
  /** Statistics and views are brought up to what is published. */
  hasUpkeep?: boolean;
  now?: () => number;
}

/** What a web process does for its readers: it takes no jobs, and fetches what they miss. */
export async function startReader(
  database: Database,
  source: PlanSource,
  { freshForMs = 0, hasUpkeep = true, now = Date.now }: ReaderOptions = {},
): Promise<{ engine: Engine; refreshes: RefreshRequests }> {
  const engine = new Engine({
    config: {
      ...readConfig({ EMERGENCY_CALL_BUDGET_PER_HOUR: '1000000' }),
      syncIntervalMs: 2 * freshForMs,
      enableQueryOptimization: hasUpkeep,
    },
    database,
    territory,
    source,
    roles: ['web'],
    onError: () => {},
  });
  await engine.start();
  const refreshes = new RefreshRequests({
    request: (duns, kind) => engine.requestRefresh(duns, kind),
    fetchNow: (duns, runId) => engine.fetchNow(duns, runId),
    onError: () => {},
    now,
  });
  return { engine, refreshes };
}

/** One sync in this process, to its end. Nobody looks after the queue: what is not done when it ends is left undone. */
export async function syncAll(
  database: Database,
  source: PlanSource,
  options: { force?: boolean; tdsps?: string[]; freshForMs?: number; signal?: AbortSignal } = {},
): Promise<SyncReport> {
  const { force = false, tdsps = allDuns, freshForMs = 0, signal = new AbortController().signal } = options;
  const { engine } = await startReader(database, source, { freshForMs, hasUpkeep: false });
  try {
    const { run_id } = await engine.request({ kind: 'city', tdsps, force, requested_by: 'test' });
    const work = engine.workOn(run_id);
    const seen = await followRun(database, run_id, { signal });
    if (signal.aborted) return toReport(await engine.abandon(run_id));
    await work;
    return toReport(seen);
  } finally {
    await engine.stop();
  }
}

const PROGRAM = fileURLToPath(new URL('../../bin/wattsync.js', import.meta.url));

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the program as a user does, to its end. */
export function wattsync(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [PROGRAM, ...args],
      { env: cleanEnv(env), timeout: 120_000 },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

/** Starts the program and leaves it running. */
export function spawnWattsync(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: cleanEnv(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    seen.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    seen.stderr += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  after(() => void child.kill('SIGKILL'));
  return { child, seen, ended };
}

/** Without the variables of the person who runs the tests. */
function cleanEnv(env: Record<string, string>): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, ...env };
}
