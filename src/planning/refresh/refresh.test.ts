import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { chance } from '../chance.ts';
import { hourBin, isChargeDay, localDay, localMinute, MINUTE_MS, weekColumn } from './calendar.ts';
import { changesOf, mintedAt, type Tape } from './changes.ts';
import { choose } from './choose.ts';
import { chanceOf, fitModel, rateAt, sentinelOf } from './model.ts';
import { evenLooks, learnedLooks, type PolicyInput, sentinelLooks } from './policy.ts';
import { prove, trustOf } from './proof.ts';
import { replay } from './replay.ts';
import { ALL_DAY, priceOf, timetable } from './timetable.ts';

const at = (iso: string) => Date.parse(iso);
const MONDAY = at('2026-01-05T06:00:00Z');
const SIX = [0, 1, 2, 3, 4, 5];

/** Two moments each business day, at 9:16 and 10:31 Central, in all six sets. */
function market(days: number): number[][] {
  const times: number[] = [];
  for (let day = 0; day < days; day++) {
    const midnight = MONDAY + day * DAY_MS;
    if (weekColumn(localDay(midnight)) === 0 || weekColumn(localDay(midnight)) === 6) continue;
    times.push(midnight + 9.27 * HOUR_MS, midnight + 10.52 * HOUR_MS);
  }
  return SIX.map(() => times);
}

const tapeOf = (truth: number[][], until: number): Tape => ({
  sets: truth.map((_, set) => String(set)),
  from: MONDAY,
  until,
  changes: truth.flatMap((times, set) => times.map((by) => ({ set, after: by - 1, by }))),
});

const input = (now: number, more: Partial<PolicyInput> = {}): PolicyInput => ({
  now,
  seen: SIX.map(() => ({ lookedAt: now - MINUTE_MS, movedAt: null })),
  names: SIX.map(String),
  floorsMs: SIX.map(() => 6 * HOUR_MS),
  ...more,
});

test('bins are hours of Texas, summer time included, and holidays are Sundays', () => {
  assert.equal(hourBin(at('2026-01-05T15:00:00Z')), 24 + 9);
  assert.equal(hourBin(at('2026-07-06T14:00:00Z')), 24 + 9);
  assert.equal(localMinute(at('2026-03-08T07:59:00Z')), 60 + 59);
  assert.equal(localMinute(at('2026-03-08T08:00:00Z')), 180);
  assert.equal(weekColumn(localDay(at('2026-11-26T18:00:00Z'))), 0);
  assert.equal(weekColumn(localDay(at('2025-09-01T18:00:00Z'))), 0);
  assert.ok(isChargeDay(localDay(at('2026-09-01T05:00:00Z'))));
  assert.ok(!isChargeDay(localDay(at('2026-09-01T04:59:00Z'))));
});

test('an id of ComparePower says in which second it was made, and other ids say nothing', () => {
  assert.equal(mintedAt('68b84e0e03f610cb45111286'), at('2025-09-03T14:17:50Z'));
  assert.equal(mintedAt('0000000003f610cb45111286'), null);
  assert.equal(mintedAt('68b84e0e-03f6'), null);
});

test('ids made since the look before give the moment; ids that are older than it do not', () => {
  const id = (iso: string, n = 0) =>
    (at(iso) / 1_000).toString(16).padStart(8, '0') + n.toString(16).padStart(16, '0');
  const old = id('2026-01-05T12:00:00Z');
  const looked = { before: at('2026-01-05T15:00:00Z'), now: at('2026-01-05T16:00:00Z') };
  const batch = [id('2026-01-05T15:16:00Z'), id('2026-01-05T15:16:40Z', 1), id('2026-01-05T15:31:00Z')];
  const moments = changesOf(0, new Set([old]), [old, ...batch], looked).changes.map(({ by }) => by);
  assert.deepEqual(moments, [at('2026-01-05T15:16:00Z'), at('2026-01-05T15:31:00Z')]);
  // Made before the last look, which lacked it: an upstream's own cache had answered that one.
  const late = changesOf(0, new Set([old]), [old, id('2026-01-05T14:50:00Z')], looked);
  assert.deepEqual(late, { changes: [{ set: 0, after: looked.before, by: looked.now }], hidden: 1 });
  assert.deepEqual(changesOf(0, new Set([old]), [old], looked).changes, []);
  assert.equal(changesOf(0, new Set(), ['a'], looked).changes[0]!.after, looked.before);
});

