import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlidingSecond, Traffic } from './traffic.ts';

const callTimes = fc
  .array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 60 })
  .map((times) => times.sort((a, b) => a - b));

test('the highest per second is the fullest of all one-second windows, wherever they begin', () =>
  fc.assert(
    fc.property(callTimes, (times) => {
      const traffic = new Traffic();
      for (const time of times) traffic.begin(time, null);
      const windows = times.map((from) => times.filter((time) => time >= from && time < from + 1000).length);
      assert.equal(traffic.counts().highest_per_second, Math.max(0, ...windows));
    }),
  ));

test('a window knows when its oldest call leaves it', () => {
  const second = new SlidingSecond();
  second.add(100);
  second.add(600);
  assert.equal(second.msUntilFree(700), 400);
  assert.equal(second.count(1_099), 2);
  assert.equal(second.count(1_100), 1);
  assert.equal(second.msUntilFree(1_100), 500);
});

test('calls are counted by status, TDSP and concurrency, and anew after a reset', () => {
  const traffic = new Traffic();
  traffic.begin(Date.UTC(2026, 0, 1), '957877905');
  const end = traffic.begin(Date.UTC(2026, 0, 2), null);
  end(200);
  end('no_answer');
  assert.deepEqual(traffic.counts(), {
    total: 2,
    by_status: { '200': 1 },
    by_tdsp: { '957877905': 1 },
    highest_per_second: 1,
    first_at: '2026-01-01T00:00:00.000Z',
    last_at: '2026-01-02T00:00:00.000Z',
    concurrent_max: 2,
    concurrent_max_per_tdsp: 1,
    in_flight: 1,
  });
  traffic.reset();
  assert.equal(traffic.counts().total, 0);
  assert.equal(traffic.counts().concurrent_max, 1, 'one call is still under way');
  traffic.begin(Date.UTC(2026, 0, 3), '957877905');
  assert.deepEqual(
    [traffic.counts().concurrent_max_per_tdsp, traffic.counts().in_flight],
    [2, 2],
    'both for the same TDSP',
  );
});
