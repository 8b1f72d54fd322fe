import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { ConfigError, type Environment, readConfig, Secret } from './config.ts';
import { VARIABLES } from './variables.ts';

function problemsOf(env: Environment): Record<string, string> {
  try {
    readConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    for (const { field, message } of error.problems)
      assert.ok(error.message.includes(`${field}: ${message}`));
    return Object.fromEntries(error.problems.map(({ field, message }) => [field, message]));
  }
  return {};
}

test('an empty environment has a default for everything', () =>
  assert.deepEqual(readConfig({}, '/srv'), {
    databaseUrl: null,
    directUrl: null,
    dataDir: '/srv/.wattsync',
    exports: { folder: '/srv/.wattsync/exports', sources: ['powertochoose', 'sandbox'] },
    planSource: 'sandbox',
    comparepower: { url: null, apiKey: null, apiKeyHeader: 'X-API-Key', headers: [] },
    powertochoose: {
      csv: 'http://www.powertochoose.org/en-us/Plan/ExportToCsv',
      userAgent: 'Mozilla/5.0 (compatible; wattsync)',
    },
    syncIntervalMs: 3_600_000,
    schedules: {
      priority: '0 * * * *',
      full: '0 2 * * *',
      maintenance: '0 3 * * 0',
      export: '20 1 * * *',
      timeZone: 'America/Chicago',
    },
    refresh: { strategy: 'auto', callsPerHour: 6 },
    freshnessTargetHours: { 1: 1, 2: 6, 3: 24 },
    freshnessWarnFactor: 1.25,
    freshnessErrorFactor: 3,
    batchSize: 10,
    batchDelayMs: 2_000,
    maxConcurrentRequests: 5,
    cacheTtlHours: 2,
    redisUrl: null,
    cacheMemoryTtlMinutes: 30,
    cacheMemoryMaxMb: 64,
    cacheRedisTtlMinutes: 60,
    apiRateLimitPerSecond: 25,
    apiCallBudgetPerHour: 50,
    emergencyCallBudgetPerHour: 12,
    adminTokens: null,
    strangers: {
      limits: { perMinute: 600, costlyPerMinute: 120, eventsPerMinute: 30 },
      trustedProxies: ['loopback'],
      eventsKey: null,
    },
    enableQueryOptimization: true,
    retention: {
      apiCallsDays: 90,
      runsDays: 180,
      quarantineDays: 90,
      cacheStatsDays: 8,
      queryStatsDays: 2,
      databaseReadingsDays: 90,
      demandDays: 90,
      auditDays: 365,
      figuresDays: 30,
      figuresHoursDays: 730,
      signalsDays: 7,
      exportsDays: 400,
      payloadsDays: 90,
      historyMonths: null,
    },
    secretsKey: null,
    watchMail: null,
    alerts: { rulesFile: null, webhook: null, slackUrl: null, email: null, heartbeatUrl: null },
    metricsPort: null,
    hasTracing: false,
    host: '127.0.0.1',
    port: 3000,
    databasePoolSize: 24,
    keepAliveMs: 72_000,
    shutdownDelayMs: 0,
    publicUrl: null,
    fieldBeacon: false,
    logLevel: 'info',
    logRequests: 0,
  }));

