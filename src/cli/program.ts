/** The command line: what there is, what it takes, and which exit code it ends with (0 fine, 1 failed, 2 bad usage). */

import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { ConfigError, readConfig } from '../config.ts';
import { describeError, errorCode, WattsyncError } from '../errors.ts';
import { explainRefusal } from '../store/postgres/refusals.ts';
import { ALERT_COMMANDS } from './alerts/commands.ts';
import { addCommands, type CommandSpec, listOption, numberOption, type Runner } from './command.ts';
import { DATABASE_COMMANDS } from './db/commands.ts';
import { misspelt, withEnvFile } from './process/environment.ts';
import { interruptedCode } from './process/interrupts.ts';
import { guardOutput, harmless, harmlessJson } from './process/output.ts';
import { endWithParent } from './process/parent.ts';
import { SYNC_COMMANDS } from './sync/commands.ts';
import { UsageError } from './usage-error.ts';
import { WEBHOOK_COMMANDS } from './webhooks/commands.ts';

/** What keeps a process alive that has done its work or failed: nothing may, a supervisor waits for its end. */
const LINGER_MS = 3_000;

/** Runs one command and sets the exit code; never throws. */
export async function runCommandLine(argv: string[]): Promise<void> {
  const isJson = argv.includes('--json');
  endWithParent(process.env, () => process.kill(process.pid, 'SIGTERM'));
  const unwritten = guardOutput();
  const run: Runner = async (work) => {
    const isDumbTerminal = process.env.TERM === 'dumb';
    const env = withEnvFile(process.env);
    for (const line of isJson ? [] : misspelt(env)) console.error(`Warning: ${line}`);
    process.exitCode = await work({ config: readConfig(env), isJson, isDumbTerminal, root: program });
  };
  const program = buildProgram(run);
  try {
    await program.parseAsync(argv.map(asStatement), { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, isJson);
  }
  process.exitCode = interruptedCode() ?? process.exitCode;
  // What was written last is heard of in the next turn.
  await new Promise(setImmediate);
  const failure = unwritten();
  if (failure !== null) {
    console.error(`Error: the output could not be written (${failure}); the work itself was done.`);
    process.exitCode = 1;
  }
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** SQL may begin with a comment, as the statements in docs/ do; only its first two characters look like an option. */
const asStatement = (argument: string): string => (/^--\s/.test(argument) ? `\n${argument}` : argument);

const COMMANDS: CommandSpec[] = [
  {
    usage: 'start',
    description: 'start everything: database, API, workers and schedules, and a sync of what is not fresh',
    options: [
      new Option(
        '--role <roles>',
        'only these of web, worker, scheduler, separated by commas (default: all)',
      ),
    ],
    load: async () => (await import('./start.ts')).start,
  },
  {
    usage: 'doctor',
    description: 'look at everything: what is wrong, why, and what to run',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    usage: 'freshness',
    description: 'how old plans are against what their tiers promise; fails past an error age',
    load: async () => (await import('./freshness.ts')).freshness,
  },
  {
    usage: 'quality',
    description:
      'what is odd about the stored plans: contradictions, twins, misprints, each with its evidence',
    options: [
      new Option('--tdsp <tdsp>', 'only the plans of one: ONCOR, or its DUNS'),
      new Option('--rule <rule>', 'only the remarks of one rule: name_term'),
      new Option('--beside <export.csv>', 'compare their prices with an export of Power to Choose'),
      numberOption('--links [number]', 'ask whether their links lead anywhere: a sample of 60, or as many'),
    ],
    load: async () => (await import('./quality/quality.ts')).quality,
  },
  {
    usage: 'export',
    description: 'files with the plans, events and rates of each day and month: makes what is missing',
    options: [
      new Option('--day <day>', 'only this day, into the folder of --out: 2026-11-28'),
      new Option(
        '--month <month>',
        'only this month, as far as it is over, into the folder of --out: 2026-11',
      ),
      new Option('--out <folder>', 'where these files go'),
    ],
    load: async () => (await import('./reach/export.ts')).exportCommand,
  },
  {
    usage: 'replay',
    description: "what upstreams sent, run through today's normaliser, beside what was published of it",
    options: [
      new Option('--snapshot <tdsp@version>', 'one published version: ONCOR@7; left out, the current ones'),
      new Option('--payload <hash>', 'one kept body, by the beginning of its hash'),
      new Option('--since <time>', 'all bodies that came since: 2026-06-01, 2026-06-01T12:00:00Z'),
      new Option(
        '--rejected',
        'the records of the current versions that could not be read: which can be now?',
      ),
      new Option('--publish', 'with --rejected: publish what can be read now'),
    ],
    load: async () => (await import('./replay/replay.ts')).replayCommand,
  },
  {
    usage: 'mcp',
    description: 'tools for agents (MCP) over standard input and output; a running server answers them',
    options: [new Option('--url <address>', 'of that server; PUBLIC_URL, or HOST and PORT, if not given')],
    load: async () => (await import('./reach/mcp.ts')).mcp,
  },
  {
    usage: 'completion <shell>',
    description: 'print what makes a shell complete these commands: bash, zsh or fish',
    load: async () => (await import('./reach/completion.ts')).completion,
  },
  {
    usage: 'schema [command]',
    description:
      'print the JSON Schema of what a command answers with --json, or the names of those there are',
    load: async () => (await import('./reach/schema.ts')).schemaCommand,
  },
  {
    usage: 'sandbox [csv...]',
    description:
      'an upstream that speaks the ComparePower API, with invented plans or recorded ones (CSV exports)',
    options: [
      numberOption('--port <number>', 'port to listen on').default(4010),
      numberOption('--seed <number>', 'decides all plans and prices'),
      numberOption('--plans <number>', 'plans per TDSP, about'),
      numberOption('--speed <factor>', 'virtual seconds per real second; prices move at virtual midnight'),
      new Option('--calendar', 'prices move on business days, just after quarter hours, as real ones do'),
      new Option('--api-key <key>', 'refuse calls without this X-API-Key'),
      numberOption('--rate-limit <calls>', 'answer 429 beyond this many calls a second'),
      numberOption('--latency <ms>', 'wait before every answer'),
      listOption('--fault <fault>', 'a fault, may be repeated: 500:0.2, timeout, tdsp=957877905:empty'),
    ],
    load: async () => (await import('./sandbox.ts')).sandbox,
  },
];

const CACHE_COMMANDS: CommandSpec[] = [
  {
    usage: 'stats',
    description: 'hits, misses, age and latency of every layer in the last hour and day',
    load: async () => (await import('./cache/stats.ts')).cacheStats,
  },
  {
    usage: 'clear [place...]',
    description: 'forget plan sets everywhere (dallas-tx, 75201, ONCOR); the plans themselves stay',
    options: [new Option('--all', 'those of all TDSPs')],
    load: async () => (await import('./cache/clear.ts')).cacheClear,
  },
  {
    usage: 'warm',
    description: 'put back what the database cache lacks, and have every process load it',
    load: async () => (await import('./cache/clear.ts')).cacheWarm,
  },
];

const MONITOR_COMMANDS: CommandSpec[] = [
  {
    usage: 'metrics',
    description: 'use of the upstream, hit rates, latencies and targets over the last hour, day and month',
    options: [
      new Option('--watch', 'go on showing them'),
      new Option('--no-color', 'without colour'),
      new Option('--ascii', 'nothing beyond ASCII'),
    ],
    load: async () => (await import('./watch/metrics.ts')).monitorMetrics,
  },
];

const PRODUCTION_COMMANDS: CommandSpec[] = [
  {
    usage: 'status',
    description: 'one screen: a verdict for each subsystem, and the one command to run next',
    load: async () => (await import('./watch/status.ts')).productionStatus,
  },
];

const REPORT_COMMANDS = (
  [
    ['week', '2026-W47, or a day of it'],
    ['month', '2026-10'],
  ] as const
).map(
  ([kind, example]): CommandSpec => ({
    usage: `${kind} [time]`,
    description: `${example}; left out, the last ${kind} that is over`,
    options: [
      new Option('--csv', 'as CSV, one table below the other'),
      new Option('--html <file>', 'as a page to print, written to a file'),
    ],
    load: async () => (await import('./report/report.ts')).report(kind),
  }),
);

const HELD_COMMANDS: CommandSpec[] = [
  {
    usage: 'list',
    isDefault: true,
    description: 'what the guard holds back, and why',
    load: async () => (await import('./held/held.ts')).heldList,
  },
  {
    usage: 'show <tdsp>',
    description: 'every rule with its reading, and what publishing it would change',
    load: async () => (await import('./held/held.ts')).heldShow,
  },
  {
    usage: 'publish <tdsp>',
    description: 'publish it all the same; written to the audit log',
    load: async () => (await import('./held/held.ts')).heldPublish,
  },
  {
    usage: 'drop <tdsp>',
    description: 'forget it; the next file is judged afresh in any case',
    load: async () => (await import('./held/held.ts')).heldDrop,
  },
];

const EXPLAIN_PLACES = (
  [
    ['city', 'dallas-tx'],
    ['zip', '75201'],
    ['tdsp', 'ONCOR'],
  ] as const
).map(
  ([kind, example]): CommandSpec => ({
    usage: `${kind} <${kind}>`,
    description: `for example: explain ${kind} ${example}`,
    load: async () => (await import('./explain.ts')).explain(kind),
  }),
);

const EXPLAIN_COMMANDS: readonly CommandSpec[] = [
  ...EXPLAIN_PLACES,
  {
    usage: 'bill <plan> <kWh>',
    description: 'what a plan costs at a usage, line by line, and how that is known',
    load: async () => (await import('./explain-bill.ts')).explainBill,
  },
  {
    usage: 'refresh <tdsp>',
    description: 'when its prices move, what is due now and why, what a call is worth: explain refresh oncor',
    load: async () => (await import('./refresh/refresh.ts')).explainRefresh,
  },
];

const REFRESH_COMMANDS: CommandSpec[] = [
  {
    usage: 'rebuild',
    description: 'forget what was learned of when prices move, and learn it from the kept answers',
    load: async () => (await import('./refresh/refresh.ts')).rebuildRefresh,
  },
  {
    usage: 'score',
    description: 'every strategy replayed on the changes of the last days: exact after a census',
    options: [numberOption('--days <number>', 'how many days count (default: 14)')],
    load: async () => (await import('./refresh/refresh.ts')).scoreRefresh,
  },
];

const EXPERIMENT_COMMANDS: CommandSpec[] = [
  {
    usage: 'start <a> <b>',
    description: 'try strategy b against a, which runs already, by the day: start even learned',
    options: [
      numberOption('--least <percent>', 'the least change of the minutes that is worth having').default(20),
      numberOption('--seed <number>', 'decides the days (default: drawn)'),
    ],
    note: 'Strategies: schedule, even, sentinel, learned, auto. Metric, length and stop rule are written down at the start.',
    load: async () => (await import('./refresh/experiment.ts')).experimentStart,
  },
  {
    usage: 'status',
    isDefault: true,
    description: 'what was written down, what the days say so far, and how earlier ones ended',
    load: async () => (await import('./refresh/experiment.ts')).experimentStatus,
  },
  {
    usage: 'stop',
    description: 'end the one that runs; from then on REFRESH_STRATEGY decides',
    options: [new Option('--reason <text>', 'why; needed')],
    load: async () => (await import('./refresh/experiment.ts')).experimentStop,
  },
];

export function buildProgram(run: Runner): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const program = new Command('wattsync')
    .description("Keeps every competitive Texas city's electricity plans fresh, and serves them.")
    .version(version, '-V, --version', 'print the version')
    .exitOverride()
    .showHelpAfterError('(add --help for what is possible)');
  addCommands(program, run, COMMANDS);
  const group = (name: string, description: string, specs: readonly CommandSpec[]) =>
    addCommands(program.command(name).description(description), run, specs);
  group('sync', 'synchronise plans with the upstream', SYNC_COMMANDS);
  group('held', 'what the guard holds back, and your word on it', HELD_COMMANDS);
  group('cache', 'the cache layers of all running processes', CACHE_COMMANDS);
  group(
    'explain',
    'what is answered at a place now, and what a plan costs, with the reasons',
    EXPLAIN_COMMANDS,
  );
  group('refresh', 'when prices move, as it was learned', REFRESH_COMMANDS);
  group('experiment', 'refresh strategies tried against each other, day by day', EXPERIMENT_COMMANDS);
  group('db', 'look after the database', DATABASE_COMMANDS);
  group('monitor', 'how the program is used, and whether it keeps its targets', MONITOR_COMMANDS);
  group('production', 'everything an operator asks first', PRODUCTION_COMMANDS);
  group('report', 'service, market and demand over a week or a month, reproducible', REPORT_COMMANDS);
  group('webhooks', 'who is told what happens in the market, and how that goes', WEBHOOK_COMMANDS);
  group('alerts', 'what fires, who knows of it, and what happened', ALERT_COMMANDS);
  return program;
}

/** Says what went wrong; returns the exit code. */
function report(thrown: unknown, isJson: boolean): number {
  const error = explainRefusal(thrown);
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    // Commander has printed it for a person already.
    if (!isJson) return 2;
    const isMissing = error.code === 'commander.help';
    const message = isMissing ? 'A command is missing' : error.message.replace(/^error: /, '');
    return report(new UsageError(message), isJson);
  }
  if (isJson)
    console.log(
      harmlessJson(JSON.stringify({ error: { code: errorCode(error), message: describeError(error) } })),
    );
  else console.error(error instanceof WattsyncError ? harmless(`Error: ${describeError(error)}`) : error);
  return error instanceof ConfigError || error instanceof UsageError ? 2 : 1;
}
