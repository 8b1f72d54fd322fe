import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gainText, toGain } from './gain.ts';

const day = (n: number, changes: number, minutes: number | null) => ({
  day: `2026-07-${10 + n}`,
  changes,
  minutes,
  schedule_minutes: minutes === null ? null : 30,
  looks: 100,
  calls: 244,
});

test('the gain is weighed by changes, and says what evenly spaced calls would need for the same', () => {
  const gain = toGain([day(0, 10, 4), day(1, 30, 8), day(2, 0, null), day(3, 0, null)], 6);
  assert.equal(gain.changes, 40);
  assert.equal(gain.minutes, 7);
  assert.equal(gain.schedule_minutes, 30);
  // Six sets, each called every 14 minutes.
  assert.ok(Math.abs(gain.even_calls_a_day! - (6 * 1440) / 14) < 1e-9);
  assert.equal(
    gainText(gain),
    'Changes were seen after 7.0 min; the schedules alone would have shown them after 30.0. That took 244 calls a day; evenly spaced it would take 617.',
  );
});

test('without changes nothing is claimed', () => {
  const gain = toGain([day(0, 0, null)], 6);
  assert.deepEqual([gain.minutes, gain.even_calls_a_day, gainText(gain)], [null, null, '']);
});
