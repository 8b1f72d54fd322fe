/** The health of a database: readings in, lines out. Nothing here asks a database, so all of it can be tested with laws. */

import type { HealthReadings } from '../../store/upkeep/readings/health-readings.ts';
import { judgeActivity } from './activity.ts';
import { judgeIndexes } from './indexes.ts';
import { HEALTH_LIMITS, type HealthLimits, type HealthLine, type Verdict } from './line.ts';
import { judgeServer } from './server.ts';
import { judgeTables } from './tables.ts';

export function judgeHealth(
  readings: HealthReadings,
  limits: Partial<HealthLimits> = {},
  now: Date = new Date(),
): HealthLine[] {
  const all = { ...HEALTH_LIMITS, ...limits };
  return [
    ...judgeActivity(readings, all),
    ...judgeTables(readings, all, now),
    ...judgeIndexes(readings, all),
    ...judgeServer(readings, all),
  ];
}

/** The worst of all lines; what could not be read does not count. */
export function worst(lines: readonly Pick<HealthLine, 'verdict'>[]): Exclude<Verdict, 'unknown'> {
  if (lines.some(({ verdict }) => verdict === 'bad')) return 'bad';
  return lines.some(({ verdict }) => verdict === 'warn') ? 'warn' : 'ok';
}
