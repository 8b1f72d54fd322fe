import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { test } from 'node:test';
import { Secret } from '../../src/config.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readPayload as readToday } from '../../src/sources/read-payload.ts';
import { readCurrentSnapshots, readSnapshotReadings } from '../../src/store/plans/snapshots.ts';
import {
  countOldPayloads,
  type KeptPayload,
  keepPayload,
  pruneSourcePayloads,
  readPayload,
  toPayload,
} from '../../src/store/plans/source-payloads.ts';
import { Publisher } from '../../src/sync/publish/publisher.ts';
import { allDuns, createTestDatabase, ONCOR, syncAll, testGate, wattsync } from '../support/support.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 40, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
const env = { DATABASE_URL };
const replay = async (...args: string[]) => {
  const { code, stdout, stderr } = await wattsync(['replay', '--json', ...args], env);
  return { code, ...JSON.parse(stdout || stderr) };
};

async function rows<T extends object>(sql: string, values: unknown[] = [], of = database): Promise<T[]> {
  return (await of.pool.query<T>(sql, values)).rows;
}
const count = async (sql: string, of = database): Promise<number> =>
  (await rows<{ n: number }>(`select count(*)::int as n from ${sql}`, [], of))[0]!.n;

/** How many rows of all tables were written since: by the number of the transaction that wrote each. */
async function rowsWrittenBy(work: () => Promise<unknown>, of = database): Promise<Record<string, number>> {
  const [{ before }] = (await rows<{ before: string }>(
    'select pg_snapshot_xmax(pg_current_snapshot())::text as before',
    [],
    of,
  )) as [{ before: string }];
  await work();
  const tables = await rows<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public' order by 1",
    [],
    of,
  );
  const written: Record<string, number> = {};
  for (const { name } of tables) {
    const n = await count(`${name} where xmin::text::bigint >= ${before}`, of);
    if (n > 0) written[name] = n;
  }
  return written;
}

test('every body is kept once, packed, and named by its call, its snapshot and its result', async () => {
  const first = await syncAll(database, source);
  assert.equal(await count('source_payloads'), 6);
  const second = await syncAll(database, source, { force: true });
  assert.equal(await count('source_payloads where times = 2'), 6);
  const [kept] = await rows<{ bytes: number; stored_bytes: number; content_type: string; source: string }>(
    'select * from source_payloads p join plan_snapshots s on s.payload_hash = p.hash where s.tdsp_duns = $1',
    [ONCOR],
  );
  assert.ok(kept!.stored_bytes < kept!.bytes / 4, `${kept!.stored_bytes} of ${kept!.bytes} bytes`);
  assert.match(kept!.content_type, /json/);
  assert.equal(kept!.source, 'sandbox');
  for (const { run_id } of [first, second]) {
    const linked = await rows(
      `select from sync_results r join plan_snapshots s using (tdsp_duns, payload_hash)
         join api_calls c on c.run_id = r.run_id and c.payload_hash = r.payload_hash
        where r.run_id = $1 and c.bytes = (select bytes from source_payloads where hash = r.payload_hash)`,
      [run_id],
    );
    assert.equal(linked.length, 6);
  }
});

