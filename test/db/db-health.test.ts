import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/monitor/finding.ts';
import { type Health, notFine, startCarePostgres } from '../support/db-upkeep.ts';
import { until, wattsync } from '../support/support.ts';

const postgres = await startCarePostgres();
const { env, json, type } = postgres;
const health = (...args: string[]): Promise<Health> => json('db', 'health', ...args);

test('an empty database is behind, and says which command brings it forward', async () => {
  const empty = await health();
  assert.deepEqual([empty.status, empty.code], ['bad', 1]);
  const [line, ...rest] = notFine(empty);
  assert.deepEqual([line!.check, line!.command, rest.length], ['migrations', 'npm run db:migrate', 0]);
  assert.equal((await type(line!.command!)).code, 0);
  assert.deepEqual(notFine(await health()), []);
});

test('a healthy database has no warning, and every line says what it read', async () => {
  assert.equal((await wattsync(['sync', 'full'], env)).code, 0);
  const report = await health();
  assert.deepEqual(notFine(report), []);
  assert.deepEqual([report.status, report.code], ['ok', 0]);
  for (const { check, reading, verdict, advice, command } of report.lines) {
    assert.ok(reading.length > 0, check);
    assert.deepEqual([verdict, advice, command], ['ok', null, null], check);
  }
  const { stdout, code } = await wattsync(['db', 'health'], env);
  assert.equal(code, 0);
  assert.match(stdout, /Healthy: \d+ of \d+ checks found nothing/);
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
});

test('each damage is named with the command that repairs it, and is repaired by it', async () => {
  const admin = await postgres.connect();
  const lazy = await postgres.connect();
  // A transaction that is left open: what is deleted from now on cannot be vacuumed.
  await lazy.query('begin isolation level repeatable read');
  await lazy.query('select count(*) from providers');
  await admin.query('alter table electricity_plans set (autovacuum_enabled = false)');
  for (let round = 0; round < 60; round++) {
    await admin.query("update electricity_plans set last_scraped_at = last_scraped_at + interval '1 second'");
  }
  await admin.query('drop index idx_plans_faceted_green');
  await assert.rejects(
    admin.query('create unique index concurrently one_active on electricity_plans (is_active)'),
    {
      code: '23505',
    },
  );
  await admin.query('analyze offers');
  await admin.query("delete from pg_statistic where starelid = 'offers'::regclass");
  const blocker = await postgres.connect();
  await blocker.query('begin');
  await blocker.query('lock table schema_drift in access exclusive mode');
  const waiter = await postgres.connect();
  const waiting = waiter.query('select * from schema_drift');
  waiting.catch(() => {});

  const limits = ['--limit', 'long_transaction_warn_seconds=1', '--limit', 'long_transaction_bad_seconds=2'];
  let ill: Health = await health(...limits);
  const find = (check: string, subject: string): Finding | undefined =>
    ill.lines.find((line) => line.check === check && line.subject === subject && line.verdict !== 'ok');
  const pids = await Promise.all(
    [lazy, blocker].map(async (client) => (client as unknown as { processID: number }).processID),
  );
  // Statistics of statements arrive a moment later; a wait counts once it has lasted a second.
  await until(async () => {
    ill = await health(...limits);
    return Boolean(
      find('locks', `session ${pids[1]}`) &&
        find('dead_rows', 'electricity_plans') &&
        find('statistics', 'offers'),
    );
  });
  assert.deepEqual([ill.status, ill.code], ['bad', 1]);
  const damages: [check: string, subject: string, command: RegExp][] = [
    ['locks', `session ${pids[1]}`, /pg_terminate_backend/],
    ['long_transactions', `session ${pids[0]}`, /pg_terminate_backend/],
    ['table_bloat', 'electricity_plans', /^npm run db:optimize -- --rewrite electricity_plans$/],
    ['dead_rows', 'electricity_plans', /^npm run db:optimize$/],
    ['autovacuum_per_table', 'electricity_plans', /reset \(autovacuum_enabled\)/],
    ['statistics', 'offers', /^npm run db:optimize$/],
    ['schema', 'idx_plans_faceted_green', /^npm run db:optimize$/],
    ['invalid_indexes', 'one_active', /^npm run db:optimize$/],
  ];
  const commands = damages.map(([check, subject, command]) => {
    const line = find(check, subject);
    assert.ok(line, `${check} ${subject}: ${JSON.stringify(notFine(ill), null, 1)}`);
    assert.match(line.command ?? '', command);
    return line.command!;
  });
  // Nothing else is wrong, apart from what the blocker is, too.
  const named = new Set(damages.map(([check, subject]) => `${check} ${subject}`));
  const others = notFine(ill).filter(({ check, subject }) => !named.has(`${check} ${subject}`));
  assert.deepEqual(
    others.filter(({ check, subject }) => check !== 'index_bloat' && subject !== `session ${pids[1]}`),
    [],
  );

  for (const command of new Set(commands)) {
    const { code, stderr, stdout } = await type(command);
    assert.equal(code, 0, `${command}: ${stdout}${stderr}`);
  }
  assert.deepEqual((await waiting).rows, []);
  await until(async () => {
    ill = await health(...limits);
    return notFine(ill).length === 0;
  }).catch(() => assert.deepEqual(notFine(ill), []));
  const { rows } = await admin.query(
    "select to_regclass('one_active') as gone, to_regclass('idx_plans_faceted_green') as back",
  );
  assert.deepEqual(rows, [{ gone: null, back: 'idx_plans_faceted_green' }]);
});

