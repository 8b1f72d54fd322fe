/** The gate, as several processes with one PostgreSQL see it. Each gate here has a connection pool of its own. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { Secret } from '../../src/config.ts';
import {
  CallBudgetExhaustedError,
  CircuitOpenError,
  Gate,
  type GateOptions,
} from '../../src/sources/gate.ts';
import { expectSuccess, getAnswer } from '../../src/sources/http.ts';
import { type Database, openDatabase } from '../../src/store/postgres/database.ts';
import { readGate } from '../../src/store/upstream/permits.ts';
import { createTestDatabase, until } from '../support/support.ts';

const { database, url } = await createTestDatabase();

/** An upstream that writes down when it was called. */
async function startUpstream(answer: RequestListener): Promise<{ url: string; calledAt: number[] }> {
  const calledAt: number[] = [];
  const server = createServer((request, response) => {
    calledAt.push(performance.now());
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calledAt };
}

async function openPool(): Promise<Database> {
  const pool = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 4 });
  after(() => pool.close());
  return pool;
}

const gateWith = (options: Partial<GateOptions>, on: Database = database): Gate =>
  new Gate(
    {
      maxConcurrentRequests: 50,
      rateLimitPerSecond: 1_000,
      callBudgetPerHour: 10_000,
      attempts: 1,
      backoffMs: 1,
      ...options,
    },
    on,
  );

let sources = 0;
/** A source nobody has called yet. */
const newSource = (): string => `source-${++sources}`;

function callOf(
  gate: Gate,
  source: string,
  upstreamUrl: string,
  options: { force?: boolean; signal?: AbortSignal } = {},
) {
  const { force = false, signal = new AbortController().signal } = options;
  return gate.call(
    {
      source,
      origin: 'test',
      endpoint: '/',
      params: {},
      perform: (own) => getAnswer(upstreamUrl, {}, own),
      read: (answer) => {
        expectSuccess(answer, 'upstream', new Date());
        return answer.status;
      },
    },
    { run_id: 1, isForced: force, signal },
  );
}

const outcomes = async (calls: Promise<unknown>[]): Promise<{ ok: number; errors: unknown[] }> => {
  const settled = await Promise.allSettled(calls);
  const errors = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  return { ok: settled.length - errors.length, errors };
};

const well: RequestListener = (_request, response) => void response.end('[]');
const ill: RequestListener = (_request, response) => void response.writeHead(500).end();

test('several processes together never exceed the rate in any second, nor the calls at once', async () => {
  let running = 0;
  let most = 0;
  const upstream = await startUpstream((_request, response) => {
    most = Math.max(most, ++running);
    setTimeout(() => {
      running -= 1;
      response.end('[]');
    }, 20);
  });
  const source = newSource();
  const gates = await Promise.all(
    [1, 2, 3].map(async () =>
      gateWith({ rateLimitPerSecond: 8, maxConcurrentRequests: 3 }, await openPool()),
    ),
  );
  const { ok, errors } = await outcomes(
    Array.from({ length: 20 }, (_, at) => callOf(gates[at % 3]!, source, upstream.url)),
  );
  assert.deepEqual([ok, errors], [20, []]);
  assert.ok(most <= 3, `${most} calls at once`);
  for (const from of upstream.calledAt) {
    const within = upstream.calledAt.filter((at) => at >= from && at < from + 1_000).length;
    assert.ok(within <= 8, `${within} calls within a second`);
  }
});

test('the budget holds for all processes, and forced calls have a reserve of it', async () => {
  const upstream = await startUpstream(well);
  const source = newSource();
  const gates = await Promise.all(
    [1, 2].map(async () => gateWith({ callBudgetPerHour: 20 }, await openPool())),
  );
  const { ok, errors } = await outcomes(
    Array.from({ length: 30 }, (_, at) => callOf(gates[at % 2]!, source, upstream.url)),
  );
  assert.equal(ok, 15);
  assert.ok(errors.every((error) => error instanceof CallBudgetExhaustedError));
  const forced = await outcomes(
    Array.from({ length: 8 }, (_, at) => callOf(gates[at % 2]!, source, upstream.url, { force: true })),
  );
  assert.equal(forced.ok, 5);
  assert.equal(upstream.calledAt.length, 20);
});

