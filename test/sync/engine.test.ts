/** The sync engine inside one process and over several engines: asking, merging, settling, stopping, giving up. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Engine, type EngineOptions } from '../../src/app/engine.ts';
import { readConfig } from '../../src/config.ts';
import { DemandRecorder } from '../../src/planning/demand-recorder.ts';
import { RefreshRequests } from '../../src/planning/refresh-requests.ts';
import type { SyncRequest } from '../../src/planning/request-sync.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import type { GateOptions } from '../../src/sources/gate.ts';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import { confirmOrigin } from '../../src/store/queue/confirmed-origin.ts';
import { readAttemptCounts } from '../../src/store/queue/sync-attempts.ts';
import { readControl } from '../../src/store/queue/sync-control.ts';
import { readDeadLetters, readRun } from '../../src/store/queue/sync-runs.ts';
import { readOpenTargets } from '../../src/store/queue/sync-targets.ts';
import { readWorkers } from '../../src/store/queue/sync-workers.ts';
import { changeControl, haltSyncs, waitForQuiet } from '../../src/sync/work/control.ts';
import { followRun } from '../../src/sync/work/follow-run.ts';
import { type SyncReport, toReport } from '../../src/sync/work/report.ts';
import { allDuns, createTestDatabase, ONCOR, territory, testGate, until } from '../support/support.ts';

const CENTERPOINT = '957877905';
const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
const engines: Engine[] = [];
const errors: unknown[] = [];
test.after(async () => {
  for (const engine of engines) await engine.stop(0);
  await sandbox.stop();
});

async function openEngine(
  roles: EngineOptions['roles'],
  { gate = {}, env = {} }: { gate?: Partial<GateOptions>; env?: Record<string, string> } = {},
): Promise<Engine> {
  const engine = new Engine({
    database,
    territory,
    roles,
    onError: (error) => errors.push(error),
    config: readConfig({ COMPAREPOWER_API_URL: sandbox.url, EMERGENCY_CALL_BUDGET_PER_HOUR: '1000', ...env }),
    source: new ComparePowerSource(
      { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
      testGate(database, { attempts: 1, ...gate }),
    ),
  });
  engines.push(engine);
  await engine.start();
  return engine;
}

const city = (slug: string) => territory.cities.find((one) => one.slug === slug)!;
const never = new AbortController().signal;
const follow = async (run_id: number): Promise<SyncReport> =>
  toReport(await followRun(database, run_id, { signal: never }));
const force = (slug = 'dallas-tx'): SyncRequest => ({
  kind: 'emergency',
  cities: [city(slug)],
  names: [slug],
  force: true,
  requested_by: 'test',
});
const calls = () => sandbox.control.state().calls;

test('a process that only asks leaves the work to others; a full sync is six calls', async () => {
  const asker = await openEngine([]);
  assert.equal(await asker.hasWorker(), false);
  const { run_id, targets } = await asker.request({ kind: 'full', requested_by: 'test' });
  assert.equal((await readRun(database.pool, run_id))!.run.status, 'queued');
  assert.deepEqual(new Set(targets.map(({ decision }) => decision)), new Set(['queued']));
  const worker = await openEngine(['worker']);
  const report = await follow(run_id);
  assert.equal(report.status, 'succeeded');
  assert.equal(report.api_calls, 6);
  assert.equal(report.plans.added, report.plans.seen);
  assert.equal(await asker.hasWorker(), true);
  const again = await asker.request({ kind: 'full', requested_by: 'test' });
  assert.deepEqual(new Set(again.targets.map(({ decision }) => decision)), new Set(['fresh']));
  assert.equal((await follow(again.run_id)).status, 'succeeded');
  assert.equal(calls().total, 6);
  await worker.stop();
});

test('requests that meet are one call: they merge with what waits and join what runs', async () => {
  sandbox.control.reset();
  const asker = await openEngine([]);
  const stale = (): SyncRequest => ({ kind: 'stale', tdsps: [ONCOR], requested_by: 'test' });
  await database.pool.query(`update plan_snapshots set observed_at = observed_at - interval '1 day'`);
  const first = await asker.request(stale());
  const second = await asker.request(stale());
  assert.deepEqual(
    [...first.targets, ...second.targets].map(({ decision }) => decision),
    ['queued', 'merged'],
  );
  sandbox.control.setFaults([parseFault('latency:ms=300')]);
  const worker = await openEngine(['worker']);
  await until(() => calls().in_flight === 1);
  const third = await asker.request(stale());
  assert.deepEqual(
    third.targets.map(({ decision }) => decision),
    ['joined'],
  );
  const reports = [await follow(first.run_id), await follow(second.run_id), await follow(third.run_id)];
  sandbox.control.clearFaults();
  assert.deepEqual(
    reports.map(({ status, tdsps, api_calls }) => [status, tdsps[0]!.status, api_calls]),
    [
      ['succeeded', 'unchanged', 1],
      ['succeeded', 'shared', 0],
      ['succeeded', 'shared', 0],
    ],
  );
  assert.equal(calls().total, 1);
  await worker.stop();
});

test('of one TDSP never two calls are under way, however many workers and insistent requests there are', async () => {
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault('latency:ms=60')]);
  const workers = await Promise.all([1, 2, 3].map(() => openEngine(['worker'])));
  const asked = await Promise.all(
    Array.from({ length: 9 }, (_, at) =>
      workers[at % 3]!.request(force(at % 2 ? 'houston-tx' : 'dallas-tx')),
    ),
  );
  for (const { run_id } of asked) assert.equal((await follow(run_id)).status, 'succeeded');
  sandbox.control.clearFaults();
  assert.ok(calls().concurrent_max_per_tdsp <= 1, JSON.stringify(calls()));
  await Promise.all(workers.map((worker) => worker.stop()));
});

test('a stop lets what runs end and begins nothing; a resume goes on where it was', async () => {
  const [asker, worker] = [await openEngine([]), await openEngine(['worker'])];
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault('latency:ms=400')]);
  const running = await asker.request(force());
  await until(() => calls().in_flight === 1);
  const stop = (reason: string | null) => changeControl(database, 'stopped', { by: 'test', reason });
  assert.deepEqual(await stop('why not'), { state: 'stopped', changed: true });
  assert.deepEqual(await stop(null), { state: 'stopped', changed: false });
  assert.equal((await follow(running.run_id)).status, 'succeeded');
  assert.deepEqual(await waitForQuiet(database, 5_000), { running: 0, unanswered: 0 });
  await assert.rejects(asker.request(force()), { code: 'sync_stopped' });
  await assert.rejects(asker.request({ kind: 'priority', requested_by: 'schedule' }), {
    code: 'sync_stopped',
  });
  assert.equal(calls().total, 1);
  // By hand, a priority sync is how the owner starts again.
  const resumed = await asker.request({ kind: 'priority', requested_by: 'cli' });
  assert.equal(resumed.hasResumed, true);
  assert.equal((await readControl(database.pool)).state, 'running');
  sandbox.control.clearFaults();
  assert.equal((await follow(resumed.run_id)).status, 'succeeded');
  const { rows } = await database.pool.query('select action from audit_log order by id');
  assert.deepEqual(
    rows.map(({ action }) => action),
    ['sync_stopped', 'sync_resumed'],
  );
  await worker.stop();
});

test('what was asked for before a stop waits, and is done after the resume', async () => {
  const asker = await openEngine([]);
  const { run_id } = await asker.request(force());
  await changeControl(database, 'stopped', { by: 'test', reason: null });
  sandbox.control.reset();
  const worker = await openEngine(['worker']);
  await until(async () => {
    const { rows } = await database.pool.query(
      `select count(*)::int as n from pgboss.job where name like 'sync.%' and state = 'completed' and data->>'key' = $1
         and created_on > now() - interval '10 seconds'`,
      [ONCOR],
    );
    return rows[0].n > 0;
  });
  assert.equal((await readOpenTargets(database.pool, null))[0]!.state, 'waiting');
  assert.equal(calls().total, 0);
  await changeControl(database, 'running', { by: 'test', reason: null });
  assert.equal((await follow(run_id)).status, 'succeeded');
  await worker.stop();
});

test('an emergency gives up calls in flight, cancels all, and nothing syncs until the resume', async () => {
  const [asker, worker] = [await openEngine([]), await openEngine(['worker'])];
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault('timeout')]);
  const running = await asker.request(force());
  const waiting = await asker.request(force());
  await until(() => calls().in_flight === 1);
  const halted = await haltSyncs(database, { by: 'test', reason: 'drill' });
  assert.deepEqual(halted.cancelled_runs, [running.run_id, waiting.run_id]);
  await until(() => calls().in_flight === 0);
  for (const { run_id } of [running, waiting]) {
    const report = await follow(run_id);
    assert.equal(report.status, 'cancelled');
    assert.equal(report.errors[0]!.code, 'sync_cancelled');
  }
  // It had ended before its call had.
  await until(async () => (await readRun(database.pool, running.run_id))!.run.api_calls === 1);
  sandbox.control.clearFaults();
  sandbox.control.reset();
  for (const kind of ['priority', 'full'] as const) {
    await assert.rejects(asker.request({ kind, requested_by: 'cli' }), { code: 'sync_halted' });
  }
  // Neither the gate nor the publish lets anybody through who did not hear of it.
  await assert.rejects(
    testGate(database).call(
      {
        source: 'comparepower',
        origin: 'test',
        endpoint: '/',
        params: {},
        perform: () => assert.fail('called'),
        read: () => null,
      },
      { run_id: 1, isForced: true, signal: never },
    ),
    { code: 'sync_halted' },
  );
  assert.equal(calls().total, 0);
  await changeControl(database, 'running', { by: 'test', reason: null });
  assert.equal((await follow((await asker.request(force())).run_id)).status, 'succeeded');
  await worker.stop();
});

test('what is given up becomes one dead letter, and a later success takes it away', async () => {
  const [asker, worker] = [await openEngine([]), await openEngine(['worker'])];
  sandbox.control.setFaults([parseFault('denied')]);
  for (let time = 0; time < 2; time++) {
    const report = await follow((await asker.request(force())).run_id);
    assert.equal(report.status, 'failed');
    assert.equal(report.errors[0]!.code, 'upstream_denied');
  }
  const dead = await readDeadLetters(database.pool);
  assert.deepEqual(
    dead.map(({ tdsp_duns, error_code }) => [tdsp_duns, error_code]),
    [[ONCOR, 'upstream_denied']],
  );
  assert.match(dead[0]!.message, /denied|key|401|403/);
  sandbox.control.clearFaults();
  assert.equal((await follow((await asker.request(force())).run_id)).status, 'succeeded');
  assert.deepEqual(await readDeadLetters(database.pool), []);
  await worker.stop();
});

test('where no call is allowed a schedule waits for its time, and a person is told at once', async () => {
  // The circuit opens with the first failure, and stays open for about half a minute.
  const gate = { failuresThatOpen: 1 };
  const [asker, worker] = [await openEngine([]), await openEngine(['worker'], { gate })];
  sandbox.control.setFaults([parseFault('500')]);
  assert.equal((await follow((await asker.request(force())).run_id)).errors[0]!.code, 'upstream_failed');
  sandbox.control.clearFaults();
  sandbox.control.reset();
  await database.pool.query(`update plan_snapshots set observed_at = observed_at - interval '1 day'`);
  const asked = { kind: 'stale', tdsps: [CENTERPOINT] } as const;
  const patient = await asker.request({ ...asked, requested_by: 'schedule' });
  await until(async () => (await readRun(database.pool, patient.run_id))!.waiting[0]?.not_before != null);
  const { waiting } = (await readRun(database.pool, patient.run_id))!;
  assert.ok(waiting[0]!.not_before!.getTime() > Date.now());
  const impatient = await asker.request({ kind: 'stale', tdsps: [CENTERPOINT], requested_by: 'cli' });
  assert.equal(impatient.targets[0]!.decision, 'merged');
  assert.equal((await follow(impatient.run_id)).errors[0]!.code, 'circuit_open');
  assert.equal(calls().total, 0);
  // The time has come: the upstream is back, and its first call finds that out.
  await database.pool.query('update upstream_gates set open_until = now()');
  await database.pool.query(`update sync_targets set not_before = now() where state = 'waiting'`);
  assert.equal((await follow(patient.run_id)).status, 'succeeded');
  await worker.stop();
});

test('a worker that is told to stop hands its work on, and another one ends it', async () => {
  const [asker, first] = [await openEngine([]), await openEngine(['worker'])];
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault('timeout')]);
  const { run_id } = await asker.request(force());
  await until(() => calls().in_flight === 1);
  await first.stop(0);
  assert.equal((await readOpenTargets(database.pool, null))[0]!.state, 'waiting');
  sandbox.control.clearFaults();
  const second = await openEngine(['worker']);
  const report = await follow(run_id);
  assert.equal(report.status, 'succeeded');
  assert.deepEqual(
    (await readWorkers(database.pool)).map(({ state }) => state),
    ['alive'],
  );
  await second.stop();
});

test('the success rate counts every attempt, those that were tried again included', async () => {
  const { hour: before } = await readAttemptCounts(database.pool);
  const [asker, worker] = [await openEngine([]), await openEngine(['worker'])];
  sandbox.control.setFaults([parseFault('500')]);
  await follow((await asker.request(force())).run_id);
  sandbox.control.clearFaults();
  await database.pool.query('update upstream_gates set open_until = null, failures = 0');
  await follow((await asker.request(force())).run_id);
  const { hour, day } = await readAttemptCounts(database.pool);
  assert.deepEqual([hour.attempts - before.attempts, hour.succeeded - before.succeeded], [2, 1]);
  assert.deepEqual(day, hour);
  await worker.stop();
});

test('what shoppers do is counted by city and hour, decays, and makes a city a priority', async () => {
  const town = territory.cities.find(({ tier }) => tier === 3)!;
  const counted = async (at: Date, event: 'search' | 'lead') => {
    const recorder = new DemandRecorder({ database: database.pool, onError: assert.fail, now: () => at });
    for (let n = 0; n < 10; n++) recorder.count(town.slug, event, true);
    await recorder.stop();
  };
  const asker = await openEngine([]);
  const priority = async () => (await asker.explain({ kind: 'priority', requested_by: 'test' })).cities;
  const before = await priority();
  assert.ok(!before.includes(town.slug));
  assert.equal(before.length, territory.cities.filter(({ tier }) => tier === 1).length);
  await counted(new Date(Date.now() - 30 * 3_600_000), 'search');
  assert.ok(!(await priority()).includes(town.slug), 'a search of yesterday');
  await counted(new Date(Date.now() - 30 * 3_600_000), 'lead');
  assert.ok((await priority()).includes(town.slug), 'a lead of yesterday');
  await counted(new Date(), 'search');
  const { targets } = await asker.explain({ kind: 'city', cities: [town], requested_by: 'test' });
  assert.match(targets[0]!.reason, /1[3-4] searches, 4(\.\d)? leads/);
});

test('readers that find plans old ask once for all of them', async () => {
  const asker = await openEngine([]);
  let asked = 0;
  const processes = Array.from(
    { length: 5 },
    () =>
      new RefreshRequests({
        request: async (duns, kind) => {
          const decided = await asker.requestRefresh(duns, kind);
          if (decided.run_id !== null) asked += 1;
          return decided;
        },
        fetchNow: () => assert.fail('fetched'),
        onError: assert.fail,
      }),
  );
  await database.pool.query(`update plan_snapshots set observed_at = observed_at - interval '1 day'`);
  void processes[0]!.stale(ONCOR);
  await until(async () => (await readOpenTargets(database.pool, null)).length === 1);
  for (const one of processes) for (let n = 0; n < 100; n++) void one.stale(ONCOR);
  void processes[1]!.stale(CENTERPOINT);
  await until(async () => (await readOpenTargets(database.pool, null)).length === 2);
  assert.equal(asked, 2);
  const worker = await openEngine(['worker']);
  await until(async () => (await readOpenTargets(database.pool, null)).length === 0);
  await worker.stop();
});

test('with one call for the whole state, a sync of one city brings all TDSPs, and has a queue of its own', async () => {
  const csv = fileURLToPath(new URL('../fixtures/powertochoose-small.csv', import.meta.url));
  const tdspByName = (name: string) => territory.tdspByFeedName(name)?.duns;
  const statewide = new PowerToChooseSource({ csv, tdspByName }, testGate(database));
  await database.transaction((connection) => confirmOrigin(connection, statewide.origin, 'test'));
  const engine = new Engine({
    database,
    territory,
    roles: ['worker'],
    onError: (error) => errors.push(error),
    config: readConfig({ PLAN_SOURCE: 'powertochoose', POWERTOCHOOSE_CSV: csv }),
    source: statewide,
  });
  engines.push(engine);
  await engine.start();
  const asker = await openEngine([]);
  assert.equal(await asker.hasWorker(), false, 'it works for another upstream');
  const ask: SyncRequest = {
    kind: 'city',
    cities: [city('dallas-tx')],
    names: ['dallas-tx'],
    requested_by: 'test',
  };
  const asked = await engine.request(ask);
  assert.equal(asked.targets.length, 6);
  assert.equal(asked.targets[0]!.tdsp_duns, ONCOR);
  const report = await follow(asked.run_id);
  assert.deepEqual(report.cities, ['dallas-tx']);
  assert.equal(report.api_calls, 1);
  assert.equal(report.tdsps.length, 6);
  const again = await engine.request(ask);
  assert.deepEqual(
    again.targets.map(({ decision }) => decision),
    ['fresh'],
  );
  await engine.stop();
});

test('two syncs of all cities and every kind of request left nothing open, and nothing went wrong behind the scenes', async () => {
  assert.deepEqual(await readOpenTargets(database.pool, null), []);
  const { rows } = await database.pool.query(
    `select count(*)::int as n from sync_runs where status in ('queued', 'running')`,
  );
  assert.equal(rows[0].n, 0);
  assert.deepEqual(errors, []);
  assert.equal(allDuns.length, 6);
});
