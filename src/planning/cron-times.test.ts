import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextTime } from './cron-times.ts';

function times(cron: string, zone: string, from: string, until: string): string[] {
  const found: string[] = [];
  for (let at = nextTime(cron, zone, new Date(from)); at && at < new Date(until); ) {
    found.push(at.toISOString().slice(0, 16));
    at = nextTime(cron, zone, at);
  }
  return found;
}

/** In local time, so that a reader can check it: the nights of Chicago are 8 March and 1 November 2026. */
const NIGHTS: [string, string, string, string, string, string[]][] = [
  [
    'a named time that is jumped over comes as the clock jumps',
    '0 2 * * *',
    'America/Chicago',
    '2026-03-08T00:00-06:00',
    '2026-03-09T12:00-05:00',
    ['2026-03-08T08:00', '2026-03-09T07:00'],
  ],
  [
    'so does one in the middle of the hour, and two of them come once',
    '15,45 2 * * *',
    'America/Chicago',
    '2026-03-08T00:00-06:00',
    '2026-03-09T12:00-05:00',
    ['2026-03-08T08:00', '2026-03-09T07:15', '2026-03-09T07:45'],
  ],
  [
    'a named time that comes twice comes the first time',
    '0 1 * * *',
    'America/Chicago',
    '2026-11-01T00:00-05:00',
    '2026-11-02T12:00-06:00',
    ['2026-11-01T06:00', '2026-11-02T07:00'],
  ],
  [
    'the full sync of the night back',
    '0 2 * * *',
    'America/Chicago',
    '2026-11-01T00:00-05:00',
    '2026-11-02T12:00-06:00',
    ['2026-11-01T08:00', '2026-11-02T08:00'],
  ],
  [
    'every hour is every hour',
    '0 * * * *',
    'America/Chicago',
    '2026-11-01T00:30-05:00',
    '2026-11-01T03:30-06:00',
    ['2026-11-01T06:00', '2026-11-01T07:00', '2026-11-01T08:00', '2026-11-01T09:00'],
  ],
  [
    'every hour of the night on has one less',
    '0 * * * *',
    'America/Chicago',
    '2026-03-08T00:30-06:00',
    '2026-03-08T04:30-05:00',
    ['2026-03-08T07:00', '2026-03-08T08:00', '2026-03-08T09:00'],
  ],
  [
    'every second hour follows the clock, too',
    '0 */2 * * *',
    'America/Chicago',
    '2026-03-07T23:00-06:00',
    '2026-03-08T07:00-05:00',
    ['2026-03-08T06:00', '2026-03-08T09:00', '2026-03-08T11:00'],
  ],
  [
    'minutes that follow the clock come twice in an hour that comes twice',
    '*/30 1 * * *',
    'America/Chicago',
    '2026-11-01T00:00-05:00',
    '2026-11-01T12:00-06:00',
    ['2026-11-01T06:00', '2026-11-01T06:30', '2026-11-01T07:00', '2026-11-01T07:30'],
  ],
  [
    'a zone whose midnight is jumped over',
    '0 0 * * *',
    'America/Havana',
    '2026-03-07T12:00-05:00',
    '2026-03-09T12:00-04:00',
    ['2026-03-08T05:00', '2026-03-09T04:00'],
  ],
  [
    'a zone that moves by half an hour',
    '0 2 * * *',
    'Australia/Lord_Howe',
    '2026-10-03T12:00+10:30',
    '2026-10-05T12:00+11:00',
    ['2026-10-03T15:30', '2026-10-04T15:00'],
  ],
];
for (const [what, cron, zone, from, until, expected] of NIGHTS) {
  test(`${what}: "${cron}" in ${zone}`, () => {
    assert.deepEqual(times(cron, zone, from, until), expected);
  });
}

test('what never comes is null, not an error, in any zone', () => {
  for (const cron of ['99 * * * *', '0 0 31 2 *', 'nonsense', '']) {
    assert.equal(nextTime(cron, 'America/Chicago', new Date('2026-06-01T00:00Z')), null, cron);
  }
});

const ZONES = [
  'America/Chicago',
  'America/Havana',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'UTC',
  'Europe/London',
];

test('a time of day comes once a day, every day of a year, in every zone, wherever it is asked from', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...ZONES),
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      fc.integer({ min: 0, max: 364 }),
      fc.integer({ min: 0, max: 1_439 }),
      (zone, hour, minute, day, start) => {
        const from = Date.UTC(2026, 0, 1) + day * 86_400_000 + start * 60_000;
        const cron = `${minute} ${hour} * * *`;
        const first = nextTime(cron, zone, new Date(from))!;
        const second = nextTime(cron, zone, first)!;
        const local = new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' });
        assert.notEqual(local.format(first), local.format(second));
        assert.ok(second.getTime() - first.getTime() <= 26 * 3_600_000);
        assert.ok(first.getTime() - from <= 26 * 3_600_000);
        // The same answer from any moment before it.
        assert.equal(nextTime(cron, zone, new Date(first.getTime() - 1))!.getTime(), first.getTime());
      },
    ),
    { numRuns: 150 },
  );
});