test('every variable is read', () => {
  const config = readConfig(
    {
      DATABASE_URL: 'postgres://u:p@db.example/wattsync',
      DATABASE_URL_DIRECT: 'postgres://u:p@direct.example/wattsync',
      DATABASE_POOL_SIZE: '12',
      WATTSYNC_DATA_DIR: 'data',
      PLAN_SOURCE: 'ComparePower',
      COMPAREPOWER_API_URL: 'https://pricing.example/',
      COMPAREPOWER_API_KEY: 'k-123',
      COMPAREPOWER_API_KEY_HEADER: 'Authorization',
      POWERTOCHOOSE_CSV: 'plans.csv',
      POWERTOCHOOSE_USER_AGENT: 'Browser/1',
      SYNC_INTERVAL_MS: '60000',
      REFRESH_STRATEGY: 'Census',
      REFRESH_CALLS_PER_HOUR: '0.5',
      SYNC_SCHEDULE_FULL: 'Off',
      MAINTENANCE_SCHEDULE: ' 0 4  1 * * ',
      SCHEDULE_TIME_ZONE: 'utc',
      FRESHNESS_TARGET_TIER_1_HOURS: '0.5',
      FRESHNESS_TARGET_TIER_2_HOURS: '2',
      FRESHNESS_TARGET_TIER_3_HOURS: '12',
      FRESHNESS_WARN_FACTOR: '1.5',
      FRESHNESS_ERROR_FACTOR: '4',
      BATCH_SIZE: '3',
      BATCH_DELAY_MS: '0',
      EMERGENCY_CALL_BUDGET_PER_HOUR: '2',
      ADMIN_TOKEN: 'swordfish-swordfish',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1, uniquelocal',
      RATE_LIMIT_PER_MINUTE: '61',
      RATE_LIMIT_COSTLY_PER_MINUTE: '7',
      EVENTS_PER_MINUTE: '8',
      EVENTS_KEY: 'tunafish-tunafish',
      MAX_CONCURRENT_REQUESTS: '2',
      CACHE_TTL_HOURS: '0.5',
      REDIS_URL: 'redis://:geheim@cache.example:6379',
      CACHE_MEMORY_TTL_MINUTES: '10',
      CACHE_MEMORY_MAX_MB: '32',
      CACHE_REDIS_TTL_MINUTES: '20',
      API_RATE_LIMIT_PER_SECOND: '3',
      API_CALL_BUDGET_PER_HOUR: '4',
      HOST: '0.0.0.0',
      PORT: ' 0 ',
      KEEP_ALIVE_SECONDS: '30',
      SHUTDOWN_DELAY_MS: '5000',
      PUBLIC_URL: 'https://plans.example.com/',
      FIELD_BEACON: 'true',
      LOG_LEVEL: 'debug',
      LOG_REQUESTS: '0.5',
      ENABLE_QUERY_OPTIMIZATION: 'FALSE',
      RETENTION_API_CALLS_DAYS: '10',
      RETENTION_RUNS_DAYS: '20',
      RETENTION_QUARANTINE_DAYS: '30',
      RETENTION_CACHE_STATS_DAYS: '40',
      RETENTION_QUERY_STATS_DAYS: '50',
      RETENTION_DATABASE_READINGS_DAYS: '60',
      RETENTION_DEMAND_DAYS: '70',
      RETENTION_AUDIT_DAYS: '80',
      RETENTION_SIGNALS_DAYS: '90',
      RETENTION_EXPORTS_DAYS: '95',
      EXPORT_SCHEDULE: '0 1 * * *',
      EXPORT_SOURCES: 'Sandbox, comparepower',
      EXPORT_DIR: 'dumps',
      RETENTION_PAYLOADS_DAYS: '100',
      RETENTION_FIGURES_DAYS: '40',
      RETENTION_FIGURES_HOURS_DAYS: '400',
      RETENTION_HISTORY_MONTHS: '24',
      METRICS_PORT: '9100',
      TRACING: 'on',
      ALERTS_FILE: 'alerts.yaml',
      ALERT_WEBHOOK_URL: 'https://pager.example/in',
      ALERT_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      ALERT_SLACK_URL: 'https://slack.example/T/B/x',
      ALERT_EMAIL_TO: 'oncall@example.com',
      ALERT_EMAIL_FROM: 'wattsync@example.com',
      SMTP_URL: 'smtp://u:p@mail.example:587',
      WATCH_EMAIL_FROM: 'plans@example.com',
      SECRETS_KEY: `${'A'.repeat(43)}=`,
      HEARTBEAT_URL: 'https://beat.example/1',
    },
    '/srv',
  );
  const { databaseUrl, directUrl, redisUrl, comparepower, adminTokens, strangers, alerts, ...others } =
    config;
  const { secretsKey, watchMail, ...rest } = others;
  assert.equal(secretsKey?.reveal(), `${'A'.repeat(43)}=`);
  assert.deepEqual(JSON.parse(JSON.stringify([secretsKey, watchMail])), [
    '***',
    { smtpUrl: '***', from: 'plans@example.com' },
  ]);
  assert.deepEqual(
    [alerts.rulesFile, alerts.email?.to, alerts.email?.from, alerts.webhook?.key.reveal().slice(0, 6)],
    ['alerts.yaml', 'oncall@example.com', 'wattsync@example.com', 'whsec_'],
  );
  assert.ok(!JSON.stringify(alerts).match(/pager|MfKQ|T\/B|u:p|beat\.example/), 'none of them shows itself');
  assert.equal(adminTokens?.[0]?.token.reveal(), 'swordfish-swordfish');
  assert.equal(JSON.stringify(adminTokens), '[{"name":"admin","role":"operate","token":"***"}]');
  assert.equal(strangers.eventsKey?.reveal(), 'tunafish-tunafish');
  assert.deepEqual(strangers.trustedProxies, ['10.0.0.0/8', '::1', 'uniquelocal']);
  assert.deepEqual(strangers.limits, { perMinute: 61, costlyPerMinute: 7, eventsPerMinute: 8 });
  assert.equal(redisUrl?.reveal(), 'redis://:geheim@cache.example:6379');
  assert.equal(String(redisUrl), '***');
  assert.equal(directUrl?.reveal(), 'postgres://u:p@direct.example/wattsync');
  assert.equal(databaseUrl?.reveal(), 'postgres://u:p@db.example/wattsync');
  assert.equal(comparepower.apiKey?.reveal(), 'k-123');
  assert.deepEqual(
    [comparepower.url, comparepower.apiKeyHeader],
    ['https://pricing.example', 'Authorization'],
  );
  assert.deepEqual(rest, {
    dataDir: '/srv/data',
    planSource: 'comparepower',
    powertochoose: { csv: 'plans.csv', userAgent: 'Browser/1' },
    syncIntervalMs: 60_000,
    schedules: {
      priority: '*/1 * * * *',
      full: null,
      maintenance: '0 4 1 * *',
      export: '0 1 * * *',
      timeZone: 'UTC',
    },
    exports: { folder: '/srv/dumps', sources: ['sandbox', 'comparepower'] },
    refresh: { strategy: 'census', callsPerHour: 0.5 },
    freshnessTargetHours: { 1: 0.5, 2: 2, 3: 12 },
    freshnessWarnFactor: 1.5,
    freshnessErrorFactor: 4,
    batchSize: 3,
    batchDelayMs: 0,
    maxConcurrentRequests: 2,
    cacheTtlHours: 0.5,
    cacheMemoryTtlMinutes: 10,
    cacheMemoryMaxMb: 32,
    cacheRedisTtlMinutes: 20,
    apiRateLimitPerSecond: 3,
    apiCallBudgetPerHour: 4,
    emergencyCallBudgetPerHour: 2,
    enableQueryOptimization: false,
    retention: {
      apiCallsDays: 10,
      runsDays: 20,
      quarantineDays: 30,
      cacheStatsDays: 40,
      queryStatsDays: 50,
      databaseReadingsDays: 60,
      demandDays: 70,
      auditDays: 80,
      signalsDays: 90,
      exportsDays: 95,
      payloadsDays: 100,
      figuresDays: 40,
      figuresHoursDays: 400,
      historyMonths: 24,
    },
    metricsPort: 9100,
    hasTracing: true,
    host: '0.0.0.0',
    port: 0,
    databasePoolSize: 12,
    keepAliveMs: 30_000,
    shutdownDelayMs: 5_000,
    publicUrl: 'https://plans.example.com',
    fieldBeacon: true,
    logLevel: 'debug',
    logRequests: 0.5,
  });
});