test('a sync that brings nothing new writes as many rows for many plans as for few, rejected ones included', async () => {
  const written: Record<string, number>[] = [];
  for (const plansPerTdsp of [20, 120]) {
    // Each market in a database of its own: the guard would hold one that replaced another.
    const { database: own } = await createTestDatabase();
    const other = await startSandbox({ plansPerTdsp, now: () => new Date('2026-06-01T12:00:00Z') });
    other.control.setFaults([parseFault('wrong_types:share=0.2')]);
    const from = new ComparePowerSource(
      { url: other.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
      testGate(own),
    );
    await syncAll(own, from, { force: true });
    const rejected = await count('quarantined_records where resolved_at is null', own);
    assert.ok(rejected > plansPerTdsp / 2, `${rejected} rejected`);
    written.push(await rowsWrittenBy(() => syncAll(own, from, { force: true }), own));
    await other.stop();
  }
  assert.deepEqual(written[0], written[1]);
  assert.equal(written[0]!.electricity_plans, undefined);
  assert.equal(written[0]!.quarantined_records, undefined);
  // Six of each: the snapshot confirmed, the cache kept alive, the body seen, the call, the result, the lease, the permit.
  assert.ok(
    Object.values(written[0]!).every((n) => n <= 6),
    JSON.stringify(written[0]),
  );
});

test('replay finds what is published as it was published, and writes nothing', async () => {
  const written = await rowsWrittenBy(async () => {
    const { code, status, replays } = await replay();
    assert.equal(code, 0, JSON.stringify(replays));
    assert.equal(status, 'same');
    assert.deepEqual(
      replays.map(({ tdsp_duns }: { tdsp_duns: string }) => tdsp_duns).toSorted(),
      allDuns.toSorted(),
    );
    assert.ok(replays.every(({ plans }: { plans: number }) => plans > 15));
  });
  assert.deepEqual(written, {});
});

test('a stored body that was damaged or changed is told as such, and the others are replayed', async () => {
  const { rows } = await database.pool.query(
    `select hash, body from source_payloads where hash = (
       select payload_hash from plan_snapshots where tdsp_duns = $1 order by version desc limit 1)`,
    [allDuns[0]],
  );
  const [{ hash, body }] = rows;
  const other = 'select body from source_payloads where hash <> $1 order by hash limit 1';
  for (const damaged of ["'garbage'::bytea", `(${other})`]) {
    await database.pool.query(`update source_payloads set body = ${damaged} where hash = $1`, [hash]);
    const { code, replays } = await replay();
    assert.equal(code, 1);
    const told = replays.filter(({ status }: { status: string }) => status !== 'same');
    assert.deepEqual([told.length, told[0].status], [1, 'payload_missing']);
    assert.match(told[0].message, /does not match its hash/);
    assert.equal(replays.length, allDuns.length);
  }
  await database.pool.query('update source_payloads set body = $2 where hash = $1', [hash, body]);
});

/** Publishes the kept body of a TDSP as an older normaliser would have read it. */
async function publishAsReadBefore(
  duns: string,
  older: (today: ReturnType<typeof readToday>['tdsps'][0]) => typeof today,
): Promise<void> {
  const [reading] = await readSnapshotReadings(database.pool, [duns]);
  const { payload_hash, origin, observed_at, version } = reading!;
  const payload = (await readPayload(database.pool, payload_hash!)) as KeptPayload;
  const today = readToday({
    source: 'sandbox',
    body: payload.body,
    duns: [duns],
    tdspByName: () => undefined,
  });
  const publisher = new Publisher({ database, cacheTtlMs: 60_000, tuneDatabase: false });
  const outcome = await publisher.publishFetched(
    older(today.tdsps[0]!),
    { source: 'sandbox', origin, observed_at, payload_hash, validators: null, by: 'sync' },
    { run_id: 1, base: { version, observed_at } },
  );
  assert.equal(outcome.status, 'published', outcome.message ?? '');
}

test('replay shows what the normaliser of today reads otherwise, plan by plan and field by field', async () => {
  await publishAsReadBefore(ONCOR, (today) => {
    const [first, second, ...rest] = today.plans as [never, never, ...never[]];
    const { external_id } = second as { external_id: string };
    const changed = { ...(second as object), name: 'As it was read before', percent_green: 1 } as never;
    return {
      ...today,
      plans: [changed, { ...(first as object), external_id: `former-${external_id}` } as never, ...rest],
    };
  });
  const [current] = await readSnapshotReadings(database.pool, [ONCOR]);
  const { version } = current!;
  const { code, status, replays } = await replay('--snapshot', `ONCOR@${version}`);
  assert.deepEqual([code, status], [1, 'differs'], JSON.stringify(replays));
  const { difference } = replays[0];
  assert.equal(difference.added.length, 1);
  assert.equal(difference.gone.length, 1);
  assert.match(difference.gone[0].external_id, /^former-/);
  assert.deepEqual(
    difference.changed[0].changes.map(({ field }: { field: string }) => field),
    ['name', 'percent_green'],
  );
  const { stdout, code: exit } = await wattsync(['replay', '--snapshot', `${ONCOR}@${version}`], env);
  assert.equal(exit, 1);
  assert.match(stdout, new RegExp(`Oncor@${version} +DIFFERS`));
  assert.match(stdout, /name: "As it was read before" →/);
  await syncAll(database, source, { force: true });
  assert.equal((await replay()).code, 0);
});

test('after a fix the rejected records of the current snapshots are published with one command, once', async () => {
  const before = new Map((await readCurrentSnapshots(database.pool)).map((one) => [one.tdsp_duns, one]));
  const unreadable = ['reason of then'];
  await publishAsReadBefore(ONCOR, (today) => {
    const rejected = today.plans.slice(0, 4).map((plan) => ({
      external_id: plan.external_id,
      field: 'x',
      value: null,
      reason: unreadable[0]!,
      record: { plan },
    }));
    return { ...today, plans: today.plans.slice(4), rejections: [...today.rejections, ...rejected] };
  });
  const open = () => count(`quarantined_records where reason = '${unreadable[0]}' and resolved_at is null`);
  assert.equal(await open(), 4);

  const looked = await replay('--rejected');
  assert.deepEqual([looked.code, looked.status], [1, 'readable']);
  assert.equal(looked.tdsps[0].readable.length, 4);
  assert.equal(looked.records.filter(({ reason }: { reason: string }) => reason === unreadable[0]).length, 4);
  assert.equal(await open(), 4);

  const [calls, held] = [sandbox.control.state().calls.total, await readCurrentSnapshots(database.pool)];
  const done = await replay('--rejected', '--publish');
  assert.deepEqual([done.code, done.status], [0, 'published'], JSON.stringify(done));
  assert.equal(sandbox.control.state().calls.total, calls, 'no upstream is called');
  assert.equal(await open(), 0);
  const resolved = await rows(
    `select distinct q.resolution, q.resolved_by, r.kind, r.requested_by from quarantined_records q
       join sync_runs r on r.id = q.resolved_run_id where q.reason = $1`,
    [unreadable[0]],
  );
  assert.deepEqual(resolved, [
    { resolution: 'readable', resolved_by: 'replay', kind: 'replay', requested_by: 'cli' },
  ]);
  const after = new Map((await readCurrentSnapshots(database.pool)).map((one) => [one.tdsp_duns, one]));
  const published = after.get(ONCOR)!;
  const then = held.find(({ tdsp_duns }) => tdsp_duns === ONCOR)!;
  assert.equal(published.version, then.version + 1);
  assert.equal(published.content_hash, before.get(ONCOR)!.content_hash);
  // Nobody has asked the upstream: the plans are not fresher than they were.
  assert.deepEqual(published.observed_at, then.observed_at);
  assert.equal(published.origin, then.origin);
  assert.equal(await count(`sync_results where run_id = ${done.run_id} and status = 'published'`), 1);

  const again = await replay('--rejected', '--publish');
  assert.deepEqual([again.code, again.status, again.run_id], [0, 'nothing_readable', null]);
  assert.deepEqual(await readCurrentSnapshots(database.pool), [...after.values()]);
});

test('a sync that reads a record again closes it, and one that is not sent any more', async () => {
  sandbox.control.setFaults([parseFault('wrong_types:share=0.3')]);
  await syncAll(database, source, { force: true });
  sandbox.control.clearFaults();
  const open = () => count('quarantined_records where resolved_at is null');
  assert.ok((await open()) > 5);
  const { run_id } = await syncAll(database, source, { force: true });
  assert.equal(await open(), 0);
  const resolutions = await rows<{ resolution: string }>(
    `select distinct resolution from quarantined_records where resolved_by = 'sync' and resolved_run_id = $1 order by 1`,
    [run_id],
  );
  // Records without a readable id cannot be told to have come back.
  assert.deepEqual(
    resolutions.map(({ resolution }) => resolution),
    ['gone', 'readable'],
  );
});

test('bodies that could not be read, and those of snapshots that were held back, are kept and can be replayed', async () => {
  const since = new Date().toISOString();
  sandbox.control.setFaults([parseFault('malformed')]);
  await syncAll(database, source, { force: true, tdsps: [ONCOR] });
  sandbox.control.setFaults([parseFault('shrunk')]);
  const held = await syncAll(database, source, { force: true, tdsps: [ONCOR] });
  sandbox.control.clearFaults();
  assert.equal(held.tdsps[0]!.status, 'held');
  const { code, replays } = await replay('--since', since);
  assert.equal(code, 0, JSON.stringify(replays));
  const told = replays.map(({ tdsp_duns, status, plans }: Record<string, unknown>) => ({
    tdsp_duns,
    status,
    plans,
  }));
  const unreadable = told.find(({ status }: { status: string }) => status === 'same');
  assert.deepEqual(unreadable, { tdsp_duns: null, status: 'same', plans: null });
  const shrunk = told.find(({ status }: { status: string }) => status === 'unpublished');
  assert.ok(shrunk.plans > 0 && shrunk.tdsp_duns === ONCOR, JSON.stringify(told));
  const { payload_hash } = replays.find(({ status }: { status: string }) => status === 'unpublished');
  assert.equal((await replay('--payload', payload_hash.slice(0, 10))).replays.length, 1);
});

test('a key that the upstream repeats is stored nowhere', async () => {
  const key = 'hunter2-hunter2-hunter2';
  const answer: RequestListener = (request, response) =>
    void response.writeHead(403).end(`the key ${request.headers['x-api-key']} is not known`);
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  test.after(() => server.close());
  const { port } = server.address() as { port: number };
  const locked = new ComparePowerSource(
    { url: `http://127.0.0.1:${port}`, apiKey: new Secret(key), apiKeyHeader: 'X-API-Key' },
    testGate(database),
  );
  const report = await syncAll(database, locked, { tdsps: [ONCOR] });
  assert.equal(report.errors[0]!.code, 'upstream_denied');
  assert.match(report.errors[0]!.message, /the key \*+ is not known/);
  const [call] = await rows<{ payload_hash: string }>(
    'select payload_hash from api_calls where run_id = $1 and status = 403',
    [report.run_id],
  );
  const kept = (await readPayload(database.pool, call!.payload_hash)) as KeptPayload;
  assert.equal(Buffer.from(kept.body).toString(), `the key ${'*'.repeat(key.length)} is not known`);
  const tables = await rows<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public'",
  );
  for (const { name } of tables) {
    assert.equal(await count(`${name} t where t::text like '%${key}%'`), 0, name);
  }
});

