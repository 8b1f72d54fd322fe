/**
 * Keeps the times: the priority sync, the full one, and maintenance. Any number of processes may do so; each time is
 * kept by one of them, and what was missed while all were down is made up for once.
 */

import type { Schedules } from '../config.ts';
import type { JobQueue, ScheduledTime } from '../sync/jobs/job-queue.ts';

export interface SchedulerOptions {
  jobs: JobQueue;
  schedules: Schedules;
  /** Asks for the sync of that kind. */
  onSync(kind: 'priority' | 'full'): Promise<unknown>;
  onMaintenance(): Promise<unknown>;
}

const NAMES = ['priority', 'full', 'maintenance'] as const;

export function scheduledTimes(schedules: Schedules): ScheduledTime[] {
  return NAMES.flatMap((name) => {
    const cron = schedules[name];
    return cron === null ? [] : [{ name, cron, timeZone: schedules.timeZone }];
  });
}

/** Resolves when it keeps them; ends with the queue. */
export async function keepSchedules(options: SchedulerOptions): Promise<void> {
  const { jobs, schedules, onSync, onMaintenance } = options;
  await jobs.schedule(scheduledTimes(schedules));
  await jobs.keepTimes(async (name) => {
    if (name === 'maintenance') await onMaintenance();
    else if (name === 'priority' || name === 'full') await onSync(name);
  });
}
