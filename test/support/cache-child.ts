/** One process of a fleet: reads, refreshes or waits for a version, when it is told to. */

import { openLayers } from '../../src/cache/open-layers.ts';
import { PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { Secret } from '../../src/config.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import { allDuns, startReader, testGate } from './support.ts';

const job = JSON.parse(process.argv[2]!) as {
  databaseUrl: string;
  redisUrl: string | null;
  upstream: string;
  mode: 'read' | 'refresh';
  duns: string;
};
const database = await openDatabase({
  databaseUrl: new Secret(job.databaseUrl),
  dataDir: '',
  connections: 10,
});
const source = new ComparePowerSource(
  { url: job.upstream, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database, { timeoutMs: 60_000 }),
);
const { refreshes } = await startReader(database, source, { freshForMs: 60_000 });
const layers = await openLayers({
  config: { redisUrl: job.redisUrl ? new Secret(job.redisUrl) : null, cacheRedisTtlMinutes: 60 },
  database,
  tdsps: allDuns,
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

process.on('message', async (told: 'go' | { version: number }) => {
  if (typeof told === 'object') {
    // What a reader would get, looked at as often as the event loop turns.
    const look = () => {
      const { version } = planSets.peek(job.duns)?.set ?? { version: 0 };
      if (version >= told.version) process.send!({ [`saw ${told.version}`]: version });
      else setTimeout(look, 1);
    };
    look();
    return;
  }
  if (job.mode === 'refresh') {
    process.send!({ result: await refreshes.cold(job.duns) });
    return;
  }
  const started = performance.now();
  const answers = await Promise.all(
    // On a busy machine the layers may not answer in time: that is an answer, too.
    allDuns.flatMap((duns) => Array.from({ length: 50 }, () => planSets.get(duns).catch(() => null))),
  );
  process.send!({
    versions: answers.map((cached) => cached?.set.version ?? null),
    tookMs: performance.now() - started,
  });
});
process.on('disconnect', () => process.exit(0));
process.send!({ ready: true });
