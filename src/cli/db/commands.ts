/** The commands that look after the database. */

import { Option } from 'commander';
import { type CommandSpec, listOption } from '../command.ts';

const dryRun = (description: string): Option => new Option('--dry-run', description);

export const DATABASE_COMMANDS: CommandSpec[] = [
  {
    usage: 'migrate',
    description: 'bring the database to the shape this version expects',
    load: async () => (await import('./migrate.ts')).dbMigrate,
  },
  {
    usage: 'health',
    description:
      'connections, locks, bloat, indexes, disk …: a verdict for each, and the command that fixes it',
    options: [
      listOption('--limit <name=number>', 'another limit, may be repeated: long_query_warn_seconds=10'),
    ],
    note: 'It changes nothing, and ends with 1 if anything is bad. docs/operations.md explains every line.',
    load: async () => (await import('./health.ts')).dbHealth,
  },
  {
    usage: 'metrics',
    description: 'what statements cost in the last hour and day, and what the database did',
    options: [new Option('--all', 'every statement, not only those that take most time')],
    note: 'It ends with 1 if a statement takes more than a second on average.',
    load: async () => (await import('./metrics.ts')).dbMetrics,
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
    load: async () => (await import('./optimize.ts')).dbOptimize,
  },
  {
    usage: 'maintenance',
    description: 'remove what is past its time (RETENTION_… says when), repair what was left half done',
    options: [dryRun('say what would go, and change nothing')],
    note: 'Current plans and the price history stay. It can be stopped and run again at any time.',
    load: async () => (await import('./maintenance.ts')).dbMaintenance,
  },
  {
    usage: 'backup <file>',
    description: 'write the whole database, as of one moment, into one file; others can go on working',
    options: [new Option('--overwrite', 'replace an existing file')],
    load: async () => (await import('./backup.ts')).dbBackup,
  },
  {
    usage: 'restore <file>',
    description: 'fill an empty database from a backup, all of it or nothing',
    options: [new Option('--verify', 'only read the file and check it; no database is touched')],
    load: async () => (await import('./backup.ts')).dbRestore,
  },
  {
    usage: 'sql <statement>',
    description: 'send one SQL statement, which may only read, and show the answer',
    options: [new Option('--write', 'it may write')],
    load: async () => (await import('./sql.ts')).dbSql,
  },
];