test('rates, phase and sentinel come from the data, and a censored change is shared out', () => {
  const until = MONDAY + 56 * DAY_MS;
  const model = fitModel(tapeOf(market(56), until));
  const [busy, quiet] = [at('2026-03-03T15:16:00Z'), at('2026-03-03T21:40:00Z')];
  assert.ok(rateAt(model, 0, busy) > 100 * rateAt(model, 0, quiet));
  assert.ok(chanceOf(model, 0, at('2026-03-03T15:00:00Z'), 60) > 0.4);
  assert.ok(chanceOf(model, 0, at('2026-03-01T15:00:00Z'), 60) < 0.05, 'a Sunday');
  // Set 2 moves every time; each of the others misses half of the moments.
  const half = market(56).map((times, set) =>
    set === 2 ? times : times.filter((_, n) => (n + set) % 2 === 0),
  );
  assert.equal(
    sentinelOf(
      fitModel(tapeOf(half, until)),
      SIX.map(() => 1),
    ),
    2,
  );
  const once = market(56)[0]!.filter((_, n) => n % 6 === 0);
  const changes = once.map((by) => ({ set: 0, after: by - 3 * HOUR_MS, by: by + 3 * HOUR_MS }));
  const censored = fitModel({ sets: ['0'], from: MONDAY, until, changes });
  const sum = censored.rates[0]!.reduce((total, rate) => total + rate, 0);
  const exact = fitModel(tapeOf([once], until)).rates[0]!.reduce((total, rate) => total + rate, 0);
  assert.ok(Math.abs(sum / exact - 1) < 0.4, `${sum} changes a week against ${exact}`);
});

test('days of new delivery charges do not raise the rates of usual days', () => {
  const until = at('2026-03-20T05:00:00Z');
  const tape = tapeOf(market(74), until);
  const wild = Array.from({ length: 50 }, (_, n) => at('2026-03-01T12:00:00Z') + n * 10 * MINUTE_MS);
  const more = { ...tape, changes: [...tape.changes, ...wild.map((by) => ({ set: 0, after: by - 1, by }))] };
  assert.deepEqual(fitModel(more).rates, fitModel(tape).rates);
});

test('a timetable is the cheapest: no look of it can be left out, and dearer calls mean fewer', () => {
  const until = MONDAY + 56 * DAY_MS;
  const model = fitModel(tapeOf(market(56), until));
  const wishes = { weights: SIX.map(() => 1), longestMinutes: SIX.map(() => 360), shoppers: ALL_DAY };
  const horizon = { from: until, hours: 24, mostAnHour: 38, lookedAt: SIX.map(() => until) };
  const count = (price: number) => timetable(model, wishes, price, horizon).looks.flat().length;
  assert.ok(count(0.1) > count(2) && count(2) > count(50));
  assert.equal(priceOf(model, wishes, 200) > priceOf(model, wishes, 2_000), true);
  for (const one of timetable(model, wishes, 1e4, horizon).looks) {
    const gaps = one.map((time, n) => time - (one[n - 1] ?? until));
    assert.ok(Math.max(...gaps) <= 6 * HOUR_MS);
  }
});

test('looks come more often in hours in which shoppers come, at no more calls', () => {
  const until = MONDAY + 56 * DAY_MS;
  // Every hour and minute alike, so that only the shoppers tell them apart.
  const steady = SIX.map(() =>
    Array.from({ length: 56 * 24 }, (_, hour) => MONDAY + (hour + ((hour * 7 + 1) % 60) / 60) * HOUR_MS),
  );
  const model = fitModel(tapeOf(steady, until));
  const wishes = { weights: SIX.map(() => 1), longestMinutes: SIX.map(() => 360) };
  const evenings = ALL_DAY.map((_, hour) => (hour >= 17 && hour < 22 ? 3.4 : 0.37));
  const looksBy = (shoppers: readonly number[]) => {
    const price = priceOf(model, { ...wishes, shoppers }, 1_000);
    const horizon = { from: until, hours: 24, mostAnHour: 100, lookedAt: SIX.map(() => until) };
    const looks = timetable(model, { ...wishes, shoppers }, price, horizon).looks.flat();
    const evening = looks.filter((time) => localMinute(time) >= 17 * 60 && localMinute(time) < 22 * 60);
    return { all: looks.length, evening: evening.length };
  };
  const [flat, weighed] = [looksBy(ALL_DAY), looksBy(evenings)];
  assert.ok(weighed.evening > 1.5 * flat.evening, `${weighed.evening} against ${flat.evening}`);
  assert.ok(weighed.all < 1.1 * flat.all, `${weighed.all} against ${flat.all}`);
});

