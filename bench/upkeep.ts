/** What looking after the database costs: counting statements, reading its health, backing it up and restoring it. */

import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { judgeHealth } from '../src/monitor/database-health/database-health.ts';
import { backupDatabase } from '../src/store/backup/backup.ts';
import { restoreDatabase } from '../src/store/backup/restore.ts';
import { verifyBackup } from '../src/store/backup/verify.ts';
import { type Database, openDatabase } from '../src/store/postgres/database.ts';
import { QueryRecorder, recordQueries } from '../src/store/postgres/query-recorder.ts';
import { readHealth } from '../src/store/upkeep/readings/health-readings.ts';
import { makeDrafts } from './drafts.ts';
import { publishDrafts, withDatabase } from './postgres.ts';
import { digits, duration, median, type Say, type Section, spread, type Table, verdict } from './report.ts';

const ROUNDS = 11;
const CALLS = 50_000;
const STATEMENTS = 2_000;
const PLANS = 100_000;
const HISTORY = 1_000_000;

export async function measureUpkeep(say: Say): Promise<Section> {
  const counting = await measureCounting(say);
  return withDatabase(async (database, duns) => {
    const inside = await measureInside(database, say);
    say(`${PLANS} plans and ${HISTORY} rows of history …`);
    await fill(database, duns);
    const health = await measureHealth(database, say);
    const saved = await measureBackup(database, say);
    return {
      title: 'Upkeep of the database',
      method: `Counting: ${CALLS} statements sent to a driver that answers at once, with and without, in turns, so that nothing but
the counting is seen. pg_stat_statements: ${STATEMENTS} statements each way on one connection of the embedded PostgreSQL,
tracked and not, in turns. The rest on ${PLANS.toLocaleString('en-US')} plans and ${HISTORY.toLocaleString('en-US')} rows of history, on the disk of this machine.`,
      tables: [counting.table, inside.table, health.table, saved.table],
      findings: [counting.finding, inside.finding, health.finding, saved.finding],
    };
  });
}

interface Measured {
  table: Table;
  finding: string;
}

type Query = (text: string, values: unknown[]) => Promise<unknown>;

/** A pool whose statements cost nothing. */
function idlePool(): { query: Query; client: { query: Query }; pool: pg.Pool } {
  const result = { rowCount: 1 };
  const client = { query: ((_text, _values) => Promise.resolve(result)) as Query };
  const emitter = Object.assign(new EventEmitter(), { query: client.query });
  return { query: emitter.query, client, pool: emitter as unknown as pg.Pool };
}

async function measureCounting(say: Say): Promise<Measured> {
  const plain = idlePool();
  const counted = idlePool();
  recordQueries(counted.pool, new QueryRecorder());
  counted.pool.emit('connect', counted.client as unknown as pg.PoolClient);
  const texts = Array.from({ length: 60 }, (_, n) => `select ${n} from somewhere where something = $1`);
  const run = async ({ client }: typeof plain): Promise<number> => {
    const started = performance.now();
    for (let n = 0; n < CALLS; n++) await client.query(texts[n % texts.length]!, [n]);
    return ((performance.now() - started) / CALLS) * 1000;
  };
  const times: Record<'plain' | 'counted', number[]> = { plain: [], counted: [] };
  for (let round = -2; round < ROUNDS; round++) {
    const [without, with_] = [await run(plain), await run(counted)];
    if (round < 0) continue;
    times.plain.push(without);
    times.counted.push(with_);
  }
  const extra = median(times.counted.map((value, round) => value - times.plain[round]!));
  say(`counting a statement: ${digits(extra)} µs`);
  const micro = (value: number) => `${digits(value)} µs`;
  return {
    table: {
      title: 'Counting statements in the program',
      head: ['a statement that costs nothing', 'each'],
      rows: [
        ['not counted', spread(times.plain, micro)],
        ['counted: name, time, rows, step of the histogram', spread(times.counted, micro)],
      ],
    },
    finding: `Counting a statement costs ${digits(extra)} µs; the target is 1 µs: ${verdict(extra <= 1)}.`,
  };
}

