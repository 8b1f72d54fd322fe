/** When each schedule comes next, written by the process that runs the schedules. */

import { toJsonb } from '../postgres/copy.ts';
import type { Queryable } from '../postgres/database.ts';

export interface ScheduleTime {
  name: string;
  cron: string;
  time_zone: string;
  next_at: Date | null;
}

/** These and no others. */
export async function writeScheduleTimes(
  queryable: Queryable,
  times: readonly ScheduleTime[],
): Promise<void> {
  await queryable.query(
    `with told as (
       select * from jsonb_to_recordset($1) as t (name text, cron text, time_zone text, next_at timestamptz)
     ),
     gone as (delete from schedule_times where name not in (select name from told))
     insert into schedule_times (name, cron, time_zone, next_at, told_at)
     select name, cron, time_zone, next_at, clock_timestamp() from told order by name
     on conflict (name) do update set cron = excluded.cron, time_zone = excluded.time_zone,
       next_at = excluded.next_at, told_at = excluded.told_at`,
    [toJsonb(times)],
  );
}