test('a set that moved has the others looked at, and a look that failed shows no quiet', () => {
  const now = at('2026-03-03T15:20:00Z');
  const seen = SIX.map((set) => ({
    lookedAt: set === 0 ? now - MINUTE_MS : now - 2 * HOUR_MS,
    movedAt: set === 0 ? now - MINUTE_MS : null,
  }));
  const due = sentinelLooks(input(now, { seen }), 0, 15);
  assert.deepEqual(
    due.map(({ set, kind }) => [set, kind]),
    [1, 2, 3, 4, 5].map((set) => [set, 'follow']),
  );
  const model = fitModel(tapeOf(market(56), MONDAY + 56 * DAY_MS));
  const wishes = { weights: SIX.map(() => 1), longestMinutes: SIX.map(() => 360), shoppers: ALL_DAY };
  const horizon = { from: now, hours: 24, mostAnHour: 38, lookedAt: SIX.map(() => now) };
  const table = timetable(model, wishes, 5, horizon);
  const learned = learnedLooks(input(now, { seen }), model, table, wishes.weights);
  assert.ok([1, 2, 3, 4, 5].every((set) => learned.some((look) => look.set === set)));
  // A failed look moves no time: the same is due again.
  assert.deepEqual(
    learnedLooks(input(now + MINUTE_MS, { seen }), model, table, wishes.weights).map(({ set }) => set),
    learned.map(({ set }) => set),
  );
});

test('no set gets older than its tier promises, whatever the model says', () => {
  const now = at('2026-03-01T15:20:00Z');
  const model = fitModel({ ...tapeOf(market(0), MONDAY + DAY_MS) });
  const wishes = { weights: SIX.map(() => 1), longestMinutes: SIX.map(() => 360), shoppers: ALL_DAY };
  const table = timetable(model, wishes, 1e4, {
    from: now,
    hours: 24,
    mostAnHour: 38,
    lookedAt: SIX.map(() => now),
  });
  const seen = SIX.map((set) => ({ lookedAt: set === 3 ? now - 7 * HOUR_MS : now, movedAt: null }));
  for (const due of [
    learnedLooks(input(now, { seen }), model, table, wishes.weights),
    evenLooks(input(now, { seen }), 1),
  ]) {
    assert.deepEqual([due[0]!.set, due[0]!.kind], [3, 'floor']);
    assert.match(due[0]!.reason, /420 min old, its tier promises 360 min/);
  }
});

