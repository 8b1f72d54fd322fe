/** The health of a database: readings in, findings out. Nothing here asks a database, so all of it can be tested with laws. */

import type { HealthReadings } from '../../store/upkeep/readings/health-readings.ts';
import type { Finding } from '../finding.ts';
import { ACTIVITY_CHECKS } from './activity.ts';
import { INDEX_CHECKS } from './indexes.ts';
import { HEALTH_LIMITS, type HealthLimits } from './limits.ts';
import { SERVER_CHECKS } from './server.ts';
import { TABLE_CHECKS } from './tables.ts';

const CHECKS = [...ACTIVITY_CHECKS, ...TABLE_CHECKS, ...INDEX_CHECKS, ...SERVER_CHECKS];

export function judgeHealth(
  readings: HealthReadings,
  limits: Partial<HealthLimits> = {},
  now: Date = new Date(),
): Finding[] {
  const context = { readings, limits: { ...HEALTH_LIMITS, ...limits }, now };
  return CHECKS.flatMap((look) => look(context));
}
