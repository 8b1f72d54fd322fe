/** The log: one line of JSON for each event, to standard error, so that standard output stays for answers. */

import pino, { type Logger } from 'pino';
import type { Config } from './config.ts';
import { activeTrace } from './trace.ts';

export type Log = Logger;

export function createLog(level: Config['logLevel']): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // A line that was written inside a span carries its id.
      mixin: () => activeTrace() ?? {},
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
