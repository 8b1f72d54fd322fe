/** The health of a database: readings in, findings out. Nothing here asks a database, so all of it can be tested with laws. */

import type { HealthReadings } from '../../store/upkeep/readings/health-readings.ts';
import { type Finding, unknown } from '../finding.ts';
import { ACTIVITY_CHECKS } from './activity.ts';
import { findingsOf, type HealthCheck } from './check.ts';
import { INDEX_CHECKS } from './indexes.ts';
import { HEALTH_LIMITS, type HealthLimits } from './limits.ts';
import { SERVER_CHECKS } from './server.ts';
import { TABLE_CHECKS } from './tables.ts';

/** By the name that programs know them by; what each means and takes is in docs/operations.md. */
export const CHECKS: Record<string, HealthCheck> = {
  ...ACTIVITY_CHECKS,
  ...TABLE_CHECKS,
  ...INDEX_CHECKS,
  ...SERVER_CHECKS,
};

export function judgeHealth(
  readings: HealthReadings,
  limits: Partial<HealthLimits> = {},
  now: Date = new Date(),
): Finding[] {
  const context = { readings, limits: { ...HEALTH_LIMITS, ...limits }, now };
  return Object.entries(CHECKS).flatMap(([name, look]) => {
    const judged = look(context);
    if (judged === null) return [];
    if ('unreadable' in judged) return [unknown(name, `cannot be read: ${judged.unreadable}`)];
    return findingsOf(name, judged);
  });
}