test('the budget is one of any hour, and says when the next call is possible', async () => {
  const upstream = await startUpstream(well);
  const source = newSource();
  const clock = { now: new Date('2026-07-01T12:00:00Z') };
  const gate = gateWith({ callBudgetPerHour: 3, now: () => clock.now });
  const call = () => callOf(gate, source, upstream.url);
  for (const minute of [0, 20, 40]) {
    clock.now = new Date(Date.UTC(2026, 6, 1, 12, minute));
    await call();
  }
  clock.now = new Date('2026-07-01T12:59:59Z');
  await assert.rejects(call, { code: 'call_budget_exhausted', message: /possible at 2026-07-01T13:00:00Z/ });
  clock.now = new Date('2026-07-01T13:00:01Z');
  await call();
  await assert.rejects(call, { message: /possible at 2026-07-01T13:20:00Z/ });
});

test('forced calls pass the rate, count in the hour, and have a small budget of their own', async () => {
  const upstream = await startUpstream(well);
  const source = newSource();
  const options = { callBudgetPerHour: 100, emergencyBudgetPerHour: 4, rateLimitPerSecond: 1 };
  const gates = await Promise.all([1, 2].map(async () => gateWith(options, await openPool())));
  const forced = await outcomes(
    Array.from({ length: 9 }, (_, at) => callOf(gates[at % 2]!, source, upstream.url, { force: true })),
  );
  assert.equal(forced.ok, 4);
  for (const error of forced.errors) {
    assert.ok(error instanceof CallBudgetExhaustedError);
    assert.match(error.message, /4 forced calls .* EMERGENCY_CALL_BUDGET_PER_HOUR is 4/);
    assert.ok(error.until.getTime() > Date.now() + 3_500_000);
  }
  const [first, last] = [Math.min(...upstream.calledAt), Math.max(...upstream.calledAt)];
  assert.ok(last - first < 3_000, 'one a second would have taken longer');
  await callOf(gates[0]!, source, upstream.url);
  assert.equal(upstream.calledAt.length, 5);
  assert.equal((await readGate(database.pool, source))!.calls_last_hour, 5);
});

test('between two batches of calls there is a pause, whichever processes make them', async () => {
  const upstream = await startUpstream(well);
  const source = newSource();
  const gates = await Promise.all(
    [1, 2, 3].map(async () => gateWith({ batchSize: 4, batchDelayMs: 400 }, await openPool())),
  );
  const { ok } = await outcomes(
    Array.from({ length: 12 }, (_, at) => callOf(gates[at % 3]!, source, upstream.url)),
  );
  assert.equal(ok, 12);
  const granted = await database.pool.query<{ granted_at: Date }>(
    'select granted_at from upstream_permits where source = $1 order by granted_at',
    [source],
  );
  const times = granted.rows.map(({ granted_at }) => granted_at.getTime());
  // Of any five calls that follow each other two are at least a pause apart.
  for (let at = 4; at < times.length; at++) {
    const gaps = [3, 2, 1, 0].map((back) => times[at - back]! - times[at - back - 1]!);
    assert.ok(Math.max(...gaps) >= 400, `${gaps}`);
  }
});

