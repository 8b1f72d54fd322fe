import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { readConfig } from '../../src/config.ts';
import { readMonitorView } from '../../src/monitor/monitor-view.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { startProxy } from '../support/cache.ts';
import { createTestDatabase, ONCOR, spawnWattsync, until, wattsync } from '../support/support.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const env = { DATABASE_URL, COMPAREPOWER_API_URL: sandbox.url, EMERGENCY_CALL_BUDGET_PER_HOUR: '50' };
const config = readConfig(env);
const view = () => readMonitorView(database.pool, config);

async function status() {
  const { code, stdout, stderr } = await wattsync(['sync', 'status', '--json'], env);
  assert.equal(stderr, '');
  return { code, said: JSON.parse(stdout) };
}

test('before anything was synced the status says so, and what to run', async () => {
  const { code, said } = await status();
  assert.deepEqual([code, said.status, said.healthy, said.schedules], [1, 'stale', false, null]);
  assert.deepEqual(
    said.problems.map(({ check, run }: { check: string; run: string }) => [check, run]),
    [['plans', 'npm run sync:full']],
  );
  assert.match(
    (await wattsync(['sync', 'monitor', '--once'], env)).stdout,
    /Nothing was ever published here/,
  );
});

test('a run is seen while it is under way: who fetches what, since when, and what waits', async () => {
  const worker = spawnWattsync(['start', '--role', 'worker,scheduler', '--json'], {
    ...env,
    MAX_CONCURRENT_REQUESTS: '2',
  });
  await until(() => worker.seen.stdout.includes('"synced"'), 60_000);
  await until(async () => (await wattsync(['sync', 'full', '--json'], env)).code === 0, 60_000);
  sandbox.control.setFaults([parseFault('latency:ms=60000')]);
  const { ended } = spawnWattsync(['sync', 'full', '--force', '--json'], env);
  await until(async () => (await view()).queue.claimed.length === 2);
  const { code, said } = await status();
  assert.deepEqual([code, said.status, said.healthy, said.problems], [0, 'fresh', true, []]);

  const [run] = said.in_progress;
  assert.deepEqual(
    [run.kind, run.requested_by, run.is_forced, run.done, run.total],
    ['full', 'cli', true, 0, 6],
  );
  const steps = run.steps.map(({ step }: { step: string }) => step).toSorted();
  assert.deepEqual(steps, ['fetching', 'fetching', 'waiting', 'waiting', 'waiting', 'waiting']);
  const [worked] = said.workers;
  assert.deepEqual(
    [worked.pid, worked.state, worked.roles],
    [worker.child.pid, 'alive', ['worker', 'scheduler']],
  );
  assert.ok(Math.abs(worked.clock_ahead_ms) < 5_000);
  for (const claim of said.queue.claimed) {
    assert.deepEqual([claim.worker.pid, claim.worker.state], [worker.child.pid, 'alive']);
    assert.ok(Date.parse(claim.claimed_at) <= Date.parse(said.at));
  }
  const priorities = said.queue.waiting.map(({ priority }: { priority: number }) => priority);
  assert.deepEqual(
    priorities,
    priorities.toSorted((a: number, b: number) => b - a),
  );
  for (const { reason, requested_by } of said.queue.waiting) {
    assert.match(reason, /tier 1/);
    assert.equal(requested_by, 'cli');
  }

  const frame = (await wattsync(['sync', 'monitor', '--once'], env)).stdout;
  assert.match(frame, new RegExp(`▸ run ${run.id} full asked by cli \\d+ s ago, forced +░{20} 0/6`));
  assert.match(frame, new RegExp(`fetching for \\d+ s, process ${worker.child.pid}`));
  assert.match(frame, /QUEUE {2}4 waiting, 2 being worked on/);

  await wattsync(['sync', 'emergency'], env);
  await ended;
  sandbox.control.clearFaults();
  await wattsync(['sync', 'resume'], env);
  worker.child.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
});

test('what was given up is told, with the reason and the last errors', async () => {
  sandbox.control.setFaults([parseFault('denied')]);
  assert.equal((await wattsync(['sync', 'full', '--force', '--json'], env)).code, 1);
  sandbox.control.clearFaults();
  const { said } = await status();
  assert.equal(said.dead_letters.length, 6);
  assert.match(JSON.stringify(said.problems), /refuses the key \(401\)/);
  assert.match(JSON.stringify(said.problems), /Gave up on .*Oncor/);
  assert.equal(said.upstream.last_errors.length, 3);
});

test('the success rate counts what a retry repaired as failed before', async () => {
  const earlier = (await view()).attempts.hour;
  sandbox.control.setFaults([parseFault('500')]);
  assert.equal((await wattsync(['sync', 'city', 'dallas-tx', '--force', '--json'], env)).code, 1);
  sandbox.control.clearFaults();
  assert.equal((await wattsync(['sync', 'city', 'dallas-tx', '--force', '--json'], env)).code, 0);
  const { hour, day } = (await view()).attempts;
  assert.deepEqual([hour.attempts - earlier.attempts, hour.succeeded - earlier.succeeded], [2, 1]);
  assert.equal(hour.success_rate, hour.succeeded / hour.attempts);
  assert.deepEqual(day, hour);
});

