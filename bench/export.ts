/** `bench -- export`: the price history from PostgreSQL into one Parquet file: rows a second, and how much memory that takes. */

import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Secret } from '../src/config.ts';
import { THREAD_LIMITS } from '../src/export/in-thread.ts';
import { openDatabase } from '../src/store/postgres/database.ts';
import type { HistoryPass, HistoryTask } from './export-worker.ts';
import { withOwnPostgres } from './own-postgres.ts';
import { digits, duration, type Say, type Section, verdict } from './report.ts';

const STORED = 1_000_000;
const PASSES = 10;
const ROWS_AT_ONCE = 10_000;
const TARGET = 300_000;

/** Offers, each re-priced again and again: three rates in each publish, as the state's exports have it. */
const FILL = `
  insert into plan_snapshots (tdsp_duns, version, source, origin, content_hash, set_hash, plans, observed_at, published_at)
  select '1039940674000', v, 'powertochoose', 'bench', v::text, v::text, 150, now(), now() - interval '1 day'
    from generate_series(1, 400) v;
  insert into plan_price_history
    (offer_id, plan_id, tdsp_duns, external_id, event, field, from_value, to_value, snapshot_version, changed_at)
  select md5('offer' || n % 4000)::uuid, md5('plan' || n % 9000)::uuid, '1039940674000', 'external-' || n % 9000, 'changed',
         (array['rate_500kwh', 'rate_1000kwh', 'rate_2000kwh'])[1 + n % 3], to_jsonb((n % 900)::numeric / 100 + 8),
         to_jsonb((n % 877)::numeric / 100 + 8), 1 + n / 2501, date_trunc('hour', now()) - (400 - n / 2500) * interval '1 minute'
    from generate_series(1, ${STORED}) n`;

export async function measureExport(say: Say): Promise<Section> {
  const folder = await mkdtemp(join(tmpdir(), 'wattsync-export-'));
  try {
    return await withOwnPostgres(join(folder, 'pg'), { shared_buffers: '256MB' }, async (server) => {
      const url = await server.newDatabase();
      const database = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 2 });
      try {
        for (const statement of FILL.split(';')) await database.pool.query(statement);
        await database.pool.query('vacuum analyze plan_price_history');
        say(`${digits(STORED)} rows are stored`);
        const path = join(folder, 'history.parquet');
        const task: HistoryTask = { url, path, passes: PASSES, rowsAtOnce: ROWS_AT_ONCE };
        const began = performance.now();
        const peaks: number[] = [];
        let rows = 0;
        const worker = new Worker(new URL('./export-worker.ts', import.meta.url), {
          workerData: task,
          resourceLimits: THREAD_LIMITS,
        });
        worker.on('message', (pass: HistoryPass) => {
          rows += pass.rows;
          peaks.push(pass.peak);
          say(
            `${digits(rows)} rows after ${duration(performance.now() - began)}, ${digits(pass.peak / 2 ** 20)} MB`,
          );
        });
        await once(worker, 'exit');
        const seconds = (performance.now() - began) / 1_000;
        const { size } = await stat(path);
        return section({ rows, seconds, size, peaks });
      } finally {
        await database.close();
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Measured {
  rows: number;
  seconds: number;
  size: number;
  peaks: readonly number[];
}

function section({ rows, seconds, size, peaks }: Measured): Section {
  const perSecond = rows / seconds;
  const mb = (bytes: number) => `${digits(bytes / 2 ** 20)} MB`;
  // The first pass loads what all of them need.
  const growth = peaks.at(-1)! - peaks[1]!;
  return {
    title: 'The price history as Parquet',
    method: `${digits(STORED)} rows of \`plan_price_history\` are read from PostgreSQL by COPY ${PASSES} times, in the order of their ids, and written into one Parquet file, ${digits(ROWS_AT_ONCE)} rows in a group, by the thread that makes exports; PostgreSQL runs on the same cores.`,
    tables: [
      {
        title: 'One file',
        head: ['', 'rows', 'took', 'rows a second', 'file', 'most memory, second pass', 'last pass'],
        rows: [
          [
            'history',
            digits(rows),
            duration(seconds * 1_000),
            digits(perSecond),
            mb(size),
            mb(peaks[1]!),
            mb(peaks.at(-1)!),
          ],
        ],
      },
    ],
    findings: [
      `${digits(rows)} rows at ${digits(perSecond)} rows a second; target ${digits(TARGET)}: ${verdict(perSecond >= TARGET)}.`,
      `From the second pass to the last memory grew by ${mb(Math.max(0, growth))}; target 32 MB at most: ${verdict(growth <= 32 * 2 ** 20)}.`,
    ],
  };
}
