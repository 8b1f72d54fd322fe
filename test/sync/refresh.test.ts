/** Looks between the schedules: learned from kept answers, asked for once by the fleet, and never beyond what is allowed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/app/engine.ts';
import { readConfig } from '../../src/config.ts';
import { learn } from '../../src/planning/refresh/learn.ts';
import {
  decideRefresh,
  type RefreshSettings,
  refreshTick,
  scoreHere,
} from '../../src/planning/refresh/refresher.ts';
import { readLearned } from '../../src/planning/refresh/stored.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readAge } from '../../src/sources/http.ts';
import { keepPayload, toPayload } from '../../src/store/plans/source-payloads.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { readChanges, readRefreshCalls } from '../../src/store/queue/refresh-state.ts';
import { readRun } from '../../src/store/queue/sync-runs.ts';
import { DAY_MS, HOUR_MS } from '../../src/units.ts';
import { allDuns, createTestDatabase, ONCOR, territory, testGate, until } from '../support/support.ts';

const upstream = { name: 'comparepower', origin: 'https://upstream.test', coverage: 'tdsp' } as const;
const settings: RefreshSettings = {
  strategy: 'even',
  callsPerHour: 6,
  budgetPerHour: 50,
  targetMs: () => HOUR_MS,
  territory,
  upstream,
};
const terms = {
  source: upstream.name,
  coverage: upstream.coverage,
  tdsps: allDuns.toSorted(),
  callsAnHour: 6,
  mostAnHour: 38,
  weights: allDuns.map(() => 1),
};

const idAt = (ms: number, n: number) =>
  Math.floor(ms / 1_000)
    .toString(16)
    .padStart(8, '0') + n.toString(16).padStart(16, '0');

/** An answer as the gate writes it down; `null`: the call failed. */
async function look(
  database: Database,
  duns: string,
  at: number,
  ids: readonly string[] | null,
  age_seconds: number | null = null,
): Promise<void> {
  const body = ids && toPayload(new TextEncoder().encode(JSON.stringify(ids.map((_id) => ({ _id })))))!;
  const called_at = new Date(at);
  if (body) {
    await keepPayload(database.pool, body, {
      source: upstream.name,
      origin: upstream.origin,
      request: { endpoint: '/', params: {} },
      seen_at: called_at,
      status: 200,
      content_type: null,
    });
  }
  await database.pool.query(
    `insert into api_calls (source, endpoint, params, attempt, status, duration_ms, error, payload_hash, called_at, age_seconds)
     values ($1, '/', $2, 1, $3, 1, $4, $5, $6, $7)`,
    [
      upstream.name,
      { tdsp_duns: duns },
      body ? 200 : null,
      body ? null : 'no answer',
      body?.hash ?? null,
      called_at,
      age_seconds,
    ],
  );
}

const { database } = await createTestDatabase();
const { pool } = database;

test('ids of kept answers become changes to the second, read once, and a failed call is not a look', async () => {
  const now = Date.now();
  const begin = now - 3 * DAY_MS;
  const old = idAt(begin - DAY_MS, 1);
  const made = begin + 90 * 60_000;
  await look(database, ONCOR, begin, [old]);
  await look(database, ONCOR, begin + HOUR_MS, null);
  await look(database, ONCOR, begin + 2 * HOUR_MS, [old, idAt(made, 2)]);
  assert.ok(await learn(pool, { ...terms, now }));
  const [change, ...rest] = await readChanges(pool, upstream.name);
  assert.equal(rest.length, 0);
  assert.equal(change!.changed_by.getTime(), Math.floor(made / 1_000) * 1_000);
  assert.equal(change!.seen_at.getTime(), begin + 2 * HOUR_MS);
  // What was read is not read again, and what comes next is compared with it.
  await look(database, ONCOR, begin + 3 * HOUR_MS, [old, idAt(made, 2)]);
  await look(database, ONCOR, begin + 4 * HOUR_MS, [idAt(begin + 3.5 * HOUR_MS, 3)]);
  await learn(pool, { ...terms, now });
  const times = (await readChanges(pool, upstream.name)).map(({ changed_by }) => changed_by.getTime());
  assert.deepEqual(
    times.map((time) => Math.round((time - begin) / 60_000)),
    [90, 210],
  );
  const learned = (await readLearned(pool, upstream.name))!;
  assert.equal(learned.proof.isTrusted, false);
  assert.match(learned.proof.reason, /business days are known, 20 are needed/);
});

