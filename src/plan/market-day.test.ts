import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDays, daysBetween, isDay, marketDay } from './market-day.ts';

const DAY_MS = 86_400_000;
const time = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2040, 0, 1) }).map((ms) => new Date(ms));
const day = time.map((at) => at.toISOString().slice(0, 10));

test('a day begins at midnight in Chicago, in summer and in winter', () => {
  for (const [before, after, begins] of [
    ['2026-11-01T04:59:59.999Z', '2026-11-01T05:00:00Z', '2026-11-01'],
    ['2026-11-02T05:59:59.999Z', '2026-11-02T06:00:00Z', '2026-11-02'],
    ['2026-03-08T05:59:59.999Z', '2026-03-08T06:00:00Z', '2026-03-08'],
    ['2026-03-09T04:59:59.999Z', '2026-03-09T05:00:00Z', '2026-03-09'],
    ['2028-02-29T05:59:59.999Z', '2028-02-29T06:00:00Z', '2028-02-29'],
  ] as const) {
    assert.equal(marketDay(new Date(before)), addDays(begins, -1));
    assert.equal(marketDay(new Date(after)), begins);
  }
});

test('later is never an earlier day, and a day lasts 23 to 25 hours', () =>
  fc.assert(
    fc.property(time, fc.integer({ min: 0, max: 3 * DAY_MS }), (at, later) => {
      const from = marketDay(at);
      const to = marketDay(new Date(at.getTime() + later));
      assert.ok(from <= to);
      assert.ok(isDay(from));
      const days = daysBetween(from, to) - 1;
      assert.ok(later >= (days - 1) * DAY_MS - 3_600_000 && later < (days + 1) * DAY_MS + 3_600_000);
    }),
  ));

test('adding days and counting them are each other’s reverse', () =>
  fc.assert(
    fc.property(day, fc.integer({ min: 0, max: 5000 }), (from, days) => {
      const to = addDays(from, days);
      assert.equal(daysBetween(from, to), days + 1);
      assert.equal(addDays(to, -days), from);
    }),
  ));

test('only days that the calendar has are days', () => {
  for (const text of ['2028-02-29', '2026-12-31']) assert.ok(isDay(text), text);
  for (const text of [
    '2026-02-29',
    '2026-04-31',
    '2026-13-01',
    '2026-00-10',
    '2026-1-1',
    'today',
    '20261101',
    '',
  ])
    assert.ok(!isDay(text), text);
});
