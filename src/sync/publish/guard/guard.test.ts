import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inventMarket } from '../../../../test/support/invented-market.ts';
import type { RecentVersion } from '../../../store/plans/guarded-plans.ts';
import { chooseReferences, describeVerdict, findRepeat, isChargeSeason, judge } from './guard.ts';
import { describeMarket } from './guarded-market.ts';

const context = {
  unknownNames: [],
  rejected: 0,
  foreign: 0,
  long: null,
  repeats: null,
  isChargeSeason: false,
};
const market = (plans: number, rate = 12) =>
  describeMarket(
    inventMarket(1, 200)
      .slice(0, plans)
      .map((plan) => ({ ...plan, rate_500kwh: rate, rate_1000kwh: rate, rate_2000kwh: rate })),
  );
const verdict = (after: number, before: number | null, rejected = 0) =>
  judge(
    market(after),
    { ...context, before: before === null ? null : market(before), rejected },
    before === null ? null : 1,
  );

test('an empty snapshot is held, even the first', () => {
  assert.match(describeVerdict(verdict(0, 100)), /no plans at all/);
  assert.match(describeVerdict(verdict(0, null)), /no plans at all/);
  assert.match(describeVerdict(verdict(0, null, 87)), /all 87 records were rejected/);
});

test('half of a small market is held with the numbers, two fifths less pass', () => {
  assert.match(describeVerdict(verdict(5, 10)), /5 plans instead of 10: 50 % fewer \(limit: at most 44 %/);
  assert.equal(verdict(6, 10).is_held, false);
});

test('a price in the wrong unit is held in either direction, the first snapshot included', () =>
  fc.assert(
    fc.property(fc.double({ min: 6, max: 31, noNaN: true }), (rate) => {
      for (const factor of [100, 0.01]) {
        const after = market(40, rate * factor);
        assert.ok(judge(after, { ...context, before: null }, null).is_held);
        assert.ok(judge(after, { ...context, before: market(40, rate) }, 1).is_held);
      }
    }),
  ));

test('a verdict lists every rule with its reading and its limit', () => {
  const { readings } = judge(
    describeMarket(inventMarket(1)),
    {
      ...context,
      before: describeMarket(inventMarket(1)),
    },
    1,
  );
  assert.ok(readings.length > 30);
  for (const { reading, limit, is_broken } of readings) assert.ok(reading && limit && !is_broken);
});

const version = (number: number, about: Partial<RecentVersion> = {}): RecentVersion => ({
  version: number,
  content_hash: `hash ${number}`,
  passed_as: 'judged',
  has_unread: false,
  plans: 160,
  median_rate: 13,
  published_at: new Date(Date.UTC(2026, 0, number)),
  ...about,
});

test('what an operator published against the guard, and what was odd for four weeks, is the current version only', () => {
  const recent = [9, 8, 7, 6, 5, 4, 3].map((one) => version(one));
  recent[0] = version(9, { passed_as: 'overridden' });
  recent[1] = version(8, { plans: 20 });
  recent[2] = version(7, { median_rate: 26 });
  assert.deepEqual(chooseReferences(recent), [9, 6, 5, 4]);
  assert.deepEqual(chooseReferences([]), []);
});

test('an old file is known, and what was before an overridden version may come back', () => {
  const recent = [version(3), version(2), version(1)];
  assert.deepEqual(findRepeat(recent, 'hash 1'), { version: 1, wasReverted: false });
  assert.equal(findRepeat(recent, 'hash 3'), null);
  assert.equal(findRepeat(recent, 'something new'), null);
  assert.equal(findRepeat([version(3, { passed_as: 'overridden' }), version(2)], 'hash 2'), null);
  assert.equal(findRepeat([version(3, { has_unread: true }), version(2)], 'hash 2'), null);
  assert.deepEqual(findRepeat([version(3, { passed_as: 'reverted' }), version(2)], 'hash 2'), {
    version: 2,
    wasReverted: true,
  });
});

test('the wires charges change around 1 March and 1 September', () => {
  assert.ok(isChargeSeason(new Date('2026-03-01')) && isChargeSeason(new Date('2026-09-01')));
  assert.ok(!isChargeSeason(new Date('2026-01-15')) && !isChargeSeason(new Date('2026-11-29')));
});
