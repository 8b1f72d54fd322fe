import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { count, emptyCounts, LATENCY_STEPS_MS } from '../histogram.ts';
import type { DatabaseReading } from '../store/upkeep/query-stats.ts';
import { databaseRates, overallFigures, queryAlerts, queryFigures, ratesOver } from './query-metrics.ts';

const times = fc.array(fc.double({ min: 0, max: 9_000, noNaN: true }), { minLength: 1, maxLength: 50 });
const countsOf = (name: string, all: readonly number[]) => {
  const latency = emptyCounts(LATENCY_STEPS_MS);
  for (const ms of all) count(latency, LATENCY_STEPS_MS, ms);
  const total_ms = all.reduce((sum, ms) => sum + ms, 0);
  return { name, calls: all.length, errors: 0, rows: 1, total_ms, max_ms: Math.max(...all), latency };
};

test('shares add up to one, and all together are as many calls as each of them', () =>
  fc.assert(
    fc.property(fc.array(times, { minLength: 1, maxLength: 6 }), (queries) => {
      const counts = queries.map((all, at) => countsOf(`q${at}`, all));
      const figures = queryFigures(counts);
      const time = counts.reduce((sum, { total_ms }) => sum + total_ms, 0);
      const shares = figures.reduce((sum, { share }) => sum + share, 0);
      assert.ok(Math.abs(shares - (time === 0 ? 0 : 1)) < 1e-9);
      const overall = overallFigures(counts)!;
      assert.equal(overall.calls, queries.flat().length);
      assert.equal(overall.max_ms, Math.max(...queries.flat()));
      const [all] = queryFigures([countsOf('all', queries.flat())]);
      assert.deepEqual(
        [overall.p50_ms, overall.p95_ms, overall.p99_ms],
        [all!.p50_ms, all!.p95_ms, all!.p99_ms],
      );
    }),
  ));

test('an alert is a mean of more than a second over enough calls, and nothing else', () =>
  fc.assert(
    fc.property(times, (all) => {
      const figures = queryFigures([countsOf('q', all)]);
      const mean = all.reduce((sum, ms) => sum + ms, 0) / all.length;
      assert.equal(queryAlerts(figures).length, all.length >= 5 && mean > 1_000 ? 1 : 0);
    }),
  ));

const reading = (minutes: number, commits: number): DatabaseReading => ({
  taken_at: new Date(Date.UTC(2026, 0, 1) + minutes * 60_000),
  bytes: 1_000 + commits,
  commits,
  rollbacks: 0,
  blocks_hit: commits * 9,
  blocks_read: commits,
  temp_bytes: 0,
  deadlocks: 0,
  wal_bytes: commits * 100,
});

test('rates are what happened between two readings, per second', () => {
  const rates = databaseRates(reading(0, 600), reading(10, 1_200))!;
  assert.equal(rates.transactions_per_second, 1);
  assert.equal(rates.cache_hit_rate, 0.9);
  assert.equal(rates.wal_bytes, 60_000);
  assert.equal(rates.growth_bytes, 600);
});

test('counters that were reset are compared only with what came after', () => {
  const readings = [reading(0, 9_000), reading(10, 50), reading(20, 650)];
  const now = reading(30, 1_250);
  assert.equal(databaseRates(readings[0]!, now), null);
  assert.deepEqual(ratesOver(readings, now, 1)!.since, readings[1]!.taken_at);
  assert.deepEqual(ratesOver(readings, now, 0.25)!.since, readings[2]!.taken_at);
  assert.equal(ratesOver([], now, 1), null);
});
