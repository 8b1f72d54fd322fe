/** Markets that strategies of refreshing are run on: real changes as ids tell them, and five that are invented. */

import { readFileSync } from 'node:fs';
import { chance } from '../src/planning/chance.ts';
import { hourBin, localDay, localMinute, MINUTE_MS, weekColumn } from '../src/planning/refresh/calendar.ts';
import type { Truth } from '../src/planning/refresh/changes.ts';
import { DAY_MS, HOUR_MS } from '../src/units.ts';

export interface Market {
  name: string;
  truth: Truth;
  from: number;
  scoreFrom: number;
  until: number;
}

/** Shares of (REP, day) changes that each set shows, of 15 day pairs of January 2026: Oncor first, LP&L last. */
const SHOWN = [0.97, 0.95, 0.79, 0.79, 0.78, 0.48];

function recorded(): { tdsp: string; at: number }[] {
  const text = readFileSync(new URL('tapes/comparepower-2025.csv', import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [tdsp, minted_at] = line.split(',');
      return { tdsp: tdsp!, at: Date.parse(minted_at!) };
    });
}

/** Moments more than a minute apart, each once. */
function moments(times: readonly number[]): number[] {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted.filter((at, n) => n === 0 || at - sorted[n - 1]! > MINUTE_MS);
}

function realMarkets(): Market[] {
  const rows = recorded();
  const of = (tdsp: string) => moments(rows.filter((row) => row.tdsp === tdsp).map(({ at }) => at));
  const all = moments(rows.map(({ at }) => at));
  const random = chance(18);
  const six = SHOWN.map((share) => all.filter(() => random() < share));
  const times = {
    from: Date.parse('2025-07-21T05:00:00Z'),
    scoreFrom: Date.parse('2025-08-25T05:00:00Z'),
    until: Date.parse('2025-09-09T05:00:00Z'),
  };
  return [
    { name: 'real: Oncor and CenterPoint as minted', truth: [of('ONCOR'), of('CENTERPOINT')], ...times },
    { name: 'real moments, six sets by measured shares', truth: six, ...times },
  ];
}

interface Invented {
  name: string;
  /** Moments a day that sets take part in, at a moment. */
  rate(at: number, day: number): number;
  /** Whether moments begin just after a quarter hour, and how often. */
  onQuarter: number;
  shares: readonly number[] | 'alone';
}

const START = Date.parse('2026-01-05T06:00:00Z');
const isOpen = (at: number) => weekColumn(localDay(at)) >= 1 && weekColumn(localDay(at)) <= 5;
/** How the 134 recorded batches lie in the day, an hour each; the same sum each business day. */
const HOURS = [29, 0, 0, 0, 0, 5, 0, 7, 15, 11, 19, 17, 2, 2, 2, 6, 2, 11, 3, 0, 1, 0, 1, 1];
const byHour = (at: number, shift = 0) => (HOURS[(((hourBin(at) - shift) % 24) + 24) % 24]! / 134) * 24;

const INVENTED: readonly Invented[] = [
  {
    name: 'business days with quarter-hour phase',
    rate: (at) => (isOpen(at) ? 10 * byHour(at) : 0),
    onQuarter: 0.78,
    shares: SHOWN,
  },
  {
    name: 'bursty',
    // One business day in five is wild, the others are nearly still; decided by the day, not by the hour.
    rate: (at, day) =>
      isOpen(at) ? ((Math.imul(day, 2_654_435_761) >>> 16) % 5 === 0 ? 34 : 2) * byHour(at) : 0,
    onQuarter: 0.5,
    shares: SHOWN,
  },
  {
    name: 'drifting',
    // The busy hours move on by an hour every eighteen days.
    rate: (at, day) => (isOpen(at) ? 10 * byHour(at, Math.floor((day - localDay(START)) / 18)) : 0),
    onQuarter: 0.78,
    shares: SHOWN,
  },
  { name: 'independent sets', rate: () => 6, onQuarter: 0, shares: 'alone' },
  { name: 'dead', rate: () => 0.02, onQuarter: 0, shares: SHOWN },
];

function invent({ name, rate, onQuarter, shares }: Invented, seed: number, days: number): Market {
  const random = chance(seed);
  const until = START + days * DAY_MS;
  const draw = (): number[] => {
    const times: number[] = [];
    for (let at = START; at < until; at += HOUR_MS) {
      // A Poisson number of moments in the hour, by counting its waits.
      const mean = rate(at, localDay(at)) / 24;
      for (let waited = 0; ; ) {
        waited += -Math.log(1 - random());
        if (waited >= mean) break;
        const phase = random() < onQuarter ? Math.floor(random() * 4) * 15 + random() * 2 : random() * 60;
        times.push(at + Math.floor(phase * MINUTE_MS) - (localMinute(at) % 60) * MINUTE_MS);
      }
    }
    return moments(times);
  };
  const truth =
    shares === 'alone'
      ? SHOWN.map(draw)
      : ((all) => shares.map((share) => all.filter(() => random() < share)))(draw());
  return { name, truth, from: START, scoreFrom: START + Math.min(56, days / 2) * DAY_MS, until };
}

/** @param days of the invented ones */
export const markets = (seed: number, days: number): Market[] => [
  ...realMarkets(),
  ...INVENTED.map((one, n) => invent(one, seed + n, days)),
];
