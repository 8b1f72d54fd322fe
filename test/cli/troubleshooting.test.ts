/**
 * The owner's paths out of trouble, walked as they are written: requirements 91, 92, 93 and 95, with the commands he
 * names, in his order, against running processes.
 */

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { test } from 'node:test';
import type { toJson } from '../../src/monitor/finding.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { createTestDatabase, ONCOR, spawnWattsync, until, wattsync } from '../support/support.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const BUDGETS = { API_CALL_BUDGET_PER_HOUR: '1000', EMERGENCY_CALL_BUDGET_PER_HOUR: '1000' };
const OFF = { SYNC_SCHEDULE_PRIORITY: 'off', SYNC_SCHEDULE_FULL: 'off', MAINTENANCE_SCHEDULE: 'off' };
const env = { DATABASE_URL, COMPAREPOWER_API_URL: sandbox.url, ...BUDGETS, ...OFF };

/** As `npm run <script> -- --json` would: the same command, its exit code and what it said. */
async function run(args: string[], change: Record<string, string> = {}) {
  const { code, stdout, stderr } = await wattsync([...args, '--json'], { ...env, ...change });
  assert.equal(stderr, '');
  return { code, said: JSON.parse(stdout) };
}

type Finding = ReturnType<typeof toJson>;
const finding = (findings: Finding[], check: string): Finding => findings.find((one) => one.check === check)!;
const callsThisHour = async () => (await run(['sync', 'status'])).said.upstream.calls_last_hour;

/** As if everything had been confirmed so long ago. */
const age = (minutes: number) =>
  database.pool.query('update plan_snapshots set observed_at = now() - make_interval(mins => $1)', [minutes]);

const servers: ChildProcess[] = [];
test.afterEach(() => {
  for (const child of servers.splice(0)) child.kill('SIGKILL');
});

async function serve(change: Record<string, string>) {
  const server = spawnWattsync(['start', '--role', 'web,worker', '--json'], { ...env, PORT: '0', ...change });
  await until(() => server.seen.stdout.includes('"started"'), 60_000);
  const { url } = JSON.parse(server.seen.stdout.split('\n')[0]!) as { url: string };
  const plans = async (city: string) =>
    (await (await fetch(`${url}/v1/plans?city=${city}&limit=200`)).json()) as {
      data: { external_id: string }[];
      meta: { stale: boolean; source: string };
    };
  const stop = async () => {
    server.child.kill('SIGTERM');
    assert.equal(await server.ended, 0);
  };
  // One that a failed test leaves behind would do the work of the next test.
  servers.push(server.child);
  return { plans, stop };
}

/** One of each TDSP. */
const CITIES = ['dallas-tx', 'houston-tx', 'abilene-tx', 'lubbock-tx', 'mcallen-tx', 'lewisville-tx'];

test('91: a conflict target that is missing is named, put back by the command the doctor gives, and syncs work again', async () => {
  // Again where the machine is too busy for the first one.
  await until(async () => (await run(['sync', 'full'])).code === 0, 60_000);
  // The pair is the key: the same external id in two TDSPs is two plans, and writing one again changes it.
  const upsert = (target: string) =>
    database.pool.query(
      `insert into electricity_plans select * from electricity_plans where tdsp_duns = $1
         on conflict (${target}) do update set name = excluded.name`,
      [ONCOR],
    );
  const { rowCount } = await upsert('external_id, tdsp_duns');
  assert.ok(rowCount! > 10);
  await assert.rejects(upsert('external_id'), { code: '42P10' });

  await database.pool.query(
    'alter table electricity_plans drop constraint electricity_plans_external_id_tdsp_duns_key',
  );
  sandbox.control.advance(1);
  const failed = await run(['sync', 'full', '--force']);
  assert.equal(failed.code, 1);
  assert.match(failed.said.errors[0].message, /ON CONFLICT/);
  const { code, said } = await run(['doctor']);
  assert.equal(code, 1);
  const { message, run: command } = finding(said.findings, 'plan_key');
  assert.match(message, /no unique key over \(external_id, tdsp_duns\): every publish fails/);
  const [, sql] = /^npx wattsync db sql --write "(.+)"$/.exec(command!)!;
  assert.equal((await run(['db', 'sql', '--write', sql!])).code, 0);
  assert.equal((await run(['sync', 'full', '--force'])).code, 0);
  assert.equal(finding((await run(['doctor'])).said.findings, 'plan_key').verdict, 'ok');
});

