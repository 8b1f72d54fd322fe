/** Long work, step by step: a line for each step that is over, and on a terminal the one that is under way. */

import type { CommandContext } from './command.ts';
import { untilStopped } from './process/interrupts.ts';
import { screenWidth } from './wrap.ts';

export interface StepProgress {
  /** What is being done now; shown only on a terminal, and replaced by whatever comes next. */
  now(text: string): void;
  /** Stays. */
  line(text: string): void;
}

/** Shows the steps of a piece of work that ends cleanly when it is interrupted. */
export async function showSteps<T>(
  { isJson }: Pick<CommandContext, 'isJson'>,
  work: (progress: StepProgress, signal: AbortSignal) => Promise<T>,
): Promise<{ result: T; wasStopped: boolean }> {
  const { now, line, end } = stepProgress(isJson);
  try {
    return await untilStopped(async (signal) => ({
      result: await work({ now, line }, signal),
      wasStopped: signal.aborted,
    }));
  } finally {
    end();
  }
}

function stepProgress(isJson: boolean): StepProgress & { end(): void } {
  if (isJson) return { now: () => {}, line: () => {}, end: () => {} };
  if (!process.stdout.isTTY) return { now: () => {}, line: (text) => console.log(text), end: () => {} };
  const clear = '\r\u001b[2K';
  return {
    now: (text) => void process.stdout.write(`${clear}${text.slice(0, screenWidth() - 1)}`),
    line: (text) => void process.stdout.write(`${clear}${text}\n`),
    end: () => void process.stdout.write(clear),
  };
}

type StepsStatus = 'stopped' | 'failed' | 'planned' | 'done';

export function statusOf(
  steps: readonly { status: string }[],
  { wasStopped, dryRun }: { wasStopped: boolean; dryRun: boolean },
): StepsStatus {
  if (wasStopped) return 'stopped';
  if (steps.some(({ status }) => status === 'failed')) return 'failed';
  return dryRun ? 'planned' : 'done';
}
