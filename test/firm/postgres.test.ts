import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Secret } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { newClient } from '../../src/store/postgres/client.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { LOCKS } from '../../src/store/postgres/locks.ts';
import { readDeadLetters } from '../../src/store/queue/sync-runs.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { readMigrations } from '../../src/store/schema/migration.ts';
import { startPgbouncer } from '../support/pgbouncer.ts';
import { createTestDatabase, spawnWattsync, until, wattsync } from '../support/support.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/wattsync.js', import.meta.url));
const { url, database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 5 });
test.after(() => sandbox.stop());
const COMMON = {
  COMPAREPOWER_API_URL: sandbox.url,
  PORT: '0',
  LOG_LEVEL: 'error',
  API_CALL_BUDGET_PER_HOUR: '1000',
  EMERGENCY_CALL_BUDGET_PER_HOUR: '1000',
};
const env = { ...COMMON, DATABASE_URL: url };
const admin = new pg.Client({ connectionString: url });
admin.on('error', () => {});
await admin.connect();
test.after(() => admin.end());

/** What a command with --json says of its failure. */
async function failure(
  args: string[],
  own: Record<string, string>,
): Promise<{ code: string; message: string }> {
  const { code, stdout } = await wattsync([...args, '--json'], { ...COMMON, ...own });
  assert.equal(code, 1, stdout);
  return JSON.parse(stdout).error;
}

let made = 0;
/** A database of its own that nothing was done to yet. */
async function emptyDatabase(t: TestContext, options = ''): Promise<{ name: string; url: string }> {
  made += 1;
  const name = `firm_${process.pid}_${made}`;
  await admin.query(`create database ${name} ${options}`);
  t.after(() => admin.query(`drop database if exists ${name} with (force)`));
  const at = new URL(url);
  at.pathname = `/${name}`;
  return { name, url: at.href };
}

async function roleFor(t: TestContext, at: string, options = ''): Promise<{ role: string; url: string }> {
  made += 1;
  const role = `firm_role_${process.pid}_${made}`;
  await admin.query(`create role ${role} login password 'secret' ${options}`);
  t.after(async () => {
    const one = new pg.Client({ connectionString: at });
    await one.connect().then(
      () => one.query(`drop owned by ${role}`),
      () => {},
    );
    await one.end();
    await admin.query(`drop role ${role}`);
  });
  const there = new URL(at);
  there.username = role;
  there.password = 'secret';
  return { role, url: there.href };
}

test('whatever the database has for its defaults, a sync works and its connections are as we want them', async (t) => {
  const name = new URL(url).pathname.slice(1);
  for (const one of [
    "datestyle = 'German, DMY'",
    'standard_conforming_strings = off',
    "default_transaction_isolation = 'serializable'",
    "lock_timeout = '1ms'",
    "statement_timeout = '3ms'",
    "idle_session_timeout = '100ms'",
    "timezone = 'Asia/Kolkata'",
  ]) {
    await admin.query(`alter database ${name} set ${one}`);
  }
  t.after(() => admin.query(`alter database ${name} reset all`));
  const { code, stdout } = await wattsync(['sync', 'full', '--force', '--json'], env);
  assert.equal(code, 0, stdout);
  const { status, plans } = JSON.parse(stdout);
  assert.equal(status, 'succeeded');
  assert.ok(plans.seen > 20);
  const fresh = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 2 });
  const client = newClient(fresh.connectionString);
  await client.connect();
  for (const one of [fresh.pool, fresh.quick, client]) {
    const { rows } = await one.query(
      `select current_setting('DateStyle') d, current_setting('statement_timeout') s, current_setting('lock_timeout') l,
              current_setting('transaction_isolation') i, current_setting('standard_conforming_strings') c`,
    );
    assert.deepEqual(rows[0], { d: 'ISO, MDY', s: '0', l: '0', i: 'read committed', c: 'on' });
  }
  await client.end();
  await fresh.close();
});

test('what passes by itself is tried again: no TDSP is given up for a deadlock, a cancelled statement or a lost connection', async (t) => {
  await database.pool.query(`
    create sequence firm_failures;
    create function firm_fail() returns trigger language plpgsql as $$
    declare n bigint := nextval('firm_failures');
    begin
      if n = 1 then raise exception using errcode = '40P01', message = 'deadlock'; end if;
      if n = 2 then raise exception using errcode = '40001', message = 'serialize'; end if;
      if n = 3 then raise exception using errcode = '55P03', message = 'lock'; end if;
      if n = 4 then raise exception using errcode = '57014', message = 'cancelled'; end if;
      if n = 5 then perform pg_terminate_backend(pg_backend_pid()); end if;
      return new;
    end $$;
    create trigger firm_fail before insert on plan_snapshots for each row execute function firm_fail();`);
  t.after(() =>
    database.pool.query(
      'drop trigger firm_fail on plan_snapshots; drop function firm_fail; drop sequence firm_failures',
    ),
  );
  sandbox.control.advance(1);
  const { stdout } = await wattsync(['sync', 'full', '--force', '--json'], env);
  assert.equal(JSON.parse(stdout).status, 'succeeded', stdout);
  const { rows } = await database.pool.query('select last_value::int as n from firm_failures');
  assert.ok(rows[0].n > 5);
  assert.deepEqual(await readDeadLetters(database.pool), []);
});