test('an answer from a cache of the upstream is as old as it says, and no observation of what is known already', async () => {
  const now = Date.now();
  const begin = now - 8 * HOUR_MS;
  const TNMP = '007929441';
  const old = idAt(begin - DAY_MS, 11);
  await look(database, TNMP, begin, [old]);
  // Held for two hours: it lacks what was made meanwhile, and says nothing about that time.
  await look(database, TNMP, begin + HOUR_MS, [old], 2 * 3_600);
  const made = idAt(begin + 30 * 60_000, 12);
  await look(database, TNMP, begin + 2 * HOUR_MS, [old, made], 600);
  await learn(pool, { ...terms, now });
  const mine = (await readChanges(pool, upstream.name)).filter(({ plan_set }) => plan_set === TNMP);
  assert.deepEqual(
    mine.map(({ changed_by, seen_at }) => [
      Math.round((changed_by.getTime() - begin) / 60_000),
      Math.round((seen_at.getTime() - begin) / 60_000),
    ]),
    [[30, 120]],
  );
  const seenAgo = async () => {
    const { sets } = await decideRefresh(pool, settings, now);
    const at = sets.find(({ plan_set }) => plan_set === TNMP)!.seen.looked_at;
    return at && Math.round((now - at.getTime()) / 60_000);
  };
  await pool.query(
    `insert into plan_snapshots (tdsp_duns, version, source, origin, observed_at, published_at, plans, set_hash, content_hash)
     select $1, 1, $2, $3, $4, $4, 1, 'x', 'x'`,
    [TNMP, upstream.name, upstream.origin, new Date(begin + 2 * HOUR_MS)],
  );
  assert.equal(await seenAgo(), 6 * 60 + 10);
  assert.equal(readAge('120'), 120);
  for (const none of [null, '0', 'x', '-3']) assert.equal(readAge(none), null);
});

test('strategies are scored on the changes that are known here, and a census sees all within its ten minutes', async () => {
  const now = Date.now();
  const found = (await scoreHere(pool, settings, { now, days: 4 }))!;
  assert.equal(found.changes, 3);
  const of = (strategy: string) => found.scores.find((one) => one.strategy === strategy)!;
  assert.ok(of('census').longest_minutes! <= 11, `${of('census').longest_minutes}`);
  assert.ok(of('schedule').longest_minutes! <= 62);
  assert.deepEqual(
    { ...of('auto'), strategy: '' },
    { ...of('even'), strategy: '' },
    'nothing is proven on three changes',
  );
});

test('auto says why it falls back, and a set that was never confirmed is due before all others', async () => {
  const decision = await decideRefresh(pool, { ...settings, strategy: 'auto' }, Date.now());
  assert.equal(decision.inUse, 'even');
  assert.match(decision.reason, /20 are needed/);
  assert.ok(decision.due.length > 0 && decision.due.every(({ kind }) => kind === 'floor'));
});

test('looks stop where the hour is used up but for the reserve, and while the last call has just failed', async () => {
  const open = await decideRefresh(pool, settings, Date.now());
  assert.equal(open.room, 38);
  await pool.query(`insert into upstream_gates (source) values ($1) on conflict do nothing`, [upstream.name]);
  const full = await decideRefresh(pool, { ...settings, budgetPerHour: 0 }, Date.now());
  assert.deepEqual(full.due, []);
  const wanted = (at: number) =>
    decideRefresh(pool, settings, at).then(({ due, sets }) => due.map(({ set }) => sets[set]!.plan_set));
  const failed = Date.now();
  await look(database, allDuns[1]!, failed, null);
  assert.ok(!(await wanted(failed + 60_000)).includes(allDuns[1]!));
  assert.ok((await wanted(failed + 11 * 60_000)).includes(allDuns[1]!));
});

