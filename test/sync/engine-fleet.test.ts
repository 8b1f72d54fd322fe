/** The sync engine as processes that are killed, frozen, told to stop, and talked to from a second terminal. */

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, test } from 'node:test';
import { Engine } from '../../src/app/engine.ts';
import { readConfig } from '../../src/config.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { readRun } from '../../src/store/queue/sync-runs.ts';
import { type OpenTarget, readOpenTargets } from '../../src/store/queue/sync-targets.ts';
import { readWorkers } from '../../src/store/queue/sync-workers.ts';
import { followRun } from '../../src/sync/work/follow-run.ts';
import {
  createTestDatabase,
  ONCOR,
  spawnWattsync,
  territory,
  testGate,
  until,
  wattsync,
} from '../support/support.ts';

interface Fleet {
  database: Database;
  sandbox: Sandbox;
  env: Record<string, string>;
  /** Asks, and works on nothing. */
  asker: Engine;
  claimed(): Promise<OpenTarget[]>;
}

async function openFleet(env: Record<string, string> = {}): Promise<Fleet> {
  const { database, url } = await createTestDatabase();
  const sandbox = await startSandbox({ plansPerTdsp: 20 });
  const own = { DATABASE_URL: url, COMPAREPOWER_API_URL: sandbox.url, PORT: '0', ...env };
  const asker = new Engine({
    database,
    territory,
    roles: [],
    onError: () => {},
    config: readConfig(own),
    source: new ComparePowerSource(
      { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
      testGate(database),
    ),
  });
  await asker.start();
  after(async () => {
    await asker.stop(0);
    await sandbox.stop();
  });
  const claimed = async () =>
    (await readOpenTargets(database.pool, null)).filter(({ state }) => state === 'claimed');
  return { database, sandbox, env: own, asker, claimed };
}

const city = (slug: string) => territory.cities.find((one) => one.slug === slug)!;
const never = new AbortController().signal;

const force = (slug: string) =>
  ({ kind: 'emergency', cities: [city(slug)], names: [slug], force: true, requested_by: 'test' }) as const;

async function spawnWorker({
  database,
  env,
}: Fleet): Promise<{ child: ChildProcess; ended: Promise<unknown> }> {
  const worker = spawnWattsync(['start', '--role', 'worker', '--json'], env);
  const isThere = async () =>
    (await readWorkers(database.pool)).some(
      ({ pid, state, queue }) => pid === worker.child.pid && state === 'alive' && queue !== null,
    );
  // Two seconds alone; four at once on a machine with other work take many times as long.
  await until(isThere, 60_000);
  return worker;
}

test('four workers, one of them killed again and again: 200 syncs, none twice at once, none forgotten, no limit passed', async () => {
  const SYNCS = 200;
  const SYNCS_PER_KILL = 16;
  const RATE = 20;
  const BUDGET = 400;
  const fleet = await openFleet({
    API_RATE_LIMIT_PER_SECOND: String(RATE),
    API_CALL_BUDGET_PER_HOUR: String(BUDGET),
    MAX_CONCURRENT_REQUESTS: '6',
    BATCH_DELAY_MS: '0',
    SYNC_INTERVAL_MS: '60000',
  });
  const { database, sandbox, asker, claimed } = fleet;
  sandbox.control.setFaults([parseFault('latency:ms=40')]);
  const workers = await Promise.all([1, 2, 3, 4].map(() => spawnWorker(fleet)));
  const tdsps = territory.tdsps.map(({ duns }) => duns);
  const asked: number[] = [];
  let ended = 0;
  let kills = 0;
  const killing = (async () => {
    while (ended < SYNCS) {
      // In the middle of work, for that is when it matters.
      await until(() => ended >= Math.min(SYNCS, (kills + 1) * SYNCS_PER_KILL), 60_000);
      await until(async () => ended >= SYNCS || (await claimed()).length > 0);
      if (ended >= SYNCS) return;
      const at = kills % workers.length;
      workers[at]!.child.kill('SIGKILL');
      await workers[at]!.ended;
      kills += 1;
      workers[at] = await spawnWorker(fleet);
    }
  })();
  for (let from = 0; from < SYNCS; from += 4) {
    // Unlike each other, so that they do not merge; each of them old enough to need a call.
    await database.pool.query(`update plan_snapshots set observed_at = observed_at - interval '1 hour'`);
    const some = await Promise.all(
      [0, 1, 2, 3].map((more) =>
        asker.request({ kind: 'stale', tdsps: [tdsps[(from + more) % 6]!], requested_by: 'schedule' }),
      ),
    );
    asked.push(...some.map(({ run_id }) => run_id));
    for (const { run_id } of some) await followRun(database, run_id, { signal: never });
    ended += some.length;
  }
  await killing;
  const { rows } = await database.pool.query<{ status: string; n: number }>(
    'select status, count(*)::int as n from sync_runs where id = any($1) group by 1',
    [asked],
  );
  assert.deepEqual(rows, [{ status: 'succeeded', n: SYNCS }]);
  assert.ok(kills >= 5, `${kills} kills`);
  const calls = sandbox.control.state().calls;
  assert.equal(calls.concurrent_max_per_tdsp, 1, JSON.stringify(calls));
  assert.ok(calls.highest_per_second <= RATE, JSON.stringify(calls));
  assert.ok(calls.total <= BUDGET && calls.total >= SYNCS / 2, JSON.stringify(calls));
  assert.deepEqual(await readOpenTargets(database.pool, null), []);
  const whole = await database.pool.query(
    `select s.tdsp_duns from (select distinct on (tdsp_duns) * from plan_snapshots order by tdsp_duns, version desc) s
      where s.plans <> (select count(*) from electricity_plans p where p.tdsp_duns = s.tdsp_duns and p.is_active)`,
  );
  assert.deepEqual(whole.rows, []);
  for (const { child } of workers) child.kill('SIGKILL');
});

test('a TDSP whose sync kills worker after worker is given up, and can be tried again by hand', async () => {
  const fleet = await openFleet();
  const { database, sandbox, asker, claimed } = fleet;
  sandbox.control.setFaults([parseFault('timeout')]);
  const { run_id } = await asker.request(force('dallas-tx'));
  for (let attempt = 1; attempt <= 3; attempt++) {
    const { child, ended } = await spawnWorker(fleet);
    await until(async () => (await claimed())[0]?.attempts === attempt);
    child.kill('SIGKILL');
    await ended;
  }
  const last = await spawnWorker(fleet);
  const seen = await followRun(database, run_id, { signal: never });
  assert.equal(seen.run.status, 'failed');
  assert.equal(seen.results[0]!.error_code, 'sync_job_lost');
  const dead = await wattsync(['sync', 'dead', '--json'], fleet.env);
  assert.deepEqual(
    JSON.parse(dead.stdout).dead.map(({ tdsp_duns, error_code }: Record<string, string>) => [
      tdsp_duns,
      error_code,
    ]),
    [[ONCOR, 'sync_job_lost']],
  );
  assert.match(
    (await wattsync(['sync', 'dead'], fleet.env)).stdout,
    /Oncor .*sync_job_lost[\s\S]*sync:redrive/,
  );
  sandbox.control.clearFaults();
  const redriven = await wattsync(['sync', 'redrive', '--json'], fleet.env);
  assert.equal(redriven.code, 0, redriven.stdout + redriven.stderr);
  assert.equal(JSON.parse(redriven.stdout).kind, 'redrive');
  assert.match((await wattsync(['sync', 'redrive'], fleet.env)).stdout, /No sync was given up/);
  last.child.kill('SIGKILL');
});

test('a worker that freezes is replaced, and what it does when it comes back changes nothing', async () => {
  const fleet = await openFleet();
  const { database, sandbox, asker, claimed } = fleet;
  sandbox.control.setFaults([parseFault('latency:ms=500')]);
  const frozen = await spawnWorker(fleet);
  const { run_id } = await asker.request(force('dallas-tx'));
  await until(() => sandbox.control.state().calls.in_flight === 1);
  frozen.child.kill('SIGSTOP');
  const [before] = await claimed();
  sandbox.control.advance(1);
  sandbox.control.clearFaults();
  const other = await spawnWorker(fleet);
  const seen = await followRun(database, run_id, { signal: never });
  assert.equal(seen.run.status, 'succeeded');
  const snapshot = async () =>
    (
      await database.pool.query(
        'select version, content_hash, observed_at from plan_snapshots where tdsp_duns = $1',
        [ONCOR],
      )
    ).rows;
  const published = await snapshot();
  frozen.child.kill('SIGCONT');
  // It is back when it says so; by then it has had its answer of before, and found that the work is not its any more.
  const worker = async () => (await readWorkers(database.pool)).find(({ id }) => id === before!.worker_id);
  await until(async () => (await worker())?.state === 'alive');
  frozen.child.kill('SIGTERM');
  await frozen.ended;
  assert.deepEqual(await snapshot(), published);
  assert.equal((await readRun(database.pool, run_id))!.results.length, 1);
  other.child.kill('SIGKILL');
});

test('SIGTERM in the middle of a call: the process ends by itself, and another one does the work', async () => {
  const fleet = await openFleet();
  const { database, sandbox, asker } = fleet;
  sandbox.control.setFaults([parseFault('timeout')]);
  const first = await spawnWorker(fleet);
  const { run_id } = await asker.request(force('dallas-tx'));
  await until(() => sandbox.control.state().calls.in_flight === 1);
  const asked = Date.now();
  first.child.kill('SIGTERM');
  assert.equal(await first.ended, 0);
  // A supervisor that waits ten seconds must not have to kill it.
  assert.ok(Date.now() - asked < 10_000);
  assert.equal((await readOpenTargets(database.pool, null))[0]!.state, 'waiting');
  sandbox.control.clearFaults();
  const second = await spawnWorker(fleet);
  assert.equal((await followRun(database, run_id, { signal: never })).run.status, 'succeeded');
  second.child.kill('SIGKILL');
});

test('a command whose last worker goes away in the middle does the rest itself', async () => {
  const fleet = await openFleet();
  const { sandbox, env, claimed } = fleet;
  sandbox.control.setFaults([parseFault('timeout')]);
  const server = await spawnWorker(fleet);
  const command = spawnWattsync(['sync', 'city', 'dallas-tx', '--json'], env);
  await until(() => sandbox.control.state().calls.in_flight === 1);
  assert.equal((await claimed()).length, 1);
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);
  sandbox.control.clearFaults();
  assert.equal(await command.ended, 0);
  assert.equal(JSON.parse(command.seen.stdout).status, 'succeeded');
});

