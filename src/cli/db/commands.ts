/** The commands that look after the database. */

import { Option } from 'commander';
import { type CommandSpec, listOption } from '../command.ts';
import type { OptimizeOptions } from './optimize.ts';

const dryRun = (description: string): Option => new Option('--dry-run', description);

export const DATABASE_COMMANDS: CommandSpec[] = [
  {
    usage: 'migrate',
    description: 'bring the database to the shape this version expects',
    run: async (context) => (await import('./migrate.ts')).dbMigrate(context),
  },
  {
    usage: 'health',
    description:
      'connections, locks, bloat, indexes, disk …: a verdict for each, and the command that fixes it',
    options: [
      listOption('--limit <name=number>', 'another limit, may be repeated: long_query_warn_seconds=10'),
    ],
    note: 'It changes nothing, and ends with 1 if anything is bad. docs/operations.md explains every line.',
    run: async (context, options: { limit: string[] }) =>
      (await import('./health.ts')).dbHealth(context, options),
  },
  {
    usage: 'metrics',
    description: 'what statements cost in the last hour and day, and what the database did',
    options: [new Option('--all', 'every statement, not only those that take most time')],
    note: 'It ends with 1 if a statement takes more than a second on average.',
    run: async (context, options: { all?: boolean }) =>
      (await import('./metrics.ts')).dbMetrics(context, options),
  },
  {
    usage: 'optimize',
    description: 'repair indexes, statistics, views and dead rows while others work, and say what it gained',
    options: [
      dryRun('say what would be done, and do nothing'),
      listOption(
        '--rewrite <table>',
        'also rewrite this table, which locks everybody else out; may be repeated',
      ),
      new Option('--freeze', 'freeze the rows of all tables, against wraparound'),
    ],
    run: async (context, options: OptimizeOptions) =>
      (await import('./optimize.ts')).dbOptimize(context, options),
  },
  {
    usage: 'maintenance',
    description: 'remove what is past its time (RETENTION_… says when), repair what was left half done',
    options: [dryRun('say what would go, and change nothing')],
    note: 'Current plans and the price history stay. It can be stopped and run again at any time.',
    run: async (context, options: { dryRun?: boolean }) =>
      (await import('./maintenance.ts')).dbMaintenance(context, options),
  },
  {
    usage: 'backup <file>',
    description: 'write the whole database, as of one moment, into one file; others can go on working',
    options: [new Option('--overwrite', 'replace an existing file')],
    run: async (context, file: string, options: { overwrite?: boolean }) =>
      (await import('./backup.ts')).dbBackup(context, file, options),
  },
  {
    usage: 'restore <file>',
    description: 'fill an empty database from a backup, all of it or nothing',
    options: [new Option('--verify', 'only read the file and check it; no database is touched')],
    run: async (context, file: string, options: { verify?: boolean }) =>
      (await import('./backup.ts')).dbRestore(context, file, options),
  },
  {
    usage: 'sql <statement>',
    description: 'send one SQL statement and show the answer',
    run: async (context, statement: string) => (await import('./sql.ts')).dbSql(context, statement),
  },
];
