/**
 * The environment, read once and checked whole: all bad variables are reported together, each by its name.
 *
 * Written by hand and not with zod: loading zod costs a one-shot command some 40 ms, more than it takes to answer.
 */

import { resolve } from 'node:path';
import { type FieldProblem, WattsyncError } from './errors.ts';

/** A text that never shows itself in a log, an error or JSON. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '***';
  }
  toJSON(): string {
    return '***';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '***';
  }
}

/** What a process of `start` does: answer, sync, keep the times. */
export const ROLES = ['web', 'worker', 'scheduler'] as const;
export type Role = (typeof ROLES)[number];

const PLAN_SOURCES = ['comparepower', 'powertochoose', 'sandbox'] as const;
/** A hundred years. */
const FOREVER_DAYS = 36_500;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** How long something is kept before maintenance removes it. */
export interface Retention {
  apiCallsDays: number;
  runsDays: number;
  quarantineDays: number;
  /** What upstreams sent; what is needed stays longer. */
  payloadsDays: number;
  cacheStatsDays: number;
  queryStatsDays: number;
  databaseReadingsDays: number;
  demandDays: number;
  auditDays: number;
  /** What processes tell each other: clears, permits, who is there. */
  signalsDays: number;
  /** So many whole months of history besides the one that runs; `null`: all of it. */
  historyMonths: number | null;
}

export interface Config {
  /** `null`: embedded PostgreSQL under `dataDir`. */
  databaseUrl: Secret | null;
  /** Absolute. */
  dataDir: string;
  planSource: (typeof PLAN_SOURCES)[number];
  comparepower: {
    /** `null` with the sandbox: one is started inside the process. */
    url: string | null;
    apiKey: Secret | null;
    apiKeyHeader: string;
  };
  powertochoose: { csv: string | null };
  syncIntervalMs: number;
  schedules: Schedules;
  /** How old the plans of a city may be, by its tier. */
  freshnessTargetHours: { 1: number; 2: number; 3: number };
  /** So many times that age is a warning, and an error. */
  freshnessWarnFactor: number;
  freshnessErrorFactor: number;
  batchSize: number;
  batchDelayMs: number;
  maxConcurrentRequests: number;
  cacheTtlHours: number;
  /** `null`: plan sets come from memory and PostgreSQL alone. */
  redisUrl: Secret | null;
  cacheMemoryTtlMinutes: number;
  cacheMemoryMaxMb: number;
  cacheRedisTtlMinutes: number;
  apiRateLimitPerSecond: number;
  apiCallBudgetPerHour: number;
  /** Of these calls at most so many may be forced ones. */
  emergencyCallBudgetPerHour: number;
  /** `null`: there are no admin routes. */
  adminToken: Secret | null;
  /** False: nothing tunes the database by itself, `db:optimize` does when it is told to. */
  enableQueryOptimization: boolean;
  retention: Retention;
  host: string;
  port: number;
  logLevel: (typeof LOG_LEVELS)[number];
}

/** Cron expressions of five fields, in `timeZone`; `null`: switched off. */
export interface Schedules {
  priority: string | null;
  full: string | null;
  maintenance: string | null;
  timeZone: string;
}

/** The environment cannot be used. Names every variable at fault. */
export class ConfigError extends WattsyncError {
  readonly code = 'config_invalid';
  readonly retryable = false;
  readonly problems: FieldProblem[];

  constructor(problems: FieldProblem[]) {
    const lines = problems.map((problem) => `  ${problem.field}: ${problem.message}`);
    super(
      `The environment has ${problems.length === 1 ? 'a bad variable' : `${problems.length} bad variables`}:\n${lines.join('\n')}`,
    );
    this.problems = problems;
  }
}

export type Environment = Record<string, string | undefined>;

/** Reads one variable at a time and remembers what was wrong, so that all of it can be told at once. */
class Reader {
  readonly problems: FieldProblem[] = [];
  readonly #env: Environment;

  constructor(env: Environment) {
    this.#env = env;
  }