test('a channel that lacks a half is told by what is missing', () => {
  assert.match(problemsOf({ ALERT_WEBHOOK_URL: 'https://x.example' }).ALERT_WEBHOOK_SECRET!, /go together/);
  assert.match(problemsOf({ SMTP_URL: 'smtp://x' }).ALERT_EMAIL_TO!, /go together/);
  assert.match(problemsOf({ WATCH_EMAIL_FROM: 'a@b.example' }).SECRETS_KEY!, /is needed/);
  assert.match(problemsOf({ ALERT_WEBHOOK_SECRET: 'geheim' }).ALERT_WEBHOOK_SECRET!, /^expected whsec_/);
});

test('an error age below the warning age is a contradiction', () => {
  const { FRESHNESS_ERROR_FACTOR } = problemsOf({
    FRESHNESS_WARN_FACTOR: '2',
    FRESHNESS_ERROR_FACTOR: '1.5',
  });
  assert.match(FRESHNESS_ERROR_FACTOR!, /expected at least FRESHNESS_WARN_FACTOR \(2\).*, got 1\.5/);
});

test('an empty or blank variable counts as unset', () => {
  const blank = Object.fromEntries(
    ['DATABASE_URL', 'PLAN_SOURCE', 'COMPAREPOWER_API_URL', 'PORT', 'HOST', 'LOG_LEVEL'].map((name) => [
      name,
      '  ',
    ]),
  );
  assert.deepEqual(readConfig({ ...blank, CACHE_TTL_HOURS: '' }, '/srv'), readConfig({}, '/srv'));
});

