/**
 * The variables of the environment: what holds where one is unset, which values it takes, and what it means. A test
 * compares this table with the one in README.md.
 *
 * By hand and not with zod: loading zod costs a one-shot command some 40 ms, more than it takes to answer.
 */

import { plainNumber as decimal, oneOf, type Reader, severalOf, wholeNumber as whole } from './readers.ts';
import { HOUR_MS } from './units.ts';
import {
  address,
  adminTokens,
  cipherKey,
  cron,
  exportPlace,
  headerName,
  headers,
  headerValue,
  key,
  mailAddress,
  proxies,
  text,
  timeZone,
  upstream,
  userAgent,
  webhookSecret,
} from './variable-readers.ts';

/** `secret`: its value is one or may hold one, so no message repeats it. */
export type Variable = readonly [unset: unknown, reader: Reader<unknown>, meaning: string, secret?: 'secret'];

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
  DATABASE_URL_DIRECT: [
    null,
    address('postgres:', 'postgresql:'),
    'PostgreSQL itself, where `DATABASE_URL` leads to a pooler: then only what readers ask goes through the pooler',
    'secret',
  ],
  DATABASE_POOL_SIZE: [
    24,
    whole(2, 500),
    'connections of one process for its own statements; see [operations](docs/operations.md) for the sum',
  ],
  WATTSYNC_DATA_DIR: [
    '.wattsync',
    text,
    'folder of the embedded PostgreSQL, shared by all processes that name it',
  ],
  PLAN_SOURCE: [null, oneOf(PLAN_SOURCES), '`comparepower`, `powertochoose` or `sandbox`'],
  COMPAREPOWER_API_URL: [
    null,
    upstream(false),
    'for example `https://pricing.api.comparepower.com`',
    'secret',
  ],
  COMPAREPOWER_API_KEY: [null, headerValue, 'sent where set', 'secret'],
  COMPAREPOWER_API_KEY_HEADER: ['X-API-Key', headerName, 'the header it is sent in'],
  COMPAREPOWER_HEADERS: [null, headers, 'more headers of each call, as a JSON object', 'secret'],
  POWERTOCHOOSE_CSV: [
    null,
    exportPlace,
    "path or http(s) address of the state's plan export; unset, the state's own address, once a day",
    'secret',
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
  REFRESH_STRATEGY: ['auto', oneOf(STRATEGIES), 'looks between the schedules: see docs/refresh.md'],
  REFRESH_CALLS_PER_HOUR: [6, decimal(0, 1_000), 'calls an hour of these looks, on average over a week'],
  SYNC_SCHEDULE_PRIORITY: [null, cron, 'five cron fields, or `off`'],
  SYNC_SCHEDULE_FULL: ['0 2 * * *', cron, 'the full sync; five cron fields, or `off`'],
  MAINTENANCE_SCHEDULE: ['0 3 * * 0', cron, 'the weekly maintenance; five cron fields, or `off`'],
  EXPORT_SCHEDULE: [
    '20 1 * * *',
    cron,
    'when the exports of the day before are made; five cron fields, or `off`',
  ],
  EXPORT_SOURCES: [
    ['powertochoose', 'sandbox'],
    severalOf(PLAN_SOURCES),
    'whose plans are exported: `powertochoose`, `sandbox`, `comparepower` with commas between, or `none`',
  ],
  EXPORT_DIR: [null, text, 'folder of the exports; unset, `exports` in `WATTSYNC_DATA_DIR`'],
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
    adminTokens,
    'opens the admin routes: a token, or several as `name:role:token` with commas between; unset, `start` on loopback makes and prints one',
    'secret',
  ],
  TRUSTED_PROXIES: [
    ['loopback'],
    proxies,
    'whose `X-Forwarded-For` says who the client is: addresses, networks, `loopback`, `linklocal`, `uniquelocal`, or `none`',
  ],
  RATE_LIMIT_PER_MINUTE: [
    600,
    whole(1, 1_000_000),
    'questions of one client a minute to one process; plans of now are not counted',
  ],
  RATE_LIMIT_COSTLY_PER_MINUTE: [
    120,
    whole(1, 1_000_000),
    'of these, those about the past, the index, words, or as CSV',
  ],
  EVENTS_PER_MINUTE: [
    30,
    whole(1, 1_000_000),
    'events of one client a minute; with the key only their sum is bounded',
  ],
  EVENTS_KEY: [
    null,
    key,
    'if set, events need the header `Authorization: Bearer <EVENTS_KEY>`, so that only your own sites count',
    'secret',
  ],
  SECRETS_KEY: [
    null,
    cipherKey,
    'seals what is stored and must be read again (secrets of webhooks, addresses of price watches): `openssl rand -base64 32`',
    'secret',
  ],
  HOST: ['127.0.0.1', text, 'where the API listens'],
  PORT: [3000, whole(0, 65_535), 'the port it listens on; 0 takes any free one'],
  KEEP_ALIVE_SECONDS: [
    72,
    whole(1, 3_600),
    'how long an idle connection of a client stays open: longer than the balancer in front keeps it',
  ],
  SHUTDOWN_DELAY_MS: [
    0,
    whole(0, 5 * MINUTE_MS),
    'how long, after SIGTERM, new connections are let in while `/readyz` says 503 already',
  ],
  PUBLIC_URL: [
    null,
    address('http:', 'https:'),
    'where the pages are reached from outside, for their canonical addresses',
  ],
  LOG_REQUESTS: [
    0,
    decimal(0, 1),
    'share of the requests that get a line in the log: 0.01 is one of a hundred',
  ],
  FIELD_BEACON: [
    'false',
    oneOf(['true', 'false']),
    '`true`: browsers tell how fast pages were (LCP, INP, CLS by kind of page, nothing about who)',
  ],
  LOG_LEVEL: ['info', oneOf(LOG_LEVELS), '`trace` to `fatal`, or `silent`'],
  METRICS_PORT: [
    null,
    whole(0, 65_535),
    'the port of `/metrics` in a process without the role web; unset, none is opened',
  ],
  TRACING: [
    'off',
    oneOf(['on', 'off']),
    '`on`: spans for OpenTelemetry; its SDK is loaded with `NODE_OPTIONS=--import …`',
  ],
  ALERTS_FILE: [null, text, 'rules of the alerts; unset, `data/alerts.yaml`'],
  ALERT_WEBHOOK_URL: [null, address('http:', 'https:'), 'where alerts are posted to, signed', 'secret'],
  ALERT_WEBHOOK_SECRET: [null, webhookSecret, 'the key they are signed with (Standard Webhooks)', 'secret'],
  ALERT_SLACK_URL: [null, address('http:', 'https:'), 'an incoming webhook as Slack has them', 'secret'],
  ALERT_EMAIL_TO: [null, mailAddress, 'who gets pages by e-mail; needs `SMTP_URL`'],
  ALERT_EMAIL_FROM: ['wattsync@localhost', mailAddress, 'the sender of these mails'],
  WATCH_EMAIL_FROM: [
    null,
    mailAddress,
    'the sender of price watches by e-mail, which need `SMTP_URL`, `SECRETS_KEY` and `PUBLIC_URL`; unset, a watch is a private feed only',
  ],
  SMTP_URL: [null, address('smtp:', 'smtps:'), 'for example `smtp://user:password@host:587`', 'secret'],
  HEARTBEAT_URL: [
    null,
    address('http:', 'https:'),
    'called each minute after the alerts were evaluated: what misses it tells that nobody watches',
    'secret',
  ],
  RETENTION_FIGURES_DAYS: [30, days(), 'figures of the fleet by the minute'],
  RETENTION_FIGURES_HOURS_DAYS: [
    730,
    days(31),
    'figures of the fleet by the hour, and the history of the alerts',
  ],
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
  RETENTION_EXPORTS_DAYS: [400, days(32), 'exports of days and months'],
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
