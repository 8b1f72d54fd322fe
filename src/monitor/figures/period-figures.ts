/** The figures of the last hour, day and month, as every reader of them gets them. */

import { readFigures, readSum } from '../../store/observation/figure-rows.ts';
import { sumFigures } from '../../store/observation/figures.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { callsOf, mostCalls, type Period, type PeriodFigures } from './targets.ts';

const PERIOD_MS: Record<Period, number> = { hour: HOUR_MS, day: DAY_MS, month: 30 * DAY_MS };

/** @param now by the clock of the database */
export async function readPeriods(queryable: Queryable, now: Date): Promise<Record<Period, PeriodFigures>> {
  const range = (ms: number) => ({ from: new Date(now.getTime() - ms), to: now });
  const hour = await readSum(queryable, range(PERIOD_MS.hour));
  const day = await readSum(queryable, range(PERIOD_MS.day));
  const hours = await readFigures(queryable, range(PERIOD_MS.month), 'hour');
  const inDay = hours.filter(({ at }) => at.getTime() >= now.getTime() - PERIOD_MS.day);
  return {
    hour: { sum: hour, most_calls: hour.minutes === 0 ? null : callsOf(hour) },
    day: { sum: day, most_calls: mostCalls(inDay.map(({ figures }) => figures)) },
    month: { sum: sumFigures(hours), most_calls: mostCalls(hours.map(({ figures }) => figures)) },
  };
}