test('old bodies go, except what a current snapshot or an open rejected record came in', async () => {
  await syncAll(database, source, { force: true });
  const seen_at = new Date('2026-01-01T00:00:00Z');
  const facts = { source: 'sandbox', origin: 'test', request: { endpoint: '/', params: {} }, seen_at };
  const bodies = ['forgotten', 'rejected'].map((text) => toPayload(Buffer.from(text))!);
  for (const body of bodies) {
    await keepPayload(database.pool, body, { ...facts, status: 200, content_type: null });
  }
  await database.pool.query(
    `insert into quarantined_records (source, tdsp_duns, record_hash, field, reason, record, times, first_seen_at,
       last_seen_at, payload_hash)
     values ('sandbox', $1, 'x', 'x', 'x', '{}', 1, now(), now(), $2)`,
    [ONCOR, bodies[1]!.hash],
  );
  await database.pool.query("update source_payloads set last_seen_at = '2026-01-01'");
  const current = new Set(
    (await readSnapshotReadings(database.pool, allDuns)).map((one) => one.payload_hash),
  );
  assert.equal(current.size, 6);
  const old = await countOldPayloads(database.pool, new Date('2026-02-01T00:00:00Z'));
  assert.ok(old > 0);
  assert.equal(await pruneSourcePayloads(database.pool, new Date('2025-12-01T00:00:00Z')), 0);
  assert.equal(await pruneSourcePayloads(database.pool, new Date('2026-02-01T00:00:00Z'), 1), 1);
  assert.equal(await pruneSourcePayloads(database.pool, new Date('2026-02-01T00:00:00Z')), old - 1);
  const left = await rows<{ hash: string }>('select hash from source_payloads');
  assert.deepEqual(new Set(left.map(({ hash }) => hash)), new Set([...current, bodies[1]!.hash]));
  assert.equal((await replay()).code, 0);
});

