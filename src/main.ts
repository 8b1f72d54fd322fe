/** The entry: nothing is loaded before a command needs it. */

export { runCommandLine as main } from './cli/program.ts';
