/** Experiments from start to end: planned from what is known, a strategy a day, measured, and ended by rule or by harm. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../../src/app/engine.ts';
import { Secret } from '../../src/config.ts';
import {
  listExperiments,
  readExperimentToday,
  startExperiment,
  stopExperiment,
  tendExperiment,
} from '../../src/planning/experiment/experiments.ts';
import { armOf, dayStart, experimentDay } from '../../src/planning/experiment/plan.ts';
import { isBusinessDay, MINUTE_MS } from '../../src/planning/refresh/calendar.ts';
import { decideRefresh } from '../../src/planning/refresh/refresher.ts';
import { HOUR_MS } from '../../src/units.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, territory } from '../support/support.ts';

const { database } = await createTestDatabase();
const { pool } = database;
const source = 'comparepower';
const START = Date.parse('2026-03-18T18:00:00Z');
const watched = { source, sets: [ONCOR] };

/** A day of hourly looks, and four changes that are seen so many minutes later. */
async function pastDay(day: number, minutes: number, failing = 0): Promise<void> {
  const from = dayStart(day);
  const calls = Array.from(
    { length: 24 },
    (_, n) => [from + 10 * MINUTE_MS + n * HOUR_MS, n < failing] as const,
  );
  for (const [at, isFailed] of calls) {
    await pool.query(
      `insert into api_calls (source, endpoint, params, attempt, status, duration_ms, error, called_at)
       values ($1, '/', $2, 1, $3, 1, $4, $5)`,
      [source, { tdsp_duns: ONCOR }, isFailed ? null : 200, isFailed ? 'no answer' : null, new Date(at)],
    );
  }
  if (!isBusinessDay(day)) return;
  for (const hour of [5, 7, 8, 11]) {
    const at = from + hour * HOUR_MS;
    await pool.query(
      `insert into refresh_changes (source, plan_set, changed_after, changed_by, seen_at) values ($1, $2, $3, $4, $5)`,
      [source, ONCOR, new Date(at - 1), new Date(at), new Date(at + minutes * MINUTE_MS)],
    );
  }
}

const wanted = {
  ...watched,
  a: 'even',
  b: 'sentinel',
  seed: 7,
  leastEffect: 0.2,
  by: 'test',
  now: START,
} as const;

test('nothing is planned from too few days, nor from a strategy against itself', async () => {
  await assert.rejects(startExperiment(pool, wanted), /Changes of 0 business days are known, 10 are needed/);
  await assert.rejects(startExperiment(pool, { ...wanted, b: 'even' }), /got even twice/);
  await assert.rejects(stopExperiment(pool, source, { by: 'test', reason: 'x' }), /No experiment is running/);
});

test('what is written down before comes from the days before, and one runs at a time', async () => {
  const today = experimentDay(START);
  for (let n = 20; n >= 0; n--) await pastDay(today - n, 30 + (n % 3) * 4);
  const { plan } = await startExperiment(pool, wanted);
  assert.equal(plan.first_day, today + 1);
  assert.ok(plan.baseline_minutes > 30 && plan.baseline_minutes < 38, `${plan.baseline_minutes}`);
  assert.ok(Math.abs(plan.least_effect_minutes - plan.baseline_minutes * 0.2) < 0.01);
  assert.match(plan.stop_rule, new RegExp(`after ${plan.pairs_needed} pairs or`));
  await assert.rejects(startExperiment(pool, wanted), /An experiment is running/);
});

test('from the day after it began the strategy of the day decides, whatever is configured', async () => {
  const upstream = { name: source, origin: 'https://upstream.test', coverage: 'tdsp' } as const;
  const settings = {
    strategy: 'schedule',
    callsPerHour: 6,
    budgetPerHour: 50,
    targetMs: () => HOUR_MS,
    territory,
    upstream,
  } as const;
  assert.equal((await decideRefresh(pool, settings, START)).inUse, 'schedule');
  const { plan, id } = (await listExperiments(pool, { limit: 1 }))[0]!;
  for (let day = plan.first_day; day < plan.first_day + 14; day++) {
    const noon = dayStart(day) + 9 * HOUR_MS;
    const arm = armOf(plan, day);
    const { inUse, reason, experiment } = await decideRefresh(pool, settings, noon);
    assert.equal(inUse, plan[arm]);
    assert.equal(reason, `Experiment ${id}, a day of ${arm.toUpperCase()} (${plan[arm]})`);
    assert.equal(experiment!.arm, arm);
  }
});

