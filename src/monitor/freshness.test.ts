import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HOUR_MS } from '../units.ts';
import {
  ageLimits,
  type CityFreshness,
  cityFreshness,
  type FreshnessFacts,
  intersect,
  judgeAge,
  type Span,
  spansWithin,
  toSlo,
  worstVerdict,
} from './freshness.ts';

const MINUTE_MS = 60_000;
const NOW = Date.parse('2026-06-01T12:00:00Z');
const WINDOW: Span = { from: NOW - 24 * HOUR_MS, to: NOW };
const rules = {
  freshnessTargetHours: { 1: 1, 2: 6, 3: 24 },
  freshnessWarnFactor: 1.25,
  freshnessErrorFactor: 3,
};

/** Minutes before now, up to two days. */
const confirmed = fc.array(fc.integer({ min: 0, max: 2_880 }), { maxLength: 40 });
const targetMinutes = fc.integer({ min: 1, max: 1_440 });
const at = (minutesAgo: number) => NOW - minutesAgo * MINUTE_MS;
const total = (spans: readonly Span[]) => spans.reduce((ms, { from, to }) => ms + to - from, 0);

function city(tdsps: Record<string, number[]>, tier = 1, demand = 0): CityFreshness {
  const facts: FreshnessFacts = {
    now: new Date(NOW),
    window: WINDOW,
    observedAt: new Map(
      Object.entries(tdsps).flatMap(([duns, ago]) =>
        ago.length > 0 ? [[duns, new Date(at(Math.min(...ago)))] as const] : [],
      ),
    ),
    confirmedAt: new Map(Object.entries(tdsps).map(([duns, ago]) => [duns, ago.map((m) => new Date(at(m)))])),
    demand: new Map([['here-tx', demand]]),
  };
  return cityFreshness({ slug: 'here-tx', tier, tdsps: Object.keys(tdsps) }, facts, rules);
}

test('time within the target is what looking at every minute finds', () =>
  fc.assert(
    fc.property(confirmed, targetMinutes, (ago, minutes) => {
      const times = ago.map(at);
      const spans = spansWithin(times, minutes * MINUTE_MS, WINDOW);
      let seen = 0;
      for (let t = WINDOW.from; t < WINDOW.to; t += MINUTE_MS) {
        if (times.some((time) => time <= t && t < time + minutes * MINUTE_MS)) seen += MINUTE_MS;
      }
      assert.equal(total(spans), seen);
    }),
  ));

test('spans are disjoint, in order and inside the window', () =>
  fc.assert(
    fc.property(confirmed, targetMinutes, (ago, minutes) => {
      let end = WINDOW.from;
      for (const { from, to } of spansWithin(ago.map(at), minutes * MINUTE_MS, WINDOW)) {
        assert.ok(from >= end && from < to && to <= WINDOW.to);
        end = to + 1;
      }
    }),
  ));

test('a longer target and one more confirmation never take time away', () =>
  fc.assert(
    fc.property(confirmed, targetMinutes, targetMinutes, (ago, one, more) => {
      const within = (list: number[], minutes: number) =>
        total(spansWithin(list.map(at), minutes * MINUTE_MS, WINDOW));
      assert.ok(within(ago, one + more) >= within(ago, one));
      assert.ok(within([...ago, more], one) >= within(ago, one));
    }),
  ));

test('what two TDSPs have in common is never more than either has, in either order', () =>
  fc.assert(
    fc.property(confirmed, confirmed, targetMinutes, (one, other, minutes) => {
      const [a, b] = [one, other].map((ago) => spansWithin(ago.map(at), minutes * MINUTE_MS, WINDOW));
      assert.deepEqual(intersect(a!, b!), intersect(b!, a!));
      assert.ok(total(intersect(a!, b!)) <= Math.min(total(a!), total(b!)));
      assert.deepEqual(intersect(a!, a!), a);
    }),
  ));

