/** A database to measure on: the embedded PostgreSQL in a folder of its own, with the project's tables and territory. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlanDraft } from '../src/plan/plan.ts';
import { type Database, openDatabase } from '../src/store/postgres/database.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { readTerritory, storeTerritory } from '../src/store/territory.ts';
import { analyzeGrowth } from '../src/store/upkeep/analyze.ts';
import { type Published, publish } from '../src/sync/publish/publish.ts';

export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param work gets the database and the DUNS of the six TDSPs */
export function withDatabase<T>(work: (database: Database, duns: string[]) => Promise<T>): Promise<T> {
  return withFolder(async (dataDir) => {
    const database = await openDatabase({ databaseUrl: null, dataDir, connections: 12 });
    try {
      await migrate(database);
      const territory = readTerritory();
      await storeTerritory(database, territory);
      return await work(
        database,
        territory.tdsps.map(({ duns }) => duns),
      );
    } finally {
      await database.close();
    }
  });
}

/** Publishes the plans of one TDSP as a sync does: the planner learns of a market that grows. */
export async function publishDrafts(
  database: Database,
  tdsp_duns: string,
  plans: PlanDraft[],
): Promise<Published> {
  const now = new Date();
  const published = await publish(
    database,
    {
      tdsp_duns,
      source: 'sandbox',
      origin: 'bench/drafts.ts',
      plans,
      rejected: [],
      observed_at: now,
      run_id: 1,
    },
    { now, cacheTtlMs: 7_200_000, passed_as: 'judged' },
  );
  await analyzeGrowth(database, published.counts.added);
  return published;
}
