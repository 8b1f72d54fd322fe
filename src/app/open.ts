/** The big parts, built from the configuration. Each is loaded only when it is asked for: a command pays for what it uses. */

import type { Config } from '../config.ts';
import type { PlanSource } from '../sources/source.ts';
import type { Attaching } from '../store/embedded/attach.ts';
import type { Database } from '../store/postgres/database.ts';
import type { Territory } from '../territory/territory.ts';

/** Resolves when the embedded PostgreSQL is being started in a process of its own, so that the rest is loaded meanwhile. */
export async function launchStore({ databaseUrl, dataDir }: Config): Promise<Attaching | null> {
  if (databaseUrl) return null;
  const attaching = (await import('../store/embedded/attach.ts')).beginAttaching(dataDir);
  await attaching.launched;
  return attaching;
}

/** The database, brought to the shape this version expects. @param embedded begun already */
export async function openStore(
  { databaseUrl, dataDir }: Config,
  connections?: number,
  embedded: Attaching | null = null,
): Promise<Database> {
  const [{ openDatabase }, { migrate }] = await Promise.all([
    import('../store/postgres/database.ts'),
    import('../store/schema/migrate.ts'),
  ]);
  const database = await openDatabase({ databaseUrl, dataDir, connections, embedded });
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

/** The territory, and the database filled with it. */
export async function openTerritory(database: Database): Promise<Territory> {
  const { readTerritory, storeTerritory } = await import('../store/territory.ts');
  const territory = readTerritory();
  await storeTerritory(database, territory);
  return territory;
}

interface OpenSource {
  source: PlanSource;
  /** Ends what was started for it. */
  close(): Promise<void>;
}

/** The upstream the configuration names, behind the gate; with the sandbox and no address, one of our own is started. */
export async function openSource(
  config: Config,
  database: Database,
  territory: Territory,
): Promise<OpenSource> {
  const { Gate } = await import('../sources/gate.ts');
  const gate = new Gate(
    {
      maxConcurrentRequests: config.maxConcurrentRequests,
      rateLimitPerSecond: config.apiRateLimitPerSecond,
      callBudgetPerHour: config.apiCallBudgetPerHour,
      emergencyBudgetPerHour: config.emergencyCallBudgetPerHour,
      batchSize: config.batchSize,
      batchDelayMs: config.batchDelayMs,
    },
    database,
  );
  const nothingToClose = async () => {};
  if (config.planSource === 'powertochoose') {
    const { PowerToChooseSource } = await import('../sources/powertochoose/powertochoose.ts');
    const tdspByName = (name: string, year: number | null) => territory.tdspByFeedName(name, year)?.duns;
    const source = new PowerToChooseSource({ ...config.powertochoose, tdspByName }, gate);
    return { source, close: nothingToClose };
  }
  const { ComparePowerSource } = await import('../sources/comparepower/comparepower.ts');
  const { url, apiKey, apiKeyHeader, headers } = config.comparepower;
  if (url) {
    const source = new ComparePowerSource(
      { url, apiKey, apiKeyHeader, headers, name: config.planSource },
      gate,
    );
    return { source, close: nothingToClose };
  }
  const { startSandbox } = await import('../sandbox/server.ts');
  const sandbox = await startSandbox();
  const source = new ComparePowerSource(
    { url: sandbox.url, apiKey: null, apiKeyHeader, name: 'sandbox', origin: 'built-in sandbox' },
    gate,
  );
  return { source, close: () => sandbox.stop() };
}
