/** What the history needs from time to time, whoever has it: at start, from maintenance, by hand. Safe at any time. */

import type { Database } from './database.ts';
import { ensureHistoryPartitions } from './history-partitions.ts';
import { refreshDailyRateIndex } from './refresh-daily-rate-index.ts';

export interface HistoryKept {
  /** Names of the partitions made now. */
  partitions: string[];
  /** DUNS of the TDSPs whose daily rates were behind. */
  indexed: string[];
}

/** Makes the months ahead, and writes the days that are missing in the daily rate index. */
export async function keepHistory(
  database: Database,
  { now, signal }: { now: Date; signal?: AbortSignal },
): Promise<HistoryKept> {
  const partitions = await ensureHistoryPartitions(database.pool, now);
  return { partitions, indexed: await refreshDailyRateIndex(database, { ...(signal ? { signal } : {}) }) };
}
