/** The laws of one TDSP in memory, whatever happens in whatever order, at whatever time the clock shows. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PlanSet } from '../plan/plan-set.ts';
import {
  EMPTY_SLOT,
  isRefreshDue,
  RETRY_MS,
  recentFailure,
  type Slot,
  type SlotEvent,
  servedFrom,
  transition,
} from './slot.ts';

const START_MS = Date.parse('2026-08-01T12:00:00Z');
const LIMITS = { ttlMs: 60_000, staleAfterMs: 120_000 };

const setOf = (version: number, confirmation: number): PlanSet => ({
  tdsp_duns: '1039940674000',
  version,
  source: 'sandbox',
  observed_at: new Date(START_MS + confirmation * 1_000).toISOString(),
  plans: [],
});

/** An event, and how far the clock has gone since the last one; a load may have begun before the last clears. */
type Happening = { afterMs: number } & (
  | { type: 'checked' | 'looked' | 'cleared' }
  | { type: 'failed'; error: string | undefined }
  | { type: 'announced'; set: PlanSet }
  | { type: 'loaded'; set: PlanSet; clearsSince: number }
);

const set = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.nat({ max: 3 }))
  .map(([version, confirmation]) => setOf(version, confirmation));
const afterMs = fc.oneof(fc.nat({ max: 1_500 }), fc.integer({ min: -200_000, max: 200_000 }));
const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ type: fc.constantFrom('checked' as const, 'looked' as const, 'cleared' as const), afterMs }),
  fc.record({
    type: fc.constant('failed' as const),
    error: fc.constantFrom('the database is away', undefined),
    afterMs,
  }),
  fc.record({ type: fc.constant('announced' as const), set, afterMs }),
  fc.record({ type: fc.constant('loaded' as const), set, clearsSince: fc.nat({ max: 1 }), afterMs }),
);

const eventOf = (happened: Happening, slot: Slot, nowMs: number): SlotEvent => {
  switch (happened.type) {
    case 'announced':
      return { type: 'announced', published: happened.set, nowMs };
    case 'loaded':
      return {
        type: 'loaded',
        set: happened.set,
        era: slot.era - happened.clearsSince,
        expiresAtMs: nowMs + LIMITS.ttlMs,
        nowMs,
      };
    case 'failed':
      return { type: 'failed', error: happened.error, nowMs };
    default:
      return { type: happened.type, nowMs };
  }
};

interface Moment {
  before: Slot;
  event: SlotEvent;
  after: Slot;
}

/** Checks a law at every moment of many lives. */
function always(law: (moment: Moment, soFar: readonly Moment[]) => void): void {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 25 }), (life) => {
      let nowMs = START_MS;
      let slot = EMPTY_SLOT;
      const soFar: Moment[] = [];
      for (const happened of life) {
        nowMs += happened.afterMs;
        const event = eventOf(happened, slot, nowMs);
        const after = transition(slot, event, LIMITS);
        law({ before: slot, event, after }, soFar);
        soFar.push({ before: slot, event, after });
        slot = after;
      }
    }),
    { numRuns: 2_000, seed: 20_261_128 },
  );
}

const cachedIn = (slot: Slot) => (slot.state === 'empty' ? null : slot.cached);
const age = ({ version, observed_at }: Pick<PlanSet, 'version' | 'observed_at'>) =>
  `${String(version).padStart(5, '0')} ${observed_at}`;

test('a reader never gets an older version, nor the same one confirmed earlier, whatever is cleared', () =>
  always(({ before, after }) => {
    const [had, has] = [cachedIn(before), cachedIn(after)];
    if (had) assert.ok(has && age(has.set) >= age(had.set));
  }));

test('what is live is the newest that anybody told of, confirmed when anybody last told that it was', () =>
  always(({ event, after }, soFar) => {
    if (after.state !== 'live') return;
    const told = [...soFar.map((moment) => moment.event), event].flatMap((one) => {
      if (one.type === 'announced') return [age(one.published)];
      // A load that began before a clear is not listened to.
      return one.type === 'loaded' && one.era === after.era ? [age(one.set)] : [];
    });
    assert.ok(age(after.cached.set) >= told.toSorted().at(-1)!);
    assert.equal(age(after.cached.set), age(after.newest));
  }));

test('a clear forgets what was read before it: only a load that began later makes a set live', () =>
  always(({ before, event, after }) => {
    if (event.type === 'cleared') assert.notEqual(after.state, 'live');
    if (after.state !== 'live' || before.state === 'live') return;
    assert.ok(event.type === 'loaded' && event.era === before.era);
    assert.equal(after.cached.set.plans, event.set.plans);
  }));

