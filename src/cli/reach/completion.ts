/** `completion bash|zsh|fish`: prints the script that makes the shell know the commands. */

import { expected } from '../../errors.ts';
import { answer, type CommandContext } from '../command.ts';
import { UsageError } from '../usage-error.ts';
import { commandTree } from './command-tree.ts';
import { completionScript, SHELLS } from './completions.ts';

export async function completion(context: CommandContext, name: string): Promise<number> {
  const shell = SHELLS.find((one) => one === name);
  if (!shell) throw new UsageError(expected(SHELLS.join(', '), name));
  const script = completionScript(shell, commandTree(context.root));
  return answer(context, { shell, script }, () => script.trimEnd());
}
