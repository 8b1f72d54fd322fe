/** How the database is: every check, the statements of the last hour. It takes a second, so all who ask within a minute share it. */

import type { Config } from '../config.ts';
import { judgeHealth } from '../monitor/database-health/database-health.ts';
import type { Finding } from '../monitor/finding.ts';
import { overallFigures, type QueryFigures, queryFigures } from '../monitor/query-metrics.ts';
import { marketDay } from '../plan/market-day.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { type DatabaseReading, readDatabaseReadings, readQueryStats } from '../store/upkeep/query-stats.ts';
import { readHealth } from '../store/upkeep/readings/health-readings.ts';
import type { ServerFacts } from '../store/upkeep/readings/server.ts';
import type { TableState } from '../store/upkeep/readings/tables.ts';
import { HOUR_MS } from '../units.ts';

export interface DatabaseSeen {
  at: Date;
  findings: Finding[];
  /** `null`: it could not be read; a finding says why. */
  server: ServerFacts | null;
  tables: readonly TableState[];
  /** The last reading of each day, oldest first. */
  days: { at: Date; bytes: number }[];
  queries: QueryFigures[];
  overall: QueryFigures | null;
  read_in_ms: number;
}

const GROWTH_DAYS = 30;

const lastOfDays = (readings: readonly DatabaseReading[]): DatabaseSeen['days'] =>
  [...Map.groupBy(readings, ({ taken_at }) => marketDay(taken_at)).values()].map((some) => {
    const { taken_at, bytes } = some.at(-1)!;
    return { at: taken_at, bytes };
  });

export async function readDatabase(
  queryable: Queryable,
  connectionString: string,
  { databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>,
): Promise<DatabaseSeen> {
  const began = performance.now();
  const at = new Date();
  const readings = await readHealth({ connectionString }, databaseUrl ? null : dataDir);
  const counts = await readQueryStats(queryable, new Date(at.getTime() - HOUR_MS));
  return {
    at,
    findings: judgeHealth(readings),
    server: 'value' in readings.server ? readings.server.value : null,
    tables: 'value' in readings.tables ? readings.tables.value : [],
    days: lastOfDays(await readDatabaseReadings(queryable, GROWTH_DAYS)),
    queries: queryFigures(counts),
    overall: overallFigures(counts),
    read_in_ms: Math.round(performance.now() - began),
  };
}
