/** The environment, read once and checked whole: all bad variables are reported together, each by its name. */

import { join, resolve } from 'node:path';
import { expected, type FieldProblem, keepSecret, WattsyncError } from './errors.ts';
import type { AdminRole } from './variable-readers.ts';
import { VARIABLES, type Values, type Variable, type VariableName } from './variables.ts';

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

/** One who may use the admin routes. */
export interface AdminToken {
  /** Stands in the audit log. */
  name: string;
  role: AdminRole;
  token: Secret;
}

function secret(text: string | null): Secret | null {
  if (text === null) return null;
  keepSecret(text);
  // What an address names as its password stands alone in what a server says.
  const password = URL.canParse(text) ? new URL(text).password : '';
  keepSecret(password);
  if (/^(?:[^%]|%[0-9a-f]{2})*$/i.test(password)) keepSecret(decodeURIComponent(password));
  return new Secret(text);
}

/** An `Origin` stands in links of an answer and in errors, where stars would hide what matters. */
export const isKeyName = (header: string): boolean => /auth|key|token|secret|cookie|pass/i.test(header);

/** The whole value, and what a server may repeat of it: of `Bearer abc` and of `session=abc` the `abc`. */
function keepHeader(text: string): void {
  keepSecret(text);
  for (const part of text.replace(/^\w+ /, '').split(/[\s;,]+/)) keepSecret(part.replace(/^[\w-]+=/, ''));
}

/** What a process of `start` does: answer, sync, keep the times. */
export const ROLES = ['web', 'worker', 'scheduler'] as const;
export type Role = (typeof ROLES)[number];

/** What `readConfig` makes of the environment; what a value means is said there. */
export type Config = ReturnType<typeof readConfig>;
/** How long things are kept before maintenance removes them. */
export type Retention = Config['retention'];
export type Schedules = Config['schedules'];

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

export type { AdminRole };
export type Environment = Record<string, string | undefined>;

type Report = (field: VariableName, message: string) => void;

/** Reads every variable by its row of the table; a bad one is reported, and counts as unset. */
function readValues(env: Environment, report: Report): Values {
  const readOne = ([name, [unset, reader, , secret]]: [string, Variable]) => {
    // An empty value counts as unset, as in most shells' `VAR= command`.
    const text = env[name]?.trim();
    if (text === undefined || text === '') return [name, unset];
    const value = reader.read(text);
    if (value !== undefined) return [name, value];
    report(name as VariableName, secret ? `expected ${reader.expected}` : expected(reader.expected, text));
    return [name, unset];
  };
  return Object.fromEntries(Object.entries(VARIABLES).map(readOne)) as Values;
}

/** The interval as a cron expression; `null` where none says it: intervals that do not divide an hour or a day. */
function everyMs(ms: number): string | null {
  const minutes = ms / 60_000;
  if (!Number.isInteger(minutes)) return null;
  if (minutes < 60) return 60 % minutes === 0 ? `*/${minutes} * * * *` : null;
  const hours = minutes / 60;
  if (!Number.isInteger(hours) || 24 % hours !== 0) return null;
  return hours === 1 ? '0 * * * *' : hours === 24 ? '0 0 * * *' : `0 */${hours} * * *`;
}

/** Cron expressions of five fields, in `timeZone`; `null`: switched off. */
function readSchedules(values: Values, report: Report) {
  const { SYNC_INTERVAL_MS, SYNC_SCHEDULE_PRIORITY } = values;
  const byInterval = everyMs(SYNC_INTERVAL_MS);
  if (byInterval === null && SYNC_SCHEDULE_PRIORITY === null) {
    const what =
      'whole minutes that divide an hour or whole hours that divide a day, such as 3600000, or SYNC_SCHEDULE_PRIORITY beside it';
    report('SYNC_INTERVAL_MS', expected(what, SYNC_INTERVAL_MS));
  }
  const schedule = (text: string | null) => (text === 'off' ? null : text);
  return {
    priority: schedule(SYNC_SCHEDULE_PRIORITY ?? byInterval),
    full: schedule(values.SYNC_SCHEDULE_FULL),
    maintenance: schedule(values.MAINTENANCE_SCHEDULE),
    export: schedule(values.EXPORT_SCHEDULE),
    timeZone: values.SCHEDULE_TIME_ZONE,
  };
}

