/** Everything `db:health` looks at, read once. What it means is judged in src/monitor/database-health/. */

import { readFailedRefreshes } from '../../market/views.ts';
import type { Database, Queryable } from '../../postgres/database.ts';
import { compareCatalogue, readCatalogue, recordedCatalogue } from '../../schema/catalogue.ts';
import { readMigrationState } from '../../schema/migration-state.ts';
import { readDatabaseReadings } from '../query-stats.ts';
import { readConnections, readHeldBack, readPreparedTransactions, readSessions } from './activity.ts';
import { type DiskSpace, readDiskSpace } from './disk.ts';
import { readExactIndexBloat, readIndexes } from './indexes.ts';
import { readPartitions } from './partitions.ts';
import { type HealthReader, type Reading, withHealthReader } from './reading.ts';
import {
  readArchiver,
  readCheckpoints,
  readCounters,
  readReplication,
  readSequences,
  readServer,
  readSettings,
  readWraparound,
} from './server.ts';
import { type ExactBloat, hasExtension, readExactBloat, readTables } from './tables.ts';

/** Extended statistics that were defined and never gathered. */
async function readMissingExtendedStatistics(queryable: Queryable): Promise<string[]> {
  const { rows } = await queryable.query<{ name: string }>(
    `select s.stxname::text as name from pg_statistic_ext s join pg_class c on c.oid = s.stxrelid
      where c.reltuples > 0 and s.stxnamespace = current_schema()::regnamespace and pg_has_role(c.relowner, 'USAGE')
        and not exists (select from pg_stats_ext e
          where e.statistics_schemaname = current_schema() and e.statistics_name = s.stxname)
      order by 1`,
  );
  return rows.map(({ name }) => name);
}

/** Days over which growth is looked at. */
const GROWTH_DAYS = 30;

const READERS = {
  server: readServer,
  settings: readSettings,
  connections: readConnections,
  sessions: readSessions,
  held_back: readHeldBack,
  prepared: readPreparedTransactions,
  tables: readTables,
  indexes: readIndexes,
  migrations: (queryable: Queryable) => readMigrationState(queryable),
  /** Against what the migrations make; only meaningful where all are applied. */
  schema: async (queryable: Queryable) =>
    compareCatalogue(recordedCatalogue(), await readCatalogue(queryable)),
  missing_extended_statistics: readMissingExtendedStatistics,
  failed_refreshes: readFailedRefreshes,
  partitions: readPartitions,
  counters: readCounters,
  checkpoints: readCheckpoints,
  wraparound: readWraparound,
  archiver: readArchiver,
  sequences: readSequences,
  replication: readReplication,
  growth: (queryable: Queryable) => readDatabaseReadings(queryable, GROWTH_DAYS),
};

type Readings = {
  [Name in keyof typeof READERS]: Reading<Awaited<ReturnType<(typeof READERS)[Name]>>>;
};

export interface HealthReadings extends Readings {
  /** Counted instead of estimated, by oid; of those that were looked at. */
  exact: Map<number, ExactBloat>;
  /** What of the schema was made by migrations: other indexes are not ours. */
  known_indexes: ReadonlySet<string>;
  disk: Reading<DiskSpace>;
}

/** @param dataDir of the embedded database; `null` for another server */
export function readHealth(
  database: Pick<Database, 'connectionString'>,
  dataDir: string | null,
): Promise<HealthReadings> {
  return withHealthReader(database, async (reader) => {
    const found: [string, Reading<unknown>][] = [];
    for (const [name, read] of Object.entries(READERS)) found.push([name, await reader.read<unknown>(read)]);
    const readings = Object.fromEntries(found) as unknown as Readings;
    return {
      ...readings,
      exact: await readExact(reader, readings),
      known_indexes: new Set(Object.keys(recordedCatalogue().indexes)),
      disk: await readDisk(dataDir),
    };
  });
}

async function readDisk(dataDir: string | null): Promise<Reading<DiskSpace>> {
  if (dataDir === null) return { unreadable: 'SQL cannot ask the disk of another server: watch it there' };
  return readDiskSpace(dataDir).then(
    (value) => ({ value }),
    (error: Error) => ({ unreadable: error.message }),
  );
}

/** Counting reads pages: only where the estimate looks bad, and for this long in all. */
const EXACT = { worthBytes: 4 << 20, budgetMs: 2_000 };

/** Counts where the estimate finds much waste, the worst first, until the time is used up. */
async function readExact(
  reader: HealthReader,
  { tables, indexes }: Readings,
): Promise<Map<number, ExactBloat>> {
  const exact = new Map<number, ExactBloat>();
  const has = await reader.read((queryable) => hasExtension(queryable, 'pgstattuple'));
  if (!('value' in has) || !has.value || !('value' in tables) || !('value' in indexes)) return exact;
  const locked = new Set(tables.value.filter(({ is_locked }) => is_locked).map(({ name }) => name));
  const wasteOf = ({ bytes, needed_bytes }: { bytes: number; needed_bytes: number | null }) =>
    bytes - (needed_bytes ?? 0);
  const suspects = [
    ...tables.value.map((one) => ({ ...one, table: one.name, read: readExactBloat })),
    ...indexes.value
      .filter(({ method, is_valid }) => method === 'btree' && is_valid)
      .map((one) => ({ ...one, read: readExactIndexBloat })),
  ]
    .filter((one) => wasteOf(one) >= EXACT.worthBytes && !locked.has(one.table))
    .toSorted((a, b) => wasteOf(b) - wasteOf(a));
  const end = Date.now() + EXACT.budgetMs;
  for (const { oid, read } of suspects) {
    if (Date.now() > end) break;
    const counted = await reader.read((queryable) => read(queryable, oid));
    if ('value' in counted) exact.set(oid, counted.value);
  }
  return exact;
}
