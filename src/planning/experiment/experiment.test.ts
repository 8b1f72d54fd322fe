import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR_MS } from '../../units.ts';
import { chance } from '../chance.ts';
import { localMinute, MINUTE_MS } from '../refresh/calendar.ts';
import { harmToday, judgeDays } from './judge.ts';
import { type MeasuredDay, measureDay } from './measure.ts';
import { armOf, dayStart, experimentDay, pairOf, planExperiment } from './plan.ts';
import { confidenceSequence, valuesNeeded } from './sequence.ts';

const at = (iso: string) => Date.parse(iso);
/** Days as they vary: the replayed tapes have 6 to 20 % from day to day. */
const skewed = (random: () => number) => 20 * Math.exp(0.15 * normal(random));
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

const before = (() => {
  const random = chance(5);
  return Array.from({ length: 25 }, () => skewed(random));
})();
const planOf = (seed: number) =>
  planExperiment({
    a: 'even',
    b: 'learned',
    seed,
    now: at('2026-03-02T18:00:00Z'),
    leastEffect: 0.2,
    before,
  });

const dayOf = (day: number, minutes: number): MeasuredDay => ({
  day,
  minutes,
  stale_minutes: minutes * 2,
  changes: 8,
  calls: 140,
  failed: 0,
  left_out: null,
});

/** Business days, looked at every morning. @returns how it ended and after how many days */
function run(
  seed: number,
  minutesOf: (arm: 'a' | 'b', random: () => number) => number,
  mostDays: number,
  firstWeeks = false,
) {
  const plan = planOf(seed);
  const random = chance(seed * 7 + 1);
  const days: MeasuredDay[] = [];
  for (let n = 0; n < mostDays; n++) {
    const day = plan.first_day + n;
    if (((((day + 4) % 7) + 7) % 7) % 6 === 0) continue;
    days.push(dayOf(day, minutesOf(armOf(plan, day), random)));
    // No difference is known before the second day of a pair; only harm is.
    if (!firstWeeks && n % 14 < 7) continue;
    const { outcome } = judgeDays(plan, days);
    if (outcome !== null) return { outcome, days: n + 1 };
  }
  return { outcome: null, days: mostDays };
}

test('a day begins at three in Texas, in summer and winter, and pairs are the same weekday a week apart', () => {
  for (const iso of [
    '2026-01-15T09:00:00Z',
    '2026-07-15T08:00:00Z',
    '2026-03-08T08:00:00Z',
    '2026-11-01T09:00:00Z',
  ]) {
    const day = experimentDay(at(iso));
    assert.equal(dayStart(day), at(iso));
    assert.equal(localMinute(dayStart(day)), 180);
    assert.equal(experimentDay(at(iso) - 1), day - 1);
  }
  const plan = planOf(3);
  for (let n = 0; n < 7; n++) {
    const [one, other] = [plan.first_day + n, plan.first_day + n + 7];
    assert.equal(pairOf(plan, one), pairOf(plan, other));
    assert.notEqual(armOf(plan, one), armOf(plan, other));
  }
  const firsts = Array.from({ length: 400 }, (_, seed) => armOf({ ...plan, seed }, plan.first_day));
  const share = firsts.filter((arm) => arm === 'a').length / 400;
  assert.ok(share > 0.42 && share < 0.58, `${share} of the coins`);
});

test('the sequence holds at all times at once: looked at after each pair, it leaves the truth out in at most 5 % of runs', () => {
  const random = chance(11);
  const draws: [string, () => number][] = [
    ['normal', () => normal(random)],
    ['skewed days, paired by a coin', () => (random() < 0.5 ? 1 : -1) * (skewed(random) - skewed(random))],
    ['uniform', () => random() - 0.5],
  ];
  for (const [name, draw] of draws) {
    let wrong = 0;
    for (let n = 0; n < 2_000; n++) {
      const values: number[] = [];
      let isWrong = false;
      for (let pair = 0; pair < 40 && !isWrong; pair++) {
        values.push(draw() + 3);
        const { low, high } = confidenceSequence(values, { alpha: 0.05, scale: 0.6 });
        isWrong = low > 3 || high < 3;
      }
      if (isWrong) wrong++;
    }
    assert.ok(wrong <= 100, `${name}: ${wrong} of 2,000 runs`);
  }
  assert.ok(valuesNeeded(0.05, 1) < valuesNeeded(0.05, 0.5));
});

