import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWeekend, midnightMs } from '../virtual-clock.ts';
import { CHARGES_AT_MS, calendarVersion, momentsOf, timeOfVersion } from './calendar.ts';
import { planSet } from './market.ts';
import { chargeChangeDays, SANDBOX_TDSPS } from './tdsps.ts';

const SEED = 7;
const MINUTE = 60_000;
const DAYS = Array.from({ length: 70 }, (_, n) => n + 100);
const [tdsp] = SANDBOX_TDSPS;
const mintedMs = (id: string) => Number.parseInt(id.slice(0, 8), 16) * 1_000;
const idsAt = (day: number, sinceMs: number) =>
  new Set(planSet(SEED, tdsp!, day, 80, sinceMs).map(({ _id }) => _id));

test('moments lie on business days in working hours, most of them within two minutes of a quarter hour', () => {
  const moments = DAYS.flatMap((day) => momentsOf(SEED, day).map((at) => ({ day, at })));
  assert.ok(moments.every(({ day }) => !isWeekend(day)));
  const onQuarter = moments.filter(({ at }) => (at / MINUTE) % 15 <= 2).length / moments.length;
  assert.ok(onQuarter > 0.7 && onQuarter < 0.9, `${onQuarter}`);
});

test('an id tells the moment at which its price came, to the second, and no set moves between two moments', () => {
  const charges = chargeChangeDays(SEED, tdsp!);
  for (const day of DAYS) {
    const times = [...momentsOf(SEED, day), ...(charges.includes(day) ? [CHARGES_AT_MS] : [])].toSorted(
      (a, b) => a - b,
    );
    let before = idsAt(day, 0);
    for (const at of times) {
      // The millisecond before is still as it was.
      assert.deepEqual(
        [...idsAt(day, at - 1)].filter((id) => !before.has(id)),
        [],
      );
      const now = idsAt(day, at);
      const fresh = [...now].filter((id) => !before.has(id));
      for (const id of fresh) assert.equal(mintedMs(id), midnightMs(day) + at);
      before = now;
    }
    assert.deepEqual(
      [...idsAt(day, 86_399_999)].filter((id) => !before.has(id)),
      [],
    );
    // The night brings no new id.
    assert.deepEqual(
      [...idsAt(day + 1, 0)].filter((id) => !before.has(id)),
      [],
    );
  }
});

test('a version says what it was made of', () => {
  for (const day of DAYS) {
    for (const since of [0, CHARGES_AT_MS, 50_000_000, 86_399_999]) {
      const version = calendarVersion(SEED, midnightMs(day) + since, day);
      const time = timeOfVersion(SEED, version);
      assert.equal(time.day, day);
      assert.ok(time.sinceMs <= since);
      assert.deepEqual(idsAt(day, time.sinceMs), idsAt(day, since));
    }
  }
});