test('a call that was never finished stays in the count, and its place is free again after its deadline', async () => {
  const upstream = await startUpstream(well);
  const source = newSource();
  const clock = { now: new Date('2026-07-01T12:00:00Z') };
  const options = { callBudgetPerHour: 3, maxConcurrentRequests: 1, timeoutMs: 10_000, now: () => clock.now };
  // As a process leaves it that is killed in the middle of a call.
  await database.pool.query(
    `insert into upstream_permits (source, granted_at, expires_at) values ($1, $2, $2::timestamptz + interval '15 s')`,
    [source, clock.now],
  );
  const gate = gateWith({ ...options, totalMs: 300 });
  await assert.rejects(callOf(gate, source, upstream.url), { code: 'upstream_unreachable' });
  clock.now = new Date('2026-07-01T12:00:16Z');
  await callOf(gate, source, upstream.url);
  await callOf(gate, source, upstream.url);
  await assert.rejects(callOf(gate, source, upstream.url), { code: 'call_budget_exhausted' });
  assert.equal(upstream.calledAt.length, 2);
});

test('after failures in a row nobody calls; then one probe for all, and nobody waits for it', async () => {
  let answer: RequestListener = ill;
  const upstream = await startUpstream((request, response) => answer(request, response));
  const source = newSource();
  const clock = { now: new Date('2026-07-01T12:00:00Z') };
  const gates = await Promise.all(
    [1, 2].map(async () => gateWith({ now: () => clock.now }, await openPool())),
  );
  for (let at = 0; at < 5; at++) {
    await assert.rejects(callOf(gates[at % 2]!, source, upstream.url), { code: 'upstream_failed' });
  }
  for (const gate of gates) await assert.rejects(callOf(gate, source, upstream.url), CircuitOpenError);
  assert.equal(upstream.calledAt.length, 5);

  clock.now = new Date('2026-07-01T12:00:31Z');
  const waiting = Promise.withResolvers<void>();
  answer = (_request, response) => void waiting.promise.then(() => response.end('[]'));
  const calls = Array.from({ length: 100 }, (_, at) => callOf(gates[at % 2]!, source, upstream.url));
  const refused = calls.map((call) =>
    call.then(
      () => false,
      (error) => error instanceof CircuitOpenError,
    ),
  );
  let told = 0;
  for (const one of refused) void one.then((isRefused) => (told += Number(isRefused)));
  // 99 are told at once, while the probe is still under way.
  await until(() => told === 99);
  waiting.resolve();
  assert.equal((await outcomes(calls)).ok, 1);
  assert.equal(upstream.calledAt.length, 6);
  answer = well;
  assert.equal((await outcomes(gates.map((gate) => callOf(gate, source, upstream.url)))).ok, 2);
});

test('who insists while the circuit is open waits for the probe: all come through, or all hear that it failed', async () => {
  const held: (() => void)[] = [];
  let status = 200;
  const upstream = await startUpstream((_request, response) => {
    held.push(() => response.writeHead(status).end('[]'));
  });
  const source = newSource();
  const clock = { now: new Date('2026-07-01T12:00:00Z') };
  /** How often each caller asked what time it is. */
  const asked = new Array<number>(6).fill(0);
  const gates = asked.map((_, at) =>
    gateWith({
      now: () => {
        asked[at]! += 1;
        return clock.now;
      },
    }),
  );
  const insist = async () => {
    await database.pool.query(
      `insert into upstream_gates (source, failures, openings, open_until, opened_at) values ($1, 5, 1, $2, $2)
       on conflict (source) do update set open_until = excluded.open_until, opened_at = excluded.opened_at`,
      [source, new Date(clock.now.getTime() + 30_000)],
    );
    const calls = upstream.calledAt.length;
    asked.fill(0);
    const ended = outcomes(gates.map((gate) => callOf(gate, source, upstream.url, { force: true })));
    // The probe asks twice, for its permit and for its time; who waits for it asks again.
    await until(() => held.length === 1 && asked.every((times) => times >= 2));
    assert.equal(upstream.calledAt.length, calls + 1);
    while (held.length > 0) held.pop()!();
    const answering = setInterval(() => held.pop()?.(), 5);
    const { ok, errors } = await ended;
    clearInterval(answering);
    return { ok, errors, calls: upstream.calledAt.length - calls };
  };
  assert.deepEqual(await insist(), { ok: 6, errors: [], calls: 6 });
  status = 500;
  const { ok, errors, calls } = await insist();
  assert.deepEqual([ok, calls], [0, 1]);
  assert.equal(errors.filter((error) => /just tried and failed/.test((error as Error).message)).length, 5);
});

