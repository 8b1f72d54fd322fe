/**
 * Runs the schedules: the priority sync, the full one, and maintenance. Any number of processes may do so; each time
 * comes in one of them, and what was missed while all were down is made up for once.
 */

import { ConfigError, type Schedules } from '../config.ts';
import type { ScheduleTime } from '../store/queue/schedule-times.ts';
import type { JobQueue, ScheduledTime } from '../sync/work/job-queue.ts';

interface SchedulerOptions {
  jobs: JobQueue;
  schedules: Schedules;
  /** Asks for the sync of that kind. */
  onSync(kind: 'priority' | 'full'): Promise<unknown>;
  onMaintenance(): Promise<unknown>;
  /** Told what comes next: at first, and each time one has come. */
  onTimes(times: readonly ScheduleTime[]): Promise<unknown>;
}

const NAMES = ['priority', 'full', 'maintenance'] as const;

export function scheduledTimes(schedules: Schedules): ScheduledTime[] {
  return NAMES.flatMap((name) => {
    const cron = schedules[name];
    return cron === null ? [] : [{ name, cron, timeZone: schedules.timeZone }];
  });
}

const VARIABLES: Record<string, string> = {
  priority: 'SYNC_SCHEDULE_PRIORITY',
  full: 'SYNC_SCHEDULE_FULL',
  maintenance: 'MAINTENANCE_SCHEDULE',
};

/**
 * Resolves when they run; they end with the queue.
 * @throws {ConfigError} one of them never comes
 */
export async function runSchedules(options: SchedulerOptions): Promise<void> {
  const { jobs, schedules, onSync, onMaintenance, onTimes } = options;
  const times = scheduledTimes(schedules);
  // Asked here and not where the configuration is read: what reads cron would cost every command as much as all the rest.
  const fires = await Promise.all(times.map((time) => jobs.everFires(time)));
  const never = times.filter((_, i) => !fires[i]);
  if (never.length > 0) {
    throw new ConfigError(
      never.map(({ name, cron }) => ({ field: VARIABLES[name]!, message: `"${cron}" never comes` })),
    );
  }
  await jobs.schedule(times);
  const tell = async () => {
    const times = await jobs.scheduled();
    await onTimes(times.map(({ timeZone: time_zone, ...time }) => ({ ...time, time_zone })));
  };
  await tell();
  await jobs.onSchedule(async (name) => {
    await tell();
    if (name === 'maintenance') await onMaintenance();
    else if (name === 'priority' || name === 'full') await onSync(name);
  });
}