test('a transaction that is in the way of another is run again', async () => {
  let runs = 0;
  const done = await database.transaction(async (connection) => {
    runs += 1;
    if (runs < 3) await connection.query("do $$ begin raise exception using errcode = '40P01'; end $$");
    return 'done';
  });
  assert.deepEqual([done, runs], ['done', 3]);
});

test('a pooler that hands connections around by transaction is refused in one sentence, and of use beside a direct address', async () => {
  // Told by its refusal of what a session sets, or, where it is made to ignore that, by who answers.
  const strict = await startPgbouncer(url);
  const lax = await startPgbouncer(
    url,
    'ignore_startup_parameters = options,idle_in_transaction_session_timeout',
  );
  for (const pooler of [strict, lax]) {
    const { code, message } = await failure(['sync', 'status'], { DATABASE_URL: pooler.url });
    assert.equal(code, 'database_pooled', message);
    assert.match(message, /pooler.*DATABASE_URL_DIRECT/);
  }
  const server = spawnWattsync(['start', '--json'], {
    ...env,
    DATABASE_URL: strict.url,
    DATABASE_URL_DIRECT: url,
  });
  await until(() => server.seen.stdout.includes('"started"'));
  const api = JSON.parse(server.seen.stdout.split('\n').find((line) => line.includes('"listening"'))!).url;
  await until(async () => (await fetch(`${api}/readyz`)).status === 200);
  // Asked of PostgreSQL each time, through the pooler.
  assert.equal((await fetch(`${api}/v1/providers`)).status, 200);
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);
});

test('a pooler that keeps a connection for its session does, where the role has the defaults it drops', async (t) => {
  const ignore = 'ignore_startup_parameters = options,idle_in_transaction_session_timeout';
  const name = new URL(url).pathname.slice(1);
  t.after(() => admin.query(`alter database ${name} reset all`));
  await admin.query(`alter database ${name} set statement_timeout = '3ms'`);
  await admin.query(`alter database ${name} set DateStyle = 'German, DMY'`);
  const dropping = await startPgbouncer(url, ignore, 'session');
  const { code, message } = await failure(['sync', 'status'], { DATABASE_URL: dropping.url });
  assert.equal(code, 'database_unsuitable', message);
  assert.match(
    message,
    /DateStyle is "German, DMY", .*statement_timeout is "3".* set statement_timeout = '0'/,
  );
  await admin.query(`alter database ${name} reset all`);
  // As the message says, what PostgreSQL does not have by default.
  await admin.query(`alter database ${name} set TimeZone = 'UTC'`);
  const pooler = await startPgbouncer(url, ignore, 'session');
  const { code: done, stdout } = await wattsync(['sync', 'full', '--force', '--json'], {
    ...env,
    DATABASE_URL: pooler.url,
  });
  assert.equal(done, 0, stdout);
  const strict = await failure(['sync', 'status'], {
    DATABASE_URL: (await startPgbouncer(url, '', 'session')).url,
  });
  assert.equal(strict.code, 'database_pooled');
  assert.match(strict.message, /session mode may stay where it is: ignore_startup_parameters = options/);
});

test('who holds the lock of migrations is named, and it is not waited for without end', async (t) => {
  const empty = await emptyDatabase(t);
  const holder = new pg.Client({ connectionString: empty.url, application_name: 'somebody' });
  holder.on('error', () => {});
  await holder.connect();
  await holder.query('select pg_advisory_lock($1)', [LOCKS.migrate]);
  const waiting = await openDatabase({ databaseUrl: new Secret(empty.url), dataDir: '', connections: 2 });
  t.after(() => waiting.close());
  const patience = { lockMs: 100, pauseMs: 100, totalMs: 1_000, turnMs: 50 };
  await assert.rejects(migrate(waiting, readMigrations(), patience), (error: Error & { code: string }) => {
    assert.equal(error.code, 'migration_blocked');
    assert.match(
      error.message,
      /Process \d+ of PostgreSQL \(somebody of role \w+ on 127\.0\.0\.1\) holds the lock/,
    );
    return true;
  });
  await holder.end();
  assert.ok((await migrate(waiting, readMigrations(), patience)).length > 0);
});

