/** What `wattsync sync …` can do, and what each takes. */

import { Option } from 'commander';
import { type CommandSpec, numberOption } from '../command.ts';

const force = new Option(
  '--force',
  'fetch even what is fresh, pass the rate limit on a budget of its own; the guard judges all the same',
);
/** Of those that ask for a sync and watch it. */
const asking = [
  force,
  new Option('--change-source', 'let the plans of this source replace those of another one'),
  new Option('--explain', 'say for each TDSP what was decided, and why'),
  new Option('--dry-run', 'say what would be done, and why, and do nothing'),
];
const reason = new Option('--reason <text>', 'why, for the audit log');

export const SYNC_COMMANDS: CommandSpec[] = [
  {
    usage: 'priority',
    description: 'sync what the priority cities need: tier 1, and wherever shoppers were lately',
    options: asking,
    load: async () => (await import('./sync.ts')).syncPriority,
  },
  {
    usage: 'full',
    description: 'sync what all cities need',
    options: asking,
    load: async () => (await import('./sync.ts')).syncFull,
  },
  {
    usage: 'city <slug...>',
    description: 'sync what these cities need (dallas-tx, "Fort Worth", 75201)',
    options: asking,
    load: async () => (await import('./sync.ts')).syncCity,
  },
  {
    usage: 'status',
    description:
      'how syncing is now: runs, queue, plan sets, calls, workers, times; what is wrong, and what to run',
    load: async () => (await import('./status.ts')).syncStatus,
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
    load: async () => (await import('./monitor.ts')).syncMonitor,
  },
  {
    usage: 'stop',
    description: 'let running syncs end and begin no more, in all processes, until sync resume',
    options: [reason, new Option('--no-wait', 'do not wait until the running ones have ended')],
    load: async () => (await import('./control.ts')).syncStop,
  },
  {
    usage: 'resume',
    description: 'let syncs begin again after a stop or an emergency',
    options: [reason],
    load: async () => (await import('./control.ts')).syncResume,
  },
  {
    usage: 'emergency',
    description: 'halt everything at once: calls in flight are given up, what waits or runs is cancelled',
    options: [reason],
    load: async () => (await import('./control.ts')).syncEmergency,
  },
  {
    usage: 'dead',
    description: 'what failed for good and waits for somebody to look at it',
    load: async () => (await import('./dead.ts')).syncDead,
  },
  {
    usage: 'redrive [tdsp...]',
    description: 'try again what failed for good: all of it, or that of these TDSPs (ONCOR, 957877905)',
    options: [force],
    load: async () => (await import('./dead.ts')).syncRedrive,
  },
  {
    usage: 'revert <tdsp>',
    description: 'put the plans of an earlier version back as a new one',
    options: [numberOption('--to <version>', 'the version whose plans to publish again')],
    load: async () => (await import('../held/held.ts')).syncRevert,
  },
];
