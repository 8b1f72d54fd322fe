/** Is what syncing stands on in order: schema, clocks, disk, Redis, cache layers, records? Pure. */

import type { LayerCounts } from '../store/cache/cache-stats.ts';
import type { QuarantineGrowth } from '../store/plans/quarantine.ts';
import type { Rights } from '../store/postgres/server-facts.ts';
import type { MigrationState } from '../store/schema/migration-state.ts';
import type { DiskSpace } from '../store/upkeep/readings/disk.ts';
import type { Reading } from '../store/upkeep/readings/reading.ts';
import { findingsOf } from './database-health/check.ts';
import { judgeMigrations } from './database-health/indexes.ts';
import { HEALTH_LIMITS } from './database-health/limits.ts';
import { judgeDisk } from './database-health/server.ts';
import { bad, type Finding, ok, warn } from './finding.ts';
import type { MonitorView } from './monitor-view.ts';
import { percentText, plural } from './text.ts';

export const checkMigrations = (state: MigrationState): Finding[] =>
  findingsOf('migrations', judgeMigrations(state));

const PLAN_KEY_SQL =
  'alter table electricity_plans add constraint electricity_plans_external_id_tdsp_duns_key unique (external_id, tdsp_duns)';

/** Without it every publish fails: "no unique or exclusion constraint matching the ON CONFLICT specification". */
export function checkPlanKey(hasKey: boolean): Finding {
  const check = 'plan_key';
  if (hasKey) return ok(check, 'electricity_plans is unique over (external_id, tdsp_duns)');
  const message = 'electricity_plans has no unique key over (external_id, tdsp_duns): every publish fails';
  return bad(check, message, 'Put it back', `npx wattsync db sql --write "${PLAN_KEY_SQL}"`);
}

export function checkQueueSchema(schema: { version: number; drift: string[] } | null): Finding {
  const check = 'queue_schema';
  if (!schema) return warn(check, 'The queue has no tables yet', 'Start the program once', 'npm start');
  if (schema.drift.length > 0) {
    const advice =
      'Restore these tables from a backup. If nothing waits: stop all processes, drop the schema pgboss, start again';
    return bad(check, `pg-boss (schema ${schema.version}): ${schema.drift.join('; ')}`, advice);
  }
  return ok(check, `pg-boss, schema ${schema.version}, as it was made`);
}

/**
 * What the role may not do, before something fails of it.
 * @param needs connections of one process with all roles
 */
export function checkRights(rights: Rights, needs: number): Finding {
  const check = 'rights';
  const { role, database, foreign_tables, connections_left } = rights;
  if (rights.is_standby || rights.is_read_only) {
    const why = rights.is_standby ? 'is a standby' : 'has default_transaction_read_only on';
    return bad(
      check,
      `The database ${database} takes no writes: it ${why}`,
      'Name the primary in DATABASE_URL',
    );
  }
  if (foreign_tables.length > 0) {
    const reading = `Tables belong to another role than ${role}: ${foreign_tables.join(', ')}`;
    return bad(
      check,
      reading,
      `Migrations and upkeep fail. As a superuser: reassign owned by <owner> to ${role}`,
    );
  }
  if (!rights.may_create || !rights.may_create_tables) {
    const what = rights.may_create ? 'tables in its schema' : 'schemas and extensions';
    const advice = `As the owner: grant create on database ${database} to ${role}; grant create on schema public to ${role}`;
    return bad(check, `The role ${role} may not make ${what} in ${database}`, advice);
  }
  if (connections_left < needs) {
    const reading = `${plural(connections_left, 'connection is', 'connections are')} left for ${role}, a process takes up to ${needs}`;
    return warn(check, reading, `Lower DATABASE_POOL_SIZE, or: alter role ${role} connection limit <n>`);
  }
  return ok(check, `The role ${role} may do what is needed; ${connections_left} connections are left for it`);
}

const SKEW_MS = { warn: 2_000, bad: 30_000 };

/** @param aheadMs of this process */
export function checkClocks(aheadMs: number, workers: MonitorView['workers']): Finding {
  const check = 'clocks';
  const clocks = [
    { name: 'this machine', ms: aheadMs },
    ...workers
      .filter(({ state, clock_ahead_ms }) => state === 'alive' && clock_ahead_ms !== null)
      .map(({ host, pid, clock_ahead_ms }) => ({ name: `process ${pid} on ${host}`, ms: clock_ahead_ms! })),
  ].toSorted((a, b) => Math.abs(b.ms) - Math.abs(a.ms));
  const wrong = clocks.filter(({ ms }) => Math.abs(ms) > SKEW_MS.warn);
  if (wrong.length === 0) {
    return ok(check, `All within ${Math.ceil(Math.abs(clocks[0]!.ms))} ms of the database`);
  }
  const failures = wrong.map(
    ({ name, ms }) =>
      `${name} is ${(Math.abs(ms) / 1000).toFixed(0)} s ${ms > 0 ? 'ahead of' : 'behind'} the database`,
  );
  const find = Math.abs(wrong[0]!.ms) > SKEW_MS.bad ? bad : warn;
  return find(
    check,
    failures.join(', '),
    'Ages and times are wrong by as much. Let a time service set the clocks',
  );
}

/** Of the embedded database. */
export const checkDisk = (disk: Reading<DiskSpace>): Finding[] =>
  findingsOf('disk', judgeDisk(disk, { bytes: null, growth: null }, HEALTH_LIMITS));

