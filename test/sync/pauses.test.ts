/** When the upstream is not called: one place says so for all processes, and a TDSP that fails alone waits alone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../src/config.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import type { GateOptions } from '../../src/sources/gate.ts';
import { type Database, openDatabase } from '../../src/store/postgres/database.ts';
import { readDueTdsps } from '../../src/store/queue/sync-targets.ts';
import { isUpstreamPaused } from '../../src/store/upstream/permits.ts';
import { changeControl, haltSyncs, waitForQuiet } from '../../src/sync/work/control.ts';
import { queueName } from '../../src/sync/work/job-queue.ts';
import {
  allDuns,
  createTestDatabase,
  ONCOR,
  startReader,
  syncAll,
  testGate,
  until,
} from '../support/support.ts';

const sandbox = await startSandbox({ plansPerTdsp: 20, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const sourceFor = (database: Database, options: Partial<GateOptions> = {}) =>
  new ComparePowerSource(
    { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
    testGate(database, { failuresThatOpen: 5, ...options }),
  );
/** What a process does for readers that miss plans. */
const readerFor = async (database: Database, options: Partial<GateOptions> = {}) => {
  const { engine, refreshes } = await startReader(database, sourceFor(database, options));
  test.after(() => engine.stop(0));
  return refreshes;
};
const calls = () => sandbox.control.state().calls.total;

test('an upstream that fails is left alone by all TDSPs and processes, and found again by one of them for all', async () => {
  const { database } = await createTestDatabase();
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault('500')]);
  const fleet = await Promise.all([1, 2, 3].map(() => readerFor(database)));
  for (let round = 0; round < 10; round++) {
    for (const one of fleet) for (const duns of allDuns) assert.notEqual(await one.cold(duns), 'refreshed');
  }
  assert.equal(calls(), 5, 'until the circuit opened');
  sandbox.control.clearFaults();
  await database.pool.query('update upstream_gates set open_until = now()');
  // The sixth was never tried; the others wait for half a minute after their own failure.
  const answers = [];
  for (const duns of allDuns) answers.push(await fleet[1]!.cold(duns));
  assert.deepEqual(answers, ['later', 'later', 'later', 'later', 'later', 'refreshed']);
  for (const duns of allDuns.slice(0, 5)) assert.equal(await fleet[2]!.cold(duns), 'refreshed');
  assert.equal(calls(), 5 + 6);
});

test('a TDSP that fails alone is left alone for longer and longer, and does not hold up the others', async () => {
  const { database } = await createTestDatabase();
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault(`tdsp=${ONCOR}:500`)]);
  const [one, other] = [await readerFor(database), await readerFor(database)];
  const pauses: number[] = [];
  for (let time = 0; time < 7; time++) {
    assert.equal(await one.cold(ONCOR), 'failed');
    const { rows } = await database.pool.query(
      'select extract(epoch from not_before - clock_timestamp())::float8 as pause from tdsp_pauses where tdsp_duns = $1',
      [ONCOR],
    );
    pauses.push(rows[0].pause);
    for (let reader = 0; reader < 5; reader++) assert.equal(await other.cold(ONCOR), 'later');
    for (const duns of allDuns.filter((duns) => duns !== ONCOR)) {
      assert.equal(await other.cold(duns), 'refreshed');
    }
    await database.pool.query('update tdsp_pauses set not_before = now()');
  }
  for (const [time, longest] of [30, 60, 120, 240, 480, 600, 600].entries()) {
    assert.ok(
      pauses[time]! <= longest && pauses[time]! > longest * 0.9,
      `${pauses[time]} s after ${time + 1} failures`,
    );
  }
  sandbox.control.clearFaults();
  assert.equal(await one.cold(ONCOR), 'refreshed');
});

test('a used up budget and a wish to be left alone are seen before a call is prepared', async () => {
  const { database } = await createTestDatabase();
  sandbox.control.reset();
  const reader = await readerFor(database, { callBudgetPerHour: 4 });
  const runs = async () => (await database.pool.query('select count(*)::int as n from sync_runs')).rows[0].n;
  const answers = [];
  for (const duns of [...allDuns, ...allDuns]) answers.push(await reader.cold(duns));
  assert.deepEqual(answers.slice(0, 5), ['refreshed', 'refreshed', 'refreshed', 'failed', 'later']);
  assert.ok(answers.slice(4).every((answer) => answer === 'later'));
  assert.equal(await runs(), 4);
  await database.pool.query('update upstream_gates set full_until = null');
  const pausing = [
    "update upstream_gates set wait_until = now() + interval '1 minute'",
    "update upstream_gates set wait_until = null, open_until = now() + interval '1 minute'",
    "update upstream_gates set open_until = now(), probe_until = now() + interval '1 minute'",
  ];
  assert.equal(await isUpstreamPaused(database.pool, sourceFor(database)), false);
  for (const statement of pausing) {
    await database.pool.query(statement);
    assert.equal(await isUpstreamPaused(database.pool, sourceFor(database)), true, statement);
    assert.equal(await reader.cold(ONCOR), 'later');
  }
  assert.equal(await runs(), 4);
});