async function measureInside(database: Database, say: Say): Promise<Measured> {
  const client = new pg.Client({ connectionString: database.connectionString });
  await client.connect();
  const run = async (track: 'top' | 'none'): Promise<number> => {
    await client.query(`set pg_stat_statements.track = '${track}'`);
    const started = performance.now();
    for (let n = 0; n < STATEMENTS; n++) {
      await client.query('select duns, code from tdsps where duns = $1', [String(n)]);
    }
    return ((performance.now() - started) / STATEMENTS) * 1000;
  };
  const times: Record<'top' | 'none', number[]> = { top: [], none: [] };
  for (let round = -1; round < ROUNDS; round++) {
    for (const track of round % 2 === 0 ? (['top', 'none'] as const) : (['none', 'top'] as const)) {
      const each = await run(track);
      if (round >= 0) times[track].push(each);
    }
  }
  await client.end();
  const ratio = median(times.top.map((value, round) => value / times.none[round]!));
  say(`pg_stat_statements: ${digits(ratio)} times`);
  const micro = (value: number) => `${digits(value)} µs`;
  return {
    table: {
      title: 'pg_stat_statements in the embedded PostgreSQL',
      head: ['one row by its key, over the wire', 'each'],
      rows: [
        ['not tracked', spread(times.none, micro)],
        ['tracked', spread(times.top, micro)],
      ],
    },
    finding: `pg_stat_statements makes the shortest statement ${digits(ratio)} times as long; the target is 1.05: ${verdict(ratio <= 1.05)}.`,
  };
}

async function fill(database: Database, duns: readonly string[]): Promise<void> {
  const each = Math.ceil(PLANS / duns.length);
  for (const [at, one] of duns.entries()) await publishDrafts(database, one, makeDrafts(one, each, at + 1));
  await database.pool.query(
    `insert into plan_price_history (offer_id, plan_id, tdsp_duns, external_id, event, field, from_value, to_value, snapshot_version, changed_at)
     select p.offer_id, p.id, p.tdsp_duns, p.external_id, 'changed', 'rate_1000kwh', to_jsonb(14.5), to_jsonb(13.9), n, now() - make_interval(hours => n::int)
       from electricity_plans p cross join generate_series(1, $1) n`,
    [Math.ceil(HISTORY / PLANS)],
  );
  await database.pool.query('vacuum (analyze)');
}

async function measureHealth(database: Database, say: Say): Promise<Measured> {
  const times: number[] = [];
  let lines = 0;
  for (let round = -1; round < ROUNDS; round++) {
    const started = performance.now();
    lines = judgeHealth(await readHealth(database, null)).length;
    if (round >= 0) times.push(performance.now() - started);
  }
  say(`health: ${duration(median(times))}`);
  return {
    table: {
      title: 'db:health',
      head: [`${lines} lines, read and judged`, 'time'],
      rows: [['all of them', spread(times)]],
    },
    finding: `The health of the database is read in ${duration(median(times))}; the target is 1 s: ${verdict(median(times) <= 1_000)}.`,
  };
}

async function measureBackup(database: Database, say: Say): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-bench-backup-'));
  try {
    const file = join(folder, 'bench.tar.zst');
    const { rows } = await database.pool.query<{ bytes: number }>(
      'select pg_database_size(current_database())::float8 as bytes',
    );
    const read = await timed(() => copyEverything(database));
    say(`COPY alone: ${duration(read.ms)}`);
    const saved = await timed(() => backupDatabase(database, file));
    say(`backup: ${duration(saved.ms)}`);
    const checked = await timed(() => verifyBackup(file));
    const target = await openDatabase({ databaseUrl: null, dataDir: join(folder, 'target'), connections: 2 });
    const restored = await timed(() => restoreDatabase(target, file)).finally(() => target.close());
    say(`restore: ${duration(restored.ms)}`);
    const { manifest, bytes } = saved.value;
    const count = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
    const perSecond = (ms: number) => `${Math.round(count / (ms / 1000)).toLocaleString('en-US')} rows/s`;
    const megabytes = (size: number) => `${digits(size / (1 << 20))} MB`;
    const factor = saved.ms / read.ms;
    return {
      table: {
        title: `Backup of ${count.toLocaleString('en-US')} rows, ${megabytes(rows[0]!.bytes)} in PostgreSQL`,
        head: ['step', 'time', 'speed'],
        rows: [
          [
            'COPY of every table to nowhere: the least it takes to read them',
            duration(read.ms),
            perSecond(read.ms),
          ],
          [
            `backup, in the order of keys, hashed, packed to ${megabytes(bytes)}`,
            duration(saved.ms),
            perSecond(saved.ms),
          ],
          ['check of the file', duration(checked.ms), perSecond(checked.ms)],
          [
            'restore: check, tables, rows, indexes, keys, statistics',
            duration(restored.ms),
            perSecond(restored.ms),
          ],
        ],
      },
      finding: `A backup takes ${digits(factor)} times as long as reading the same rows; the target is 3: ${verdict(factor <= 3)}.`,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const started = performance.now();
  const value = await work();
  return { value, ms: performance.now() - started };
}

async function copyEverything(database: Database): Promise<void> {
  const client = await database.pool.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `select oid::regclass::text as name from pg_class where relkind = 'r' and relnamespace = current_schema()::regnamespace`,
    );
    for (const { name } of rows) {
      const stream = client.query(copyTo(`copy ${name} to stdout`));
      for await (const chunk of stream) void chunk;
    }
  } finally {
    client.release();
  }
}
