/** The command line: what there is, what it takes, and which exit code it ends with (0 fine, 1 failed, 2 bad usage). */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ConfigError, readConfig } from '../config.ts';
import { describeError, errorCode, WattsyncError } from '../errors.ts';
import { json, number, type Run, type Runner } from './command.ts';
import { addDatabaseCommands } from './db/commands.ts';
import { addSyncCommands } from './sync/commands.ts';
import { UsageError } from './usage-error.ts';

/** Runs one command and sets the exit code; never throws. */
export async function runCommandLine(argv: string[]): Promise<void> {
  const isJson = argv.includes('--json');
  const run = (work: Run) => async () => {
    const isDumbTerminal = process.env.TERM === 'dumb';
    process.exitCode = await work({ config: readConfig(process.env), isJson, isDumbTerminal });
  };
  try {
    await buildProgram(run).parseAsync(argv.map(asStatement), { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, isJson);
  }
}

/** SQL may begin with a comment, as the statements in docs/ do; only its first two characters look like an option. */
const asStatement = (argument: string): string => (/^--\s/.test(argument) ? `\n${argument}` : argument);

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return version;
}

function buildProgram(run: Runner): Command {
  const program = new Command('wattsync')
    .description("Keeps every competitive Texas city's electricity plans fresh, and serves them.")
    .version(readVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(add --help for what is possible)');

  program
    .command('start')
    .description('start everything: database, API, workers and schedules, and a sync of what is not fresh')
    .option(
      '--role <roles>',
      'only these of web, worker, scheduler, separated by commas (all of them if not given)',
    )
    .option(...json)
    .action((options) => run(async (context) => (await import('./start.ts')).start(context, options))());

  addSyncCommands(program, run);

  program
    .command('doctor')
    .description('look at everything: what is wrong, why, and what to run')
    .option(...json)
    .action(run(async (context) => (await import('./doctor.ts')).doctor(context)));
  program
    .command('freshness')
    .description('how old plans are against what their tiers promise; fails past an error age')
    .option(...json)
    .action(run(async (context) => (await import('./freshness.ts')).freshness(context)));

  const cache = program.command('cache').description('the cache layers of all running processes');
  cache
    .command('stats')
    .description('hits, misses, age and latency of every layer in the last hour and day')
    .option(...json)
    .action(run(async (context) => (await import('./cache-stats.ts')).cacheStats(context)));
  cache
    .command('clear [place...]')
    .description('forget plan sets everywhere (dallas-tx, 75201, ONCOR); the plans themselves stay')
    .option('--all', 'those of all TDSPs')
    .option(...json)
    .action((places, options) =>
      run(async (context) => (await import('./cache-clear.ts')).cacheClear(context, places, options))(),
    );
  cache
    .command('warm')
    .description('put back what the database cache lacks, and have every process load it')
    .option(...json)
    .action(run(async (context) => (await import('./cache-clear.ts')).cacheWarm(context)));

  program
    .command('replay')
    .description("what upstreams sent, run through today's normaliser, beside what was published of it")
    .option('--snapshot <tdsp@version>', 'one published version: ONCOR@7; left out, the current ones')
    .option('--payload <hash>', 'one kept body, by the beginning of its hash')
    .option('--since <time>', 'all bodies that came since: 2026-06-01, 2026-06-01T12:00:00Z')
    .option('--rejected', 'the records of the current versions that could not be read: which can be now?')
    .option('--publish', 'with --rejected: publish what can be read now')
    .option(...json)
    .action((options) =>
      run(async (context) => (await import('./replay.ts')).replayCommand(context, options))(),
    );

  const explain = program
    .command('explain')
    .description('what is answered at a place now, from where, and why');
  for (const [kind, example] of [
    ['city', 'dallas-tx'],
    ['zip', '75201'],
    ['tdsp', 'ONCOR'],
  ] as const) {
    explain
      .command(`${kind} <${kind}>`)
      .description(`for example: explain ${kind} ${example}`)
      .option(...json)
      .action((text) =>
        run(async (context) => (await import('./explain.ts')).explain(context, kind, text))(),
      );
  }

  addDatabaseCommands(program.command('db').description('look after the database'), run);

  program
    .command('sandbox [csv...]')
    .description(
      'an upstream that speaks the ComparePower API, with invented plans or recorded ones (CSV exports)',
    )
    .option('--port <number>', 'port to listen on', number, 4010)
    .option('--seed <number>', 'decides all plans and prices', number)
    .option('--plans <number>', 'plans per TDSP, about', number)
    .option('--speed <factor>', 'virtual seconds per real second; prices move at virtual midnight', number)
    .option('--api-key <key>', 'refuse calls without this X-API-Key')
    .option('--rate-limit <calls>', 'answer 429 beyond so many calls a second', number)
    .option('--latency <ms>', 'wait before every answer', number)
    .option(
      '--fault <fault>',
      'a fault, may be repeated: 500:0.2, timeout, tdsp=957877905:empty',
      (one, all: string[]) => [...all, one],
      [],
    )
    .option(...json)
    .action((files, options) =>
      run(async (context) => (await import('./sandbox.ts')).sandbox(context, files, options))(),
    );
  return program;
}

/** Tells a person, or a program, what went wrong; returns the exit code. */
function report(error: unknown, isJson: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // It has told a person already.
    return isJson ? report(toUsageError(error), isJson) : 2;
  }
  const exitCode = error instanceof ConfigError || error instanceof UsageError ? 2 : 1;
  if (isJson)
    console.log(JSON.stringify({ error: { code: errorCode(error), message: describeError(error) } }));
  else console.error(error instanceof WattsyncError ? `Error: ${describeError(error)}` : error);
  return exitCode;
}

const toUsageError = ({ code, message }: CommanderError): UsageError =>
  new UsageError(code === 'commander.help' ? 'A command is missing' : message.replace(/^error: /, ''));