test('92: monitor:metrics says who calls and what to raise, and with CACHE_TTL_HOURS=2 the calls end', async () => {
  // A new hour: what the paths before this one called is over.
  await database.pool.query(`update upstream_permits set granted_at = granted_at - interval '1 hour'`);
  await database.pool.query(`update api_calls set called_at = called_at - interval '1 hour'`);
  /** As readers come by who look at every market, an hour and a half after each sync. */
  const readAll = async (CACHE_TTL_HOURS: string, rounds: number) => {
    const before = await callsThisHour();
    const stale = [];
    for (let round = 0; round < rounds; round++) {
      // Plans that a process has in memory do not grow old by a change of the clock in the database.
      await age(90);
      const server = await serve({ CACHE_TTL_HOURS });
      for (const city of CITIES) stale.push((await server.plans(city)).meta.stale);
      const isDone = async () =>
        (await run(['freshness'])).said.tdsps.every((one: { age_seconds: number }) => one.age_seconds < 600);
      if (stale.some(Boolean)) await until(isDone, 60_000);
      await server.stop();
    }
    return { stale: [...new Set(stale)], calls: (await callsThisHour()) - before };
  };
  // 1. Read monitor:metrics. It says which asker makes more calls than normal.
  assert.deepEqual(await readAll('1', 3), { stale: [true], calls: 18 });
  const { said } = await run(['monitor', 'metrics'], { CACHE_TTL_HOURS: '1' });
  assert.deepEqual([said.api_calls_last_hour, said.hour.calls.by_reason], [18, { reader: 18 }]);
  const { stdout } = await wattsync(['monitor', 'metrics'], { ...env, CACHE_TTL_HOURS: '1' });
  assert.match(
    stdout.replace(/\s+/g, ' '),
    /18 upstream calls within the hour; .* asked for by: reader \(18\)\. Readers find plans stale after CACHE_TTL_HOURS=1: raise it, for example to 2/,
  );
  // 2. Raise the TTL, from one hour to two.
  assert.deepEqual(await readAll('2', 1), { stale: [false], calls: 0 });
});

test('92: a budget that is used up is told with the variables that help', async () => {
  // Of those that the readers caused.
  const { said } = await run(['doctor'], { API_CALL_BUDGET_PER_HOUR: '10' });
  const { verdict, advice, message } = finding(said.findings, 'upstream');
  assert.equal(verdict, 'bad');
  assert.match(message, /used up: \d+ of 10 calls this hour/);
  assert.match(advice!, /CACHE_TTL_HOURS/);
});

const cached = async () =>
  (
    await database.pool.query(
      `select cache_key, jsonb_typeof(plans_data) = 'array' and jsonb_array_length(plans_data) > 5 and expires_at > now() as is_good
         from plan_cache`,
    )
  ).rows.map(({ is_good }) => is_good);

test('93: a cold cache is warmed by sync:priority', async () => {
  await age(180);
  await database.pool.query("update plan_cache set expires_at = now() - interval '1 hour'");
  assert.deepEqual(new Set(await cached()), new Set([false]));
  const { code, said } = await run(['sync', 'priority']);
  assert.deepEqual([code, said.status, said.tdsps.length], [0, 'succeeded', 6]);
  assert.deepEqual(await cached(), Array(6).fill(true));
});

test('93: what is corrupt is seen in cache:stats, cleared, and rebuilt', async () => {
  const healthy = await serve({});
  const right = (await healthy.plans('dallas-tx')).data.map(({ external_id }) => external_id);
  await healthy.stop();
  await database.pool.query(`update plan_cache set plans_data = '{"half": "a value"}', packed = '\\x00'`);

  const server = await serve({});
  const read = async () => (await server.plans('dallas-tx')).data.map(({ external_id }) => external_id);
  // Readers get the right plans all the same: from the plans themselves.
  assert.deepEqual(await read(), right);
  const layers = async () => (await run(['cache', 'stats'])).said.layers;
  await until(async () => {
    const { database: cache, active } = await layers();
    return cache.misses > 0 && active.hits > 0;
  }, 60_000);

  await database.pool.query(`update plan_cache set plans_data = '[null, 7]', packed = null`);
  const cleared = await run(['cache', 'clear', '--all']);
  assert.deepEqual([cleared.code, cleared.said.processes], [0, 1]);
  assert.equal((await run(['sync', 'priority'])).code, 0);
  await until(async () => {
    await read();
    return (await cached()).length === 6 && (await cached()).every(Boolean);
  }, 60_000);
  assert.deepEqual(await read(), right);
  await server.stop();
});

/** A worker that was frozen in the middle of a forced sync of everything. */
async function freeze() {
  await age(180);
  const worker = spawnWattsync(['start', '--role', 'worker', '--json'], {
    ...env,
    MAX_CONCURRENT_REQUESTS: '2',
  });
  servers.push(worker.child);
  await until(() => worker.seen.stdout.includes('"started"'), 60_000);
  sandbox.control.setFaults([parseFault('latency:ms=60000')]);
  const asked = spawnWattsync(['sync', 'full', '--force', '--json'], env);
  await until(async () => (await run(['sync', 'status'])).said.queue.claimed.length === 2, 60_000);
  worker.child.kill('SIGSTOP');
  sandbox.control.clearFaults();
  return { worker, asked };
}

