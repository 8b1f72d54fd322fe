/** The layers behind memory, as the configuration wants them, each behind its guard. */

import type { Config } from '../config.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import { isPublished } from '../store/plans/snapshots.ts';
import type { Database } from '../store/postgres/database.ts';
import { readDatabaseIdentity } from '../store/postgres/database-identity.ts';
import { activeLayer, databaseLayer } from './database-layer.ts';
import { GuardedLayer } from './guarded-layer.ts';
import type { Layer } from './layer.ts';

interface LayersOptions {
  config: Pick<Config, 'redisUrl' | 'cacheRedisTtlMinutes'>;
  database: Pick<Database, 'pool' | 'quick'>;
  tdsps: readonly string[];
  /** Of the database cache. */
  ttlMs: number;
  deadlinesMs?: { redis: number; database: number };
}

interface OpenLayers {
  all: readonly Layer[];
  /** Hears of new versions over Redis, where there is one. */
  listen(onVersion: (published: Pick<PlanSet, 'tdsp_duns' | 'version' | 'observed_at'>) => void): void;
  /** Safe twice. */
  stop(): Promise<void>;
}

const DEADLINES_MS = { redis: 250, database: 1_000 };

/** Without REDIS_URL the Redis layer is not there, and its client is not even loaded. */
export async function openLayers(options: LayersOptions): Promise<OpenLayers> {
  const { config, database, tdsps, ttlMs, deadlinesMs = DEADLINES_MS } = options;
  const stored = [databaseLayer(database, ttlMs), activeLayer(database.quick)].map(
    (layer) => new GuardedLayer(layer, deadlinesMs.database),
  );
  const { redisUrl: url } = config;
  if (!url) return { all: stored, listen: () => {}, stop: async () => {} };
  const [{ RedisLayer }, { RedisListener }, { RedisValues }] = await Promise.all([
    import('./redis/redis-layer.ts'),
    import('./redis/redis-listener.ts'),
    import('./redis/redis-values.ts'),
  ]);
  // Asked once, at the start, and patiently: it does not give up on a PostgreSQL that is slow just then.
  const values = new RedisValues({
    identity: await readDatabaseIdentity(database.pool),
    isPublished: (duns, version) => isPublished(database.quick, duns, version),
  });
  const redis = new RedisLayer({ url, values, tdsps, ttlMs: config.cacheRedisTtlMinutes * 60_000 });
  let listener: InstanceType<typeof RedisListener> | null = null;
  return {
    all: [new GuardedLayer(redis, deadlinesMs.redis), ...stored],
    listen: (onVersion) => {
      listener = new RedisListener({ url, values, tdsps, onVersion });
    },
    stop: async () => {
      await Promise.all([redis.stop(), listener?.stop()]);
    },
  };
}