test('one process of the fleet asks, and none on the full minute or with the strategy schedule', async () => {
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  const asked: string[][] = [];
  const options = {
    ...settings,
    database,
    onDue: async (tdsps: readonly string[]) => void asked.push([...tdsps]),
  };
  assert.equal(await refreshTick({ ...options, now: () => minute + 1_000 }), 0);
  assert.equal(await refreshTick({ ...options, strategy: 'schedule', now: () => minute + 20_000 }), 0);
  let others = 0;
  const blocked = {
    ...options,
    onDue: async (tdsps: readonly string[]) => {
      others += await refreshTick({ ...options, now: () => minute + 20_000 });
      asked.push([...tdsps]);
    },
  };
  assert.ok((await refreshTick({ ...blocked, now: () => minute + 20_000 })) > 0);
  assert.equal(others, 0);
  assert.equal(asked.length, 1);
});

test('a look is made by a worker though a schedule would call its plans fresh, and not twice within a minute', async (t) => {
  const { database: own } = await createTestDatabase();
  const sandbox = await startSandbox({ plansPerTdsp: 20, now: () => new Date('2026-06-01T12:00:00Z') });
  t.after(() => sandbox.stop());
  const engine = new Engine({
    database: own,
    territory,
    roles: ['worker'],
    onError: () => {},
    config: readConfig({ COMPAREPOWER_API_URL: sandbox.url, REFRESH_STRATEGY: 'even' }),
    source: new ComparePowerSource(
      { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
      testGate(own, { attempts: 1 }),
    ),
  });
  t.after(() => engine.stop(0));
  await engine.start();
  const done = async (run_id: number) => {
    await until(async () => (await readRun(own.pool, run_id))!.run.finished_at !== null);
    return (await readRun(own.pool, run_id))!.run;
  };
  await done((await engine.request({ kind: 'full', requested_by: 'test' })).run_id);
  const decisions: string[] = [];
  const tick = () => {
    const upstreamNow = { name: 'comparepower', origin: sandbox.url, coverage: 'tdsp' } as const;
    return refreshTick({
      ...settings,
      // Each set is due every minute.
      callsPerHour: 360,
      budgetPerHour: 1_000,
      upstream: upstreamNow,
      database: own,
      now: () => Math.floor(Date.now() / 60_000) * 60_000 + 30_000,
      onDue: async (tdsps, reason) => {
        const asked = await engine.request({
          kind: 'look',
          tdsps,
          requested_by: 'refresh',
          reason,
          freshForMs: 60_000,
        });
        decisions.push(...asked.targets.map(({ decision }) => decision));
        await done(asked.run_id);
      },
    });
  };
  await own.pool.query(`update plan_snapshots set observed_at = observed_at - interval '10 minutes'`);
  await own.pool.query(`update api_calls set called_at = called_at - interval '10 minutes'`);
  const scheduled = await engine.request({ kind: 'full', requested_by: 'schedule' });
  assert.ok(scheduled.targets.every(({ decision }) => decision === 'fresh'));
  const before = sandbox.control.state().calls.total;
  assert.equal(await tick(), 6);
  assert.deepEqual([...new Set(decisions)], ['queued']);
  assert.equal(sandbox.control.state().calls.total, before + 6);
  const looks = await readRefreshCalls(own.pool, 'comparepower');
  assert.equal(looks.hour, 6);
  const again = await engine.request({
    kind: 'look',
    tdsps: [ONCOR],
    requested_by: 'refresh',
    freshForMs: 60_000,
  });
  assert.deepEqual(
    again.targets.map(({ decision }) => decision),
    ['fresh'],
  );
});

test('floors that schedules keep leave the calls of the looks to the model', async () => {
  const { learned, table } = await decideRefresh(pool, settings, Date.now());
  assert.ok(learned!.price < 1_000, `a call has to save ${learned!.price} change-minutes`);
  assert.ok(table!.looks.flat().length > 24);
});