/** The whole of Texas in one answer. */
const STATE_EXPORT = 'http://www.powertochoose.org/en-us/Plan/ExportToCsv';

/** The state's own site is asked once a day unless a variable says otherwise, and plans of yesterday are not stale. */
const ONCE_A_DAY = {
  SYNC_INTERVAL_MS: '86400000',
  REFRESH_STRATEGY: 'schedule',
  CACHE_TTL_HOURS: '36',
  FRESHNESS_TARGET_TIER_1_HOURS: '30',
  FRESHNESS_TARGET_TIER_2_HOURS: '30',
  FRESHNESS_TARGET_TIER_3_HOURS: '30',
} as const satisfies Partial<Record<VariableName, string>>;

function withDefaultsOfSource(env: Environment): Environment {
  const said = (name: VariableName) => env[name]?.trim() ?? '';
  if (said('PLAN_SOURCE').toLowerCase() !== 'powertochoose' || said('POWERTOCHOOSE_CSV') !== '') return env;
  const unset = Object.entries(ONCE_A_DAY).filter(([name]) => said(name as VariableName) === '');
  return Object.assign({}, env, Object.fromEntries(unset));
}

/** What no variable shows by itself. */
function checkTogether(planSource: NonNullable<Values['PLAN_SOURCE']>, values: Values, report: Report): void {
  if (planSource === 'comparepower' && values.COMPAREPOWER_API_URL === null) {
    const what = 'for example https://pricing.api.comparepower.com';
    report('COMPAREPOWER_API_URL', `is needed with PLAN_SOURCE=comparepower: ${what}`);
  }
  if (values.DATABASE_URL_DIRECT !== null && values.DATABASE_URL === null) {
    report(
      'DATABASE_URL_DIRECT',
      'is of use only beside a DATABASE_URL that names a pooler: set that, or unset this',
    );
  }
  if ((values.ALERT_WEBHOOK_URL === null) !== (values.ALERT_WEBHOOK_SECRET === null)) {
    const missing = values.ALERT_WEBHOOK_URL === null ? 'ALERT_WEBHOOK_URL' : 'ALERT_WEBHOOK_SECRET';
    report(missing, 'is needed: ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET go together');
  }
  if (values.ALERT_EMAIL_TO !== null && values.SMTP_URL === null) {
    report('SMTP_URL', 'is needed: ALERT_EMAIL_TO and SMTP_URL go together');
  }
  if (values.ALERT_EMAIL_TO === null && values.WATCH_EMAIL_FROM === null && values.SMTP_URL !== null) {
    const what = 'is needed: ALERT_EMAIL_TO or WATCH_EMAIL_FROM and SMTP_URL go together';
    report('ALERT_EMAIL_TO', what);
  }
  for (const name of values.WATCH_EMAIL_FROM === null
    ? []
    : (['SMTP_URL', 'SECRETS_KEY', 'PUBLIC_URL'] as const)) {
    if (values[name] === null) report(name, 'is needed: WATCH_EMAIL_FROM mails links that are signed');
  }
  const { FRESHNESS_WARN_FACTOR, FRESHNESS_ERROR_FACTOR } = values;
  if (FRESHNESS_ERROR_FACTOR < FRESHNESS_WARN_FACTOR) {
    const what = `at least FRESHNESS_WARN_FACTOR (${FRESHNESS_WARN_FACTOR}), because a warning comes first`;
    report('FRESHNESS_ERROR_FACTOR', expected(what, FRESHNESS_ERROR_FACTOR));
  }
}

