/** The big parts, built from the configuration. Each is loaded only when it is asked for: a command pays for what it uses. */

import type { Config } from '../config.ts';
import type { GateEvents } from '../sources/gate.ts';
import type { PlanSource } from '../sources/source.ts';
import type { Attaching } from '../store/embedded/attach.ts';
import type { Database } from '../store/postgres/database.ts';
import type { Territory } from '../territory/territory.ts';

/** Resolves when the embedded PostgreSQL is being started in a process of its own, so that the rest is loaded meanwhile. */
export async function launchStore({ databaseUrl, dataDir }: Config): Promise<Attaching | null> {
  if (databaseUrl) return null;
  const attaching = (await import('../store/embedded/attach.ts')).beginAttaching(dataDir, true);
  await attaching.launched;
  return attaching;
}

interface StoreOptions {
  /** At most this many connections, and at most as many as the configuration has. */
  connections?: number;
  /** Begun already. */
  embedded?: Attaching | null;
  /** Makes an embedded database where there is none yet. */
  mayCreate?: boolean;
}

/** The database, brought to the shape this version expects. */
export async function openStore(config: Config, options: StoreOptions): Promise<Database> {
  const [{ openDatabase }, { migrate }] = await Promise.all([
    import('../store/postgres/database.ts'),
    import('../store/schema/migrate.ts'),
  ]);
  const database = await openDatabase(databaseOptions(config, options));
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  return database;
}

/** What the configuration says of the database, and a command of what it needs. */
export const databaseOptions = (
  { databaseUrl, directUrl, dataDir, databasePoolSize }: Config,
  { connections = databasePoolSize, embedded = null, mayCreate = false }: StoreOptions,
) => ({
  databaseUrl,
  directUrl,
  dataDir,
  embedded,
  mayCreate,
  connections: Math.min(connections, databasePoolSize),
});

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
  events: GateEvents = {},
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
    events,
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
