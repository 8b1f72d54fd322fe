/** The figures of the last hour, day and month, as every reader of them gets them. */

import { readFigures, readSum } from '../../store/observation/figure-rows.ts';
import { type FiguresRow, sumFigures } from '../../store/observation/figures.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { callsOf, mostCalls, type Period, type PeriodFigures } from './targets.ts';

const PERIOD_MS: Record<Period, number> = { hour: HOUR_MS, day: DAY_MS, month: 30 * DAY_MS };

const before = (now: Date, ms: number) => ({ from: new Date(now.getTime() - ms), to: now });

const ofHours = (hours: readonly FiguresRow[]): PeriodFigures => ({
  sum: sumFigures(hours),
  most_calls: mostCalls(hours.map(({ figures }) => figures)),
});

/** Of 30 days. @param now by the clock of the database */
export async function readMonth(queryable: Queryable, now: Date): Promise<PeriodFigures> {
  return ofHours(await readFigures(queryable, before(now, PERIOD_MS.month), 'hour'));
}

/**
 * @param now by the clock of the database
 * @param month left out, it is read now
 */
export async function readPeriods(
  queryable: Queryable,
  now: Date,
  month: () => Promise<PeriodFigures> = () => readMonth(queryable, now),
): Promise<Record<Period, PeriodFigures>> {
  const hour = await readSum(queryable, before(now, PERIOD_MS.hour));
  const day = await readSum(queryable, before(now, PERIOD_MS.day));
  const { from } = before(now, PERIOD_MS.day);
  const hours = await readFigures(queryable, { from, to: now }, 'hour');
  return {
    hour: { sum: hour, most_calls: hour.minutes === 0 ? null : callsOf(hour) },
    day: { sum: day, most_calls: ofHours(hours.filter(({ at }) => at >= from)).most_calls },
    month: await month(),
  };
}
