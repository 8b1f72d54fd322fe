/**
 * The variables of the environment: what holds where one is unset, which values it takes, and what it means. A test
 * compares this table with the one in README.md.
 *
 * By hand and not with zod: loading zod costs a one-shot command some 40 ms, more than it takes to answer.
 */

import { isIP } from 'node:net';
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

/** An address that paths are put behind, or that is written down: nothing in it may be secret or come after the path. */
const upstream = (mayHaveQuery: boolean): Reader<string> => ({
  expected: `an http(s) address without user, password${mayHaveQuery ? '' : ', "?"'} or "#", for example https://pricing.api.comparepower.com (a key goes into COMPAREPOWER_API_KEY)`,
  read: (given) => {
    const known = address('http:', 'https:').read(given);
    if (known === undefined) return undefined;
    const { username, password, search } = new URL(given);
    const isClean = username === '' && password === '' && !given.includes('#');
    return isClean && (mayHaveQuery || (search === '' && !given.includes('?'))) ? known : undefined;
  },
});

/** A path, or an address. */
const exportPlace: Reader<string> = {
  expected: 'a path, or an http(s) address without user, password or "#"',
  read: (given) => (/^https?:/i.test(given) ? upstream(true).read(given) : given),
};

const headerValue: Reader<string> = {
  expected: 'a text of plain characters on one line',
  read: (given) => (/^[\x20-\x7e]{1,2000}$/.test(given) ? given : undefined),
};

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

/** As Standard Webhooks writes it: 24 to 64 bytes in base64. */
const webhookSecret: Reader<string> = {
  expected: 'whsec_ and 24 to 64 bytes in base64, for example from: echo whsec_$(openssl rand -base64 32)',
  read: (given) => (/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/.test(given) ? given : undefined),
};

const mailAddress: Reader<string> = {
  expected: 'a mail address, or several separated by commas',
  read: (given) =>
    given.split(',').every((one) => /^[^\s@,<>]+@[^\s@,<>]+$/.test(one.trim())) ? given : undefined,
};

const userAgent: Reader<string> = {
  expected: 'a text of plain characters, at most 300',
  read: (given) => (/^[\x20-\x7e]{1,300}$/.test(given) ? given : undefined),
};

const SHORTEST_KEY = 16;
const KEY = /^[\x21-\x2b\x2d-\x7e]{16,200}$/;
const KEY_TEXT = `${SHORTEST_KEY} to 200 characters without blanks and commas`;

const key: Reader<string> = {
  expected: `a key of ${KEY_TEXT}`,
  read: (given) => (KEY.test(given) ? given : undefined),
};

const ADMIN_ROLES = ['read', 'operate'] as const;
/** What a token allows: to look, or to change things, too. */
export type AdminRole = (typeof ADMIN_ROLES)[number];
interface NamedToken {
  /** Stands in the audit log. */
  name: string;
  role: AdminRole;
  token: string;
}
const NAMED_TOKEN = /^([a-z0-9][a-z0-9_-]{0,39}):(read|operate):(.*)$/is;

const adminTokens: Reader<readonly NamedToken[]> = {
  expected: `a token of ${KEY_TEXT}, or several as name:role:token with commas between, where the role is read or operate and every name and token differs`,
  read: (given) => {
    const texts = given.split(',').map((one) => one.trim());
    const tokens = texts.map((text): NamedToken => {
      const [, name, role, token] = NAMED_TOKEN.exec(text) ?? [];
      return name === undefined
        ? { name: 'admin', role: 'operate', token: text }
        : { name: name.toLowerCase(), role: role!.toLowerCase() as AdminRole, token: token! };
    });
    const areNamed = texts.length === 1 || texts.every((text) => NAMED_TOKEN.test(text));
    const differ = (values: string[]) => new Set(values).size === values.length;
    return areNamed &&
      tokens.every(({ token }) => KEY.test(token)) &&
      differ(tokens.map(({ name }) => name)) &&
      differ(tokens.map(({ token }) => token))
      ? tokens
      : undefined;
  },
};

const PROXY_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

const proxies: Reader<readonly string[]> = {
  expected:
    'addresses, networks such as 10.0.0.0/8, loopback, linklocal or uniquelocal, with commas between, or none',
  read: (given) => {
    const names = given.split(',').map((one) => one.trim());
    if (names.length === 1 && names[0]!.toLowerCase() === 'none') return [];
    return names.every((name) => PROXY_NAMES.includes(name) || isNetwork(name)) ? names : undefined;
  },
};

function isNetwork(text: string): boolean {
  const [address = '', bits = '0', ...more] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

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
