/** The big parts, built from the configuration. Each is loaded only when it is asked for: a command pays for what it uses. */

import type { Config } from '../config.ts';
import type { PlanSource } from '../sources/source.ts';
import type { Database } from '../store/postgres/database.ts';
import type { Territory } from '../territory/territory.ts';
import type { Engine, EngineOptions } from './engine.ts';

/** The database, brought to the shape this version expects. */
export async function openStore(config: Config, connections?: number): Promise<Database> {
  const [{ openDatabase }, { migrate }] = await Promise.all([
    import('../store/postgres/database.ts'),
    import('../store/schema/migrate.ts'),
  ]);
  const database = await openDatabase({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    connections,
  });
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

/** What asks for syncs, and does them where nobody else does. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const { Engine } = await import('./engine.ts');
  return new Engine(options);
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
  if (config.planSource === 'powertochoose') {
    const { PowerToChooseSource } = await import('../sources/powertochoose/powertochoose.ts');
    const tdspByName = (name: string) => territory.tdspByFeedName(name)?.duns;
    return {
      source: new PowerToChooseSource({ csv: config.powertochoose.csv!, tdspByName }, gate),
      close: async () => {},
    };
  }
  const { ComparePowerSource } = await import('../sources/comparepower/comparepower.ts');
  const { url, apiKey, apiKeyHeader } = config.comparepower;
  if (config.planSource === 'comparepower') {
    return {
      source: new ComparePowerSource({ url: url!, apiKey, apiKeyHeader }, gate),
      close: async () => {},
    };
  }
  if (url) {
    return {
      source: new ComparePowerSource({ url, apiKey, apiKeyHeader, name: 'sandbox' }, gate),
      close: async () => {},
    };
  }
  const { startSandbox } = await import('../sandbox/server.ts');
  const sandbox = await startSandbox();
  const options = {
    url: sandbox.url,
    apiKey: null,
    apiKeyHeader,
    name: 'sandbox',
    origin: 'built-in sandbox',
  } as const;
  return { source: new ComparePowerSource(options, gate), close: () => sandbox.stop() };
}
