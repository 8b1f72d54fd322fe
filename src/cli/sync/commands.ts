/** What `wattsync sync …` can do, and what each takes. */

import type { Command } from 'commander';
import { json, number, type Runner } from '../command.ts';

const FORCE =
  'fetch even what is fresh, publish even what looks wrong, pass the rate limit on a budget of its own';

export function addSyncCommands(program: Command, run: Runner): void {
  const sync = program.command('sync').description('synchronise plans with the upstream');
  const syncs = async () => import('./sync.ts');
  /** Those that ask for a sync and watch it. */
  const asking = (usage: string, description: string) =>
    sync
      .command(usage)
      .description(description)
      .option('--force', FORCE)
      .option('--explain', 'say for each TDSP what was decided, and why')
      .option('--dry-run', 'say what would be done, and why, and do nothing')
      .option(...json);

  asking('priority', 'sync what the priority cities need: tier 1, and wherever shoppers were lately').action(
    (options) => run(async (context) => (await syncs()).syncPriority(context, options))(),
  );
  asking('full', 'sync what all cities need').action((options) =>
    run(async (context) => (await syncs()).syncFull(context, options))(),
  );
  asking('city <slug...>', 'sync what these cities need (dallas-tx, "Fort Worth", 75201)').action(
    (slugs, options) => run(async (context) => (await syncs()).syncCity(context, slugs, options))(),
  );
  sync
    .command('status')
    .description(
      'how syncing is now: runs, queue, plan sets, calls, workers, times; what is wrong, and what to run',
    )
    .option(...json)
    .action(run(async (context) => (await import('./status.ts')).syncStatus(context)));

  sync
    .command('monitor')
    .description('the same as it changes: runs, queue, plan sets, calls, workers; Ctrl-C ends it')
    .option('--once', 'one frame')
    .option('--interval <seconds>', 'from one look to the next (1 if not given)', number)
    .option('--columns <number>', 'how wide, whatever the terminal says', number)
    .option('--no-color', 'without colour, as with NO_COLOR')
    .option('--ascii', 'without characters beyond ASCII')
    .option(...json)
    .action((options) =>
      run(async (context) => (await import('./monitor.ts')).syncMonitor(context, options))(),
    );

  const control = async () => import('./control.ts');
  const reason = ['--reason <text>', 'why, for the audit log'] as const;
  sync
    .command('stop')
    .description('let running syncs end and begin no more, in all processes, until sync resume')
    .option(...reason)
    .option('--no-wait', 'do not wait until the running ones have ended')
    .option(...json)
    .action((options) => run(async (context) => (await control()).syncStop(context, options))());
  sync
    .command('resume')
    .description('let syncs begin again after a stop or an emergency')
    .option(...reason)
    .option(...json)
    .action((options) => run(async (context) => (await control()).syncResume(context, options))());
  sync
    .command('emergency')
    .description('halt everything at once: calls in flight are given up, what waits or runs is cancelled')
    .option(...reason)
    .option(...json)
    .action((options) => run(async (context) => (await control()).syncEmergency(context, options))());

  const dead = async () => import('./dead.ts');
  sync
    .command('dead')
    .description('what was given up and waits for somebody to look at it')
    .option(...json)
    .action(run(async (context) => (await dead()).syncDead(context)));
  sync
    .command('redrive [tdsp...]')
    .description('try again what was given up: all of it, or that of these TDSPs (ONCOR, 957877905)')
    .option('--force', FORCE)
    .option(...json)
    .action((tdsps, options) =>
      run(async (context) => (await dead()).syncRedrive(context, tdsps, options))(),
    );
}
