/** The commands that look after the database. */

import type { Command } from 'commander';
import { json, type Runner } from '../command.ts';

const again = (one: string, all: string[]): string[] => [...all, one];

export function addDatabaseCommands(db: Command, run: Runner): void {
  db.command('migrate')
    .description('bring the database to the shape this version expects')
    .option(...json)
    .action(run(async (context) => (await import('./migrate.ts')).dbMigrate(context)));
  db.command('health')
    .description(
      'connections, locks, bloat, indexes, disk …: a verdict for each, and the command that mends it',
    )
    .option('--limit <name=number>', 'another limit, may be repeated: long_query_warn_seconds=10', again, [])
    .option(...json)
    .addHelpText(
      'after',
      '\nIt changes nothing, and ends with 1 if anything is bad. docs/operations.md explains every line.',
    )
    .action((options) => run(async (context) => (await import('./health.ts')).dbHealth(context, options))());
  db.command('metrics')
    .description('what statements cost in the last hour and day, and what the database did')
    .option('--all', 'every statement, not only those that take most time')
    .option(...json)
    .addHelpText('after', '\nIt ends with 1 if a statement takes more than a second on average.')
    .action((options) =>
      run(async (context) => (await import('./metrics.ts')).dbMetrics(context, options))(),
    );
  db.command('optimize')
    .description(
      'mend indexes, statistics, views and dead rows beside everybody’s work, and say what it gained',
    )
    .option('--dry-run', 'say what would be done, and do nothing')
    .option(
      '--rewrite <table>',
      'also write this table anew, which locks everybody else out; may be repeated',
      again,
      [],
    )
    .option('--freeze', 'freeze the rows of all tables, against wraparound')
    .option(...json)
    .action((options) =>
      run(async (context) => (await import('./optimize.ts')).dbOptimize(context, options))(),
    );
  db.command('maintenance')
    .description('remove what is past its time (RETENTION_… says when), repair what was left half done')
    .option('--dry-run', 'say what would go, and change nothing')
    .option(...json)
    .addHelpText(
      'after',
      '\nCurrent plans and the price history stay. It can be stopped and run again at any time.',
    )
    .action((options) =>
      run(async (context) => (await import('./maintenance.ts')).dbMaintenance(context, options))(),
    );
  db.command('backup <file>')
    .description('write the whole database, as of one moment, into one file; nobody is kept from working')
    .option('--overwrite', 'replace a file that is there')
    .option(...json)
    .action((file, options) =>
      run(async (context) => (await import('./backup.ts')).dbBackup(context, file, options))(),
    );
  db.command('restore <file>')
    .description('fill an empty database from a backup, all of it or nothing')
    .option('--verify', 'only read the file and check it; no database is touched')
    .option(...json)
    .action((file, options) =>
      run(async (context) => (await import('./backup.ts')).dbRestore(context, file, options))(),
    );
  db.command('sql <statement>')
    .description('send one SQL statement and show the answer')
    .option(...json)
    .action((statement) => run(async (context) => (await import('./sql.ts')).dbSql(context, statement))());
}
