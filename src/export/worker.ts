/** The entry of the thread that makes exports: readers do not wait for what writes thousands of rows. */

import { parentPort, workerData } from 'node:worker_threads';
import { Secret } from '../config.ts';
import { openDatabase } from '../store/postgres/database.ts';
import type { ExportTask } from './in-thread.ts';
import { makeExports, remakeExport } from './make.ts';

const { connectionString, task, ...settings } = workerData as ExportTask;
const database = await openDatabase({
  databaseUrl: new Secret(connectionString),
  dataDir: '',
  connections: 2,
});
try {
  parentPort!.postMessage(
    task.kind === 'make'
      ? await makeExports({ ...settings, database, keepDays: task.keepDays })
      : await remakeExport({ ...settings, database }, task.kept),
  );
} finally {
  await database.close();
}
