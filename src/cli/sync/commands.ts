/** What `wattsync sync …` can do, and what each takes. */

import { Option } from 'commander';
import { type CommandSpec, numberOption } from '../command.ts';
import type { ControlOptions } from './control.ts';
import type { SyncMonitorOptions } from './monitor.ts';
import type { SyncCommandOptions } from './sync.ts';

const force = new Option(
  '--force',
  'fetch even what is fresh, publish even what looks wrong, pass the rate limit on a budget of its own',
);
/** Of those that ask for a sync and watch it. */
const asking = [
  force,
  new Option('--explain', 'say for each TDSP what was decided, and why'),
  new Option('--dry-run', 'say what would be done, and why, and do nothing'),
];
const reason = new Option('--reason <text>', 'why, for the audit log');

export const SYNC_COMMANDS: CommandSpec[] = [
  {
    usage: 'priority',
    description: 'sync what the priority cities need: tier 1, and wherever shoppers were lately',
    options: asking,
    run: async (context, options: SyncCommandOptions) =>
      (await import('./sync.ts')).syncPriority(context, options),
  },
  {
    usage: 'full',
    description: 'sync what all cities need',
    options: asking,
    run: async (context, options: SyncCommandOptions) =>
      (await import('./sync.ts')).syncFull(context, options),
  },
  {
    usage: 'city <slug...>',
    description: 'sync what these cities need (dallas-tx, "Fort Worth", 75201)',
    options: asking,
    run: async (context, slugs: string[], options: SyncCommandOptions) =>
      (await import('./sync.ts')).syncCity(context, slugs, options),
  },
  {
    usage: 'status',
    description:
      'how syncing is now: runs, queue, plan sets, calls, workers, times; what is wrong, and what to run',
    run: async (context) => (await import('./status.ts')).syncStatus(context),
  },
  {
    usage: 'monitor',
    description: 'the same as it changes: runs, queue, plan sets, calls, workers; Ctrl-C ends it',
    options: [
      new Option('--once', 'one frame'),
      numberOption('--interval <seconds>', 'from one look to the next (default: 1)'),
      numberOption('--columns <number>', 'how wide, whatever the terminal says'),
      new Option('--no-color', 'without colour, as with NO_COLOR'),
      new Option('--ascii', 'without characters beyond ASCII'),
    ],
    run: async (context, options: SyncMonitorOptions) =>
      (await import('./monitor.ts')).syncMonitor(context, options),
  },
  {
    usage: 'stop',
    description: 'let running syncs end and begin no more, in all processes, until sync resume',
    options: [reason, new Option('--no-wait', 'do not wait until the running ones have ended')],
    run: async (context, options: ControlOptions) =>
      (await import('./control.ts')).syncStop(context, options),
  },
  {
    usage: 'resume',
    description: 'let syncs begin again after a stop or an emergency',
    options: [reason],
    run: async (context, options: ControlOptions) =>
      (await import('./control.ts')).syncResume(context, options),
  },
  {
    usage: 'emergency',
    description: 'halt everything at once: calls in flight are given up, what waits or runs is cancelled',
    options: [reason],
    run: async (context, options: ControlOptions) =>
      (await import('./control.ts')).syncEmergency(context, options),
  },
  {
    usage: 'dead',
    description: 'what failed for good and waits for somebody to look at it',
    run: async (context) => (await import('./dead.ts')).syncDead(context),
  },
  {
    usage: 'redrive [tdsp...]',
    description: 'try again what failed for good: all of it, or that of these TDSPs (ONCOR, 957877905)',
    options: [force],
    run: async (context, tdsps: string[], options: SyncCommandOptions) =>
      (await import('./dead.ts')).syncRedrive(context, tdsps, options),
  },
];
