/** Makes exports in a thread of its own. */

import { Worker } from 'node:worker_threads';
import type { KeptExport } from '../store/exports/kept-exports.ts';
import type { Busy } from '../store/upkeep/upkeep-lock.ts';
import type { ExportSettings } from './build.ts';
import type { MadeExports } from './make.ts';

export interface ExportTask extends ExportSettings {
  connectionString: string;
  /** DUNS of all TDSPs. */
  tdsps: readonly string[];
  task: { kind: 'make'; keepDays: number } | { kind: 'remake'; kept: KeptExport };
}

/** A few thousand rows at once need a small part of it; without a limit garbage is left lying about. */
export const THREAD_LIMITS = { maxOldGenerationSizeMb: 192 };

/** The ending of this file: `.ts`, or `.js` where the program was built. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

/** @throws what the thread throws; that it was stopped */
function inThread<T>(task: ExportTask, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`./worker${ENDING}`, import.meta.url), {
      workerData: task,
      resourceLimits: THREAD_LIMITS,
    });
    const stop = () => void worker.terminate();
    signal.addEventListener('abort', stop);
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      signal.removeEventListener('abort', stop);
      reject(new Error('The making of an export was stopped'));
    });
  });
}

type Common = Omit<ExportTask, 'task'>;

export const makeInThread = (
  common: Common,
  keepDays: number,
  signal: AbortSignal,
): Promise<MadeExports | Busy> => inThread({ ...common, task: { kind: 'make', keepDays } }, signal);

/** @returns whether the files are what the export was when it was made first */
export const remakeInThread = (common: Common, kept: KeptExport, signal: AbortSignal): Promise<boolean> =>
  inThread({ ...common, task: { kind: 'remake', kept } }, signal);