test('a day is shown as the day it is, wherever the operator lives', async () => {
  const statement =
    "select date '2026-11-24' as day, array[date '2026-11-24'] as days, interval '1 day' as wait, 1.5 as n";
  for (const TZ of ['Pacific/Auckland', 'America/Chicago']) {
    const { stdout } = await wattsync(['db', 'sql', statement, '--json'], { ...env, TZ });
    assert.deepEqual(JSON.parse(stdout).rows, [
      { day: '2026-11-24', days: '{2026-11-24}', wait: '1 day', n: 1.5 },
    ]);
  }
});

test('a role with few rights is told what it may not see, and no more', async () => {
  const admin = await postgres.connect();
  await admin.query("create role guest login password 'guest'");
  const DATABASE_URL = postgres.url.replace(/\/\/[^@]*@/, '//guest:guest@');
  const { stdout, code } = await wattsync(['db', 'health', '--json'], { ...env, DATABASE_URL });
  const report = { ...JSON.parse(stdout), code } as Health;
  assert.equal(code, 0, stdout);
  assert.deepEqual(notFine(report), []);
  const migrations = report.lines.find(({ check }) => check === 'migrations')!;
  assert.deepEqual([migrations.verdict], ['unknown']);
  assert.match(migrations.reading, /may not read/);
});

test('a frozen server is told within seconds, not waited for', async () => {
  const started = performance.now();
  postgres.signal('SIGSTOP');
  try {
    const report = await health();
    assert.deepEqual([report.status, report.code, report.lines[0]!.check], ['bad', 1, 'reachable']);
  } finally {
    postgres.signal('SIGCONT');
  }
  assert.ok(performance.now() - started < 30_000);
  assert.deepEqual(notFine(await health()), []);
});

test('bad usage ends with 2 and names what would be right', async () => {
  for (const limit of ['speed=1', 'disk_warn_percent=much', 'disk_warn_percent']) {
    const { code, stderr } = await wattsync(['db', 'health', '--limit', limit], env);
    assert.equal(code, 2);
    assert.match(stderr, /expected name=number.*disk_warn_percent/s);
  }
  const refused = await wattsync(['db', 'sql', 'selec 1'], env);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /42601.*syntax error/);
});

test('a statement is taken as it stands in docs/, with the comment it begins with', async () => {
  const statement = '-- uses no index; page\nselect 6 * 7 as answer; -- done\n';
  const { code, stdout } = await wattsync(['db', 'sql', statement, '--json'], env);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout).rows, [{ answer: 42 }]);
});
