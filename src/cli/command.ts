/** What every command gets and takes. A leaf: commands import it, it imports none of them. */

import { InvalidArgumentError } from 'commander';
import type { Config } from '../config.ts';

/** What every command gets. */
export interface CommandContext {
  config: Config;
  isJson: boolean;
  /** A terminal that can only write line below line, as editors and build servers have. */
  isDumbTerminal: boolean;
}

export type Run = (context: CommandContext) => Promise<number>;
export type Runner = (work: Run) => () => Promise<void>;

/** An option that takes a number. */
export function number(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('expected a number.');
  return Number(text);
}

/** Every command has it. */
export const json = ['--json', 'one JSON object on standard output, nothing else'] as const;
