/** The command line as data, for what describes it: completions and the manual page. */

import type { Command } from 'commander';

export interface CommandNode {
  /** From the program on: `[]`, `['sync']`, `['sync', 'full']`. */
  path: readonly string[];
  description: string;
  /** As help shows it: `wattsync sync city [options] <slug...>`. */
  usage: string;
  options: readonly { long: string; flags: string; description: string }[];
  children: readonly CommandNode[];
}

export function commandTree(command: Command, path: readonly string[] = []): CommandNode {
  const children = command.commands.map((one) => commandTree(one, [...path, one.name()]));
  return {
    path,
    description: command.description(),
    usage: ['wattsync', ...path, command.usage()].join(' '),
    options: command.options.flatMap(({ long, flags, description }) =>
      long ? [{ long, flags, description }] : [],
    ),
    children,
  };
}

/** All of them, each before those below it. */
export const withAllBelow = (node: CommandNode): CommandNode[] => [
  node,
  ...node.children.flatMap(withAllBelow),
];