test('while the version stays the plans stay the same object, so that what was prepared from them is of use', () =>
  always(({ before, after }) => {
    if (before.state !== 'live' || after.state !== 'live') return;
    if (before.cached.set.version === after.cached.set.version)
      assert.equal(after.cached.set.plans, before.cached.set.plans);
  }));

test('what was served once is served on, or a load is under way: nobody is told that nothing is stored', () =>
  always(({ before, event, after }) => {
    if (!servedFrom(before)) return;
    if (event.type === 'cleared') assert.deepEqual([after.state, after.todo], ['cleared', ['load']]);
    else assert.ok(servedFrom(after));
  }));

test('readers who wait after a clear get what there was as soon as the load that they wait for fails', () =>
  always(({ before, event, after }) => {
    if (before.state === 'cleared' && event.type === 'failed') assert.equal(after.state, 'fallback');
  }));

test('news and whatever is served without being live set off a load, at once or within a second', () =>
  always(({ before, event, after }) => {
    const { nowMs } = event;
    if (event.type === 'announced' && age(event.published) > age(before.newest))
      assert.ok(after.todo.includes('load') || cachedIn(after)?.set.version === after.newest.version);
    if (after.state !== 'fallback') return;
    const read = transition(after, { type: 'checked', nowMs }, LIMITS);
    const readLater = transition(read, { type: 'checked', nowMs: nowMs + RETRY_MS }, LIMITS);
    assert.ok([after, read, readLater].some(({ todo }) => todo.includes('load')));
  }));

test('an expired set is loaded anew, a stale one is refreshed, and neither more than once a second', () =>
  always(({ before, event, after }) => {
    if (event.type !== 'checked' || before.state !== 'live' || after.state !== 'live') return;
    const { nowMs } = event;
    const isDue = before.retryAtMs <= nowMs || before.retryAtMs > nowMs + RETRY_MS;
    const isStale = nowMs - before.cached.observedAtMs > LIMITS.staleAfterMs;
    assert.equal(after.cached.isStale, isStale);
    assert.equal(after.todo.includes('load'), isDue && before.expiresAtMs <= nowMs);
    assert.equal(after.todo.includes('refresh'), isDue && isStale);
    const again = transition(after, { type: 'checked', nowMs: nowMs + RETRY_MS - 1 }, LIMITS);
    if (after.todo.length > 0) assert.deepEqual(again.todo, []);
  }));

test('somebody who merely looks asks for no refresh and puts none off that a reader would ask for', () =>
  always(({ before, event, after }) => {
    if (event.type !== 'looked') return;
    const { nowMs } = event;
    assert.ok(!after.todo.includes('refresh'));
    const read = transition(before, { type: 'checked', nowMs }, LIMITS);
    assert.deepEqual(servedFrom(after), servedFrom(read));
    assert.equal(after.todo.includes('load'), read.todo.includes('load'));
    if (read.todo.includes('refresh') && !after.todo.includes('load'))
      assert.ok(
        isRefreshDue(after, nowMs) &&
          transition(after, { type: 'checked', nowMs }, LIMITS).todo.includes('refresh'),
      );
  }));

test('a failure is remembered for a second at most, whatever the clock does, and news end that', () =>
  always(({ before, event, after }) => {
    const { nowMs } = event;
    const failure = recentFailure(after, nowMs);
    if (event.type === 'announced' && age(event.published) > age(before.newest)) assert.equal(failure, null);
    if (event.type !== 'failed') return;
    assert.equal(recentFailure(after, nowMs + RETRY_MS), null);
    if (before.state === 'empty') assert.equal(failure?.error, event.error);
    assert.equal(recentFailure(after, nowMs - 1), null);
  }));

test('a clock that was set back puts nothing off', () =>
  always(({ event, after }) => {
    if (event.type !== 'checked') return;
    const { nowMs } = event;
    if (after.state === 'live') assert.ok(after.expiresAtMs <= nowMs + LIMITS.ttlMs);
    if (servedFrom(after)) assert.ok(after.nextCheckAtMs <= nowMs + LIMITS.staleAfterMs + 1);
    if (after.state === 'live' || after.state === 'fallback') assert.ok(after.retryAtMs <= nowMs + RETRY_MS);
  }));

test('until its next check a slot would not change: a read need not look at the time', () =>
  always(({ event, after }) => {
    if (event.type !== 'checked' || !servedFrom(after)) return;
    const { nowMs } = event;
    const lastMs = Math.min(after.nextCheckAtMs - 1, nowMs + 1_000_000);
    assert.ok(after.nextCheckAtMs > nowMs);
    const unchanged = { ...after, todo: [] };
    assert.deepEqual(transition(after, { type: 'checked', nowMs: lastMs }, LIMITS), unchanged);
  }));
