/** Does the queue know each schedule as it is configured, and does a process look at the clock? Pure. */

import { bad, type Finding, ok, warn } from './finding.ts';
import type { MonitorView } from './monitor-view.ts';
import { plural, spanText } from './text.ts';

/** As configured. */
export interface WantedTime {
  name: string;
  cron: string;
  timeZone: string;
}

/** That the clock was looked at is noted every 15 s; a process that is slow to start has not looked yet. */
const LOOKED_MS = 120_000;
const START_SCHEDULER = 'npx wattsync start --role scheduler';

type View = Pick<MonitorView, 'at' | 'schedules' | 'workers' | 'clock_read_at'>;

export const checkSchedules = (view: View, wanted: readonly WantedTime[]): Finding[] => [
  timesKnown(view.schedules, wanted),
  timesKept(view, wanted.length > 0),
];

function timesKnown(schedules: MonitorView['schedules'], wanted: readonly WantedTime[]): Finding {
  const check = 'schedules';
  if (wanted.length === 0) {
    const advice = 'Plans are synced only by hand or when readers find them old. Set SYNC_SCHEDULE_PRIORITY';
    return warn(check, 'All schedules are switched off', advice);
  }
  if (schedules === null) {
    return bad(check, 'Nothing is scheduled yet', 'Start the program once', 'npm start');
  }
  const configured = new Map(wanted.map(({ name, cron, timeZone }) => [name, `${cron} ${timeZone}`]));
  const known = new Map(schedules.map(({ name, cron, time_zone }) => [name, `${cron} ${time_zone}`]));
  const missing = [...configured.keys()].filter((name) => !known.has(name));
  const differences = [...known].flatMap(([name, time]) => {
    const set = configured.get(name);
    if (set === undefined) return [`${name} is scheduled, configured off`];
    return set === time ? [] : [`${name} is ${time}, configured ${set}`];
  });
  const advice =
    'A process with the role scheduler sets them by its own settings as it starts: start it with these settings';
  if (missing.length > 0) {
    return bad(check, `Not scheduled, though configured: ${missing.join(', ')}`, advice, START_SCHEDULER);
  }
  if (differences.length > 0) return warn(check, differences.join('; '), advice, START_SCHEDULER);
  return ok(check, wanted.map(({ name, cron }) => `${name} "${cron}"`).join(', '));
}

function timesKept({ at, schedules, workers, clock_read_at }: View, isWanted: boolean): Finding {
  const check = 'scheduler';
  const ago = (time: Date) => `${spanText((at.getTime() - time.getTime()) / 1_000)} ago`;
  const isLate = (time: Date) => at.getTime() - time.getTime() > LOOKED_MS;
  const keepers = workers.filter(({ roles, state }) => state === 'alive' && roles.includes('scheduler'));
  if (keepers.length === 0) {
    if (!isWanted) return ok(check, 'No process is needed: nothing is scheduled');
    const missed = (schedules ?? []).flatMap(({ name, next_at }) =>
      next_at !== null && next_at < at ? [`${name} was due ${ago(next_at)}`] : [],
    );
    const message = `No process keeps the schedule${missed.length > 0 ? `: ${missed.join(', ')}` : ''}`;
    return bad(check, message, 'Start the program, or a process with the role scheduler', 'npm start');
  }
  const hasOld = keepers.some(({ started_at }) => isLate(started_at));
  if (hasOld && (clock_read_at === null || isLate(clock_read_at))) {
    const when = clock_read_at
      ? `last looked at the clock ${ago(clock_read_at)}`
      : 'never looked at the clock';
    const advice = 'Restart it; if this comes back, look at its log';
    return bad(check, `The scheduler runs but ${when}`, advice, `kill ${keepers[0]!.pid}`);
  }
  return ok(check, `${plural(keepers.length, 'process keeps', 'processes keep')} the schedule`);
}
