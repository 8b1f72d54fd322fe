import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { readOpenTargets } from '../../src/store/queue/sync-targets.ts';
import { freePort } from '../support/cache.ts';
import { createTestDatabase, spawnWattsync, until, wattsync } from '../support/support.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/wattsync.js', import.meta.url));
const { url: DATABASE_URL, database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 5 });
test.after(() => sandbox.stop());
const env = { DATABASE_URL, COMPAREPOWER_API_URL: sandbox.url, PORT: '0', LOG_LEVEL: 'error' };
const run = async (args: string[], more: Record<string, string> = {}) => {
  const { code, stdout, stderr } = await wattsync([...args, '--json'], { ...env, ...more });
  return { code, said: JSON.parse(stdout), stderr };
};
const gone = { COMPAREPOWER_API_URL: `http://127.0.0.1:${await freePort()}` };

test('the cause comes before the consequence, and a corrected address is tried at once', async () => {
  const { code, said } = await run(['sync', 'full'], gone);
  assert.equal(code, 1);
  const messages: string[] = said.errors.map(({ message }: { message: string }) => message);
  assert.equal(messages.length, 6);
  for (const message of messages) assert.match(message, /ECONNREFUSED/);
  assert.ok(messages.some((message) => /left alone until .* \(the last time: /.test(message)));
  const corrected = await run(['sync', 'full']);
  assert.equal(corrected.code, 0, JSON.stringify(corrected.said.errors));
  assert.ok(corrected.said.cities.length >= 881);
});

test('everything fresh is said as such, and a forced sync of a city is one of a city', async () => {
  const { stdout } = await wattsync(['sync', 'full'], env);
  assert.match(stdout, /everything is fresh, nothing was fetched\. Use --force/);
  const { said } = await run(['sync', 'city', 'dallas-tx', '--force']);
  assert.equal(said.kind, 'city');
  assert.equal(said.status, 'succeeded');
});

test('--force beyond its budget is refused once, before a run', async () => {
  const runs = async () => (await database.pool.query('select count(*)::int as n from sync_runs')).rows[0].n;
  const before = await runs();
  const { code, said } = await run(['sync', 'full', '--force'], { EMERGENCY_CALL_BUDGET_PER_HOUR: '3' });
  assert.equal(code, 1);
  assert.equal(said.error.code, 'call_budget_exhausted');
  assert.match(said.error.message, /6 of them, and 2 are left/);
  assert.equal(await runs(), before);
});

test('what was given up is gone once it was done otherwise, or is fresh when it is driven again', async () => {
  sandbox.control.setFaults([parseFault('denied')]);
  await run(['sync', 'city', 'dallas-tx', '--force']);
  sandbox.control.clearFaults();
  const dead = async () => (await run(['sync', 'dead'])).said.dead.length;
  assert.equal(await dead(), 1);
  const driven = await run(['sync', 'redrive']);
  assert.equal(driven.said.tdsps[0].status, 'fresh');
  assert.equal(await dead(), 0);
  sandbox.control.setFaults([parseFault('denied')]);
  await run(['sync', 'city', 'dallas-tx', '--force']);
  sandbox.control.clearFaults();
  assert.equal(await dead(), 1);
  await database.pool.query('update plan_snapshots set observed_at = now() where tdsp_duns = $1', [
    '1039940674000',
  ]);
  assert.equal(await dead(), 0);
});

test('a priority sync takes over what a dead worker holds', async () => {
  await database.pool.query("update plan_snapshots set observed_at = observed_at - interval '3 hours'");
  sandbox.control.setFaults([parseFault('timeout')]);
  const worker = spawnWattsync(['start', '--role', 'worker', '--json'], env);
  await until(() => worker.seen.stdout.includes('"started"'));
  const asking = spawnWattsync(['sync', 'full', '--json'], env);
  await until(() => sandbox.control.state().calls.in_flight > 0);
  worker.child.kill('SIGKILL');
  asking.child.kill('SIGKILL');
  await Promise.all([worker.ended, asking.ended]);
  assert.ok((await readOpenTargets(database.pool, null)).some(({ state }) => state === 'claimed'));
  sandbox.control.clearFaults();
  const { said } = await run(['sync', 'priority']);
  assert.equal(said.status, 'succeeded', JSON.stringify(said));
});

test('db sql takes one statement, and writes only where it is told to', async () => {
  const two = await wattsync(['db', 'sql', 'select 1; drop table providers'], env);
  assert.equal(two.code, 1);
  assert.match(two.stderr, /42601/);
  const writing = await wattsync(['db', 'sql', 'create table firm_sql (n integer)'], env);
  assert.equal(writing.code, 1);
  assert.match(writing.stderr, /add --write/);
  assert.equal((await wattsync(['db', 'sql', '--write', 'create table firm_sql (n integer)'], env)).code, 0);
  assert.equal((await wattsync(['db', 'sql', '--write', 'drop table firm_sql'], env)).code, 0);
});

test('settings come from .env where the environment has none, and a slip in a name is told', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-env-'));
  writeFileSync(join(folder, '.env'), `DATABASE_URL=${DATABASE_URL}\nLOG_LEVEL=error\nDATABSE_POOL_SIZE=4\n`);
  const child = spawn(process.execPath, [PROGRAM, 'db', 'sql', 'select 1 as one'], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, WATTSYNC_DATADIR: 'x', EDITOR: 'vi' },
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0, said);
  assert.match(
    said,
    /Warning: DATABSE_POOL_SIZE is not a variable of wattsync; did you mean DATABASE_POOL_SIZE\?/,
  );
  assert.match(
    said,
    /Warning: WATTSYNC_DATADIR is not a variable of wattsync; did you mean WATTSYNC_DATA_DIR\?/,
  );
  assert.doesNotMatch(said, /EDITOR/);
});

test('what goes into a pipe is not cut', async () => {
  sandbox.control.setFaults([parseFault('500')]);
  await run(['sync', 'city', 'dallas-tx', '--force']);
  sandbox.control.clearFaults();
  const { stdout } = await wattsync(['sync', 'status'], env);
  assert.doesNotMatch(stdout, /…$/m);
  assert.ok(stdout.split('\n').some((line) => line.length > 80));
});

test('cache stats of processes that have just started says so', async () => {
  const server = spawnWattsync(['start', '--role', 'web', '--json'], env);
  await until(() => server.seen.stdout.includes('"started"'));
  await database.pool.query('delete from cache_processes');
  const { stdout } = await wattsync(['cache', 'stats'], env);
  assert.match(stdout, /Processes have just started/);
  server.child.kill('SIGTERM');
  await server.ended;
  assert.match((await wattsync(['cache', 'stats'], env)).stdout, /No process is running/);
});
