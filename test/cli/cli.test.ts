import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { readCachedPlanSet } from '../../src/store/plans/plan-cache.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { readCurrentSnapshots } from '../../src/store/plans/snapshots.ts';
import type { SeenWorker } from '../../src/store/queue/sync-workers.ts';
import { createTestDatabase, ONCOR, spawnWattsync, until, wattsync } from '../support/support.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 40, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
// More forced syncs than an hour usually allows.
const BUDGET = { API_CALL_BUDGET_PER_HOUR: '1000', EMERGENCY_CALL_BUDGET_PER_HOUR: '1000' };
const env = { DATABASE_URL, COMPAREPOWER_API_URL: sandbox.url, ...BUDGET };

const COMMANDS = [
  [],
  ['start'],
  ['sync'],
  ['sync', 'full'],
  ['sync', 'city'],
  ['sync', 'priority'],
  ['sync', 'status'],
  ['sync', 'stop'],
  ['sync', 'resume'],
  ['sync', 'emergency'],
  ['sync', 'dead'],
  ['sync', 'redrive'],
  ['sync', 'monitor'],
  ['freshness'],
  ['quality'],
  ['doctor'],
  ['db'],
  ['db', 'migrate'],
  ['db', 'health'],
  ['db', 'metrics'],
  ['db', 'optimize'],
  ['db', 'maintenance'],
  ['db', 'backup'],
  ['db', 'restore'],
  ['db', 'sql'],
  ['sandbox'],
];
for (const command of COMMANDS) {
  test(`wattsync ${command.join(' ')} --help explains itself`, async () => {
    const { code, stdout } = await wattsync([...command, '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /Usage: wattsync/);
  });
}

test('wattsync --version prints the version, on any Node that npm takes', async () => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  assert.deepEqual(await wattsync(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  // An older Node reads the whole file before it hands over: it must not ask for names that only a newer one has.
  const source = await readFile(new URL('../../bin/wattsync.js', import.meta.url), 'utf8');
  assert.doesNotMatch(source, /import \{[^}]*\} from 'node:module'/);
});

test('sync full --json prints one object with everything the contract names', async () => {
  const { code, stdout, stderr } = await wattsync(['sync', 'full', '--json'], env);
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  for (const name of [
    'run_id',
    'kind',
    'status',
    'cities',
    'tdsps',
    'api_calls',
    'plans',
    'duration_ms',
    'errors',
  ]) {
    assert.ok(name in report, name);
  }
  assert.equal(report.api_calls, 6);
  assert.deepEqual(Object.keys(report.plans), [
    'seen',
    'added',
    'changed',
    'unchanged',
    'deactivated',
    'rejected',
  ]);
});

test('sync full speaks plain lines where nobody watches a terminal', async () => {
  const { code, stdout } = await wattsync(['sync', 'full', '--force'], env);
  assert.equal(code, 0);
  assert.match(stdout, /Oncor +\d+ plans/);
  assert.match(stdout, /6 upstream calls/);
  assert.match(stdout, /sandbox data: plans and prices are invented/);
  assert.ok(!stdout.includes('\u001b['), 'colour codes in a pipe');
});

test('sync city fetches what the city needs and no more', async () => {
  const { stdout } = await wattsync(['sync', 'city', 'Dallas', 'houston-tx', '--force', '--json'], env);
  const report = JSON.parse(stdout);
  assert.deepEqual(report.cities, ['dallas-tx', 'houston-tx']);
  assert.equal(report.api_calls, 2);
});

test('sync status tells the state, and is unhealthy where nothing was ever synced', async () => {
  const { code, stdout } = await wattsync(['sync', 'status', '--json'], env);
  assert.equal(code, 0);
  const status = JSON.parse(stdout);
  assert.equal(status.tdsps.length, 6);
  assert.equal(status.runs[0].status, 'succeeded');
  const words = await wattsync(['sync', 'status'], env);
  assert.match(words.stdout, /CenterPoint/);
});

test('a failed sync ends with 1 and says which TDSP failed and why', async () => {
  sandbox.control.setFaults([parseFault('denied')]);
  const { code, stdout } = await wattsync(['sync', 'full', '--force'], env);
  sandbox.control.clearFaults();
  assert.equal(code, 1);
  assert.match(stdout, /Oncor +failed: .*401/);
});

const USAGE: [args: string[], said: RegExp][] = [
  [['sync', 'city'], /missing required argument/],
  [['sync', 'city', 'huston'], /Did you mean Houston/],
  [['sync', 'city', 'san-antonio-tx'], /CPS Energy/],
  [['sync', 'everything'], /unknown command|too many arguments|Usage/],
  [['sync', 'full', '--fast'], /unknown option/],
];
for (const [args, said] of USAGE) {
  test(`wattsync ${args.join(' ')} is bad usage: exit code 2`, async () => {
    const { code, stderr } = await wattsync(args, env);
    assert.equal(code, 2);
    assert.match(stderr, said);
  });
}

test('all bad variables are told together, secrets are not', async () => {
  const bad = { PORT: 'x', PLAN_SOURCE: 'y', DATABASE_URL: 'mysql://root:hunter2@db' };
  const { code, stderr } = await wattsync(['sync', 'status'], bad);
  assert.equal(code, 2);
  for (const name of ['PORT', 'PLAN_SOURCE', 'DATABASE_URL']) assert.match(stderr, new RegExp(name));
  assert.ok(!stderr.includes('hunter2'));
});

test('a schedule that never comes is told by the name of its variable, and nothing starts', async () => {
  const never = { SYNC_SCHEDULE_FULL: '99 * * * *', MAINTENANCE_SCHEDULE: '0 3 31 2 *' };
  const { code, stderr } = await wattsync(['start', '--role', 'scheduler'], { ...env, ...never });
  assert.equal(code, 2);
  assert.match(
    stderr,
    /SYNC_SCHEDULE_FULL: "99 \* \* \* \*" never comes: .*\n +MAINTENANCE_SCHEDULE: .* never comes/,
  );
});

test('a sync killed in the middle leaves the old plans whole, and the next one does what it left undone', async () => {
  const active = async () =>
    (await database.pool.query('select id, xmin::text from electricity_plans where is_active order by id'))
      .rows;
  const before = await active();
  sandbox.control.advance(1);
  sandbox.control.setFaults([parseFault('latency:ms=60000')]);
  const { child, ended } = spawnWattsync(['sync', 'full', '--force'], env);
  await until(async () => {
    const { rows } = await database.pool.query(
      "select count(*)::int as n from sync_runs where status = 'running'",
    );
    return rows[0].n === 1 && sandbox.control.state().calls.total > 0;
  });
  child.kill('SIGKILL');
  await ended;
  sandbox.control.clearFaults();
  assert.deepEqual(await active(), before);
  // What the killed one left undone is taken up by the next worker there is.
  const lastRun = async () =>
    (
      await database.pool.query(
        `select r.id, r.status, max(t.attempts) as attempts from sync_runs r join sync_targets t on t.run_id = r.id
          group by r.id order by r.id desc limit 1`,
      )
    ).rows[0];
  const { id } = await lastRun();
  const worker = spawnWattsync(['start', '--role', 'worker', '--json'], env);
  await until(async () => (await lastRun()).status !== 'running');
  assert.deepEqual(await lastRun(), { id, status: 'succeeded', attempts: 2 });
  worker.child.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
});

/** What readers get: the database cache where it has the current version, else the plans themselves. */
async function servedPlans(): Promise<{ duns: string; version: number; plans: number }[]> {
  const snapshots = await readCurrentSnapshots(database.pool);
  return Promise.all(
    snapshots.map(async ({ tdsp_duns: duns, version, plans }) => {
      const cached = await readCachedPlanSet(database.pool, duns);
      const active = await readActivePlanSet(database.pool, duns);
      assert.equal(active?.plans.length, plans);
      if (cached)
        assert.ok(isDeepStrictEqual([cached.version, cached.plans], [active!.version, active!.plans]));
      return { duns, version, plans };
    }),
  );
}

test('a publish killed at any step leaves one version or the other, never a mixture', async () => {
  const steps = ['^with touched', '^with given', '^with given'];
  for (const step of steps) {
    sandbox.control.advance(1);
    const { child, ended } = spawnWattsync(['sync', 'full', '--force'], env);
    const publishing = `select count(*)::int as n from pg_stat_activity
      where datname = current_database() and query ~ '${step}' and pid <> pg_backend_pid()`;
    await Promise.race([until(async () => (await database.pool.query(publishing)).rows[0].n > 0), ended]);
    child.kill('SIGKILL');
    await ended;
    // PostgreSQL ends the statements of a client that is gone, one way or the other: those of other TDSPs, too.
    const active = publishing.replace(`query ~ '${step}'`, "state = 'active'");
    await until(async () => (await database.pool.query(active)).rows[0].n === 0);
    assert.equal((await servedPlans()).length, 6);
  }
  const { stdout } = await wattsync(['sync', 'full', '--force', '--json'], env);
  assert.equal(JSON.parse(stdout).status, 'succeeded');
});

test('a process killed between a publish and the database cache loses nothing, and the next sync fills it', async () => {
  const before = await servedPlans();
  sandbox.control.advance(5);
  const holder = await database.pool.connect();
  await holder.query('begin; lock table plan_cache in exclusive mode');
  const { child, ended } = spawnWattsync(['sync', 'city', 'dallas-tx', '--force'], env);
  const waiting = `select count(*)::int as n from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query ~ '^insert into plan_cache'`;
  await until(async () => (await database.pool.query(waiting)).rows[0].n > 0);
  child.kill('SIGKILL');
  await ended;
  await holder.query('rollback');
  holder.release();
  const after = await servedPlans();
  const versionOf = (sets: typeof after) => sets.find(({ duns }) => duns === ONCOR)!.version;
  assert.equal(versionOf(after), versionOf(before) + 1);
  assert.equal(await readCachedPlanSet(database.pool, ONCOR), null);
  // The first one takes over what the killed one published, the second fetches. Nothing has changed for it, and all the
  // same it puts the set there.
  await wattsync(['sync', 'city', 'dallas-tx', '--force'], env);
  const { stdout } = await wattsync(['sync', 'city', 'dallas-tx', '--force', '--json'], env);
  assert.equal(JSON.parse(stdout).tdsps[0].status, 'unchanged');
  assert.equal((await readCachedPlanSet(database.pool, ONCOR))?.version, versionOf(after));
});

test('start serves on a fresh folder with its own PostgreSQL, shares it, and ends cleanly', async () => {
  const WATTSYNC_DATA_DIR = await mkdtemp(join(tmpdir(), 'wattsync-start-'));
  const own = { WATTSYNC_DATA_DIR, PORT: '0' };
  const { child, seen, ended } = spawnWattsync(['start', '--json'], own);
  await until(() => seen.stdout.includes('"synced"'), 60_000);
  const { url } = JSON.parse(seen.stdout.split('\n')[0]!);
  const answer = await fetch(`${url}/v1/plans?city=dallas-tx&term=12&sort=rate`);
  assert.equal(answer.status, 200);
  assert.ok(((await answer.json()) as { data: unknown[] }).data.length > 5);
  const status = await wattsync(['sync', 'status', '--json'], own);
  assert.equal(status.code, 0, status.stderr);

  // A PostgreSQL that is killed is started again, and found by all parts of the program.
  const pidFile = join(WATTSYNC_DATA_DIR, 'postgres', 'postmaster.pid');
  const postmaster = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  process.kill(postmaster, 'SIGKILL');
  const health = async () => (await (await fetch(`${url}/readyz`)).json()) as { database: string };
  await until(async () => (await health()).database === 'down');
  await until(async () => (await health()).database !== 'down');
  assert.notEqual(Number.parseInt(readFileSync(pidFile, 'utf8'), 10), postmaster);
  await until(async () => {
    const { stdout } = await wattsync(['sync', 'status', '--json'], own);
    return JSON.parse(stdout).workers.some(
      ({ pid, state }: SeenWorker) => pid === child.pid && state === 'alive',
    );
  });

  // Killed, not stopped: the next one finds the database as it was.
  child.kill('SIGKILL');
  await ended;
  const next = spawnWattsync(['start', '--json'], own);
  await until(() => next.seen.stdout.includes('"synced"'), 60_000);
  assert.equal(JSON.parse(next.seen.stdout.trim().split('\n').at(-1)!).api_calls, 0);
  next.child.kill('SIGTERM');
  assert.equal(await next.ended, 0);
});

test('a start that is stopped before it is done leaves no PostgreSQL behind', async () => {
  const WATTSYNC_DATA_DIR = await mkdtemp(join(tmpdir(), 'wattsync-start-'));
  const own = { WATTSYNC_DATA_DIR, PORT: '0' };
  await wattsync(['db', 'migrate'], own);
  const { child, ended } = spawnWattsync(['start', '--json'], own);
  const pidFile = join(WATTSYNC_DATA_DIR, 'postgres', 'postmaster.pid');
  await until(() => existsSync(pidFile));
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  assert.ok(!existsSync(pidFile));
});
