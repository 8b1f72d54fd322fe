/** How a process is, as it tells the others beside its sign of life in sync_workers. */

import type { Queryable } from '../postgres/database.ts';
import { PROCESS_ID } from '../upstream/permits.ts';

/** How long ago a loop last went round whole, and how often it should. */
interface LoopRound {
  late_ms: number;
  every_ms: number;
}

export interface Vitals {
  memory_bytes: number;
  /** 99 of 100 turns of the event loop were held up for less, within the last seconds. */
  loop_lag_ms: number;
  loops: Record<string, LoopRound>;
}

/** Of this process. */
export async function noteVitals(queryable: Queryable, version: string, vitals: Vitals): Promise<void> {
  await queryable.query('update sync_workers set version = $2, vitals = $3 where process_id = $1', [
    PROCESS_ID,
    version,
    JSON.stringify(vitals),
  ]);
}
