/**
 * The variables of the environment: what holds where one is unset, which values it takes, and what it means. A test
 * compares this table with the one in README.md.
 *
 * By hand and not with zod: loading zod costs a one-shot command some 40 ms, more than it takes to answer.
 */

import { oneOf, plainNumber, type Reader, wholeNumber } from './readers.ts';
import { HOUR_MS } from './units.ts';

export interface Variable<T> extends Reader<T> {
  meaning: string;
  /** What holds where it is unset. */
  unset: T;
  /** Its value is a secret or may hold one, so no message repeats it. */
  isSecret?: true;
}

const text = <T extends string | null>(unset: T, meaning: string): Variable<string | T> => ({
  meaning,
  unset,
  expected: 'a text',
  read: (given) => given,
});

const whole = <T extends number | null>(
  unset: T,
  min: number,
  max: number,
  meaning: string,
): Variable<number | T> => ({ meaning, unset, ...wholeNumber(min, max) });

const decimal = (unset: number, min: number, max: number, meaning: string): Variable<number> => ({
  meaning,
  unset,
  ...plainNumber(min, max),
});

const choice = <T extends string, U extends T | null>(
  unset: U,
  choices: readonly T[],
  meaning: string,
): Variable<T | U> => ({ meaning, unset, ...oneOf(choices) });

