/** What the history needs from time to time. Safe at any time. */

import { refreshDailyRateIndex } from '../market/refresh-daily-rate-index.ts';
import type { Database } from '../postgres/database.ts';
import { ensureHistoryPartitions } from './history-partitions.ts';

interface HistoryKept {
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
