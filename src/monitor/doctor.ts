/** Looks at everything and changes nothing. What cannot be looked at is a finding, too. */

import type { Config, Secret } from '../config.ts';
import { describeError } from '../errors.ts';
import { scheduledTimes } from '../planning/scheduler.ts';
import { readCacheStats } from '../store/cache/cache-stats.ts';
import { readQuarantineGrowth, readSchemaDrift } from '../store/plans/quarantine.ts';
import type { Database, Queryable } from '../store/postgres/database.ts';
import { readDatabaseIdentity } from '../store/postgres/database-identity.ts';
import { hasPlanKey, readRights, readServerVersion } from '../store/postgres/server-facts.ts';
import { readDatabaseTime } from '../store/queue/sync-workers.ts';
import { readMigrationState } from '../store/schema/migration-state.ts';
import { readDiskSpace } from '../store/upkeep/readings/disk.ts';
import { readQueueSchema } from '../sync/work/queue-schema.ts';
import { HOUR_MS } from '../units.ts';
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
  checkRights,
} from './check-system.ts';
import { bad, type Finding, ok } from './finding.ts';
import { readMonitorView } from './monitor-view.ts';
import { probeRedis } from './probe-redis.ts';
import { syncFindings } from './verdict.ts';

const DRIFT_DAYS = 7;
const APPLY_MIGRATIONS = 'npm run db:migrate';

/** Connections of one process with all roles: its own, those of readers, of the queue, and four that listen. */
const connectionsOf = ({ databasePoolSize: n }: Config): number => n + 2 * Math.min(4, n) + 4;

/** One finding at least for each thing looked at. Never throws. */
export async function examine(database: Pick<Database, 'pool'>, config: Config): Promise<Finding[]> {
  const { pool } = database;
  const looks = await Promise.all([
    look('database', () => lookAtDatabase(pool)),
    look('rights', async () => checkRights(await readRights(pool), connectionsOf(config))),
    look('migrations', async () => checkMigrations(await readMigrationState(pool))),
    look('plan_key', async () => checkPlanKey(await hasPlanKey(pool))),
    look('queue_schema', async () => checkQueueSchema(await readQueueSchema(pool))),
    look('redis', async () => checkRedis(config.redisUrl && (await probe(pool, config.redisUrl)))),
    look('disk', async () => checkDisk(config.databaseUrl ? ELSEWHERE : await diskOf(config.dataDir))),
  ]);
  const found = looks.flat();
  // Without its tables there is nothing more to look at.
  if (found.some(({ command }) => command === APPLY_MIGRATIONS)) return found;
  return [...found, ...(await look('syncing', () => examineSyncing(pool, config)))];
}

const probe = async (pool: Queryable, url: Secret) =>
  probeRedis(url, await readDatabaseIdentity(pool).catch(() => null));

async function examineSyncing(pool: Queryable, config: Config): Promise<Finding[]> {
  const view = await readMonitorView(pool, config);
  const hourAgo = new Date(view.at.getTime() - HOUR_MS);
  return [
    ...(await look('clocks', async () => checkClocks(await clockAheadMs(pool), view.workers))),
    ...checkSchedules(view, scheduledTimes(config.schedules)),
    ...syncFindings(view),
    ...(await look('records', async () => checkRecords(view, await readQuarantineGrowth(pool)))),
    ...(await look('fields', async () => checkFields(await readSchemaDrift(pool, DRIFT_DAYS)))),
    ...(await look('cache', async () => checkLayers(await readCacheStats(pool, hourAgo)))),
  ];
}

async function look(check: string, at: () => Promise<Finding | Finding[]>): Promise<Finding[]> {
  try {
    return [await at()].flat();
  } catch (error) {
    const reading = `Could not be looked at: ${describeError(error)}`;
    return [bad(check, reading, 'Read what PostgreSQL or the system says')];
  }
}

export const unreachable = (error: unknown): Finding =>
  bad('database', describeError(error), 'Cannot check anything else until PostgreSQL answers');

async function lookAtDatabase(pool: Queryable): Promise<Finding> {
  const began = performance.now();
  const version = await readServerVersion(pool);
  return ok('database', `PostgreSQL ${version} answers in ${Math.ceil(performance.now() - began)} ms`);
}

/** By the try with the shortest round trip: the answer is wrong by half of that at most. */
async function clockAheadMs(pool: Queryable, tries = 3): Promise<number> {
  let best = { roundTrip: Number.POSITIVE_INFINITY, ahead: 0 };
  for (let n = 0; n < tries; n++) {
    const asked = Date.now();
    const theirs = (await readDatabaseTime(pool)).getTime();
    const roundTrip = Date.now() - asked;
    if (roundTrip < best.roundTrip) best = { roundTrip, ahead: asked + roundTrip / 2 - theirs };
  }
  return best.ahead;
}

const ELSEWHERE = { unreadable: 'DATABASE_URL names a server of your own: watch its disk there' };

const diskOf = async (path: string) => ({ value: await readDiskSpace(path) });
