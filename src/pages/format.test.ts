import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ageOf,
  allOf,
  cents,
  date,
  dollars,
  dollarsAndCents,
  monthName,
  monthOf,
  oneOfThese,
  percent,
  whole,
} from './format.ts';

test('figures are those of the United States in both languages', () => {
  assert.equal(dollars(1412.4), '$1,412');
  assert.equal(dollars(-24), '−$24');
  assert.equal(dollarsAndCents(9.95), '$9.95');
  assert.equal(dollarsAndCents(125), '$125');
  assert.equal(cents(11.25), '11.3');
  assert.equal(whole(13594), '13,594');
  assert.equal(percent(100), '100 %');
  assert.equal(percent(12.5), '12.5 %');
});

test('times are those of Texas, whatever the server thinks', () => {
  const newYear = Date.UTC(2027, 0, 1, 5, 59);
  assert.equal(monthOf(newYear), 12);
  assert.equal(monthOf(newYear + 60_000), 1);
  assert.equal(date('en', newYear, 'month'), 'Dec 2026');
  assert.equal(date('es', newYear, 'monthName'), 'diciembre');
  assert.equal(monthName('en', 8), 'August');
  assert.equal(monthName('es', 8), 'agosto');
});

test('names stand in a sentence of their language', () => {
  assert.equal(allOf('en', ['Oncor', 'TNMP']), 'Oncor and TNMP');
  assert.equal(allOf('es', ['Oncor', 'TNMP']), 'Oncor y TNMP');
  assert.equal(oneOfThese('es', ['Oncor', 'TNMP']), 'Oncor o TNMP');
});

test('an age is told in steps, and each says how long it holds', () => {
  const minute = 60_000;
  for (const [ms, unit, count] of [
    [0, 'now', 0],
    [4.9 * minute, 'now', 0],
    [38 * minute, 'minutes', 35],
    [61 * minute, 'hours', 1],
    [47 * 60 * minute, 'hours', 47],
    [50 * 60 * minute, 'days', 2],
  ] as const) {
    const age = ageOf(ms);
    assert.deepEqual([age.unit, age.count], [unit, count], String(ms));
    const later = ageOf(ms + age.forMs);
    assert.notDeepEqual([later.unit, later.count], [unit, count]);
    const before = ageOf(ms + age.forMs - 1);
    assert.deepEqual([before.unit, before.count], [unit, count]);
  }
});