test('a probe that dies holds nobody up for longer than its deadline', async () => {
  const upstream = await startUpstream(well);
  const source = newSource();
  const clock = { now: new Date('2026-07-01T12:00:00Z') };
  const gate = gateWith({ now: () => clock.now });
  await database.pool.query(
    `insert into upstream_gates (source, failures, openings, open_until, opened_at, probe_until)
     values ($1, 5, 1, $2::timestamptz - interval '1 s', $2::timestamptz - interval '31 s', $2::timestamptz + interval '20 s')`,
    [source, clock.now],
  );
  await assert.rejects(callOf(gate, source, upstream.url), CircuitOpenError);
  clock.now = new Date('2026-07-01T12:00:21Z');
  await callOf(gate, source, upstream.url);
  assert.equal((await readGate(database.pool, source))?.open_until, null);
});

test('a day without the upstream costs fewer than 200 calls, and it is found again within ten minutes', async () => {
  let answer: RequestListener = ill;
  const upstream = await startUpstream((request, response) => answer(request, response));
  const source = newSource();
  const start = Date.parse('2026-07-01T00:00:00Z');
  const clock = { now: new Date(start) };
  const gate = gateWith({ now: () => clock.now });
  // Somebody asks every 20 s. After two hours those who would be refused are left out: they cost 4,000 transactions,
  // and the first 360 have shown that they change nothing.
  for (let second = 0; second < 86_400; ) {
    clock.now = new Date(start + second * 1000);
    await outcomes([callOf(gate, source, upstream.url)]);
    const { open_until } = (await readGate(database.pool, source))!;
    const openSeconds = ((open_until?.getTime() ?? 0) - start) / 1000;
    second = Math.max(second + 20, second < 7_200 ? 0 : Math.ceil(openSeconds / 20) * 20);
  }
  const calls = upstream.calledAt.length;
  assert.ok(calls > 100 && calls < 200, `${calls} calls`);
  answer = well;
  let wait = 0;
  while ((await outcomes([callOf(gate, source, upstream.url)])).ok === 0) {
    wait += 20;
    clock.now = new Date(clock.now.getTime() + 20_000);
  }
  assert.ok(wait <= 620, `${wait} s`);
});

test('an upstream that comes and goes every half minute does not make the circuit flap', async () => {
  const clock = { now: new Date('2026-07-01T00:00:00Z') };
  const isUp = () => clock.now.getUTCSeconds() < 30;
  const upstream = await startUpstream((request, response) => (isUp() ? well : ill)(request, response));
  const source = newSource();
  const gate = gateWith({ now: () => clock.now });
  let transitions = 0;
  let wasOpen = false;
  for (let second = 0; second < 3_600; second += 2) {
    clock.now = new Date(Date.UTC(2026, 6, 1, 0, 0, second));
    await outcomes([callOf(gate, source, upstream.url)]);
    const isOpen = (await readGate(database.pool, source))!.open_until !== null;
    transitions += Number(isOpen !== wasOpen);
    wasOpen = isOpen;
  }
  assert.ok(transitions >= 2 && transitions <= 20, `${transitions} transitions`);
});

test('what is wrong with our request opens nothing', async () => {
  const upstream = await startUpstream((_request, response) => void response.writeHead(400).end('bad duns'));
  const source = newSource();
  const gate = gateWith({});
  for (let at = 0; at < 8; at++) {
    await assert.rejects(callOf(gate, source, upstream.url), { code: 'upstream_rejected' });
  }
});

