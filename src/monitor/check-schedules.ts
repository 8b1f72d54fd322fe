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

/** The queue looks at the clock every 15 s; a process that is slow to start has not looked yet. */
const LOOKED_MS = 120_000;
const START_SCHEDULER = 'npx wattsync start --role scheduler';

export function checkSchedules(
  view: Pick<MonitorView, 'at' | 'schedules' | 'workers' | 'clock_read_at'>,
  wanted: readonly WantedTime[],
): Finding[] {
  return [timesKnown(view, wanted), timesKept(view, wanted)];
}

function timesKnown({ schedules }: Pick<MonitorView, 'schedules'>, wanted: readonly WantedTime[]): Finding {
  const check = 'schedules';
  if (wanted.length === 0) {
    const advice = 'Plans are synced only by hand or when readers find them old. Set SYNC_SCHEDULE_PRIORITY';
    return warn(check, 'All schedules are switched off', advice);
  }
  if (schedules === null) {
    return bad(check, 'Nothing is scheduled yet', 'Start the program once', 'npm start');
  }
  const known = (name: string) => schedules.find((one) => one.name === name);
  const missing = wanted.filter(({ name }) => !known(name));
  const others = wanted.filter(({ name, cron, timeZone }) => {
    const one = known(name);
    return one !== undefined && (one.cron !== cron || one.time_zone !== timeZone);
  });
  const unwanted = schedules.filter(({ name }) => !wanted.some((one) => one.name === name));
  const advice =
    'A process with the role scheduler sets them by its own settings as it starts: start it with these settings';
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    return bad(check, `Not scheduled, though configured: ${names}`, advice, START_SCHEDULER);
  }
  if (others.length + unwanted.length > 0) {
    const differences = [
      ...others.map(
        ({ name, cron, timeZone }) => `${name} is ${describe(known(name)!)}, configured ${cron} ${timeZone}`,
      ),
      ...unwanted.map(({ name }) => `${name} is scheduled, configured off`),
    ];
    return warn(check, differences.join('; '), advice, START_SCHEDULER);
  }
  return ok(check, wanted.map(({ name, cron }) => `${name} "${cron}"`).join(', '));
}

const describe = ({ cron, time_zone }: { cron: string; time_zone: string }): string => `${cron} ${time_zone}`;

function timesKept(
  {
    at,
    schedules,
    workers,
    clock_read_at,
  }: Pick<MonitorView, 'at' | 'schedules' | 'workers' | 'clock_read_at'>,
  wanted: readonly WantedTime[],
): Finding {
  const check = 'scheduler';
  const ago = (time: Date) => `${spanText((at.getTime() - time.getTime()) / 1_000)} ago`;
  const keepers = workers.filter(({ roles, state }) => state === 'alive' && roles.includes('scheduler'));
  if (keepers.length === 0) {
    if (wanted.length === 0) return ok(check, 'No process is needed: nothing is scheduled');
    const overdue = (schedules ?? []).filter(({ next_at }) => next_at !== null && next_at < at);
    const missed = overdue.map(({ name, next_at }) => `${name} was due ${ago(next_at!)}`);
    const message = `No process keeps the schedule${missed.length > 0 ? `: ${missed.join(', ')}` : ''}`;
    return bad(check, message, 'Start the program, or a process with the role scheduler', 'npm start');
  }
  const looked = clock_read_at && at.getTime() - clock_read_at.getTime();
  const isNew = keepers.every(({ started_at }) => at.getTime() - started_at.getTime() < LOOKED_MS);
  if (!isNew && (looked === null || looked > LOOKED_MS)) {
    const when =
      looked === null ? 'never looked at the clock' : `last looked at the clock ${ago(clock_read_at!)}`;
    const advice = 'Restart it; if this comes back, look at its log';
    return bad(check, `The scheduler runs but ${when}`, advice, `kill ${keepers[0]!.pid}`);
  }
  return ok(
    check,
    `${plural(keepers.length, 'process', 'processes')} ${keepers.length === 1 ? 'keeps' : 'keep'} the schedule`,
  );
}
