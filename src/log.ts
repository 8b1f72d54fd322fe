/**
 * The log: one line of JSON for each event, to standard error, so that standard output stays for answers. At a terminal
 * a line for a person instead.
 */

import pino, { type Logger } from 'pino';
import { type Config, Secret } from './config.ts';
import { describeError } from './errors.ts';
import { activeTrace } from './trace.ts';

export type Log = Logger;

/** @param roles of this process: with its number they are in every line */
export async function createLog(level: Config['logLevel'], roles: readonly string[] = []): Promise<Log> {
  const base = { pid: process.pid, roles: roles.join(',') };
  // A line that was written inside a span carries its id.
  const mixin = () => activeTrace() ?? {};
  const options = { level, base, mixin, timestamp: pino.stdTimeFunctions.isoTime };
  if (process.stderr.isTTY && level !== 'silent') {
    const { default: pretty } = await import('pino-pretty');
    const shown = { destination: 2, sync: true, ignore: 'pid,roles,hostname', translateTime: 'SYS:HH:MM:ss' };
    return pino(options, pretty(shown));
  }
  const destination = pino.destination({ fd: 2, sync: true });
  // Nobody reads it any more; serving goes on.
  destination.on('error', () => {});
  return pino(options, destination);
}

/** A failure that nobody expected, with the way to it. */
export const unexpected = (error: unknown) => ({
  error: describeError(error),
  stack:
    error instanceof Error
      ? error.stack
          ?.split('\n')
          .slice(1, 9)
          .map((line) => line.trim())
      : undefined,
});

/** The settings in force, for the log: what is secret is stars, what is not set is left out. */
export const settingsOf = (config: Config): unknown =>
  JSON.parse(
    JSON.stringify(config, (_name, value) =>
      value instanceof Secret ? '***' : value === null ? undefined : value,
    ),
  );