for (const [header, waitSeconds] of [
  ['30', 30],
  ['Wed, 01 Jul 2026 12:01:00 GMT', 60],
  ['99999999', 3_600],
  ['-5', 0],
  ['soon', 0],
] as const) {
  test(`Retry-After: ${header} is obeyed by all processes for ${waitSeconds} s`, async () => {
    let answer: RequestListener = (_request, response) =>
      void response.writeHead(429, { 'retry-after': header }).end();
    const upstream = await startUpstream((request, response) => answer(request, response));
    const source = newSource();
    const clock = { now: new Date('2026-07-01T12:00:00Z') };
    const gates = await Promise.all(
      [1, 2].map(async () => gateWith({ now: () => clock.now }, await openPool())),
    );
    const call = (gate: Gate) =>
      gate.call(
        {
          source,
          origin: 'test',
          endpoint: '/',
          params: {},
          perform: (own) => getAnswer(upstream.url, {}, own),
          read: (got) => expectSuccess(got, 'upstream', clock.now),
        },
        { run_id: 1, isForced: false, signal: new AbortController().signal },
      );
    await assert.rejects(call(gates[0]!), { code: 'upstream_rate_limited' });
    answer = well;
    if (waitSeconds > 0) {
      clock.now = new Date(Date.UTC(2026, 6, 1, 12, 0, waitSeconds - 1));
      await assert.rejects(call(gates[1]!), { code: 'circuit_open', message: /asked to be left alone/ });
    }
    clock.now = new Date(Date.UTC(2026, 6, 1, 12, 0, waitSeconds + 1));
    await call(gates[1]!);
  });
}

test('a second attempt does not come before the upstream asked for it', async () => {
  const upstream = await startUpstream((_request, response) => {
    if (upstream.calledAt.length > 1) response.end('[]');
    else response.writeHead(429, { 'retry-after': '1' }).end();
  });
  const gate = gateWith({ attempts: 2, backoffMs: 1 });
  assert.equal(await callOf(gate, newSource(), upstream.url), 200);
  const [first, second] = upstream.calledAt as [number, number];
  // A few milliseconds of that may have passed on the way to us.
  assert.ok(second - first > 950, `${second - first} ms`);
});

test('an upstream that hangs is left, and its place is free for the next', async () => {
  let answer: RequestListener = () => {};
  const upstream = await startUpstream((request, response) => answer(request, response));
  const source = newSource();
  const gate = gateWith({ maxConcurrentRequests: 1, timeoutMs: 100 });
  await assert.rejects(callOf(gate, source, upstream.url), { code: 'upstream_unreachable' });
  answer = well;
  assert.equal(await callOf(gate, source, upstream.url), 200);
});

test('all attempts and all waiting together end at the total deadline', async () => {
  const upstream = await startUpstream(() => {});
  const gate = gateWith({ attempts: 50, timeoutMs: 50, totalMs: 200 });
  await assert.rejects(callOf(gate, newSource(), upstream.url), { code: 'upstream_unreachable' });
});

test('a caller who stops does not count as a failure of the upstream', async () => {
  const upstream = await startUpstream(() => {});
  const source = newSource();
  const gate = gateWith({});
  for (let at = 0; at < 6; at++) {
    const stopping = new AbortController();
    const call = callOf(gate, source, upstream.url, { signal: stopping.signal });
    await until(() => upstream.calledAt.length === at + 1);
    stopping.abort();
    await assert.rejects(call);
  }
  assert.equal((await readGate(database.pool, source))?.open_until, null);
});

test('a process that was frozen in the middle of calls opens no circuit', async ({ mock }) => {
  const upstream = await startUpstream(() => {});
  const source = newSource();
  const gate = gateWith({ timeoutMs: 300 });
  let frozenMs = 0;
  const now = performance.now.bind(performance);
  mock.method(performance, 'now', () => now() + frozenMs);
  const calls = outcomes(Array.from({ length: 6 }, () => callOf(gate, source, upstream.url)));
  await until(() => upstream.calledAt.length === 6);
  frozenMs = 60_000;
  assert.equal((await calls).ok, 0);
  const { failures, open_until } = (await readGate(database.pool, source))!;
  assert.deepEqual([failures, open_until], [0, null]);
});