test('a role without rights is told what to grant, and doctor says so before', async (t) => {
  const empty = await emptyDatabase(t);
  const { role, url: theirs } = await roleFor(t, empty.url);
  const { code, message } = await failure(['db', 'migrate'], { DATABASE_URL: theirs });
  assert.equal(code, 'database_denied');
  assert.match(message, /alter database .* owner to/);
  assert.match(await rightsOf(theirs), new RegExp(`bad: The role ${role} may not make`));
  const { url: reader } = await roleFor(t, url);
  assert.match(await rightsOf(reader), /bad: Tables belong to another role than/);
  assert.match(await rightsOf(url), /ok: The role wattsync may do what is needed/);
});

async function rightsOf(databaseUrl: string): Promise<string> {
  const { stdout } = await wattsync(['doctor', '--json'], { ...COMMON, DATABASE_URL: databaseUrl });
  const found = JSON.parse(stdout).findings.find(({ check }: { check: string }) => check === 'rights');
  return `${found?.verdict}: ${found?.reading}`;
}

test('ten connections are enough for a whole process with a small pool, and a command waits for a free one', async (t) => {
  const empty = await emptyDatabase(t);
  const { role, url: theirs } = await roleFor(t, empty.url);
  await admin.query(`alter database ${empty.name} owner to ${role}`);
  await admin.query(`alter role ${role} connection limit 10`);
  const own = { ...env, DATABASE_URL: theirs, DATABASE_POOL_SIZE: '2' };
  const server = spawnWattsync(['start', '--json'], own);
  await until(() => server.seen.stdout.includes('"synced"'), 60_000);
  assert.match(server.seen.stdout, /"status":"succeeded"/);
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);
  assert.doesNotMatch(server.seen.stderr, /too many connections/);
  await admin.query(`alter role ${role} connection limit 3`);
  const taken = await Promise.all(
    [1, 2, 3].map(async () => {
      const one = new pg.Client({ connectionString: theirs });
      one.on('error', () => {});
      await one.connect();
      return one;
    }),
  );
  const waiting = spawnWattsync(['sync', 'status', '--json'], { ...own, DATABASE_POOL_SIZE: '2' });
  await assert.rejects(until(() => waiting.child.exitCode !== null, 700));
  for (const one of taken) await one.end();
  assert.notEqual(await waiting.ended, null);
  assert.match(waiting.seen.stdout, /"control"|"runs"|"healthy"/, waiting.seen.stderr);
});

test('a database that cannot hold the texts, or takes no writes, is refused with what to do', async (t) => {
  const latin = await emptyDatabase(
    t,
    "encoding 'LATIN1' template template0 locale_provider libc locale 'C'",
  );
  const unsuitable = await failure(['db', 'migrate'], { DATABASE_URL: latin.url });
  assert.equal(unsuitable.code, 'database_unsuitable');
  assert.match(unsuitable.message, /LATIN1.*createdb --encoding=UTF8/);
  const still = await emptyDatabase(t);
  await admin.query(`alter database ${still.name} set default_transaction_read_only = on`);
  const readOnly = await failure(['db', 'migrate'], { DATABASE_URL: still.url });
  assert.equal(readOnly.code, 'database_read_only');
  assert.match(readOnly.message, /standby|default_transaction_read_only/);
});

test('a data folder that cannot be used is one line, and a command that only looks makes no database', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-folder-'));
  writeFileSync(join(folder, 'file'), '');
  for (const [path, why] of [
    [join(folder, 'file'), /is a file/],
    [join(folder, 'file', 'inside'), /part of its path, is a file/],
    ['/proc/wattsync', /no folder can be made|may not|read-only/],
  ] as const) {
    const { code, stderr } = await wattsync(['db', 'migrate'], { WATTSYNC_DATA_DIR: path });
    assert.equal(code, 1);
    assert.match(stderr, why);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
  // As another user: root may write everywhere.
  if (process.getuid?.() === 0) {
    chmodSync(folder, 0o755);
    const other = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, PROGRAM];
    for (const mode of [0o755, 0o700]) {
      const theirs = mkdtempSync(join(folder, 'theirs-'));
      chmodSync(theirs, mode);
      const { status, stderr } = spawnSync('setpriv', [...other, 'db', 'migrate'], {
        env: { PATH: process.env.PATH, HOME: folder, WATTSYNC_DATA_DIR: theirs },
        encoding: 'utf8',
      });
      assert.equal(status, 1);
      assert.match(stderr, /this user may not read and write there\. Name another one/);
      assert.equal(stderr.trim().split('\n').length, 1, stderr);
    }
  }
  for (const command of [
    ['sync', 'status'],
    ['doctor'],
    ['db', 'health'],
    ['cache', 'stats'],
    ['sync', 'dead'],
  ]) {
    const nowhere = join(folder, 'nowhere');
    const { code, stdout } = await wattsync([...command, '--json'], { WATTSYNC_DATA_DIR: nowhere });
    assert.equal(code, 1);
    assert.match(stdout, /There is no database yet/);
    assert.ok(!existsSync(nowhere), command.join(' '));
  }
});