  /** An empty value counts as unset, as in most shells' `VAR= command`. */
  text(name: string): string | null {
    const value = this.#env[name]?.trim();
    return value === undefined || value === '' ? null : value;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === null) return fallback;
    if (/^\d{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    return this.bad(name, `"${value}" is no whole number from ${min} to ${max}`, fallback);
  }

  decimal(name: string, fallback: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === null) return fallback;
    if (/^\d{1,9}(\.\d+)?$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    return this.bad(name, `"${value}" is no number from ${min} to ${max}`, fallback);
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.text(name);
    if (value === null) return fallback;
    const chosen = choices.find((choice) => choice === value.toLowerCase());
    return chosen ?? this.bad(name, `"${value}" is none of ${choices.join(', ')}`, fallback);
  }

  url(name: string, protocols: readonly string[], shown: 'shown' | 'secret' = 'shown'): string | null {
    const value = this.text(name);
    if (value === null) return null;
    const wanted = `expected an address that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
    if (!URL.canParse(value) || !protocols.includes(new URL(value).protocol)) {
      return this.bad(
        name,
        shown === 'shown' ? `"${value}" is no address: ${wanted}` : `is no address: ${wanted}`,
        null,
      );
    }
    return value.replace(/\/+$/, '');
  }

  /** `off` switches a schedule off. */
  cron(name: string, fallback: string): string | null {
    const value = this.text(name)?.replace(/\s+/g, ' ') ?? fallback;
    if (value.toLowerCase() === 'off') return null;
    if (/^([\d*,/LW#A-Za-z-]+ ){4}[\d*,/LW#A-Za-z-]+$/.test(value)) return value;
    return this.bad(
      name,
      `"${value}" is no cron expression of five fields, for example "0 2 * * *", nor "off"`,
      null,
    );
  }

  timeZone(name: string, fallback: string): string {
    const value = this.text(name) ?? fallback;
    // Asking costs 11 ms, in every command; of the usual one it is known.
    if (value === fallback) return fallback;
    try {
      return new Intl.DateTimeFormat('en-US', { timeZone: value }).resolvedOptions().timeZone;
    } catch {
      return this.bad(name, `"${value}" is no time zone, for example America/Chicago`, fallback);
    }
  }

  bad<T>(field: string, message: string, fallback: T): T {
    this.problems.push({ field, message });
    return fallback;
  }
}

const secret = (value: string | null): Secret | null => (value === null ? null : new Secret(value));

const MINUTE_MS = 60_000;

/** The interval as a cron expression; `null` where none says it: intervals that do not divide an hour or a day. */
function everyMs(ms: number): string | null {
  const minutes = ms / MINUTE_MS;
  if (!Number.isInteger(minutes) || minutes < 1) return null;
  if (minutes < 60) return 60 % minutes === 0 ? `*/${minutes} * * * *` : null;
  const hours = minutes / 60;
  if (!Number.isInteger(hours) || 24 % hours !== 0) return null;
  return hours === 1 ? '0 * * * *' : hours === 24 ? '0 0 * * *' : `0 */${hours} * * *`;
}

function readSchedules(read: Reader, syncIntervalMs: number): Schedules {
  const byInterval = everyMs(syncIntervalMs);
  if (byInterval === null && read.text('SYNC_SCHEDULE_PRIORITY') === null) {
    read.bad(
      'SYNC_INTERVAL_MS',
      `${syncIntervalMs} is no interval that a clock can keep: expected whole minutes that divide an hour, ` +
        'or whole hours that divide a day, such as 3600000; or set SYNC_SCHEDULE_PRIORITY',
      null,
    );
  }
  return {
    priority: read.cron('SYNC_SCHEDULE_PRIORITY', byInterval ?? 'off'),
    full: read.cron('SYNC_SCHEDULE_FULL', '0 2 * * *'),
    maintenance: read.cron('MAINTENANCE_SCHEDULE', '0 3 * * 0'),
    timeZone: read.timeZone('SCHEDULE_TIME_ZONE', 'America/Chicago'),
  };
}

/**
 * Reads and checks the environment.
 * @throws {ConfigError} with every bad variable
 */
export function readConfig(env: Environment, cwd: string = process.cwd()): Config {
  const read = new Reader(env);
  const comparepowerUrl = read.url('COMPAREPOWER_API_URL', ['http:', 'https:']);
  const planSource = read.choice('PLAN_SOURCE', PLAN_SOURCES, comparepowerUrl ? 'comparepower' : 'sandbox');
  const csv = read.text('POWERTOCHOOSE_CSV');
  if (planSource === 'comparepower' && read.text('COMPAREPOWER_API_URL') === null) {
    read.bad(
      'COMPAREPOWER_API_URL',
      'is needed with PLAN_SOURCE=comparepower, for example https://pricing.api.comparepower.com',
      null,
    );
  }
  if (planSource === 'powertochoose' && !csv) {
    read.bad(
      'POWERTOCHOOSE_CSV',
      "is needed with PLAN_SOURCE=powertochoose: the path or http(s) address of the state's plan export",
      null,
    );
  }
  const header = read.text('COMPAREPOWER_API_KEY_HEADER') ?? 'X-API-Key';
  if (!/^[A-Za-z0-9-]+$/.test(header)) {
    read.bad(
      'COMPAREPOWER_API_KEY_HEADER',
      `"${header}" is no header name: letters, digits and "-" only`,
      null,
    );
  }

  const syncIntervalMs = read.integer('SYNC_INTERVAL_MS', 3_600_000, MINUTE_MS, 7 * 86_400_000);
  const config: Config = {
    databaseUrl: secret(read.url('DATABASE_URL', ['postgres:', 'postgresql:'], 'secret')),
    dataDir: resolve(cwd, read.text('WATTSYNC_DATA_DIR') ?? '.wattsync'),
    planSource,
    comparepower: {
      url: comparepowerUrl,
      apiKey: secret(read.text('COMPAREPOWER_API_KEY')),
      apiKeyHeader: header,
    },
    powertochoose: { csv },
    syncIntervalMs,
    schedules: readSchedules(read, syncIntervalMs),
    freshnessTargetHours: {
      1: read.decimal('FRESHNESS_TARGET_TIER_1_HOURS', 1, 0.01, 24 * 365),
      2: read.decimal('FRESHNESS_TARGET_TIER_2_HOURS', 6, 0.01, 24 * 365),
      3: read.decimal('FRESHNESS_TARGET_TIER_3_HOURS', 24, 0.01, 24 * 365),
    },
    freshnessWarnFactor: read.decimal('FRESHNESS_WARN_FACTOR', 1.25, 1, 1_000),
    freshnessErrorFactor: read.decimal('FRESHNESS_ERROR_FACTOR', 3, 1, 1_000),
    batchSize: read.integer('BATCH_SIZE', 10, 1, 10_000),
    batchDelayMs: read.integer('BATCH_DELAY_MS', 2_000, 0, MINUTE_MS),
    maxConcurrentRequests: read.integer('MAX_CONCURRENT_REQUESTS', 5, 1, 1_000),
    cacheTtlHours: read.decimal('CACHE_TTL_HOURS', 2, 0.01, 24 * 365),
    redisUrl: secret(read.url('REDIS_URL', ['redis:', 'rediss:'], 'secret')),
    cacheMemoryTtlMinutes: read.decimal('CACHE_MEMORY_TTL_MINUTES', 30, 0.01, 60 * 24 * 365),
    cacheMemoryMaxMb: read.integer('CACHE_MEMORY_MAX_MB', 64, 1, 1 << 20),
    cacheRedisTtlMinutes: read.decimal('CACHE_REDIS_TTL_MINUTES', 60, 0.01, 60 * 24 * 365),
    apiRateLimitPerSecond: read.integer('API_RATE_LIMIT_PER_SECOND', 25, 1, 10_000),
    apiCallBudgetPerHour: read.integer('API_CALL_BUDGET_PER_HOUR', 50, 1, 1_000_000),
    emergencyCallBudgetPerHour: read.integer('EMERGENCY_CALL_BUDGET_PER_HOUR', 12, 1, 1_000_000),
    adminToken: secret(read.text('ADMIN_TOKEN')),
    enableQueryOptimization: read.choice('ENABLE_QUERY_OPTIMIZATION', ['true', 'false'], 'true') === 'true',
    retention: {
      apiCallsDays: read.integer('RETENTION_API_CALLS_DAYS', 90, 1, FOREVER_DAYS),
      runsDays: read.integer('RETENTION_RUNS_DAYS', 180, 1, FOREVER_DAYS),
      quarantineDays: read.integer('RETENTION_QUARANTINE_DAYS', 90, 1, FOREVER_DAYS),
      payloadsDays: read.integer('RETENTION_PAYLOADS_DAYS', 90, 1, FOREVER_DAYS),
      cacheStatsDays: read.integer('RETENTION_CACHE_STATS_DAYS', 8, 1, FOREVER_DAYS),
      queryStatsDays: read.integer('RETENTION_QUERY_STATS_DAYS', 2, 1, FOREVER_DAYS),
      databaseReadingsDays: read.integer('RETENTION_DATABASE_READINGS_DAYS', 90, 1, FOREVER_DAYS),
      demandDays: read.integer('RETENTION_DEMAND_DAYS', 90, 30, FOREVER_DAYS),
      auditDays: read.integer('RETENTION_AUDIT_DAYS', 365, 1, FOREVER_DAYS),
      // Processes look back a day.
      signalsDays: read.integer('RETENTION_SIGNALS_DAYS', 7, 2, FOREVER_DAYS),
      historyMonths:
        read.text('RETENTION_HISTORY_MONTHS') === null
          ? null
          : // Not less: what was dropped by a slip of the pen does not come back.
            read.integer('RETENTION_HISTORY_MONTHS', 13, 13, 1_200),
    },
    host: read.text('HOST') ?? '127.0.0.1',
    port: read.integer('PORT', 3000, 0, 65_535),
    logLevel: read.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
  };
  if (config.freshnessErrorFactor < config.freshnessWarnFactor) {
    read.bad(
      'FRESHNESS_ERROR_FACTOR',
      `${config.freshnessErrorFactor} is less than FRESHNESS_WARN_FACTOR (${config.freshnessWarnFactor}): a warning comes first`,
      null,
    );
  }
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return config;
}