/** What Redis says that refuses, and what an operator does about it. */
const REDIS_ADVICE: [RegExp, string][] = [
  [
    /NOPERM/,
    'Let the user of REDIS_URL: ACL SETUSER <user> ~wattsync:* &wattsync:* +@read +@write +@scripting +@pubsub +ping',
  ],
  [/NOAUTH|WRONGPASS/, 'Correct user and password in REDIS_URL'],
  [/OOM/, 'It is full: raise maxmemory, or set maxmemory-policy allkeys-lru'],
  [/READONLY/, 'It is a replica: name its primary in REDIS_URL'],
  [
    /MOVED|CLUSTERDOWN|CROSSSLOT/,
    'It is a Redis Cluster, which is not supported: name a single Redis in REDIS_URL',
  ],
  [
    /unknown command/i,
    'It lacks a command: a Redis Sentinel is not supported, name the Redis itself in REDIS_URL',
  ],
  [/MISCONF/, 'It cannot save to its disk: see its log'],
];

/** @param redis `null`: none is configured */
export function checkRedis(redis: { ms: number } | { step: string; error: string } | null): Finding {
  const check = 'redis';
  if (!redis) return ok(check, 'Not configured (REDIS_URL)');
  if ('ms' in redis) return ok(check, `Writes, reads back and tells in ${Math.ceil(redis.ms)} ms`);
  const { step, error } = redis;
  const advice = REDIS_ADVICE.find(([said]) => said.test(error))?.[1] ?? 'Start it, or correct REDIS_URL';
  const what = step === 'connect' ? 'does not answer' : `does not do "${step}"`;
  return bad(check, `Redis ${what}: ${error}`, `Plans come from memory and PostgreSQL meanwhile. ${advice}`);
}

/** A few errors are a restart of Redis or a busy machine; many are a layer that does not work. */
const LAYER_ERRORS = { least: 5, few: 0.01, many: 0.5 };

export function checkLayers(layers: readonly LayerCounts[]): Finding {
  const check = 'cache';
  // The upstream has no other layer behind it: what it did not bring shows in the plans.
  const stored = layers.filter(({ layer }) => layer !== 'api');
  const shares = stored.map(({ layer, hits, misses, errors }) => ({
    layer,
    errors,
    share: errors / Math.max(1, hits + misses + errors),
  }));
  const full = stored.filter(({ refused_loads }) => refused_loads >= LAYER_ERRORS.least);
  const wrong = shares.filter(
    ({ errors, share }) => errors >= LAYER_ERRORS.least && share > LAYER_ERRORS.few,
  );
  if (wrong.length === 0 && full.length > 0) {
    const refusals = full.map(({ layer, refused_loads }) => `${layer} ${plural(refused_loads, 'time')}`);
    return warn(
      check,
      `Layers took no plan sets within the hour: ${refusals.join(', ')}`,
      'It may be full, or not for writing',
      'npm run doctor',
    );
  }
  if (wrong.length === 0) return ok(check, 'No layer failed within the hour');
  const failures = wrong.map(
    ({ layer, errors, share }) => `${layer} ${plural(errors, 'time')} (${percentText(share)} of its reads)`,
  );
  const find = wrong.some(({ share }) => share >= LAYER_ERRORS.many) ? bad : warn;
  const advice = 'The next layer answers instead. If its contents are broken: npm run cache:clear -- --all';
  return find(check, `Layers failed within the hour: ${failures.join(', ')}`, advice, 'npm run cache:stats');
}

const REJECTED_SHARE = 0.05;
const GROWTH = { least: 10, factor: 2 };

/** Records that cannot become plans: a few are normal, many mean that the upstream has changed. */
export function checkRecords({ tdsps }: Pick<MonitorView, 'tdsps'>, growth: QuarantineGrowth): Finding {
  const check = 'records';
  const many = tdsps.flatMap(({ name, last_result }) => {
    const { seen = 0, rejected = 0 } = last_result?.plans ?? {};
    return rejected > 0 && rejected >= (seen + rejected) * REJECTED_SHARE ? [`${name} ${rejected}`] : [];
  });
  const { last_day, per_day_before, most_frequent } = growth;
  const isGrowing = last_day >= GROWTH.least && last_day > per_day_before * GROWTH.factor;
  if (many.length === 0 && !isGrowing) {
    return ok(check, `${plural(last_day, 'record')} rejected for the first time within a day`);
  }
  const why = most_frequent ? `, mostly ${most_frequent.field}: ${most_frequent.reason}` : '';
  const message = [
    ...(isGrowing
      ? [`${last_day} new rejected records within a day (${per_day_before.toFixed(1)} a day before)${why}`]
      : []),
    ...(many.length > 0 ? [`many records were rejected: ${many.join(', ')}`] : []),
  ].join('; ');
  return warn(check, message, 'They and their reasons are in the table quarantined_records');
}

export function checkFields(drift: readonly { source: string; field: string }[]): Finding {
  const check = 'fields';
  if (drift.length === 0) return ok(check, 'The upstream did not change its fields within the week');
  const fields = drift.map(({ source, field }) => `${source} ${field}`).join(', ');
  const advice = 'Nothing breaks by itself; see whether one of them is worth reading (+) or is missed (-)';
  return warn(check, `Fields that came (+) or went (-) within the week: ${fields}`, advice);
}