test('all bad variables are reported together, each by its name', () => {
  const env = {
    DATABASE_URL: 'mysql://db.example',
    PLAN_SOURCE: 'oracle',
    COMPAREPOWER_API_URL: 'ftp://pricing.example',
    COMPAREPOWER_API_KEY_HEADER: 'X Key',
    SYNC_INTERVAL_MS: '999',
    SYNC_SCHEDULE_FULL: 'daily at two',
    SCHEDULE_TIME_ZONE: 'Texas',
    BATCH_SIZE: '0',
    MAX_CONCURRENT_REQUESTS: '0',
    CACHE_TTL_HOURS: '-1',
    ENABLE_QUERY_OPTIMIZATION: 'on',
    RETENTION_HISTORY_MONTHS: '12',
    API_RATE_LIMIT_PER_SECOND: '1.5',
    API_CALL_BUDGET_PER_HOUR: 'many',
    PORT: '65536',
    LOG_LEVEL: 'loud',
  };
  const problems = problemsOf(env);
  assert.deepEqual(Object.keys(problems).toSorted(), Object.keys(env).toSorted());
  assert.match(problems.PORT!, /^expected a whole number from 0 to 65535, got "65536"$/);
  assert.match(problems.LOG_LEVEL!, /expected one of trace, debug, .*, got "loud"/);
});

test('the interval becomes a schedule where a clock can keep it', () => {
  const priority = (env: Environment) => readConfig(env).schedules.priority;
  const minute = 60_000;
  for (const [minutes, cron] of [
    [1, '*/1 * * * *'],
    [15, '*/15 * * * *'],
    [60, '0 * * * *'],
    [120, '0 */2 * * *'],
    [1_440, '0 0 * * *'],
  ] as const) {
    assert.equal(priority({ SYNC_INTERVAL_MS: String(minutes * minute) }), cron);
  }
  for (const minutes of [7, 45, 90, 5 * 60, 48 * 60]) {
    const SYNC_INTERVAL_MS = String(minutes * minute);
    assert.deepEqual(Object.keys(problemsOf({ SYNC_INTERVAL_MS })), ['SYNC_INTERVAL_MS'], SYNC_INTERVAL_MS);
    assert.equal(priority({ SYNC_INTERVAL_MS, SYNC_SCHEDULE_PRIORITY: '5 * * * *' }), '5 * * * *');
  }
  assert.equal(priority({ SYNC_SCHEDULE_PRIORITY: 'off' }), null);
});

