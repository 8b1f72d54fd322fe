/**
 * What the tables of pg-boss say, read without loading it: that takes longer than all a command like `sync status` does.
 * Only for looking; `JobQueue` alone changes them. A test compares what is read here with what pg-boss itself answers.
 */

import type { Queryable } from '../postgres/database.ts';
import type { ScheduleTime } from './schedule-times.ts';

interface QueueTables {
  /** By the time they come next; `next_at` is `null` while nobody has told it. */
  schedules: ScheduleTime[];
  /** When somebody last looked whether a time has come; `null`: nobody ever did. */
  clock_read_at: Date | null;
}

/** PostgreSQL: no such table, no such schema. */
const ABSENT = ['42P01', '3F000'];

/** `null` where there is no queue yet: the program was never started. */
export async function readQueueTables(queryable: Queryable): Promise<QueueTables | null> {
  type Row = Pick<QueueTables, 'clock_read_at'> & {
    schedules: (Omit<ScheduleTime, 'next_at'> & { next_at: string | null })[];
  };
  try {
    const { rows } = await queryable.query<Row>(
      `select coalesce((select jsonb_agg(jsonb_build_object('name', s.key, 'cron', s.cron, 'time_zone', s.timezone,
                   'next_at', n.next_at) order by n.next_at, s.key)
                 from pgboss.schedule s
                 left join schedule_times n on (n.name, n.cron, n.time_zone) = (s.key, s.cron, s.timezone)), '[]') as schedules,
              (select cron_on from pgboss.version) as clock_read_at`,
    );
    const { clock_read_at, schedules } = rows[0]!;
    return {
      clock_read_at,
      schedules: schedules.map((one) => ({ ...one, next_at: one.next_at ? new Date(one.next_at) : null })),
    };
  } catch (error) {
    if (ABSENT.includes((error as { code?: string }).code ?? '')) return null;
    throw error;
  }
}
