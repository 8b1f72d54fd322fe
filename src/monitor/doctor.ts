/** Looks at everything there is to look at. What cannot be looked at is a finding, too; nothing is changed. */

import type { Config } from '../config.ts';
import { describeError } from '../errors.ts';
import { scheduledTimes } from '../planning/scheduler.ts';
import { readCacheStats } from '../store/cache/cache-stats.ts';
import { readQuarantineGrowth, readSchemaDrift } from '../store/plans/quarantine.ts';
import type { Database, Queryable } from '../store/postgres/database.ts';
import { hasPlanKey, readServerVersion } from '../store/postgres/server-facts.ts';
import { readDatabaseTime } from '../store/queue/sync-workers.ts';
import { readMigrationState } from '../store/schema/migration-state.ts';
import { readDiskSpace } from '../store/upkeep/readings/disk.ts';
import { readQueueSchema } from '../sync/work/queue-schema.ts';
import { checkFailures, checkPlans, checkSettings, checkUpstream } from './check-plans.ts';
import { checkSchedules } from './check-schedules.ts';
import {
  checkClocks,
  checkDisk,
  checkFields,
  checkLayers,
  checkMigrations,
  checkPlanKey,
  checkQueueSchema,
  checkRecords,
  checkRedis,
} from './check-system.ts';
import { checkClaims, checkControl, checkQueue, checkRuns } from './check-work.ts';
import { bad, type Finding, ok } from './finding.ts';
import { readMonitorView } from './monitor-view.ts';
import { pingRedis } from './ping-redis.ts';

const HOUR_MS = 3_600_000;
const DRIFT_DAYS = 7;

/** One finding at least for each thing looked at. Never throws. */
export async function examine(database: Database, config: Config): Promise<Finding[]> {
  const { pool } = database;
  const system = await Promise.all([
    look('database', () => lookAtDatabase(pool)),
    look('migrations', async () => checkMigrations(await migrationFacts(pool))),
    look('plan_key', async () => checkPlanKey(await hasPlanKey(pool))),
    look('queue_schema', async () => checkQueueSchema(await readQueueSchema(pool))),
    look('redis', async () => checkRedis(config.redisUrl && (await pingRedis(config.redisUrl)))),
    look('disk', async () => checkDisk(config.databaseUrl ? null : await diskOf(config.dataDir))),
  ]);
  const migrations = system[1]!;
  // Without its tables there is nothing more to look at.
  if (migrations.some(({ verdict, run }) => verdict === 'bad' && run !== null)) return system.flat();
  return [...system.flat(), ...(await examineSyncing(pool, config))];
}

async function examineSyncing(pool: Queryable, config: Config): Promise<Finding[]> {
  let view: Awaited<ReturnType<typeof readMonitorView>>;
  try {
    view = await readMonitorView(pool, config);
  } catch (error) {
    return [unseen('syncing', error)];
  }
  const hourAgo = new Date(view.at.getTime() - HOUR_MS);
  return [
    ...(await look('clocks', async () => checkClocks(await clockAheadMs(pool), view.workers))),
    checkSettings(view),
    checkControl(view),
    ...checkSchedules(view, scheduledTimes(config.schedules)),
    ...checkQueue(view),
    ...checkClaims(view),
    ...checkRuns(view),
    checkPlans(view),
    ...checkFailures(view),
    checkUpstream(view),
    ...(await look('records', async () => checkRecords(view, await readQuarantineGrowth(pool)))),
    ...(await look('fields', async () => checkFields(await readSchemaDrift(pool, DRIFT_DAYS)))),
    ...(await look('cache', async () => checkLayers(await readCacheStats(pool, hourAgo)))),
  ];
}

async function look(check: string, at: () => Promise<Finding>): Promise<Finding[]> {
  try {
    return [await at()];
  } catch (error) {
    return [unseen(check, error)];
  }
}

/** PostgreSQL cannot be reached: then there is nothing else to be said. */
export const unreachable = (error: unknown): Finding =>
  bad('database', describeError(error), 'Nothing else can be looked at before it answers');

const unseen = (check: string, error: unknown): Finding =>
  bad(
    check,
    `Could not be looked at: ${describeError(error)}`,
    'See what PostgreSQL or the system says to that',
  );

async function lookAtDatabase(pool: Queryable): Promise<Finding> {
  const began = performance.now();
  const version = await readServerVersion(pool);
  return ok('database', `PostgreSQL ${version} answers in ${Math.ceil(performance.now() - began)} ms`);
}

async function migrationFacts(pool: Queryable): Promise<Parameters<typeof checkMigrations>[0]> {
  const { behind, ahead, edited } = await readMigrationState(pool);
  return { missing: behind, unknown: ahead, edited };
}

/** Of some tries the one with the shortest way: half of it is the most that the answer can be wrong by. */
async function clockAheadMs(pool: Queryable, tries = 3): Promise<number> {
  let best = { way: Number.POSITIVE_INFINITY, ahead: 0 };
  for (let n = 0; n < tries; n++) {
    const asked = Date.now();
    const theirs = (await readDatabaseTime(pool)).getTime();
    const way = Date.now() - asked;
    if (way < best.way) best = { way, ahead: asked + way / 2 - theirs };
  }
  return best.ahead;
}

async function diskOf(path: string): Promise<{ path: string; used: number; free_bytes: number }> {
  const { total_bytes, free_bytes } = await readDiskSpace(path);
  return { path, used: 1 - free_bytes / total_bytes, free_bytes };
}