test('a city is as fresh as the oldest of its plan sets', () =>
  fc.assert(
    fc.property(confirmed, confirmed, (one, other) => {
      const both = city({ a: one, b: other });
      const [a, b] = [city({ a: one }), city({ b: other })];
      assert.equal(both.ageMs, a.ageMs === null || b.ageMs === null ? null : Math.max(a.ageMs, b.ageMs));
      assert.equal(both.verdict, worstVerdict([a.verdict, b.verdict]));
      assert.ok(both.withinMs <= Math.min(a.withinMs, b.withinMs));
      assert.equal(both.knownMs, Math.min(a.knownMs, b.knownMs));
      assert.ok(both.withinMs <= both.knownMs);
    }),
  ));

test('a verdict never gets better with age', () =>
  fc.assert(
    fc.property(fc.nat(100 * HOUR_MS), fc.nat(100 * HOUR_MS), fc.constantFrom(1, 2, 3), (age, more, tier) => {
      const limits = ageLimits(tier, rules);
      const [young, old] = [judgeAge(age, limits), judgeAge(age + more, limits)];
      assert.equal(worstVerdict([young, old]), old);
    }),
  ));

test('the ages at which verdicts change are those of the configuration', () => {
  const limits = ageLimits(1, rules);
  assert.deepEqual(limits, { target_hours: 1, warn_after_hours: 1.25, error_after_hours: 3 });
  const verdicts = [0, 60, 61, 75, 76, 180, 181].map((minutes) => judgeAge(minutes * MINUTE_MS, limits));
  assert.deepEqual(verdicts, ['fresh', 'fresh', 'late', 'late', 'warning', 'warning', 'error']);
  assert.equal(judgeAge(null, limits), 'error');
});

test('what was never confirmed is not fresh now, and of the day nothing is known', () => {
  const never = city({ a: [] });
  assert.deepEqual([never.ageMs, never.verdict, never.knownMs], [null, 'error', 0]);
  const slo = toSlo([never], WINDOW);
  assert.deepEqual(slo, {
    within_now: 0,
    within_now_weighted: 0,
    within_window: null,
    within_window_weighted: null,
    window_known: 0,
  });
});

test('time before the first confirmation that is known counts neither way', () => {
  // Half an hour within the target of one hour, and nothing known before.
  const slo = toSlo([city({ a: [30] })], WINDOW);
  assert.equal(slo.within_window, 1);
  assert.equal(slo.window_known, 0.5 / 24);
  // Two hours ago, and again now: of two hours one was within.
  assert.equal(toSlo([city({ a: [120, 0] })], WINDOW).within_window, 0.5);
});

const cities = fc.array(
  fc.record({ ago: confirmed, tier: fc.constantFrom(1, 2, 3), demand: fc.nat(1_000) }),
  { maxLength: 12 },
);

test('shares lie between 0 and 1, and equal demand weighs nothing', () =>
  fc.assert(
    fc.property(cities, fc.nat(1_000), (list, demand) => {
      const slo = toSlo(
        list.map((one) => city({ a: one.ago }, one.tier, one.demand)),
        WINDOW,
      );
      for (const share of Object.values(slo)) assert.ok(share === null || (share >= 0 && share <= 1));
      const even = toSlo(
        list.map((one) => city({ a: one.ago }, one.tier, demand)),
        WINDOW,
      );
      for (const [plain, weighted] of [
        [even.within_now, even.within_now_weighted],
        [even.within_window, even.within_window_weighted],
      ]) {
        if (plain === null) assert.equal(weighted, null);
        else assert.ok(Math.abs(plain! - weighted!) < 1e-9);
      }
    }),
  ));

test('a city in demand weighs more', () => {
  const cities = [city({ a: [10] }, 1, 9), city({ b: [500] }, 1, 0)];
  const { within_now, within_now_weighted } = toSlo(cities, WINDOW);
  assert.deepEqual([within_now, within_now_weighted], [0.5, 10 / 11]);
});