test('a stop is told by the status, with who, when and why', async () => {
  await wattsync(['sync', 'stop', '--reason', 'prices look odd'], env);
  const { code, said } = await status();
  assert.deepEqual(
    [code, said.healthy, said.control.state, said.control.reason],
    [1, false, 'stopped', 'prices look odd'],
  );
  const { stdout } = await wattsync(['sync', 'status'], env);
  assert.match(stdout, /NOT HEALTHY {2}syncing is STOPPED/);
  assert.match(stdout, /STOPPED, since .* by cli: prices look odd/);
  assert.match(stdout, /→ npm run sync:resume/);
  await wattsync(['sync', 'resume'], env);
});

test('piped, the monitor writes plain frames, one for each change, and ends when told', async () => {
  const { child, seen, ended } = spawnWattsync(['sync', 'monitor'], env);
  const frames = () => seen.stdout.split('wattsync sync monitor').length - 1;
  await until(() => frames() === 1);
  await wattsync(['sync', 'stop', '--no-wait'], env);
  await until(() => frames() === 2 && seen.stdout.includes('STOPPED'));
  await wattsync(['sync', 'resume'], env);
  await until(() => frames() === 3);
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
  assert.equal(stripVTControlCharacters(seen.stdout), seen.stdout);
  assert.doesNotMatch(seen.stdout, /…$/m, 'what goes into a pipe is not cut at the width of a screen');
});

test('the monitor survives a database that goes away, says so, and comes back', async () => {
  const address = new URL(DATABASE_URL);
  const proxy = await startProxy(Number(address.port));
  address.port = new URL(proxy.url.reveal()).port;
  const { child, seen, ended } = spawnWattsync(['sync', 'monitor', '--json', '--interval', '0.2'], {
    ...env,
    DATABASE_URL: address.href,
  });
  const frames = () =>
    seen.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const latest = () => frames().at(-1);
  await until(() => latest()?.database.reachable === true);
  proxy.state.isSilent = true;
  await until(() => latest().database.reachable === false);
  const away = latest();
  assert.equal(away.tdsps.length, 6);
  assert.ok(away.database.error.length > 0 && Date.parse(away.database.since) > 0);
  proxy.state.isSilent = false;
  proxy.cut();
  await until(() => latest().database.reachable === true && Date.parse(latest().at) > Date.parse(away.at));
  child.kill('SIGINT');
  assert.equal(await ended, 0);
  assert.equal(seen.stderr, '');
});

test('freshness tells the share of cities within target, now and over the day, as the runs say', async () => {
  const { code, stdout } = await wattsync(['freshness', '--json'], env);
  const report = JSON.parse(stdout);
  assert.deepEqual([code, report.status], [0, 'fresh']);
  assert.deepEqual([report.overall.within_now, report.overall.within_window], [1, 1]);
  assert.equal(report.overall.cities, 975);
  assert.ok(report.overall.window_known > 0 && report.overall.window_known < 0.1, 'all began minutes ago');
});

test('freshness warns past the warning age and fails past the error age', async () => {
  // As if the last confirmation had been so long ago, and the one before two hours earlier.
  const age = async (hours: number) => {
    await database.pool.query('delete from sync_results');
    await database.pool.query(
      `insert into sync_results (run_id, tdsp_duns, status, finished_at, duration_ms)
       select (select max(id) + n - 2 from sync_runs), duns, 'unchanged', now() - make_interval(mins => $1 + n * 120), 0
         from tdsps, generate_series(0, 1) n`,
      [hours * 60],
    );
    await database.pool.query('update plan_snapshots set observed_at = now() - make_interval(mins => $1)', [
      hours * 60,
    ]);
    const { code, stdout } = await wattsync(['freshness', '--json'], env);
    const report = JSON.parse(stdout);
    const [first] = report.tiers;
    return {
      code,
      status: report.status,
      first: first.verdict,
      now: first.within_now,
      day: first.within_window,
    };
  };
  // Tier 1: an hour after each confirmation is within the target, the hour after that is not.
  const near = (share: number, wanted: number) =>
    assert.ok(Math.abs(share - wanted) < 0.01, `${share}, not ${wanted}`);
  const late = await age(1.1);
  assert.deepEqual([late.code, late.status, late.first, late.now], [0, 'fresh', 'late', 0]);
  near(late.day, 2 / 3.1);
  const warned = await age(2);
  assert.deepEqual([warned.code, warned.status, warned.first], [0, 'warning', 'warning']);
  near(warned.day, 2 / 4);
  const failed = await age(4);
  assert.deepEqual([failed.code, failed.status, failed.first], [1, 'error', 'error']);
  near(failed.day, 2 / 6);
  const { stdout } = await wattsync(['freshness'], env);
  assert.match(stdout, /✗ Oncor +4 h/);
  assert.match(stdout, /6 plan sets past the error age.* Sync now: npm run sync:full/);
  await wattsync(['sync', 'stop'], env);
  assert.match((await wattsync(['freshness'], env)).stdout, /sync:resume, then npm run sync:full\n$/);
  await wattsync(['sync', 'resume'], env);
  assert.match((await wattsync(['doctor'], env)).stdout, /✗ plans +Plans are older than 3 h/);
});

test('demand weighs on the share of cities within target', async () => {
  // Oncor is fresh again; Houston, which it does not serve, is what everybody asks for.
  await database.pool.query('update plan_snapshots set observed_at = now() where tdsp_duns = $1', [ONCOR]);
  await database.pool.query(
    `insert into city_demand (city_slug, hour, searches) values ('houston-tx', date_trunc('hour', now()), 100000)`,
  );
  const { overall } = JSON.parse((await wattsync(['freshness', '--json'], env)).stdout);
  assert.ok(overall.within_now > 0.4, `${overall.within_now}`);
  assert.ok(overall.within_now_weighted < 0.1, `${overall.within_now_weighted}`);
});
