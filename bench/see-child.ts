/** The same answers twice in one process: with everything counted as the program does it, and with nobody counting. */

import { AnswerCounter } from '../src/api/observation/answer-counts.ts';
import { buildServer } from '../src/app/server.ts';
import { CacheStats } from '../src/cache/cache-stats.ts';
import { PlanSetCache } from '../src/cache/plan-set-cache.ts';
import { Catalog } from '../src/catalog/catalog.ts';
import { Secret } from '../src/config.ts';
import { readActivePlanSet } from '../src/store/plans/plans.ts';
import { openDatabase } from '../src/store/postgres/database.ts';
import { readTerritory } from '../src/store/territory.ts';
import { Places } from '../src/territory/places.ts';

const STALE_AFTER_MS = 7_200_000;
const OBSERVATIONS = 2_000_000;
const database = await openDatabase({
  databaseUrl: new Secret(process.argv[2]!),
  dataDir: '',
  connections: 4,
});
const territory = readTerritory();

async function serve(isCounted: boolean): Promise<{ url: string; counts: AnswerCounter | undefined }> {
  const stats = new CacheStats({ database: database.quick, size: () => planSets.size });
  const planSets: PlanSetCache = new PlanSetCache({
    layers: [{ name: 'active', read: (duns) => readActivePlanSet(database.pool, duns) }],
    staleAfterMs: STALE_AFTER_MS,
    ...(isCounted && { recorder: stats }),
  });
  const counts = isCounted ? new AnswerCounter({ database: database.quick }) : undefined;
  const app = buildServer(
    {
      catalog: new Catalog({ planSets, staleAfterMs: STALE_AFTER_MS }),
      database: { pool: database.quick },
      territory,
      places: new Places(territory),
      syncIntervalMs: 3_600_000,
      staleAfterMs: STALE_AFTER_MS,
      onEvent: () => {},
      admin: null,
      publicUrl: null,
      recentPrices: () => null,
      ...(counts && { counts }),
    },
    (error) => console.error(error),
  );
  await planSets.warm(territory.tdsps.map(({ duns }) => duns));
  if (isCounted) {
    stats.start();
    counts!.start();
  }
  return { url: await app.listen({ port: 0 }), counts };
}

/** Nanoseconds that one answer costs to count, its two readings of the clock included. */
function costOfCounting(counts: AnswerCounter): number {
  const cell = counts.of('/bench', 'memory');
  const began = performance.now();
  for (let n = 0; n < OBSERVATIONS; n++) {
    const startedAt = performance.now();
    cell.count(200, performance.now() - startedAt);
  }
  return ((performance.now() - began) * 1e6) / OBSERVATIONS;
}

const counted = await serve(true);
const bare = await serve(false);
costOfCounting(counted.counts!);
process.send!({ counted: counted.url, bare: bare.url, nanoseconds: costOfCounting(counted.counts!) });
process.on('message', () => process.send!(process.cpuUsage()));
process.on('disconnect', () => process.exit(0));