test('a second terminal and the admin API act on a running server, and its state outlives it', async () => {
  const fleet = await openFleet({ ADMIN_TOKEN: 'open-sesame-open-sesame' });
  const { sandbox, env } = fleet;
  const server = spawnWattsync(['start', '--json'], env);
  await until(() => server.seen.stdout.includes('"synced"'), 60_000);
  const { url, admin_token } = JSON.parse(server.seen.stdout.split('\n')[0]!);
  assert.equal(admin_token, null, 'a token that was set is not shown');
  const json = async (...args: string[]) => {
    const { code, stdout, stderr } = await wattsync(args.concat('--json'), env);
    assert.equal(stderr, '');
    return { code, ...JSON.parse(stdout) };
  };
  const admin = async (method: string, path: string, body?: unknown, token = 'open-sesame-open-sesame') => {
    const answer = await fetch(`${url}/v1/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  for (const [method, path] of [
    ['POST', 'sync'],
    ['POST', 'sync/stop'],
    ['DELETE', 'cache'],
    ['GET', 'audit'],
  ] as const) {
    assert.equal((await admin(method, path, undefined, 'open-barley-open-barley')).status, 401, path);
    assert.equal((await fetch(`${url}/v1/admin/${path}`, { method })).status, 401, path);
  }
  const asked = await admin('POST', 'sync', { kind: 'city', cities: ['dallas-tx'], force: true });
  assert.equal(asked.status, 202);
  const seen = await followRun(fleet.database, Number(asked.body.run_id), { signal: never });
  assert.deepEqual([seen.run.status, seen.run.requested_by, seen.run.api_calls], ['succeeded', 'admin', 1]);
  for (const body of [
    {},
    { kind: 'everything' },
    { kind: 'city' },
    { kind: 'full', cities: ['dallas-tx'] },
    { kind: 'city', cities: ['atlantis'] },
    { kind: 'full', extra: 1 },
  ]) {
    const { status, body: problem } = await admin('POST', 'sync', body);
    assert.ok(status === 400 || status === 404, JSON.stringify(problem));
    assert.ok((problem.errors as unknown[]).length > 0);
  }

  // What a terminal would obey, and what no database takes.
  const garbled = await admin('POST', 'sync/stop', { reason: 'tea\u0000\u001b[2Jtime\ud800' });
  assert.deepEqual([garbled.status, garbled.body.changed], [200, true]);
  assert.match((await json('sync', 'full')).error.message, /\(admin: tea \[2Jtime\ufffd\)/);
  assert.equal((await admin('POST', 'sync/resume')).status, 200);

  assert.deepEqual(await json('sync', 'stop', '--reason', 'lunch'), {
    code: 0,
    state: 'stopped',
    changed: true,
    running: 0,
    unanswered: 0,
  });
  assert.equal((await json('sync', 'full')).error.code, 'sync_stopped');
  const refused = await admin('POST', 'sync', { kind: 'full' });
  assert.deepEqual([refused.status, refused.body.code], [409, 'sync_stopped']);
  const resumed = await json('sync', 'priority');
  assert.deepEqual([resumed.code, resumed.status], [0, 'succeeded']);

  sandbox.control.setFaults([parseFault('timeout')]);
  const stuck = spawnWattsync(['sync', 'city', 'houston-tx', '--force', '--json'], env);
  await until(() => sandbox.control.state().calls.in_flight === 1);
  const halted = await json('sync', 'emergency', '--reason', 'drill');
  assert.deepEqual([halted.changed, halted.cancelled_tdsps], [true, 1]);
  assert.equal((await json('sync', 'emergency')).changed, false);
  assert.equal(await stuck.ended, 1);
  assert.equal(JSON.parse(stuck.seen.stdout).status, 'cancelled');
  await until(() => sandbox.control.state().calls.in_flight === 0);
  const calmed = await admin('POST', 'sync/stop');
  assert.deepEqual(calmed.body, { state: 'emergency', changed: false }, 'an emergency is more than a stop');
  sandbox.control.clearFaults();
  assert.equal((await fetch(`${url}/v1/plans?city=dallas-tx`)).status, 200, 'readers notice nothing');

  // The state is in the database: a new process finds it.
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);
  sandbox.control.reset();
  const next = spawnWattsync(['start', '--json'], env);
  await until(() => next.seen.stdout.includes('"sync_refused"'), 60_000);
  assert.equal((await json('sync', 'city', 'dallas-tx', '--force')).error.code, 'sync_halted');
  assert.equal(sandbox.control.state().calls.total, 0);
  assert.equal((await json('sync', 'resume')).changed, true);
  assert.equal((await json('sync', 'city', 'dallas-tx', '--force')).status, 'succeeded');
  next.child.kill('SIGTERM');
  assert.equal(await next.ended, 0);
  const { rows } = await fleet.database.pool.query('select actor, action from audit_log order by id');
  assert.deepEqual(
    rows.map(({ actor, action }) => `${actor} ${action}`),
    [
      'unknown token_refused',
      'admin sync_asked',
      'admin sync_stopped',
      'admin sync_resumed',
      'cli sync_stopped',
      'cli sync_resumed',
      'cli sync_emergency',
      'cli sync_resumed',
    ],
  );
});

test('an emergency is declared even against a process that is frozen in the middle of a publish', async () => {
  const { database, env } = await openFleet();
  const holder = await database.pool.connect();
  // As it leaves PostgreSQL: a transaction that holds the state as it is, and a client that says nothing more.
  await holder.query('begin');
  await holder.query('select from sync_control for share');
  holder.on('error', () => {});
  const { code, stdout } = await wattsync(['sync', 'emergency'], env);
  assert.equal(code, 0);
  assert.match(stdout, /EMERGENCY[\s\S]*1 connections of processes that do not answer were cut/);
  holder.release(true);
});

test('what was scheduled while all were down is made up for once, in the time zone that was asked for', async () => {
  const fleet = await openFleet({
    SYNC_SCHEDULE_FULL: 'off',
    MAINTENANCE_SCHEDULE: 'off',
    EXPORT_SCHEDULE: 'off',
  });
  const { database, env } = fleet;
  const start = async () => {
    const server = spawnWattsync(['start', '--role', 'worker,scheduler', '--json'], env);
    await until(() => server.seen.stdout.includes('"synced"'), 60_000);
    return server;
  };
  const first = await start();
  const schedules = await database.pool.query('select name, cron, time_zone from schedule_times');
  assert.deepEqual(schedules.rows, [{ name: 'priority', cron: '0 * * * *', time_zone: 'America/Chicago' }]);
  first.child.kill('SIGTERM');
  await first.ended;
  // Five hours without anybody.
  await database.pool.query(`update schedule_times set next_at = next_at - interval '5 hours'`);
  const runs = async () =>
    (
      await database.pool.query(
        `select kind, requested_by, status from sync_runs where requested_by = 'schedule' order by id`,
      )
    ).rows;
  const second = await start();
  await until(async () => (await runs()).some(({ status }) => status === 'succeeded'));
  const jobs = await database.pool.query(`select count(*)::int as n from pgboss.job where name = 'schedule'`);
  second.child.kill('SIGTERM');
  await second.ended;
  assert.equal((await runs()).length, 1);
  assert.equal(jobs.rows[0].n, 1);
});