test('while an operator has stopped syncing nothing is fetched for readers, and afterwards it is at once', async () => {
  const { database } = await createTestDatabase();
  sandbox.control.reset();
  let now = 0;
  const { engine, refreshes } = await startReader(database, sourceFor(database), { now: () => now });
  test.after(() => engine.stop(0));
  const runs = async () => (await database.pool.query('select count(*)::int as n from sync_runs')).rows[0].n;
  for (const state of ['stopped', 'emergency'] as const) {
    const order = { by: 'test', reason: null };
    await (state === 'stopped' ? changeControl(database, state, order) : haltSyncs(database, order));
    now += 5_000;
    for (const reader of [refreshes.cold(ONCOR), refreshes.stale(ONCOR)]) {
      assert.equal(await reader, 'stopped');
    }
  }
  assert.deepEqual([calls(), await runs()], [0, 0]);
  await changeControl(database, 'running', { by: 'test', reason: null });
  now += 5_000;
  assert.equal(await refreshes.stale(ONCOR), 'elsewhere');
  // It waits in the queue, and the reader that misses it need not wait for a worker.
  assert.equal(await refreshes.cold(ONCOR), 'refreshed');
  assert.deepEqual([calls(), await runs()], [1, 1]);
});

test('an emergency ends the calls that are made for readers, and does not count as a failure of the upstream', async () => {
  const { database } = await createTestDatabase();
  sandbox.control.reset();
  sandbox.control.setFaults([parseFault('timeout')]);
  const reader = await readerFor(database);
  const fetched = reader.cold(ONCOR);
  await until(() => sandbox.control.state().calls.in_flight === 1);
  assert.deepEqual(await waitForQuiet(database, 0), { running: 1, unanswered: 0 });
  await haltSyncs(database, { by: 'test', reason: 'drill' });
  assert.equal(await fetched, 'stopped');
  await until(() => sandbox.control.state().calls.in_flight === 0);
  const { rows } = await database.pool.query(
    `select status, requested_by, (select failures from upstream_gates) as gate, (select count(*)::int from tdsp_pauses) as pauses
       from sync_runs`,
  );
  assert.deepEqual(rows, [{ status: 'cancelled', requested_by: 'reader', gate: 0, pauses: 0 }]);
  assert.deepEqual(await waitForQuiet(database, 0), { running: 0, unanswered: 0 });
  sandbox.control.clearFaults();
  await changeControl(database, 'running', { by: 'test', reason: null });
  assert.equal(await reader.cold(ONCOR), 'refreshed');
});

/** A database whose clock is a row: statements that ask for the time get that of the schema `sim`. */
async function databaseWithOwnTime(): Promise<{ database: Database; setTime(at: Date): Promise<unknown> }> {
  const { database: real, url } = await createTestDatabase();
  await real.pool.query(`
    create schema sim;
    create table sim.clock (at timestamptz not null);
    insert into sim.clock values (now());
    create function sim.clock_timestamp() returns timestamptz language sql stable as 'select at from sim.clock';
    create function sim.now() returns timestamptz language sql stable as 'select at from sim.clock'`);
  const own = new URL(url);
  own.searchParams.set('options', '-c search_path=sim,public,pg_catalog');
  const database = await openDatabase({ databaseUrl: new Secret(own.href), dataDir: '', connections: 8 });
  test.after(() => database.close());
  return { database, setTime: (at) => real.pool.query('update sim.clock set at = $1', [at]) };
}

test('a day without upstream: readers and schedules together make fewer than 200 calls, and find it again in ten minutes', async () => {
  const { database, setTime } = await databaseWithOwnTime();
  sandbox.control.reset();
  const start = Date.parse('2026-07-01T00:00:00Z');
  const clock = { now: start };
  const now = () => new Date(clock.now);
  await setTime(now());
  const source = sourceFor(database, { attempts: 3 });
  const { engine, refreshes } = await startReader(database, source, {
    freshForMs: 1_800_000,
    now: () => clock.now,
  });
  test.after(() => engine.stop(0));
  await syncAll(database, source);
  await database.pool.query('update plan_snapshots set observed_at = now()');
  const queue = queueName(source);
  /** As a worker that takes what may begin. */
  const work = async () => {
    for (const { tdsp_duns } of await readDueTdsps(database.pool, queue)) {
      await engine.fetchNow(tdsp_duns, null);
    }
  };
  const before = calls();
  const calledAt: number[] = [];
  let seen = before;
  /** Readers of every TDSP, each minute and as soon as they may be of use, and on the hour what is scheduled. */
  const live = async (seconds: number) => {
    for (const end = clock.now + seconds * 1000; clock.now < end; ) {
      const { rows } = await database.pool.query(
        'select extract(epoch from greatest(open_until, probe_until))::float8 * 1000 as until from upstream_gates',
      );
      const [soon, minute] = [Math.ceil((rows[0].until ?? 0) / 5_000) * 5_000, clock.now + 60_000];
      clock.now = soon > clock.now && soon < minute ? soon : minute;
      await setTime(now());
      if ((clock.now - start) % 3_600_000 < 60_000)
        await engine.request({ kind: 'full', requested_by: 'cli' });
      if (clock.now - start > 7_200_000) for (const duns of allDuns) await refreshes.stale(duns);
      await work();
      for (; seen < calls(); seen++) calledAt.push(clock.now);
    }
  };
  sandbox.control.setFaults([parseFault('500')]);
  await live(86_400);
  const made = calls() - before;
  assert.ok(made > 100 && made < 200, `${made} calls`);
  const gaps = calledAt.slice(20).map((at, index) => at - calledAt[index + 19]!);
  assert.ok(Math.max(...gaps) <= 600_000, `${Math.max(...gaps)} ms without trying`);
  // Whenever it comes back: the mean time until the next call.
  const wait = gaps.reduce((sum, gap) => sum + gap * gap, 0) / (2 * gaps.reduce((sum, gap) => sum + gap, 0));
  assert.ok(wait <= 310_000, `${wait} ms on average`);

  sandbox.control.clearFaults();
  const backAt = clock.now;
  await live(600);
  const { rows } = await database.pool.query('select min(observed_at) as oldest from plan_snapshots');
  assert.ok(rows[0].oldest.getTime() > backAt, 'all six are fresh again');
});