test('numbers that only look like one are refused', () => {
  for (const PORT of ['0x10', '1e3', '-1', '+1', '3000 or so', 'NaN', 'Infinity', '9'.repeat(20)])
    assert.deepEqual(Object.keys(problemsOf({ PORT })), ['PORT'], PORT);
  for (const CACHE_TTL_HOURS of ['.5', '1,5', '1e1', '0', 'Infinity'])
    assert.deepEqual(Object.keys(problemsOf({ CACHE_TTL_HOURS })), ['CACHE_TTL_HOURS'], CACHE_TTL_HOURS);
});

test('ADMIN_TOKEN is one token, or several with names and roles', () => {
  const tokens = (text: string) =>
    readConfig({ ADMIN_TOKEN: text }).adminTokens?.map(({ name, role, token }) => [
      name,
      role,
      token.reveal(),
    ]);
  const [one, other] = ['0123456789abcdef', 'fedcba9876543210'];
  assert.deepEqual(tokens(one), [['admin', 'operate', one]]);
  assert.deepEqual(tokens(`a:b:${one}`), [['admin', 'operate', `a:b:${one}`]]);
  assert.deepEqual(tokens(`Dana:read:${one}, omar:operate:${other}:x`), [
    ['dana', 'read', one],
    ['omar', 'operate', `${other}:x`],
  ]);
  for (const bad of [
    'swordfish',
    'sword fish sword fish',
    `${one},${other}`,
    `dana:read:${one},${other}`,
    `dana:read:${one},dana:operate:${other}`,
    `dana:read:${one},omar:operate:${one}`,
    'dana:read:short',
  ]) {
    const problem = problemsOf({ ADMIN_TOKEN: bad }).ADMIN_TOKEN;
    assert.match(problem ?? '', /16 to 200 characters.*name:role:token/, bad);
    assert.ok(!problem!.includes(bad));
  }
});

test('TRUSTED_PROXIES takes addresses and networks, and nothing that trusts everybody by mistake', () => {
  const proxies = (text: string) => readConfig({ TRUSTED_PROXIES: text }).strangers.trustedProxies;
  assert.deepEqual(proxies('none'), []);
  assert.deepEqual(proxies('loopback, 2001:db8::/32,192.0.2.1'), ['loopback', '2001:db8::/32', '192.0.2.1']);
  for (const bad of ['true', '*', '10.0.0.0/33', '10.0.0', 'proxy.example', '10.0.0.1,,', '10.0.0.0/8/8']) {
    assert.ok(problemsOf({ TRUSTED_PROXIES: bad }).TRUSTED_PROXIES, bad);
  }
});

test('a bad DATABASE_URL is not echoed, because it holds a password', () => {
  for (const DATABASE_URL of ['mysql://wattsync:hunter2@db.example', 'hunter2', 'postgres//u:hunter2@db']) {
    assert.throws(
      () => readConfig({ DATABASE_URL }),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, /DATABASE_URL: expected .*postgres:\/\//);
        assert.ok(!inspect(error, { depth: null, showHidden: true }).includes('hunter2'));
        return true;
      },
    );
  }
});

test('the plan source is ComparePower if its address is given, else the sandbox, unless it is named', () => {
  const source = (env: Environment) => readConfig(env).planSource;
  const COMPAREPOWER_API_URL = 'https://pricing.example';
  assert.equal(source({}), 'sandbox');
  assert.equal(source({ POWERTOCHOOSE_CSV: 'plans.csv' }), 'sandbox');
  assert.equal(source({ COMPAREPOWER_API_URL }), 'comparepower');
  assert.equal(source({ COMPAREPOWER_API_URL, PLAN_SOURCE: 'sandbox' }), 'sandbox');
  assert.equal(source({ PLAN_SOURCE: 'powertochoose', POWERTOCHOOSE_CSV: 'plans.csv' }), 'powertochoose');
});