test('replayed, the model sees changes several times sooner than hourly looks at no more calls', () => {
  const [from, until] = [MONDAY, MONDAY + 42 * DAY_MS];
  const options = {
    truth: market(42),
    from,
    scoreFrom: from + 28 * DAY_MS,
    until,
    mostAnHour: 38,
    floorMinutes: 360,
  };
  const run = (strategy: 'schedule' | 'learned', failing = 0) =>
    replay({ ...options, strategy, callsAnHour: 6, hasIds: true, refitDays: 7, seed: 1, failing });
  const mean = (values: number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const [hourly, learned, failing] = [run('schedule'), run('learned'), run('learned', 0.2)];
  assert.ok(
    mean(learned.delays) < mean(hourly.delays) / 4,
    `${mean(learned.delays)} against ${mean(hourly.delays)}`,
  );
  assert.ok(learned.calls <= hourly.calls);
  assert.ok(
    failing.delays.length >= 0.95 * hourly.delays.length && mean(failing.delays) < mean(hourly.delays),
  );
  assert.deepEqual(run('learned'), learned, 'the same seed gives the same run');
});

test('auto, by the proof of the program itself, gains where there is something to learn and costs nothing where not', () => {
  const random = chance(4);
  const alone = SIX.map(() =>
    Array.from({ length: 42 * 6 }, () => MONDAY + random() * 42 * DAY_MS).toSorted((a, b) => a - b),
  );
  const options = {
    from: MONDAY,
    scoreFrom: MONDAY + 35 * DAY_MS,
    until: MONDAY + 42 * DAY_MS,
    callsAnHour: 6,
    mostAnHour: 38,
    floorMinutes: 360,
    hasIds: true,
    refitDays: 7,
    seed: 1,
  };
  const trust = trustOf({ ...options, weights: SIX.map(() => 1) });
  const mean = (values: number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
  const minutes = (truth: number[][], strategy: 'auto' | 'even') =>
    mean(replay({ ...options, truth, strategy, trust }).delays);
  const [auto, even] = [minutes(market(42), 'auto'), minutes(market(42), 'even')];
  assert.ok(auto < even / 3, `${auto} against ${even}`);
  assert.equal(minutes(alone, 'auto'), minutes(alone, 'even'));
  assert.equal(
    minutes(
      SIX.map(() => [options.until - DAY_MS]),
      'auto',
    ),
    minutes(
      SIX.map(() => [options.until - DAY_MS]),
      'even',
    ),
  );
});

test('never more calls than allowed, in an hour or a week, on any market', () => {
  const markets = fc.array(fc.array(fc.integer({ min: 0, max: 10 * DAY_MS }), { maxLength: 60 }), {
    minLength: 1,
    maxLength: 4,
  });
  fc.assert(
    fc.property(
      markets,
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom('learned', 'even', 'sentinel', 'auto'),
      (all, calls, strategy) => {
        const truth = all.map((times) => times.map((time) => MONDAY + time).toSorted((a, b) => a - b));
        const until = MONDAY + 10 * DAY_MS;
        const score = replay({
          truth,
          from: MONDAY,
          scoreFrom: MONDAY,
          until,
          strategy,
          callsAnHour: calls,
          mostAnHour: 8,
          floorMinutes: 360,
          hasIds: false,
          refitDays: 5,
          seed: 3,
        });
        assert.ok(score.mostInAnHour <= 8);
        assert.ok(score.calls <= calls * 168 * 2);
        assert.ok(score.current >= 0 && score.current <= 1);
        assert.ok(score.delays.every((delay) => delay >= 0));
      },
    ),
    { numRuns: 12 },
  );
});

test('auto needs proof: enough business days, a gain, calibration and a sentinel that catches', () => {
  const terms = { callsAnHour: 6, mostAnHour: 38, floorMinutes: 360, weights: SIX.map(() => 1), sentinel: 0 };
  const short = prove(tapeOf(market(14), MONDAY + 14 * DAY_MS), terms);
  assert.match(short.reason, /^changes of 9 business days are known, 20 are needed$/);
  const until = MONDAY + 42 * DAY_MS;
  const proof = prove(tapeOf(market(42), until), terms);
  assert.ok(proof.isTrusted, proof.reason);
  assert.equal(proof.caught, 1);
  // Whatever second it is asked at.
  const { calibration } = prove(tapeOf(market(42), until - 17_321), terms);
  assert.equal(calibration!.predictions, 14 * 24 * SIX.length);
  // The sentinel keeps still on most days of the last two weeks.
  const blind = market(42).map((times, set) =>
    set === 0 ? times.filter((time, n) => time < until - 18 * DAY_MS || n % 4 === 0) : times,
  );
  assert.match(prove(tapeOf(blind, until), terms).reason, /the sentinel showed \d+ %/);
  const model = fitModel(tapeOf(market(42), until));
  const learned = { model, price: 1, proof };
  assert.equal(choose('auto', learned, until).inUse, 'learned');
  assert.equal(choose('auto', null, until).inUse, 'even');
  assert.match(choose('auto', learned, until + 15 * DAY_MS).reason, /fitted 15 days ago/);
  assert.equal(choose('auto', { ...learned, model: { ...model, format: 0 } }, until).inUse, 'even');
});
