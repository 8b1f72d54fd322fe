import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { createTestDatabase, spawnWattsync, until, wattsync } from '../support/support.ts';

const { url: DATABASE_URL, database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 5 });
test.after(() => sandbox.stop());
const env = {
  DATABASE_URL,
  COMPAREPOWER_API_URL: sandbox.url,
  COMPAREPOWER_API_KEY: 'key-of-the-log-test',
  PORT: '0',
  LOG_LEVEL: 'info',
  LOG_REQUESTS: '1',
  EMERGENCY_CALL_BUDGET_PER_HOUR: '1000',
  API_CALL_BUDGET_PER_HOUR: '1000',
};
const server = spawnWattsync(['start', '--json'], env);
await until(() => server.seen.stdout.includes('"synced"'), 40_000);
const { url } = JSON.parse(server.seen.stdout.split('\n').find((line) => line.includes('"listening"'))!);
await until(async () => (await fetch(`${url}/readyz`)).status === 200);

interface Line {
  msg: string;
  [name: string]: unknown;
}
const lines = (msg: string): Line[] =>
  server.seen.stderr
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Line)
    .filter((line) => line.msg === msg);
const line = async (msg: string, isIt: (line: Line) => boolean = () => true): Promise<Line> => {
  await until(() => lines(msg).some(isIt));
  return lines(msg).find(isIt)!;
};

test('the start says which settings are in force, and no secret', async () => {
  const started = await line('the program has started');
  const { host, comparepower } = started.settings as { host: string; comparepower: { apiKey: string } };
  assert.equal(host, '127.0.0.1');
  assert.equal(comparepower.apiKey, '***');
  assert.deepEqual([started.pid, started.roles], [server.child.pid, 'web,worker,scheduler']);
  assert.doesNotMatch(server.seen.stderr, /key-of-the-log-test/);
});

test('each sync is a line with its run, its TDSP and what came of it', async () => {
  const published = lines('plans were published');
  assert.equal(published.length, 6);
  for (const one of published) {
    assert.ok(Number(one.run_id) > 0 && Number(one.version) > 0 && one.tdsp);
    assert.equal(one.status, 'published');
  }
});

test('failures of the upstream, its circuit, and every change of control are lines', async () => {
  sandbox.control.setFaults([parseFault('500')]);
  await wattsync(['sync', 'full', '--force'], env);
  sandbox.control.clearFaults();
  const failed = await line('an upstream call failed');
  assert.match(String(failed.error), /answered 500/);
  assert.ok(Number(failed.run_id) > 0);
  await line('the circuit of the upstream is open');
  assert.match(String((await line('a sync failed')).error_code), /upstream_failed|circuit_open/);
  await wattsync(['sync', 'stop', '--no-wait'], env);
  await line('syncing is allowed, stopped or halted', ({ state }) => state === 'stopped');
  await wattsync(['sync', 'resume'], env);
});

test('a request has a name in and out, in its line and in that of its failure', async () => {
  const named = await fetch(`${url}/v1/plans?city=dallas-tx`, {
    headers: { 'x-request-id': 'of-the-caller.1' },
  });
  assert.equal(named.headers.get('x-request-id'), 'of-the-caller.1');
  const answered = await line('a request was answered', ({ request_id }) => request_id === 'of-the-caller.1');
  assert.deepEqual([answered.method, answered.path, answered.status], ['GET', '/v1/plans', 200]);
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const traceparent = `00-${trace}-b7ad6b7169203331-01`;
  const traced = await fetch(`${url}/v1/tdsps`, { headers: { traceparent } });
  assert.equal(traced.headers.get('traceparent'), traceparent);
  await line('a request was answered', ({ request_id }) => request_id === trace);
  const forged = await fetch(`${url}/v1/tdsps`, { headers: { 'x-request-id': 'a b"c' } });
  assert.match(String(forged.headers.get('x-request-id')), /^[\w-]{36}$/);

  await database.pool.query('alter table providers rename to providers_aside');
  const broken = await fetch(`${url}/v1/providers`, { headers: { 'x-request-id': 'broken.1' } });
  await database.pool.query('alter table providers_aside rename to providers');
  assert.equal(broken.status, 500);
  const why = await line('a request failed');
  assert.deepEqual([why.method, why.path, why.request_id], ['GET', '/v1/providers', 'broken.1']);
  assert.ok(Array.isArray(why.stack) && why.stack.length > 0);
});

test('an admin call without the token is a line', async () => {
  const refused = await fetch(`${url}/v1/admin/sync/stop`, {
    method: 'POST',
    headers: { 'x-request-id': 'stranger' },
  });
  assert.equal(refused.status, 401);
  const { path, request_id } = await line('an admin call was refused');
  assert.deepEqual([path, request_id], ['/v1/admin/sync/stop', 'stranger']);
});
