/** Long work, step by step: a line for each step that is over, and on a terminal the one that is under way. */

import { screenWidth } from './wrap.ts';

export interface StepProgress {
  /** What is being done now; shown only where somebody watches, and replaced by whatever comes next. */
  now(text: string): void;
  /** Stays. */
  line(text: string): void;
  end(): void;
}

export function stepProgress(isJson: boolean): StepProgress {
  if (isJson) return { now: () => {}, line: () => {}, end: () => {} };
  if (!process.stdout.isTTY) return { now: () => {}, line: (text) => console.log(text), end: () => {} };
  const clear = '\r\u001b[2K';
  return {
    now: (text) => void process.stdout.write(`${clear}${text.slice(0, screenWidth() - 1)}`),
    line: (text) => void process.stdout.write(`${clear}${text}\n`),
    end: () => void process.stdout.write(clear),
  };
}

/** Asks the work to stop on Ctrl-C or a plain kill, and lets it end cleanly. */
export async function untilStopped<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await work(stopping.signal);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
