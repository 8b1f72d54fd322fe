/** The entry: hands the command line what it may need, each loaded when it is used. */

import { runCommandLine } from './cli/program.ts';

/** @param argv what follows the name of the program */
export function main(argv: string[]): Promise<void> {
  return runCommandLine(argv, {
    parts: () => import('./app/open.ts'),
    start: async (options) => (await import('./app/start.ts')).start(options),
  });
}