test('of a TDSP the youngest thousand rejected records are kept', async () => {
  const outcome = async (from: number) => {
    const rejections = Array.from({ length: 700 }, (_, n) => ({
      external_id: `r${from + n}`,
      field: 'x',
      value: n,
      reason: 'bad',
      record: { n: from + n },
    }));
    const [reading] = await readSnapshotReadings(database.pool, [ONCOR]);
    const { origin, version, observed_at } = reading!;
    const body = toPayload(Buffer.from(`body ${from}`))!;
    const publisher = new Publisher({ database, cacheTtlMs: 60_000, tuneDatabase: false });
    return publisher.publishFetched(
      { tdsp_duns: ONCOR, plans: [], rejections },
      {
        source: 'sandbox',
        origin,
        observed_at: new Date(),
        payload_hash: body.hash,
        validators: null,
        by: 'sync',
      },
      { run_id: 1, base: { version, observed_at } },
    );
  };
  for (const from of [0, 1_000]) assert.equal((await outcome(from)).status, 'held');
  assert.equal(await count(`quarantined_records where source = 'sandbox' and tdsp_duns = '${ONCOR}'`), 1_000);
  assert.equal(
    await count("quarantined_records where external_id like 'r1%' and length(external_id) = 5"),
    700,
  );
});

const USAGE: [args: string[], said: RegExp][] = [
  [['--snapshot', 'ONCOR'], /such as ONCOR@7/],
  [['--snapshot', 'NOBODY@1'], /TDSPs: /],
  [['--snapshot', 'ONCOR@999'], /never published/],
  [['--payload', 'xyz'], /first six hex digits/],
  [['--payload', 'abcdef012345'], /No kept body/],
  [['--since', 'yesterday'], /2026-06-01T12:00:00Z/],
  [['--publish'], /goes with --rejected/],
  [['--rejected', '--since', '2026-06-01'], /at a time/],
];
for (const [args, said] of USAGE) {
  test(`wattsync replay ${args.join(' ')} is bad usage: exit code 2`, async () => {
    const { code, stderr } = await wattsync(['replay', ...args], env);
    assert.equal(code, 2);
    assert.match(stderr, said);
  });
}
