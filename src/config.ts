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

const PLAN_SOURCES = ['comparepower', 'powertochoose', 'sandbox'] as const;
/** A hundred years. */
const FOREVER_DAYS = 36_500;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** How many days something is kept before maintenance removes it. */
export interface Retention {
  apiCallsDays: number;
  runsDays: number;
  quarantineDays: number;
  cacheStatsDays: number;
  queryStatsDays: number;
  databaseReadingsDays: number;
  /** What processes tell each other: clears, permits, who is there. */
  signalsDays: number;
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
  maxConcurrentRequests: number;
  cacheTtlHours: number;
  /** `null`: plan sets come from memory and PostgreSQL alone. */
  redisUrl: Secret | null;
  cacheMemoryTtlMinutes: number;
  cacheMemoryMaxMb: number;
  cacheRedisTtlMinutes: number;
  apiRateLimitPerSecond: number;
  apiCallBudgetPerHour: number;
  /** False: nothing tunes the database by itself, `db:optimize` does when it is told to. */
  enableQueryOptimization: boolean;
  retention: Retention;
  host: string;
  port: number;
  logLevel: (typeof LOG_LEVELS)[number];
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

  bad<T>(field: string, message: string, fallback: T): T {
    this.problems.push({ field, message });
    return fallback;
  }
}

const secret = (value: string | null): Secret | null => (value === null ? null : new Secret(value));

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
    syncIntervalMs: read.integer('SYNC_INTERVAL_MS', 3_600_000, 1_000, 7 * 86_400_000),
    maxConcurrentRequests: read.integer('MAX_CONCURRENT_REQUESTS', 5, 1, 1_000),
    cacheTtlHours: read.decimal('CACHE_TTL_HOURS', 2, 0.01, 24 * 365),
    redisUrl: secret(read.url('REDIS_URL', ['redis:', 'rediss:'], 'secret')),
    cacheMemoryTtlMinutes: read.decimal('CACHE_MEMORY_TTL_MINUTES', 30, 0.01, 60 * 24 * 365),
    cacheMemoryMaxMb: read.integer('CACHE_MEMORY_MAX_MB', 64, 1, 1 << 20),
    cacheRedisTtlMinutes: read.decimal('CACHE_REDIS_TTL_MINUTES', 60, 0.01, 60 * 24 * 365),
    apiRateLimitPerSecond: read.integer('API_RATE_LIMIT_PER_SECOND', 25, 1, 10_000),
    apiCallBudgetPerHour: read.integer('API_CALL_BUDGET_PER_HOUR', 50, 1, 1_000_000),
    enableQueryOptimization: read.choice('ENABLE_QUERY_OPTIMIZATION', ['true', 'false'], 'true') === 'true',
    retention: {
      apiCallsDays: read.integer('RETENTION_API_CALLS_DAYS', 90, 1, FOREVER_DAYS),
      runsDays: read.integer('RETENTION_RUNS_DAYS', 180, 1, FOREVER_DAYS),
      quarantineDays: read.integer('RETENTION_QUARANTINE_DAYS', 90, 1, FOREVER_DAYS),
      cacheStatsDays: read.integer('RETENTION_CACHE_STATS_DAYS', 8, 1, FOREVER_DAYS),
      queryStatsDays: read.integer('RETENTION_QUERY_STATS_DAYS', 2, 1, FOREVER_DAYS),
      databaseReadingsDays: read.integer('RETENTION_DATABASE_READINGS_DAYS', 90, 1, FOREVER_DAYS),
      // Processes look back a day.
      signalsDays: read.integer('RETENTION_SIGNALS_DAYS', 7, 2, FOREVER_DAYS),
    },
    host: read.text('HOST') ?? '127.0.0.1',
    port: read.integer('PORT', 3000, 0, 65_535),
    logLevel: read.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
  };
  if (read.problems.length > 0) throw new ConfigError(read.problems);
  return config;
}