const versions = async () =>
  (
    await database.pool.query(
      'select tdsp_duns, max(version) as version from plan_snapshots group by 1 order by 1',
    )
  ).rows;

test('94: a slow database: db:health says why, db:optimize fixes it, db:maintenance takes the load off it', async () => {
  await database.pool.query('drop index idx_plans_primary_lookup');
  await database.pool.query(
    `insert into api_calls (source, endpoint, params, attempt, duration_ms, called_at)
     select 's', '/old', '{}', 1, 5, now() - interval '1 year' from generate_series(1, 20000)`,
  );
  const lines = async () => {
    const { said } = await run(['db', 'health']);
    return said.lines.filter(
      ({ subject }: { subject: string | null }) => subject === 'idx_plans_primary_lookup',
    );
  };
  const [missing] = await lines();
  assert.deepEqual([missing.check, missing.command], ['schema', 'npm run db:optimize']);
  assert.notEqual(missing.verdict, 'ok');

  const fixed = await run(['db', 'optimize']);
  assert.equal(fixed.code, 0);
  const did = fixed.said.actions.find(
    ({ subject }: { subject: string }) => subject === 'idx_plans_primary_lookup',
  );
  assert.deepEqual([did.kind, did.status], ['create_index', 'done']);
  assert.deepEqual(await lines(), []);

  const rows = () =>
    database.pool.query('select count(*)::int as n from api_calls').then((found) => found.rows[0].n);
  const before = await rows();
  const { code, said } = await run(['db', 'maintenance']);
  assert.deepEqual([code, said.status], [0, 'done']);
  assert.equal(await rows(), before - 20_000);
  assert.ok(said.vacuumed.some(({ table }: { table: string }) => table === 'api_calls'));
});

test('95: a stuck queue is seen in sync:status, and sync:stop and sync:priority get it going', async () => {
  const { worker, asked } = await freeze();
  // 1. sync:status says which process holds what, and how to end it.
  const isTold = async () => {
    const { code, said } = await run(['sync', 'status']);
    return code === 1 && said.problems.some(({ check }: Finding) => check === 'claims');
  };
  await until(isTold, 60_000);
  const { stdout } = await wattsync(['sync', 'status'], env);
  assert.match(stdout, new RegExp(`A worker does not answer: process ${worker.child.pid} on`));
  assert.match(stdout, new RegExp(`→ kill -9 ${worker.child.pid}`));
  // 2. sync:stop does not wait for a process that does not answer.
  const stopped = await run(['sync', 'stop']);
  assert.deepEqual([stopped.code, stopped.said.state, stopped.said.unanswered], [0, 'stopped', 2]);
  // 3. sync:priority lets it go on, takes the work over and does it.
  const { code, said } = await run(['sync', 'priority']);
  assert.deepEqual([code, said.status, said.tdsps.length], [0, 'succeeded', 6]);
  assert.equal(await asked.ended, 0);
  const { said: after } = await run(['sync', 'status']);
  assert.deepEqual([after.status, after.control.state, after.queue.total], ['fresh', 'running', 0]);
  // The frozen one comes back late, and publishes nothing over what is there.
  const published = await versions();
  worker.child.kill('SIGCONT');
  await until(async () => (await run(['sync', 'status'])).said.workers[0]?.state === 'alive');
  worker.child.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
  assert.deepEqual(await versions(), published);
});

test('95: where that does not help, sync:emergency ends everything and sync:resume begins anew', async () => {
  const { worker, asked } = await freeze();
  const { code, said } = await run(['sync', 'emergency', '--reason', 'stuck']);
  assert.deepEqual([code, said.state, said.cancelled_tdsps], [0, 'emergency', 6]);
  assert.equal(await asked.ended, 1);
  const during = await run(['sync', 'status']);
  assert.deepEqual(
    [during.code, during.said.queue.total, during.said.problems[0].run],
    [1, 0, 'npm run sync:resume'],
  );
  assert.match(during.said.problems[0].message, /EMERGENCY, declared .* by cli: stuck/);
  const refused = await run(['sync', 'priority']);
  assert.deepEqual([refused.code, refused.said.error.code], [1, 'sync_halted']);

  const before = await versions();
  worker.child.kill('SIGCONT');
  assert.equal((await run(['sync', 'resume'])).code, 0);
  assert.deepEqual(await versions(), before);
  const again = await run(['sync', 'priority']);
  assert.deepEqual([again.code, again.said.errors], [0, []]);
  const after = await run(['sync', 'status']);
  assert.deepEqual([after.code, after.said.healthy], [0, true]);
  worker.child.kill('SIGTERM');
  assert.equal(await worker.ended, 0);
});