test('a plan source without its address is refused, and only once', () => {
  for (const COMPAREPOWER_API_URL of [undefined, '', '  ', 'nonsense']) {
    assert.throws(
      () => readConfig({ PLAN_SOURCE: 'comparepower', COMPAREPOWER_API_URL }),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(
          error.problems.map(({ field }) => field),
          ['COMPAREPOWER_API_URL'],
        );
        return true;
      },
      `"${COMPAREPOWER_API_URL}"`,
    );
  }
});

test("without a path the state's own site is asked, once a day", () => {
  const config = readConfig({ PLAN_SOURCE: 'PowerToChoose', POWERTOCHOOSE_CSV: ' ', CACHE_TTL_HOURS: '48' });
  assert.equal(config.powertochoose.csv, 'http://www.powertochoose.org/en-us/Plan/ExportToCsv');
  assert.deepEqual([config.syncIntervalMs, config.schedules.priority], [86_400_000, '0 0 * * *']);
  assert.deepEqual([config.freshnessTargetHours, config.cacheTtlHours], [{ 1: 30, 2: 30, 3: 30 }, 48]);
  const file = readConfig({ PLAN_SOURCE: 'powertochoose', POWERTOCHOOSE_CSV: 'plans.csv' });
  assert.deepEqual([file.powertochoose.csv, file.syncIntervalMs], ['plans.csv', 3_600_000]);
});

test('more headers are checked, and never shown', () => {
  const COMPAREPOWER_HEADERS = '{"Origin":"https://orders.example","X-Token":"hunter2"}';
  const { headers } = readConfig({ COMPAREPOWER_HEADERS }).comparepower;
  assert.deepEqual(
    headers.map(([name, text]) => [name, text.reveal()]),
    [
      ['Origin', 'https://orders.example'],
      ['X-Token', 'hunter2'],
    ],
  );
  assert.ok(!inspect(headers).includes('hunter2') && !JSON.stringify(headers).includes('hunter2'));
  const injected = JSON.stringify({ Origin: 'hunter2\r\nX: y' });
  for (const bad of ['Origin: x', '[]', '{"Origin":1}', '{"a b":"c"}', '{"Host":"hunter2"}', injected]) {
    const problem = problemsOf({ COMPAREPOWER_HEADERS: bad }).COMPAREPOWER_HEADERS;
    assert.match(problem ?? '', /JSON object/, bad);
    assert.ok(!problem?.includes('hunter2'));
  }
});

test('a secret shows itself only when it is asked to', () => {
  const secret = new Secret('hunter2');
  assert.equal(secret.reveal(), 'hunter2');
  const config = readConfig({
    COMPAREPOWER_API_KEY: 'hunter2',
    DATABASE_URL: 'postgres://wattsync:hunter2@db.example/wattsync',
  });
  const shown = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ secret }, { depth: null, showHidden: true }),
    inspect(secret, { customInspect: false, showHidden: true }),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify(config),
    inspect(config, { depth: null, showHidden: true }),
  ];
  for (const text of shown) assert.ok(!text.includes('hunter2'), text);
  assert.deepEqual(shown.slice(0, 4), ['***', '***', '{"secret":"***"}', '***']);
});

test('the documents show every variable, its default and what it means', () => {
  const cellsOf = (page: string) =>
    readFileSync(new URL(`../${page}`, import.meta.url), 'utf8')
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([, name = '', ...cells]) => [name.replaceAll('`', ''), cells] as const);
  const rows = new Map(['README.md', 'docs/operations.md'].flatMap(cellsOf));
  for (const [name, [unset, , meaning]] of Object.entries(VARIABLES)) {
    const [shown = '', text = ''] = rows.get(name) ?? [];
    if (unset !== null) assert.equal(shown.replaceAll('`', ''), String(unset), name);
    assert.ok(text.startsWith(meaning), `${name}: "${text}" instead of "${meaning}"`);
  }
});
