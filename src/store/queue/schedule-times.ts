/** When each schedule comes next, kept by the processes that run the schedules, by the clock of the database. */

import { toJsonb } from '../postgres/copy.ts';
import type { Connection, Queryable } from '../postgres/database.ts';

export interface ScheduleTime {
  name: string;
  cron: string;
  time_zone: string;
  /** `null`: the expression has no next time. */
  next_at: Date | null;
}

/** How often it is noted that somebody looks at the clock. */
const NOTE_SECONDS = 15;

/** These and no others. One that is known already keeps its time, which may have passed while nobody looked. */
export async function writeScheduleTimes(
  queryable: Queryable,
  times: readonly ScheduleTime[],
): Promise<void> {
  await queryable.query(
    `with told as (
       select * from jsonb_to_recordset($1) as t (name text, cron text, time_zone text, next_at timestamptz)
     ),
     gone as (delete from schedule_times where name not in (select name from told))
     insert into schedule_times as known (name, cron, time_zone, next_at, told_at)
     select name, cron, time_zone, next_at, clock_timestamp() from told order by name
     on conflict (name) do update set cron = excluded.cron, time_zone = excluded.time_zone, told_at = excluded.told_at,
       next_at = case when (known.cron, known.time_zone) = (excluded.cron, excluded.time_zone)
                      then coalesce(known.next_at, excluded.next_at) else excluded.next_at end`,
    [toJsonb(times)],
  );
}

export interface DueTime extends ScheduleTime {
  next_at: Date;
  /** By the clock of the database. */
  now: Date;
}

/** What has come, and is nobody's yet; notes that somebody looked. */
export async function readDueTimes(queryable: Queryable): Promise<DueTime[]> {
  const { rows } = await queryable.query<DueTime>(
    `with looked as (
       update schedule_times set told_at = clock_timestamp()
        where told_at < clock_timestamp() - make_interval(secs => $1) and coalesce(next_at > clock_timestamp(), true)
     )
     select name, cron, time_zone, next_at, clock_timestamp() as now from schedule_times
      where next_at <= clock_timestamp() order by next_at, name`,
    [NOTE_SECONDS],
  );
  return rows;
}

/** @returns false where another process has taken it */
export async function takeTime(
  connection: Connection,
  { name, next_at }: Pick<DueTime, 'name' | 'next_at'>,
  following: Date | null,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update schedule_times set next_at = $3, told_at = clock_timestamp()
      where name = $1 and date_trunc('milliseconds', next_at) = $2`,
    [name, next_at, following],
  );
  return rowCount === 1;
}

interface KnownTimes {
  /** By the time they come next. */
  schedules: ScheduleTime[];
  /** When somebody last looked whether a time has come. */
  clock_read_at: Date;
}

/** `null` where nothing is scheduled: the program was never started with the role scheduler. */
export async function readScheduleTimes(queryable: Queryable): Promise<KnownTimes | null> {
  const { rows } = await queryable.query<ScheduleTime & { told_at: Date }>(
    'select name, cron, time_zone, next_at, told_at from schedule_times order by next_at, name',
  );
  if (rows.length === 0) return null;
  return {
    schedules: rows.map(({ told_at: _, ...time }) => time),
    clock_read_at: new Date(Math.max(...rows.map(({ told_at }) => told_at.getTime()))),
  };
}
