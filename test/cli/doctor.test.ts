import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { toJson } from '../../src/monitor/finding.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { registerWorker, removeWorker } from '../../src/store/queue/sync-workers.ts';
import { freePort, startRedis } from '../support/cache.ts';
import { createTestDatabase, spawnWattsync, until, wattsync } from '../support/support.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const env = { DATABASE_URL, COMPAREPOWER_API_URL: sandbox.url };
const server = spawnWattsync(['start', '--role', 'worker,scheduler', '--json'], env);

async function doctor(change: Record<string, string> = {}) {
  const { code, stdout, stderr } = await wattsync(['doctor', '--json'], { ...env, ...change });
  assert.equal(stderr, '');
  const { status, findings } = JSON.parse(stdout) as {
    status: string;
    findings: ReturnType<typeof toJson>[];
  };
  assert.equal(code, status === 'bad' ? 1 : 0);
  const find = (check: string) => findings.filter((one) => one.check === check);
  const wrong = findings
    .filter(({ verdict }) => verdict !== 'ok')
    .map(({ verdict, check }) => `${verdict} ${check}`);
  return { findings, find, wrong };
}

/** Breaks something, looks, and repairs it whatever was found. */
async function broken(how: string, repair: string, look: () => Promise<void>): Promise<void> {
  await database.pool.query(how);
  try {
    await look();
  } finally {
    await database.pool.query(repair);
  }
}

test('a system that is well gets a line for everything, and nothing else', async () => {
  await until(() => server.seen.stdout.includes('"synced"'), 60_000);
  // On a machine that is busy the first sync may have failed: this one has whatever is left.
  await until(async () => (await wattsync(['sync', 'full', '--json'], env)).code === 0, 60_000);
  const { findings, wrong } = await doctor();
  assert.deepEqual(wrong, []);
  assert.ok(findings.length >= 20);
  const { code, stdout } = await wattsync(['doctor'], env);
  assert.equal(code, 0);
  assert.match(stdout, /✓ migrations +\d+ applied/);
  assert.match(stdout, new RegExp(`All ${findings.length} checks are fine\\.`));
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
});

test('the doctor looks and changes nothing: a database that is behind stays behind', async () => {
  const rows = 'select number, name, checksum, applied_at from schema_migrations where number = 6';
  const { rows: taken } = await database.pool.query(rows);
  await broken(
    'delete from schema_migrations where number = 6',
    `insert into schema_migrations (number, name, checksum) values (6, '${taken[0].name}', '${taken[0].checksum}')`,
    async () => {
      const { find, findings } = await doctor();
      assert.match(find('migrations')[0]!.message, /not applied yet: 0006_figures/);
      assert.equal(find('migrations')[0]!.run, 'npm run db:migrate');
      // Of a database of another shape nothing more is said.
      assert.deepEqual(findings.map(({ check }) => check).includes('queue'), false);
      assert.equal((await database.pool.query(rows)).rowCount, 0);
    },
  );
});

test('edited and unknown migrations are named, and the rest is looked at all the same', async () => {
  await broken(
    `update schema_migrations set checksum = 'other' || checksum where number = 1`,
    `update schema_migrations set checksum = substr(checksum, 6) where number = 1`,
    async () => {
      const { find, wrong } = await doctor();
      assert.match(find('migrations')[0]!.message, /edited after they were applied: 0001_territory/);
      assert.deepEqual(wrong, ['bad migrations']);
    },
  );
  await broken(
    `insert into schema_migrations (number, name, checksum) values (9999, '9999_tomorrow', 'x')`,
    'delete from schema_migrations where number = 9999',
    async () => assert.match((await doctor()).find('migrations')[0]!.message, /9999_tomorrow/),
  );
});

test('schedules that are not those of the configuration are told, with both', async () => {
  const { find, wrong } = await doctor({ SYNC_SCHEDULE_FULL: '30 4 * * *', MAINTENANCE_SCHEDULE: 'off' });
  assert.deepEqual(wrong, ['warn schedules']);
  assert.match(
    find('schedules')[0]!.message,
    /full is 0 2 \* \* \* America\/Chicago, configured 30 4 \* \* \*/,
  );
  assert.match(find('schedules')[0]!.message, /maintenance is scheduled, configured off/);
});

test('tables of the queue that somebody changed are told', async () => {
  const { rows } = await database.pool.query(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition from pg_index
      where indrelid = 'pgboss.job_common'::regclass and not indisunique and not indisprimary limit 1`,
  );
  await broken(`drop index ${rows[0].name}`, rows[0].definition, async () => {
    const { find, wrong } = await doctor();
    assert.deepEqual(wrong, ['bad queue_schema']);
    assert.ok(
      find('queue_schema')[0]!.message.includes(`missing index ${rows[0].name.replace('pgboss.', '')}`),
    );
  });
});

test('a clock that is wrong is told with its process', async ({ mock }) => {
  const connection = await database.pool.connect();
  const worker = { id: randomUUID(), lock_key: 61, host: 'elsewhere', pid: 61, roles: ['web'] };
  mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
  try {
    await registerWorker(connection, { ...worker, queue: null, origin: null, started_at: new Date() });
    mock.timers.reset();
    const { find, wrong } = await doctor();
    assert.deepEqual(wrong, ['bad clocks']);
    assert.match(find('clocks')[0]!.message, /process 61 on elsewhere is 61 s ahead of the database/);
  } finally {
    mock.timers.reset();
    await removeWorker(connection, worker.id);
    connection.release(true);
  }
});

test('a Redis that is not there is told; one that is there answers', async () => {
  const gone = await doctor({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
  assert.deepEqual(gone.wrong, ['bad redis']);
  assert.match(gone.find('redis')[0]!.message, /ECONNREFUSED/);
  const redis = await startRedis();
  assert.deepEqual((await doctor({ REDIS_URL: redis.url.reveal() })).wrong, []);
  redis.signal('SIGSTOP');
  const frozen = await doctor({ REDIS_URL: redis.url.reveal() });
  redis.signal('SIGCONT');
  assert.deepEqual(frozen.wrong, ['bad redis']);
});

test('a table that is gone is a finding, not a crash', async () => {
  await broken(
    'alter table quarantined_records rename to away',
    'alter table away rename to quarantined_records',
    async () => {
      const { find, wrong } = await doctor();
      assert.deepEqual(wrong, ['bad records']);
      assert.match(find('records')[0]!.message, /Could not be looked at: .*quarantined_records/);
    },
  );
});

test('while PostgreSQL does not answer, that is all that is said', async () => {
  const { findings } = await doctor({ DATABASE_URL: `postgres://127.0.0.1:${await freePort()}/none` });
  assert.deepEqual(
    findings.map(({ check, verdict }) => [check, verdict]),
    [['database', 'bad']],
  );
  assert.match(findings[0]!.message, /ECONNREFUSED/);
});

test('where there is no database yet the doctor makes none', async () => {
  const WATTSYNC_DATA_DIR = await mkdtemp(join(tmpdir(), 'wattsync-doctor-'));
  const { code, stdout } = await wattsync(['doctor'], { WATTSYNC_DATA_DIR });
  assert.equal(code, 1);
  assert.match(stdout, /There is no database yet[\s\S]*npm start/);
});

test('when the program has ended no process keeps the schedule', async () => {
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);
  const { wrong, find } = await doctor();
  assert.deepEqual(wrong, ['bad scheduler']);
  assert.equal(find('scheduler')[0]!.run, 'npm start');
});
