import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from './virtual-clock.ts';

const START = Date.UTC(2026, 5, 1, 12);
const HOUR = 3_600_000;

function clockAt(speed: number) {
  let nowMs = START;
  const clock = new VirtualClock({ now: () => new Date(nowMs), speed });
  return { clock, pass: (ms: number) => (nowMs += ms) };
}

test('at speed 1 virtual time is real time, so two processes agree', () => {
  const { clock, pass } = clockAt(1);
  pass(5 * HOUR);
  assert.equal(clock.nowMs(), START + 5 * HOUR);
  assert.equal(clock.day(), 151);
});

test('at another speed it leaves real time at the start', () => {
  const { clock, pass } = clockAt(24);
  assert.equal(clock.nowMs(), START);
  pass(HOUR);
  assert.equal(clock.nowMs(), START + 24 * HOUR);
  const still = clockAt(0);
  still.pass(48 * HOUR);
  assert.equal(still.clock.nowMs(), START);
});

test('days change at virtual midnight UTC; advancing counts whole days on top', () => {
  const { clock, pass } = clockAt(1);
  const today = clock.day();
  pass(12 * HOUR - 1);
  assert.equal(clock.day(), today);
  pass(1);
  assert.equal(clock.day(), today + 1);
  assert.equal(clock.daysSinceStart(), 0, 'a replay steps every 24 hours, not at midnight');
  clock.advance(3);
  assert.equal(clock.day(), today + 4);
  assert.equal(clock.daysSinceStart(), 3);
});
