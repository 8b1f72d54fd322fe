/** What a signal asks of a command: to stop, cleanly, and to say by its exit code that it was interrupted. */

import { constants } from 'node:os';

let interruptedBy: 'SIGINT' | 'SIGTERM' | null = null;

/** Asks the work to stop on Ctrl-C or a plain kill, and lets it end cleanly; the command ends with `interruptedCode`. */
export async function untilStopped<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController();
  const stop = (signal: 'SIGINT' | 'SIGTERM') => {
    interruptedBy = signal;
    stopping.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await work(stopping.signal);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** 130 after Ctrl-C, as shells have it; `null`: nobody interrupted the work. */
export const interruptedCode = (): number | null => interruptedBy && 128 + constants.signals[interruptedBy];
