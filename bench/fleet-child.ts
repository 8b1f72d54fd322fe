/** One process of a fleet: asks for every plan set at once when told to, or tells when it has a new version. */

import { Engine } from '../src/app/engine.ts';
import { openLayers } from '../src/cache/open-layers.ts';
import { PlanSetCache } from '../src/cache/plan-set-cache.ts';
import { readConfig, Secret } from '../src/config.ts';
import { RefreshRequests } from '../src/planning/refresh-requests.ts';
import { ComparePowerSource } from '../src/sources/comparepower/comparepower.ts';
import { Gate } from '../src/sources/gate.ts';
import { openDatabase } from '../src/store/postgres/database.ts';
import { PublishListener } from '../src/store/postgres/listen.ts';
import { readTerritory } from '../src/store/territory.ts';

export interface FleetJob {
  databaseUrl: string;
  redisUrl: string | null;
  upstream: string;
}

/** Ask for plans; ask PostgreSQL for nothing; or wait for a version. */
export type Wanted = 'ask' | 'floor' | { duns: string; version: number };

const CALLERS = 50;
const job = JSON.parse(process.argv[2]!) as FleetJob;
const territory = readTerritory();
const tdsps = territory.tdsps.map(({ duns }) => duns);
const database = await openDatabase({
  databaseUrl: new Secret(job.databaseUrl),
  dataDir: '',
  connections: 4,
});
const limits = { maxConcurrentRequests: 6, rateLimitPerSecond: 25, callBudgetPerHour: 1_000 };
const engine = new Engine({
  config: { ...readConfig({ EMERGENCY_CALL_BUDGET_PER_HOUR: '1000000' }), syncIntervalMs: 120_000 },
  database,
  territory,
  source: new ComparePowerSource(
    { url: job.upstream, apiKey: null, apiKeyHeader: 'X-API-Key' },
    new Gate(limits, database),
  ),
  roles: ['web'],
  onError: console.error,
});
await engine.start();
const refreshes = new RefreshRequests({
  request: (duns, kind) => engine.requestRefresh(duns, kind),
  fetchNow: (duns, runId) => engine.fetchNow(duns, runId),
  onError: console.error,
});
const layers = await openLayers({
  config: { redisUrl: job.redisUrl ? new Secret(job.redisUrl) : null, cacheRedisTtlMinutes: 60 },
  database,
  tdsps,
  ttlMs: 7_200_000,
});
const planSets = new PlanSetCache({
  layers: layers.all,
  loadColdly: (duns) => refreshes.cold(duns),
});
layers.listen((published) => planSets.announce(published));
const listener = new PublishListener(database, (published) => planSets.announce(published), {
  onFetchFailed: (duns) => planSets.fetchFailed(duns),
});
await listener.start();
// As a program does that starts: it looks for what is stored, and finds nothing.
await planSets.warm(tdsps);

process.on('message', async (wanted: Wanted) => {
  if (wanted === 'floor') {
    // The least that a process must do that has to ask anybody at all.
    const started = performance.now();
    await database.quick.query('select 1');
    process.send!({ longestMs: performance.now() - started });
    return;
  }
  if (wanted === 'ask') {
    const waits: number[] = [];
    const ask = async (duns: string) => {
      const started = performance.now();
      // An error is an answer, too: the caller is told at once, and knows that plans are missing.
      const cached = await planSets.get(duns).catch(() => null);
      waits.push(performance.now() - started);
      return cached !== null;
    };
    const answers = await Promise.all(Array.from({ length: CALLERS }, () => ask(tdsps[0]!)));
    process.send!({
      answered: answers.filter(Boolean).length,
      asked: answers.length,
      longestMs: Math.max(...waits),
    });
    return;
  }
  // Looks as often as the event loop turns: what is measured is when a reader would get it.
  const look = () => {
    if ((planSets.peek(wanted.duns)?.set.version ?? 0) >= wanted.version) process.send!({ at: Date.now() });
    else setTimeout(look, 1);
  };
  look();
});
process.on('disconnect', () => process.exit(0));
process.send!({ ready: true });
