/** Everything `db:health` looks at, read once. What it means is judged in src/monitor/database-health/. */

import { type FailedRefresh, readFailedRefreshes } from '../../market/views.ts';
import type { Database, Queryable } from '../../postgres/database.ts';
import {
  compareCatalogue,
  readCatalogue,
  recordedCatalogue,
  type SchemaDifference,
} from '../../schema/catalogue.ts';
import { type MigrationState, readMigrationState } from '../../schema/migration-state.ts';
import { type DatabaseReading, readDatabaseReadings } from '../query-stats.ts';
import {
  type Connections,
  type HeldBack,
  type PreparedTransaction,
  readConnections,
  readHeldBack,
  readPreparedTransactions,
  readSessions,
  type Session,
} from './activity.ts';
import { type DiskSpace, readDiskSpace } from './disk.ts';
import { type IndexState, readExactIndexBloat, readIndexes } from './indexes.ts';
import { type PartitionState, readPartitions } from './partitions.ts';
import { type HealthReader, type Reading, withHealthReader } from './reading.ts';
import { type Replication, readReplication } from './replication.ts';
import {
  type ArchiveState,
  type Checkpoints,
  type DatabaseCounters,
  readArchiver,
  readCheckpoints,
  readCounters,
  readSequences,
  readServer,
  readSettings,
  readWraparound,
  type SequenceUse,
  type ServerFacts,
  type Setting,
  type Wraparound,
} from './server.ts';
import { type ExactBloat, hasExtension, readExactBloat, readTables, type TableState } from './tables.ts';

export interface HealthReadings {
  server: Reading<ServerFacts>;
  settings: Reading<Partial<Record<Setting, string>>>;
  connections: Reading<Connections>;
  sessions: Reading<Session[]>;
  held_back: Reading<HeldBack[]>;
  prepared: Reading<PreparedTransaction[]>;
  tables: Reading<TableState[]>;
  indexes: Reading<IndexState[]>;
  /** Counted instead of estimated, by oid; of those that were looked at. */
  exact: Map<number, ExactBloat>;
  migrations: Reading<MigrationState>;
  /** Against what the migrations make; only meaningful where all are applied. */
  schema: Reading<SchemaDifference[]>;
  /** What of that was made by migrations: other indexes are not ours. */
  known_indexes: ReadonlySet<string>;
  missing_extended_statistics: Reading<string[]>;
  failed_refreshes: Reading<FailedRefresh[]>;
  partitions: Reading<PartitionState[]>;
  counters: Reading<DatabaseCounters>;
  checkpoints: Reading<Checkpoints>;
  wraparound: Reading<Wraparound>;
  archiver: Reading<ArchiveState>;
  sequences: Reading<SequenceUse[]>;
  replication: Reading<Replication>;
  growth: Reading<DatabaseReading[]>;
  disk: Reading<DiskSpace>;
}

/** Days over which growth is looked at. */
const GROWTH_DAYS = 30;
/** Counting reads pages: only where the estimate looks bad, and for this long in all. */
const EXACT = { worthBytes: 4 << 20, budgetMs: 2_000 };

/** @param dataDir of the embedded database; `null` for another server */
export function readHealth(
  database: Pick<Database, 'connectionString'>,
  dataDir: string | null,
): Promise<HealthReadings> {
  return withHealthReader(database, async (reader) => {
    const server = await reader.read(readServer);
    const tables = await reader.read(readTables);
    const indexes = await reader.read(readIndexes);
    return {
      server,
      settings: await reader.read(readSettings),
      connections: await reader.read(readConnections),
      sessions: await reader.read(readSessions),
      held_back: await reader.read(readHeldBack),
      prepared: await reader.read(readPreparedTransactions),
      tables,
      indexes,
      exact: await readExact(reader, tables, indexes),
      migrations: await reader.read(readMigrationState),
      schema: await reader.read(async (queryable) =>
        compareCatalogue(recordedCatalogue(), await readCatalogue(queryable)),
      ),
      known_indexes: new Set(Object.keys(recordedCatalogue().indexes)),
      missing_extended_statistics: await reader.read(readMissingExtendedStatistics),
      failed_refreshes: await reader.read(readFailedRefreshes),
      partitions: await reader.read(readPartitions),
      counters: await reader.read(readCounters),
      checkpoints: await reader.read(readCheckpoints),
      wraparound: await reader.read(readWraparound),
      archiver: await reader.read(readArchiver),
      sequences: await reader.read(readSequences),
      replication: await reader.read(readReplication),
      growth: await reader.read((queryable) => readDatabaseReadings(queryable, GROWTH_DAYS)),
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

/** Counts where the estimate finds much waste, the worst first, until the time is used up. */
async function readExact(
  reader: HealthReader,
  tables: Reading<TableState[]>,
  indexes: Reading<IndexState[]>,
): Promise<Map<number, ExactBloat>> {
  const exact = new Map<number, ExactBloat>();
  const has = await reader.read((queryable) => hasExtension(queryable, 'pgstattuple'));
  if (!('value' in has) || !has.value || !('value' in tables) || !('value' in indexes)) return exact;
  const locked = new Set(tables.value.filter(({ is_locked }) => is_locked).map(({ name }) => name));
  const suspects = [
    ...tables.value.map((one) => ({ ...one, table: one.name, read: readExactBloat })),
    ...indexes.value
      .filter(({ method, is_valid }) => method === 'btree' && is_valid)
      .map((one) => ({ ...one, read: readExactIndexBloat })),
  ]
    .map(({ oid, table, bytes, needed_bytes, read }) => ({
      oid,
      table,
      read,
      wasted: bytes - (needed_bytes ?? 0),
    }))
    .filter(({ wasted, table }) => wasted >= EXACT.worthBytes && !locked.has(table))
    .toSorted((a, b) => b.wasted - a.wasted);
  const end = Date.now() + EXACT.budgetMs;
  for (const { oid, read } of suspects) {
    if (Date.now() > end) break;
    const counted = await reader.read((queryable) => read(queryable, oid));
    if ('value' in counted) exact.set(oid, counted.value);
  }
  return exact;
}

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