test('days are measured once the next looks have come, and B is found better by the rule written down', async () => {
  const { plan } = (await listExperiments(pool, { limit: 1 }))[0]!;
  let ended = null;
  for (let n = 0; ended === null && n < 120; n++) {
    const day = plan.first_day + n;
    await pastDay(day, (armOf(plan, day) === 'b' ? 8 : 32) + (n % 3) * 2);
    await tendExperiment(pool, { ...watched, now: dayStart(day + 1) + HOUR_MS, oldest: null });
    const [now] = await listExperiments(pool, { limit: 1 });
    // Without a look after its end a day waits.
    assert.ok(now!.days.length >= n, `${now!.days.length} of ${n + 1} days`);
    ended = now!.ended_at && now!;
  }
  assert.equal(ended!.outcome, 'better');
  assert.match(ended!.reason!, /sentinel shows changes 2\d\.\d min sooner than even/);
  assert.ok(ended!.standing!.high! < 0 && ended!.standing!.pairs <= plan.pairs_needed);
  assert.equal(await readExperimentToday(pool, source, START + 1e10), null);
});

test('harm ends it on the day itself, and an operator at any time; both are said', async () => {
  const now = dayStart(experimentDay(START) + 1) + HOUR_MS;
  const begun = await startExperiment(pool, { ...wanted, now });
  let day = begun.plan.first_day;
  while (armOf(begun.plan, day) !== 'b') day++;
  const noon = dayStart(day) + 12 * HOUR_MS;
  const oldest = { name: 'Oncor', ageMs: 3 * HOUR_MS, floorMs: HOUR_MS };
  // After an outage a set is as old, and it is nobody's choice: no call was made meanwhile.
  await pool.query('delete from api_calls where called_at between $1 and $2', [
    new Date(noon - 2 * HOUR_MS),
    new Date(noon),
  ]);
  await tendExperiment(pool, { ...watched, now: noon, oldest });
  assert.equal((await listExperiments(pool, { limit: 1 }))[0]!.outcome, null);
  await pool.query(
    `insert into api_calls (source, endpoint, params, attempt, status, duration_ms, called_at)
     values ($1, '/', $2, 1, 200, 1, $3)`,
    [source, { tdsp_duns: 'another' }, new Date(noon - HOUR_MS)],
  );
  await tendExperiment(pool, { ...watched, now: noon, oldest });
  const [harmed] = await listExperiments(pool, { limit: 1 });
  assert.equal(harmed!.outcome, 'harm');
  assert.match(harmed!.reason!, /Oncor was left alone for 180 min, 60 are promised/);
  const again = await startExperiment(pool, { ...wanted, now });
  const stopped = await stopExperiment(pool, source, { by: 'test', reason: 'enough' });
  assert.deepEqual([stopped.id, stopped.outcome, stopped.reason], [again.id, 'stopped', 'enough']);
});

test('the API tells all of them as it is described, with what was written down before', async () => {
  const token = 'a token of a test';
  const { ask, unexpected } = openApi(database, undefined, {
    admin: {
      tokens: [{ name: 'tester', role: 'read', token: new Secret(token) }],
      engine: {} as Engine,
      database,
    },
  });
  const { statusCode, body } = await ask({
    url: '/v1/admin/experiments',
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(statusCode, 200);
  const { data, meta } = JSON.parse(body) as {
    data: { outcome: string; plan: { stop_rule: string } }[];
    meta: object;
  };
  assert.deepEqual(meta, { total: 3 });
  assert.deepEqual(
    data.map(({ outcome }) => outcome),
    ['stopped', 'harm', 'better'],
  );
  assert.ok(data.every(({ plan }) => plan.stop_rule.startsWith('After each day: ends as soon as')));
  assert.deepEqual(unexpected, []);
  assert.equal((await ask({ url: '/v1/admin/experiments' })).statusCode, 401);
});
