/**
 * Runs the schedules: the priority sync, the full one, and maintenance. Any number of processes may do so; each time
 * comes in one of them, and what was missed while all were down is made up for once.
 */

import { ConfigError, type Schedules } from '../config.ts';
import { Periodic } from '../periodic.ts';
import type { Database } from '../store/postgres/database.ts';
import { type DueTime, readDueTimes, takeTime, writeScheduleTimes } from '../store/queue/schedule-times.ts';
import { readDatabaseTime } from '../store/queue/sync-workers.ts';
import type { JobQueue } from '../sync/work/job-queue.ts';
import { nextTime } from './cron-times.ts';

interface SchedulerOptions {
  database: Database;
  jobs: JobQueue;
  schedules: Schedules;
  /** Asks for the sync of that kind. */
  onSync(kind: 'priority' | 'full'): Promise<unknown>;
  onMaintenance(): Promise<unknown>;
  onExport(): Promise<unknown>;
  onError(error: unknown): void;
}

interface ScheduledTime {
  name: string;
  /** Five fields. */
  cron: string;
  timeZone: string;
}

const NAMES = ['priority', 'full', 'maintenance', 'export'] as const;
const LOOK_MS = 1_000;

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
  export: 'EXPORT_SCHEDULE',
};

/**
 * Asked before anything listens, and not where the configuration is read: what reads cron would cost every command as much as
 * all the rest.
 * @throws {ConfigError} one of them never comes
 */
export function checkTimes(schedules: Schedules): void {
  const now = new Date();
  const never = scheduledTimes(schedules).filter(
    ({ cron, timeZone }) => nextTime(cron, timeZone, now) === null,
  );
  if (never.length === 0) return;
  throw new ConfigError(
    never.map(({ name, cron }) => ({
      field: VARIABLES[name]!,
      message: `"${cron}" never comes: expected five cron fields with a time that exists, for example "0 2 * * *"`,
    })),
  );
}

/** @returns what looks at the clock from now on */
export async function runSchedules(options: SchedulerOptions): Promise<Periodic> {
  const { database, jobs, schedules, onSync, onMaintenance, onExport, onError } = options;
  const now = await readDatabaseTime(database.pool);
  await writeScheduleTimes(
    database.pool,
    scheduledTimes(schedules).map(({ name, cron, timeZone }) => ({
      name,
      cron,
      time_zone: timeZone,
      next_at: nextTime(cron, timeZone, now),
    })),
  );
  await jobs.onSchedule(async (name) => {
    if (name === 'maintenance') await onMaintenance();
    else if (name === 'export') await onExport();
    else if (name === 'priority' || name === 'full') await onSync(name);
  });
  const clock = new Periodic('schedules', () => look(database, jobs).catch(onError), LOOK_MS);
  clock.start();
  return clock;
}

async function look(database: Database, jobs: JobQueue): Promise<void> {
  for (const due of await readDueTimes(database.pool)) await send(database, jobs, due);
}

/** In one transaction: a process that dies has either sent it or left it to another. */
function send(database: Database, jobs: JobQueue, due: DueTime): Promise<void> {
  const following = nextTime(due.cron, due.time_zone, due.now);
  return database.transaction(async (connection) => {
    if (await takeTime(connection, due, following)) await jobs.sendScheduled(connection, due.name);
  });
}
