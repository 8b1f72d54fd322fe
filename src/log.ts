/** The log: one line of JSON for each event, to standard error, so that standard output stays for answers. */

import pino, { type Logger } from 'pino';
import type { Config } from './config.ts';

export type Log = Logger;

export function createLog(level: Config['logLevel']): Logger {
  const destination = pino.destination({ fd: 2, sync: true });
  // Nobody reads it any more; serving goes on.
  destination.on('error', () => {});
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