const address = (protocols: readonly string[], meaning: string): Variable<string | null> => ({
  meaning,
  unset: null,
  expected: `an address that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  read: (given) =>
    URL.canParse(given) && protocols.includes(new URL(given).protocol)
      ? given.replace(/\/+$/, '')
      : undefined,
});

const secret = <T>(variable: Variable<T>): Variable<T> => ({ ...variable, isSecret: true });

const cron = <T extends string | null>(unset: T, meaning: string): Variable<string | T> => ({
  meaning,
  unset,
  expected: 'a cron expression of five fields, for example "0 2 * * *", or "off"',
  read: (given) => {
    const value = given.replace(/\s+/g, ' ');
    if (value.toLowerCase() === 'off') return 'off';
    return /^([\d*,/LW#A-Za-z-]+ ){4}[\d*,/LW#A-Za-z-]+$/.test(value) ? value : undefined;
  },
});

const timeZone = (unset: string, meaning: string): Variable<string> => ({
  meaning,
  unset,
  expected: `a time zone, for example ${unset}`,
  read: (given) => {
    try {
      return new Intl.DateTimeFormat('en-US', { timeZone: given }).resolvedOptions().timeZone;
    } catch {
      return undefined;
    }
  },
});

const headerName = (unset: string, meaning: string): Variable<string> => ({
  meaning,
  unset,
  expected: 'a header name of letters, digits and "-"',
  read: (given) => (/^[A-Za-z0-9-]+$/.test(given) ? given : undefined),
});

const PLAN_SOURCES = ['comparepower', 'powertochoose', 'sandbox'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const MINUTE_MS = 60_000;
const YEAR_HOURS = 24 * 365;
const YEAR_MINUTES = 60 * YEAR_HOURS;
/** A hundred years. */
const FOREVER_DAYS = 36_500;
const days = (unset: number, meaning: string, atLeast = 1) => whole(unset, atLeast, FOREVER_DAYS, meaning);

export const VARIABLES = {
  DATABASE_URL: secret(address(['postgres:', 'postgresql:'], 'your own PostgreSQL; unset, an embedded one')),
  WATTSYNC_DATA_DIR: text(
    '.wattsync',
    'folder of the embedded PostgreSQL, shared by all processes that name it',
  ),
  PLAN_SOURCE: choice(null, PLAN_SOURCES, '`comparepower`, `powertochoose` or `sandbox`'),
  COMPAREPOWER_API_URL: address(['http:', 'https:'], 'for example `https://pricing.api.comparepower.com`'),
  COMPAREPOWER_API_KEY: secret(text(null, 'sent where set')),
  COMPAREPOWER_API_KEY_HEADER: headerName('X-API-Key', 'the header it is sent in'),
  POWERTOCHOOSE_CSV: text(null, "path or http(s) address of the state's plan export"),
  SYNC_INTERVAL_MS: whole(
    HOUR_MS,
    MINUTE_MS,
    168 * HOUR_MS,
    'time between priority syncs; plans younger than half of it are fresh',
  ),
  SYNC_SCHEDULE_PRIORITY: cron(null, 'five cron fields, or `off`'),
  SYNC_SCHEDULE_FULL: cron('0 2 * * *', 'the full sync; five cron fields, or `off`'),
  MAINTENANCE_SCHEDULE: cron('0 3 * * 0', 'the weekly maintenance; five cron fields, or `off`'),
  SCHEDULE_TIME_ZONE: timeZone('America/Chicago', 'of all schedules'),
  FRESHNESS_TARGET_TIER_1_HOURS: decimal(1, 0.01, YEAR_HOURS, 'how old plans of the largest cities may be'),
  FRESHNESS_TARGET_TIER_2_HOURS: decimal(6, 0.01, YEAR_HOURS, 'how old plans of the next cities may be'),
  FRESHNESS_TARGET_TIER_3_HOURS: decimal(24, 0.01, YEAR_HOURS, 'how old plans of all other cities may be'),
  FRESHNESS_WARN_FACTOR: decimal(1.25, 1, 1_000, 'how many times that age is a warning'),
  FRESHNESS_ERROR_FACTOR: decimal(
    3,
    1,
    1_000,
    'how many times that age is an error: `freshness` and `doctor` fail',
  ),
  CACHE_TTL_HOURS: decimal(2, 0.01, YEAR_HOURS, 'life of the database cache; older plans are called stale'),
  ENABLE_QUERY_OPTIMIZATION: choice(
    'true',
    ['true', 'false'],
    '`false`: only `db:optimize` renews statistics and views',
  ),
  REDIS_URL: secret(address(['redis:', 'rediss:'], 'one Redis for all processes; without it all works too')),
  CACHE_MEMORY_TTL_MINUTES: decimal(
    30,
    0.01,
    YEAR_MINUTES,
    'how long a plan set in memory is used without asking the other layers',
  ),
  CACHE_MEMORY_MAX_MB: whole(64, 1, 1 << 20, 'plan sets that take more in memory are logged as a warning'),
  CACHE_REDIS_TTL_MINUTES: decimal(60, 0.01, YEAR_MINUTES, 'life of a plan set in Redis'),
  MAX_CONCURRENT_REQUESTS: whole(5, 1, 1_000, 'upstream calls at once'),
  BATCH_SIZE: whole(10, 1, 10_000, 'upstream calls, of all processes, between two pauses'),
  BATCH_DELAY_MS: whole(2_000, 0, MINUTE_MS, 'how long such a pause is'),
  API_RATE_LIMIT_PER_SECOND: whole(25, 1, 10_000, 'upstream calls a second'),
  API_CALL_BUDGET_PER_HOUR: whole(
    50,
    1,
    1_000_000,
    'upstream calls an hour, of all processes on one database',
  ),
  EMERGENCY_CALL_BUDGET_PER_HOUR: whole(12, 1, 1_000_000, 'how many of these may be forced (`--force`)'),
  ADMIN_TOKEN: secret(text(null, 'opens the admin routes; unset, `start` on loopback makes and prints one')),
  HOST: text('127.0.0.1', 'where the API listens'),
  PORT: whole(3000, 0, 65_535, 'the port it listens on; 0 takes any free one'),
  LOG_LEVEL: choice('info', LOG_LEVELS, '`trace` to `fatal`, or `silent`'),
  RETENTION_API_CALLS_DAYS: days(90, 'calls of the upstream'),
  RETENTION_RUNS_DAYS: days(180, 'runs with their results and attempts'),
  RETENTION_QUARANTINE_DAYS: days(90, 'rejected records that have been read since, or no longer come'),
  RETENTION_PAYLOADS_DAYS: days(90, 'bodies that upstreams sent, for `replay`'),
  RETENTION_CACHE_STATS_DAYS: days(8, 'cache figures by the minute'),
  RETENTION_QUERY_STATS_DAYS: days(2, 'statement figures by the minute'),
  RETENTION_DATABASE_READINGS_DAYS: days(90, "PostgreSQL's counters every ten minutes"),
  // The priorities look back weeks.
  RETENTION_DEMAND_DAYS: days(90, 'what shoppers looked for, by city and hour', 30),
  RETENTION_AUDIT_DAYS: days(365, 'who stopped, resumed or forced what'),
  // Processes look back a day.
  RETENTION_SIGNALS_DAYS: days(7, 'what processes tell each other (clears, permits, who is there)', 2),
  // At least a year and a month: what a typing error drops does not come back.
  RETENTION_HISTORY_MONTHS: whole(
    null,
    13,
    1_200,
    'whole months of the price history; unset, all of it stays',
  ),
};

export type VariableName = keyof typeof VARIABLES;
export type Values = {
  [Name in VariableName]: (typeof VARIABLES)[Name] extends Variable<infer T> ? T : never;
};
