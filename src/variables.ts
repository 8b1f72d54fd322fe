/**
 * The variables of the environment: what holds where one is unset, which values it takes, and what it means. A test
 * compares this table with the one in README.md.
 *
 * By hand and not with zod: loading zod costs a one-shot command some 40 ms, more than it takes to answer.
 */

import { plainNumber as decimal, oneOf, type Reader, wholeNumber as whole } from './readers.ts';
import { HOUR_MS } from './units.ts';

/** `secret`: its value is one or may hold one, so no message repeats it. */
export type Variable = readonly [unset: unknown, reader: Reader<unknown>, meaning: string, secret?: 'secret'];

const text: Reader<string> = { expected: 'a text', read: (given) => given };

const address = (...protocols: string[]): Reader<string> => ({
  expected: `an address that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  read: (given) =>
    URL.canParse(given) && protocols.includes(new URL(given).protocol)
      ? given.replace(/\/+$/, '')
      : undefined,
});

const cron: Reader<string> = {
  expected: 'a cron expression of five fields, for example "0 2 * * *", or "off"',
  read: (given) => {
    const value = given.replace(/\s+/g, ' ');
    if (value.toLowerCase() === 'off') return 'off';
    return /^([\d*,/LW#A-Za-z-]+ ){4}[\d*,/LW#A-Za-z-]+$/.test(value) ? value : undefined;
  },
};

const timeZone: Reader<string> = {
  expected: 'a time zone, for example America/Chicago',
  read: (given) => {
    try {
      return new Intl.DateTimeFormat('en-US', { timeZone: given }).resolvedOptions().timeZone;
    } catch {
      return undefined;
    }
  },
};

const headerName: Reader<string> = {
  expected: 'a header name of letters, digits and "-"',
  read: (given) => (/^[A-Za-z0-9-]+$/.test(given) ? given : undefined),
};

/** `{"Origin":"https://…"}`; what HTTP itself sets is not for settings. */
const headers: Reader<Readonly<Record<string, string>>> = {
  expected:
    'a JSON object of header names and texts, for example {"Origin":"https://orders.example.com"}, without those HTTP sets itself',
  read: (given) => {
    try {
      const value: unknown = JSON.parse(given);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
      const entries = Object.entries(value);
      return entries.every(([name, text]) => isHeader(name, text)) ? Object.fromEntries(entries) : undefined;
    } catch {
      return undefined;
    }
  },
};

function isHeader(name: string, text: unknown): boolean {
  if (!/^[A-Za-z0-9-]{1,100}$/.test(name)) return false;
  if (/^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|if-.*)$/i.test(name))
    return false;
  return typeof text === 'string' && /^[\x20-\x7e]{1,2000}$/.test(text);
}

const userAgent: Reader<string> = {
  expected: 'a text of plain characters, at most 300',
  read: (given) => (/^[\x20-\x7e]{1,300}$/.test(given) ? given : undefined),
};

const PLAN_SOURCES = ['comparepower', 'powertochoose', 'sandbox'] as const;
const STRATEGIES = ['schedule', 'even', 'sentinel', 'learned', 'census', 'auto'] as const;
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const MINUTE_MS = 60_000;
const YEAR_HOURS = 24 * 365;
const YEAR_MINUTES = 60 * YEAR_HOURS;
/** A hundred years at most. */
const days = (atLeast = 1) => whole(atLeast, 36_500);

export const VARIABLES = {
  DATABASE_URL: [
    null,
    address('postgres:', 'postgresql:'),
    'your own PostgreSQL; unset, an embedded one',
    'secret',
  ],
  WATTSYNC_DATA_DIR: [
    '.wattsync',
    text,
    'folder of the embedded PostgreSQL, shared by all processes that name it',
  ],
  PLAN_SOURCE: [null, oneOf(PLAN_SOURCES), '`comparepower`, `powertochoose` or `sandbox`'],
  COMPAREPOWER_API_URL: [
    null,
    address('http:', 'https:'),
    'for example `https://pricing.api.comparepower.com`',
  ],
  COMPAREPOWER_API_KEY: [null, text, 'sent where set', 'secret'],
  COMPAREPOWER_API_KEY_HEADER: ['X-API-Key', headerName, 'the header it is sent in'],
  COMPAREPOWER_HEADERS: [null, headers, 'more headers of each call, as a JSON object', 'secret'],
  POWERTOCHOOSE_CSV: [
    null,
    text,
    "path or http(s) address of the state's plan export; unset, the state's own address, once a day",
  ],
  POWERTOCHOOSE_USER_AGENT: [
    'Mozilla/5.0 (compatible; wattsync)',
    userAgent,
    "the name calls of the state's site give; it refuses those of programs",
  ],
  SYNC_INTERVAL_MS: [
    HOUR_MS,
    whole(MINUTE_MS, 168 * HOUR_MS),
    'time between priority syncs; plans younger than half of it are fresh',
  ],
  REFRESH_STRATEGY: [
    'auto',
    oneOf(STRATEGIES),
    'what is looked at between the schedules: nothing (`schedule`), all in turn (`even`), one set often (`sentinel`), by the learned model, all every ten minutes (`census`); `auto`: learned where it has proven itself, else `even`',
  ],
  REFRESH_CALLS_PER_HOUR: [
    6,
    decimal(0, 1_000),
    'upstream calls an hour, on average over a week, that these looks may make beside the schedules',
  ],
  SYNC_SCHEDULE_PRIORITY: [null, cron, 'five cron fields, or `off`'],
  SYNC_SCHEDULE_FULL: ['0 2 * * *', cron, 'the full sync; five cron fields, or `off`'],
  MAINTENANCE_SCHEDULE: ['0 3 * * 0', cron, 'the weekly maintenance; five cron fields, or `off`'],
  SCHEDULE_TIME_ZONE: ['America/Chicago', timeZone, 'of all schedules'],
  FRESHNESS_TARGET_TIER_1_HOURS: [1, decimal(0.01, YEAR_HOURS), 'how old plans of the largest cities may be'],
  FRESHNESS_TARGET_TIER_2_HOURS: [6, decimal(0.01, YEAR_HOURS), 'how old plans of the next cities may be'],
  FRESHNESS_TARGET_TIER_3_HOURS: [24, decimal(0.01, YEAR_HOURS), 'how old plans of all other cities may be'],
  FRESHNESS_WARN_FACTOR: [1.25, decimal(1, 1_000), 'how many times that age is a warning'],
  FRESHNESS_ERROR_FACTOR: [
    3,
    decimal(1, 1_000),
    'how many times that age is an error: `freshness` and `doctor` fail',
  ],
  CACHE_TTL_HOURS: [2, decimal(0.01, YEAR_HOURS), 'life of the database cache; older plans are called stale'],
  ENABLE_QUERY_OPTIMIZATION: [
    'true',
    oneOf(['true', 'false']),
    '`false`: only `db:optimize` renews statistics and views',
  ],
  REDIS_URL: [
    null,
    address('redis:', 'rediss:'),
    'one Redis for all processes; without it all works too',
    'secret',
  ],
  CACHE_MEMORY_TTL_MINUTES: [
    30,
    decimal(0.01, YEAR_MINUTES),
    'how long a plan set in memory is used without asking the other layers',
  ],
  CACHE_MEMORY_MAX_MB: [64, whole(1, 1 << 20), 'plan sets that take more in memory are logged as a warning'],
  CACHE_REDIS_TTL_MINUTES: [60, decimal(0.01, YEAR_MINUTES), 'life of a plan set in Redis'],
  MAX_CONCURRENT_REQUESTS: [5, whole(1, 1_000), 'upstream calls at once'],
  BATCH_SIZE: [10, whole(1, 10_000), 'upstream calls, of all processes, between two pauses'],
  BATCH_DELAY_MS: [2_000, whole(0, MINUTE_MS), 'how long such a pause is'],
  API_RATE_LIMIT_PER_SECOND: [25, whole(1, 10_000), 'upstream calls a second'],
  API_CALL_BUDGET_PER_HOUR: [
    50,
    whole(1, 1_000_000),
    'upstream calls an hour, of all processes on one database',
  ],
  EMERGENCY_CALL_BUDGET_PER_HOUR: [12, whole(1, 1_000_000), 'how many of these may be forced (`--force`)'],
  ADMIN_TOKEN: [
    null,
    text,
    'opens the admin routes; unset, `start` on loopback makes and prints one',
    'secret',
  ],
  HOST: ['127.0.0.1', text, 'where the API listens'],
  PORT: [3000, whole(0, 65_535), 'the port it listens on; 0 takes any free one'],
  PUBLIC_URL: [
    null,
    address('http:', 'https:'),
    'where the pages are reached from outside, for their canonical addresses',
  ],
  LOG_LEVEL: ['info', oneOf(LOG_LEVELS), '`trace` to `fatal`, or `silent`'],
  RETENTION_API_CALLS_DAYS: [90, days(), 'calls of the upstream'],
  RETENTION_RUNS_DAYS: [180, days(), 'runs with their results and attempts'],
  RETENTION_QUARANTINE_DAYS: [90, days(), 'rejected records that have been read since, or no longer come'],
  RETENTION_PAYLOADS_DAYS: [90, days(), 'bodies that upstreams sent, for `replay`'],
  RETENTION_CACHE_STATS_DAYS: [8, days(), 'cache figures by the minute'],
  RETENTION_QUERY_STATS_DAYS: [2, days(), 'statement figures by the minute'],
  RETENTION_DATABASE_READINGS_DAYS: [90, days(), "PostgreSQL's counters every ten minutes"],
  // The priorities look back weeks.
  RETENTION_DEMAND_DAYS: [90, days(30), 'what shoppers looked for, by city and hour'],
  RETENTION_AUDIT_DAYS: [365, days(), 'who stopped, resumed or forced what'],
  // Processes look back a day.
  RETENTION_SIGNALS_DAYS: [7, days(2), 'what processes tell each other (clears, permits, who is there)'],
  // At least a year and a month: what a typing error drops does not come back.
  RETENTION_HISTORY_MONTHS: [
    null,
    whole(13, 1_200),
    'whole months of the price history; unset, all of it stays',
  ],
} satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;
export type Values = {
  [Name in VariableName]: (typeof VARIABLES)[Name] extends readonly [
    infer Unset,
    Reader<infer T>,
    ...unknown[],
  ]
    ? T | Extract<Unset, null>
    : never;
};
