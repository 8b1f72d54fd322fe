import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSandbox } from '../../src/sandbox/server.ts';
import { createTestDatabase, spawnWattsync, until, wattsync } from '../support/support.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 160, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const env = { DATABASE_URL, COMPAREPOWER_API_URL: sandbox.url, API_CALL_BUDGET_PER_HOUR: '10000', PORT: '0' };
const scalar = async (sql: string): Promise<number> =>
  (await database.pool.query(`select (${sql})::int as n`)).rows[0].n;
/** -1: never analysed. */
const known = () => scalar("select reltuples from pg_class where relname = 'electricity_plans'");

test('ENABLE_QUERY_OPTIMIZATION=false leaves statistics alone after a sync, true renews them; commands do in any case', async () => {
  await database.pool.query('alter table electricity_plans set (autovacuum_enabled = false)');
  assert.equal((await wattsync(['sync', 'full'], { ...env, ENABLE_QUERY_OPTIMIZATION: 'false' })).code, 0);
  assert.equal(await known(), -1);
  assert.equal((await wattsync(['sync', 'full', '--force'], env)).code, 0);
  assert.equal(await known(), await scalar('select count(*) from electricity_plans'));

  const off = { ...env, ENABLE_QUERY_OPTIMIZATION: 'false' };
  await database.pool.query("delete from pg_statistic where starelid = 'electricity_plans'::regclass");
  const { stdout, code } = await wattsync(['db', 'optimize', '--json'], off);
  assert.equal(code, 0);
  assert.match(stdout, /"kind":"analyze","subject":"electricity_plans"/);
});

test('the scheduler runs maintenance at its time, and makes up for one that was missed', async () => {
  const scheduled = {
    SYNC_SCHEDULE_PRIORITY: 'off',
    SYNC_SCHEDULE_FULL: 'off',
    MAINTENANCE_SCHEDULE: '0 3 * * *',
    LOG_LEVEL: 'info',
    ...env,
  };
  const start = async () => {
    const server = spawnWattsync(['start', '--role', 'worker,scheduler', '--json'], scheduled);
    await until(() => server.seen.stdout.includes('"synced"'), 60_000);
    return server;
  };
  const stop = async (server: Awaited<ReturnType<typeof start>>) => {
    server.child.kill('SIGTERM');
    assert.equal(await server.ended, 0);
  };
  await stop(await start());
  await database.pool.query(`insert into api_calls (source, endpoint, params, attempt, duration_ms, called_at)
    select 's', '/old', '{}', 1, 5, now() - interval '1 year' from generate_series(1, 20)`);
  await database.pool.query(`update schedule_times set next_at = next_at - interval '5 days'`);
  const server = await start();
  const log = () => server.seen.stdout + server.seen.stderr;
  await until(() => log().includes('"msg":"maintenance"'), 30_000);
  assert.equal(await scalar("select count(*) from api_calls where endpoint = '/old'"), 0);
  assert.match(log(), /"status":"done","removed":\{[^}]*"api_calls":20/);
  await stop(server);
});
