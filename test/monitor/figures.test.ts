import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPeriods } from '../../src/monitor/figures/period-figures.ts';
import { answersOf, overallHitRate, readTargets, successRate } from '../../src/monitor/figures/targets.ts';
import { addCacheStats } from '../../src/store/cache/cache-stats.ts';
import { addAnswerStats } from '../../src/store/observation/answer-stats.ts';
import { hourOf, minuteOf, readFigures, readSum, rollUp } from '../../src/store/observation/figure-rows.ts';
import { addFigures, noFigures, sumFigures } from '../../src/store/observation/figures.ts';
import { HOUR_MS } from '../../src/units.ts';
import { createTestDatabase, ONCOR } from '../support/support.ts';

const { database } = await createTestDatabase();
const { pool } = database;

const NOW = new Date('2026-11-20T14:30:20Z');
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000);
const latency = (step: number, times: number) =>
  Array.from({ length: 16 }, (_, at) => (at === step ? times : 0));
const layer = (name: string, hits: number, misses: number) => ({
  layer: name,
  hits,
  misses,
  stale_serves: 0,
  errors: 0,
  loads: 0,
  loaded_bytes: 0,
  refused_loads: 0,
  latency: latency(2, hits),
  age: [hits, 0, 0],
  max_age_seconds: 30,
});

/** Two hours and a bit of a small market. */
async function count(): Promise<void> {
  for (let minutes = 130; minutes >= 0; minutes -= 10) {
    await addCacheStats(pool, ago(minutes), [layer('memory', 90, 10), layer('api', 1, 0)]);
    await addAnswerStats(pool, ago(minutes), [
      {
        route: '/v1/plans',
        layer: 'memory',
        answers: 90,
        refused: 0,
        failed: 0,
        total_ms: 9,
        latency: latency(1, 90),
      },
      {
        route: '/v1/tdsps',
        layer: '',
        answers: 5,
        refused: 1,
        failed: 0,
        total_ms: 50,
        latency: latency(6, 5),
      },
    ]);
  }
  await pool.query(
    `insert into sync_runs (kind, status, source, requested, is_forced, requested_by, requested_at, finished_at)
     values ('priority', 'succeeded', 'sandbox', '{}', false, 'schedule', $1, $1)`,
    [ago(20)],
  );
  await pool.query(
    `insert into api_calls (run_id, source, endpoint, params, attempt, status, duration_ms, error, called_at)
     select 1, 'sandbox', '/', jsonb_build_object('tdsp_duns', $1::text), 1, status, 100, error, at
       from (values (200, null, $2::timestamptz), (503, 'x', $2), (null, 'y', $3)) c (status, error, at)`,
    [ONCOR, ago(20), ago(90)],
  );
  await pool.query(
    `insert into sync_attempts (job_id, tdsp_duns, worker_id, status, error_code, started_at, finished_at)
     select gen_random_uuid(), $1, gen_random_uuid(), 'x', code, at, at
       from (values (null, $2::timestamptz), ('upstream_failed', $3)) c (code, at)`,
    [ONCOR, ago(20), ago(90)],
  );
}

test('what was counted is the same whether it is written down already or not', async () => {
  await count();
  const range = { from: ago(24 * 60), to: NOW };
  const before = await readSum(pool, range);
  assert.equal(overallHitRate(before), 1 - 14 / 1_400);
  assert.deepEqual(before.calls.outcomes, { ok: 1, failed: 1, unreachable: 1 });
  assert.deepEqual(before.calls.tdsps, { [ONCOR]: 3 });
  assert.deepEqual(before.calls.reasons, { schedule: 3 });
  assert.equal(successRate(before), 0.5);
  assert.deepEqual(before.runs, { succeeded: 1 });
  assert.deepEqual([answersOf(before, 'cached')!.answers, answersOf(before, 'other')!.answers], [1_260, 70]);

  const sample = {
    tdsps: { [ONCOR]: { age_seconds: 600, plans: 140, fresh: 1, known: 1, published: 0 } },
    readings: { waiting: 0, held: 2 },
  };
  const written = await rollUp(pool, NOW, sample);
  // A day of minutes, once; from then on the one that ended and those that may still have been open.
  assert.ok(written > 1_400, String(written));
  assert.ok((await rollUp(pool, new Date(NOW.getTime() + 60_000), sample)) <= 5);
  const { tdsps, readings, ...after } = await readSum(pool, range);
  const { tdsps: _tdsps, readings: _readings, ...counted } = before;
  assert.deepEqual(after, counted);
  assert.deepEqual([tdsps[ONCOR]!.age_seconds, readings.held], [600, 2]);

  // The books it was made of may go: what is written down stays.
  await pool.query('delete from cache_stats; delete from answer_stats; delete from api_calls');
  const { tdsps: _1, readings: _2, ...kept } = await readSum(pool, { from: range.from, to: ago(1) });
  assert.equal(kept.layers.memory!.hits, counted.layers.memory!.hits - 90);
});

test('an hour is the sum of its minutes, and its rows are readings of one clock', async () => {
  const hour = hourOf(ago(60));
  const range = { from: hour, to: new Date(hour.getTime() + HOUR_MS) };
  const [stored] = await readFigures(pool, range, 'hour');
  const minutes = await readFigures(pool, range, 'minute');
  assert.equal(minutes.length, 60);
  assert.deepEqual(stored!.at, hour);
  assert.deepEqual(stored!.figures, sumFigures(minutes));
  assert.equal(stored!.figures.minutes, 60);
  assert.deepEqual(minutes[7]!.at, minuteOf(new Date(hour.getTime() + 7 * 60_000 + 59_999)));
});

test('adding figures forgets nothing and does not mind the order of what only counts', () => {
  const one = { ...noFigures(), minutes: 1, runs: { failed: 2 }, readings: { held: 3 } };
  const other = {
    ...noFigures(),
    minutes: 2,
    runs: { failed: 1, partial: 1 },
    readings: { held: 1, waiting: 4 },
  };
  const sum = addFigures(one, other);
  assert.deepEqual(sum, addFigures(other, one));
  assert.deepEqual(
    [sum.minutes, sum.runs, sum.readings],
    [3, { failed: 3, partial: 1 }, { held: 3, waiting: 4 }],
  );
});

test('targets are judged against the requirement and against our own, by hour, day and month', async () => {
  const targets = readTargets(await readPeriods(pool, NOW));
  const of = (name: string) => targets.find((one) => one.name === name)!;
  assert.deepEqual(of('cache_hit_rate').verdicts.day, 'kept');
  // One of two tries failed.
  assert.deepEqual(of('sync_success_rate').values, { hour: 1, day: 0.5, month: 0.5 });
  assert.deepEqual(of('sync_success_rate').verdicts, { hour: 'kept', day: 'missed', month: 'missed' });
  assert.equal(of('api_calls_per_hour').verdicts.hour, 'kept');
  assert.equal(of('api_answer_ms').values.day, 10);
  assert.deepEqual(of('fresh_minutes').values.day, 1);
  const nothing = { sum: noFigures(), most_calls: null };
  const none = readTargets({ hour: nothing, day: nothing, month: nothing });
  assert.ok(none.every(({ verdicts }) => verdicts.hour === 'unknown'));
});