test('2,000 experiments of a strategy against itself, looked at daily: at most 5 % find a difference', () => {
  const { days_needed } = planOf(1);
  let wrong = 0;
  for (let seed = 0; seed < 2_000; seed++) {
    const { outcome } = run(seed, (_, random) => skewed(random), days_needed);
    if (outcome === 'better' || outcome === 'worse') wrong++;
  }
  assert.ok(wrong <= 100, `${wrong} of 2,000`);
});

test('a change of 20 % is found in at least 80 % of experiments within the stated time', () => {
  const { days_needed } = planOf(1);
  let found = 0;
  for (let seed = 0; seed < 500; seed++) {
    const { outcome } = run(seed, (arm, random) => skewed(random) * (arm === 'b' ? 0.8 : 1), days_needed);
    if (outcome === 'better') found++;
  }
  assert.ok(found >= 400, `${found} of 500 within ${days_needed} days`);
});

test('harm ends it long before: a strategy four times as slow runs for days, not weeks', () => {
  const ends = Array.from({ length: 50 }, (_, seed) =>
    run(seed, (arm, random) => skewed(random) * (arm === 'b' ? 4 : 1), 84, true),
  );
  assert.ok(ends.every(({ outcome }) => outcome === 'harm' || outcome === 'worse'));
  assert.ok(
    ends.every(({ days }) => days <= 12),
    `${Math.max(...ends.map(({ days }) => days))} days`,
  );
  const plan = planOf(1);
  const isFine = { name: 'Oncor', ageMs: HOUR_MS, floorMs: HOUR_MS };
  assert.equal(harmToday({ calls: 40, failed: 2 }, [], plan, isFine), null);
  assert.match(harmToday({ calls: 40, failed: 12 }, [], plan, isFine)!, /12 of 40 calls/);
  assert.match(
    harmToday({ calls: 0, failed: 0 }, [], plan, { ...isFine, ageMs: 3 * HOUR_MS })!,
    /Oncor was left/,
  );
});

test('a day leaves out what changed before its first look, and counts no more than until its end', () => {
  const from = dayStart(experimentDay(at('2026-03-03T18:00:00Z')));
  const minute = (n: number) => from + n * MINUTE_MS;
  const hourly = Array.from({ length: 24 }, (_, n) => ({
    set: 'x',
    at: minute(30 + 60 * n),
    isAnswered: true,
  }));
  const facts = {
    day: experimentDay(from),
    from,
    until: minute(24 * 60),
    sets: ['x'],
    calls: [...hourly, { set: 'x', at: minute(45), isAnswered: false }],
    changes: [
      { set: 'x', at: minute(10), seenAt: minute(30) },
      { set: 'x', at: minute(60), seenAt: minute(90) },
      { set: 'x', at: minute(70), seenAt: minute(90) },
      { set: 'x', at: minute(24 * 60 - 10), seenAt: minute(24 * 60 + 30) },
    ],
  };
  const { minutes, stale_minutes, changes, calls, failed, left_out } = measureDay(facts);
  assert.deepEqual(
    { minutes, stale_minutes, changes, calls, failed, left_out },
    {
      minutes: 20,
      stale_minutes: 40,
      changes: 3,
      calls: 25,
      failed: 1,
      left_out: null,
    },
  );
  const silent = measureDay({ ...facts, calls: hourly.slice(0, 12) });
  assert.match(silent.left_out!, /12\.5 h without an answer/);
});
