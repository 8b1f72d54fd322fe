/** What every command gets and takes. A leaf: commands import it, it imports none of them. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { databaseOptions, openStore } from '../app/open.ts';
import type { Config } from '../config.ts';
import { type Database, openDatabase } from '../store/postgres/database.ts';
import { harmless, harmlessJson } from './process/output.ts';

/** What every command gets. */
export interface CommandContext {
  config: Config;
  isJson: boolean;
  /** A terminal that can only write line below line, as editors and build servers have. */
  isDumbTerminal: boolean;
  /** The whole command line, for what describes it. */
  root: Command;
}

export interface CommandSpec {
  /** Its name, and what it takes: `city <slug...>`. */
  usage: string;
  description: string;
  /** What its group does without a name. */
  isDefault?: boolean;
  /** Every command takes --json besides. */
  options?: readonly Option[];
  /** Below the options in its help. */
  note?: string;
  /** Loads the command when it is called, so that each pays only for what it uses. */
  load: () => Promise<CommandWork>;
}

/** Gets what `usage` names, then the options; resolves with the exit code. */
type CommandWork = (context: CommandContext, ...given: never[]) => Promise<number>;

export type Runner = (work: (context: CommandContext) => Promise<number>) => Promise<void>;

export function addCommands(parent: Command, run: Runner, specs: readonly CommandSpec[]): void {
  for (const { usage, description, isDefault = false, options = [], note, load } of specs) {
    const command = parent.command(usage, { isDefault }).description(description);
    for (const option of options) command.addOption(option);
    command.option('--json', 'one JSON object on standard output, nothing else');
    if (note) command.addHelpText('after', `\n${note}`);
    // The last thing commander hands over is the command itself.
    command.action((...given) =>
      run(async (context) => (await load())(context, ...(given.slice(0, -1) as never[]))),
    );
  }
}

/** An option that takes a number. */
export const numberOption = (flags: string, description: string): Option =>
  new Option(flags, description).argParser((text) => {
    if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('expected a number.');
    return Number(text);
  });

/** An option that may be repeated. */
export const listOption = (flags: string, description: string): Option =>
  new Option(flags, description).default([]).argParser((one, all: string[]) => [...all, one]);

/** Prints what a command found, for a program or for a person; returns the exit code. */
export function answer(
  { isJson }: Pick<CommandContext, 'isJson'>,
  found: object,
  describe: () => string,
  isFine = true,
): number {
  console.log(isJson ? harmlessJson(JSON.stringify(found)) : harmless(describe()));
  return isFine ? 0 : 1;
}

/** Works with the migrated database, and closes it whatever happens. */
export const withStore = async <T>(
  { config }: Pick<CommandContext, 'config'>,
  connections: number,
  work: (database: Database) => Promise<T>,
  /** Makes an embedded database where there is none yet: only for what fills it. */
  mayCreate = false,
): Promise<T> => thenClose(await openStore(config, { connections, mayCreate }), work);

/** Works with the database as it is, migrated or not, and closes it whatever happens. */
export const withDatabase = async <T>(
  { config }: Pick<CommandContext, 'config'>,
  connections: number,
  work: (database: Database) => Promise<T>,
  mayCreate = false,
): Promise<T> => thenClose(await openDatabase(databaseOptions(config, { connections, mayCreate })), work);

async function thenClose<T>(database: Database, work: (database: Database) => Promise<T>): Promise<T> {
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}