/** Where alerts are told, beside the log; `null`: not there. */
function readAlertSettings(values: Values) {
  const { ALERTS_FILE, ALERT_WEBHOOK_URL, ALERT_WEBHOOK_SECRET, SMTP_URL, ALERT_EMAIL_TO } = values;
  return {
    /** `null`: those that come with the program. */
    rulesFile: ALERTS_FILE,
    webhook:
      ALERT_WEBHOOK_URL && ALERT_WEBHOOK_SECRET
        ? { url: new Secret(ALERT_WEBHOOK_URL), key: new Secret(ALERT_WEBHOOK_SECRET) }
        : null,
    slackUrl: secret(values.ALERT_SLACK_URL),
    email:
      SMTP_URL && ALERT_EMAIL_TO
        ? { smtpUrl: new Secret(SMTP_URL), to: ALERT_EMAIL_TO, from: values.ALERT_EMAIL_FROM }
        : null,
    heartbeatUrl: secret(values.HEARTBEAT_URL),
  };
}

/**
 * Reads and checks the environment.
 * @throws {ConfigError} with every bad variable
 */
export function readConfig(env: Environment, cwd: string = process.cwd()) {
  const problems: FieldProblem[] = [];
  const report: Report = (field, message) => {
    if (!problems.some((problem) => problem.field === field)) problems.push({ field, message });
  };
  const values = readValues(withDefaultsOfSource(env), report);
  const planSource = values.PLAN_SOURCE ?? (values.COMPAREPOWER_API_URL ? 'comparepower' : 'sandbox');
  const schedules = readSchedules(values, report);
  checkTogether(planSource, values, report);
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    /** `null`: embedded PostgreSQL under `dataDir`. */
    databaseUrl: secret(values.DATABASE_URL),
    /** PostgreSQL itself, where `databaseUrl` is a pooler's. */
    directUrl: secret(values.DATABASE_URL_DIRECT),
    databasePoolSize: values.DATABASE_POOL_SIZE,
    /** Absolute. */
    dataDir: resolve(cwd, values.WATTSYNC_DATA_DIR),
    exports: {
      /** Absolute. */
      folder: values.EXPORT_DIR
        ? resolve(cwd, values.EXPORT_DIR)
        : join(resolve(cwd, values.WATTSYNC_DATA_DIR), 'exports'),
      /** Whose plans may be given away. */
      sources: values.EXPORT_SOURCES,
    },
    planSource,
    comparepower: {
      /** `null` with the sandbox: one is started inside the process. */
      url: values.COMPAREPOWER_API_URL,
      apiKey: secret(values.COMPAREPOWER_API_KEY),
      apiKeyHeader: values.COMPAREPOWER_API_KEY_HEADER,
      /** Never shown: a header may be a key. */
      headers: Object.entries(values.COMPAREPOWER_HEADERS ?? {}).map(([name, text]) => {
        if (isKeyName(name)) keepHeader(text);
        return [name, new Secret(text)] as const;
      }),
    },
    powertochoose: {
      csv: values.POWERTOCHOOSE_CSV ?? STATE_EXPORT,
      userAgent: values.POWERTOCHOOSE_USER_AGENT,
    },
    syncIntervalMs: values.SYNC_INTERVAL_MS,
    schedules,
    refresh: {
      strategy: values.REFRESH_STRATEGY,
      /** Beside those of the schedules, on average over a week. A census makes its own. */
      callsPerHour: values.REFRESH_CALLS_PER_HOUR,
    },
    /** How old the plans of a city may be, by its tier. */
    freshnessTargetHours: {
      1: values.FRESHNESS_TARGET_TIER_1_HOURS,
      2: values.FRESHNESS_TARGET_TIER_2_HOURS,
      3: values.FRESHNESS_TARGET_TIER_3_HOURS,
    },
    /** How many times that age is a warning, and an error. */
    freshnessWarnFactor: values.FRESHNESS_WARN_FACTOR,
    freshnessErrorFactor: values.FRESHNESS_ERROR_FACTOR,
    batchSize: values.BATCH_SIZE,
    batchDelayMs: values.BATCH_DELAY_MS,
    maxConcurrentRequests: values.MAX_CONCURRENT_REQUESTS,
    cacheTtlHours: values.CACHE_TTL_HOURS,
    /** `null`: plan sets come from memory and PostgreSQL alone. */
    redisUrl: secret(values.REDIS_URL),
    cacheMemoryTtlMinutes: values.CACHE_MEMORY_TTL_MINUTES,
    cacheMemoryMaxMb: values.CACHE_MEMORY_MAX_MB,
    cacheRedisTtlMinutes: values.CACHE_REDIS_TTL_MINUTES,
    apiRateLimitPerSecond: values.API_RATE_LIMIT_PER_SECOND,
    apiCallBudgetPerHour: values.API_CALL_BUDGET_PER_HOUR,
    /** How many of these calls may be forced. */
    emergencyCallBudgetPerHour: values.EMERGENCY_CALL_BUDGET_PER_HOUR,
    /** `null`: the admin routes are off. */
    adminTokens:
      values.ADMIN_TOKEN?.map(
        ({ token, ...about }): AdminToken => ({ ...about, token: new Secret(token) }),
      ) ?? null,
    /** What callers may do of whom nothing is known; the limits are of one client and one process. */
    strangers: {
      limits: {
        perMinute: values.RATE_LIMIT_PER_MINUTE,
        costlyPerMinute: values.RATE_LIMIT_COSTLY_PER_MINUTE,
        eventsPerMinute: values.EVENTS_PER_MINUTE,
      },
      trustedProxies: values.TRUSTED_PROXIES,
      eventsKey: secret(values.EVENTS_KEY),
    },
    /** False: only `db:optimize` tunes the database. */
    enableQueryOptimization: values.ENABLE_QUERY_OPTIMIZATION === 'true',
    retention: {
      apiCallsDays: values.RETENTION_API_CALLS_DAYS,
      runsDays: values.RETENTION_RUNS_DAYS,
      quarantineDays: values.RETENTION_QUARANTINE_DAYS,
      /** What upstreams sent; what is needed stays longer. */
      payloadsDays: values.RETENTION_PAYLOADS_DAYS,
      cacheStatsDays: values.RETENTION_CACHE_STATS_DAYS,
      queryStatsDays: values.RETENTION_QUERY_STATS_DAYS,
      databaseReadingsDays: values.RETENTION_DATABASE_READINGS_DAYS,
      demandDays: values.RETENTION_DEMAND_DAYS,
      auditDays: values.RETENTION_AUDIT_DAYS,
      figuresDays: values.RETENTION_FIGURES_DAYS,
      figuresHoursDays: values.RETENTION_FIGURES_HOURS_DAYS,
      /** What processes tell each other: clears, permits, which are there. */
      signalsDays: values.RETENTION_SIGNALS_DAYS,
      exportsDays: values.RETENTION_EXPORTS_DAYS,
      /** Whole months of history besides the current one; `null`: all of it. */
      historyMonths: values.RETENTION_HISTORY_MONTHS,
    },
    /** Seals what is stored and must be read again; `null`: it is stored as it is. */
    secretsKey: secret(values.SECRETS_KEY),
    /** Price watches by mail; `null`: as private feeds only. */
    watchMail:
      values.SMTP_URL && values.WATCH_EMAIL_FROM
        ? { smtpUrl: new Secret(values.SMTP_URL), from: values.WATCH_EMAIL_FROM }
        : null,
    alerts: readAlertSettings(values),
    /** `null`: a process without the role web has no `/metrics`. */
    metricsPort: values.METRICS_PORT,
    hasTracing: values.TRACING === 'on',
    host: values.HOST,
    port: values.PORT,
    keepAliveMs: values.KEEP_ALIVE_SECONDS * 1_000,
    shutdownDelayMs: values.SHUTDOWN_DELAY_MS,
    publicUrl: values.PUBLIC_URL,
    fieldBeacon: values.FIELD_BEACON === 'true',
    logLevel: values.LOG_LEVEL,
    /** Share of the requests that are logged. */
    logRequests: values.LOG_REQUESTS,
  };
}
