/** The thread of `bench -- export`: reads the price history again and again into one Parquet file. */

import { parentPort, workerData } from 'node:worker_threads';
import { Secret } from '../src/config.ts';
import { TABLES } from '../src/export/dictionary.ts';
import { parquetTable } from '../src/export/formats/parquet-table.ts';
import { historyRows } from '../src/export/rows.ts';
import { openDatabase } from '../src/store/postgres/database.ts';
import { DAY_MS } from '../src/units.ts';

export interface HistoryTask {
  url: string;
  path: string;
  passes: number;
  rowsAtOnce: number;
}

export interface HistoryPass {
  rows: number;
  /** Most memory of the process in this pass, bytes. */
  peak: number;
}

const { url, path, passes, rowsAtOnce } = workerData as HistoryTask;
const database = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 2 });
const table = await parquetTable(path, TABLES.history.columns);
const until = new Date(Date.now() + DAY_MS);
for (let pass = 0; pass < passes; pass++) {
  const done: HistoryPass = { rows: 0, peak: 0 };
  await database.transaction(async (connection) => {
    const between = { from: new Date(0), until, sources: ['powertochoose'], most: rowsAtOnce };
    for await (const rows of historyRows(connection, between)) {
      await table.write(rows);
      done.rows += rows.length;
      done.peak = Math.max(done.peak, process.memoryUsage.rss());
    }
  });
  parentPort!.postMessage(done);
}
await table.finish();
await database.close();
