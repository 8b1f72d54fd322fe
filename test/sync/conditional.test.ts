/** An upstream that names the versions of its answers sends no plans twice, and cannot take any away by naming them wrongly. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import type { PlanSource } from '../../src/sources/source.ts';
import { requestClear } from '../../src/store/cache/cache-clears.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { readCurrentSnapshots } from '../../src/store/plans/snapshots.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import {
  allDuns,
  createTestDatabase,
  ONCOR,
  syncAll,
  territory,
  testGate,
  until,
} from '../support/support.ts';

const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
after(() => sandbox.stop());

async function newStore() {
  const { database } = await createTestDatabase();
  sandbox.control.reset();
  sandbox.control.clearFaults();
  const source = new ComparePowerSource(
    { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
    testGate(database),
  );
  const count = async (from: string): Promise<number> =>
    (await database.pool.query(`select count(*)::int as n from ${from}`)).rows[0].n;
  const statuses = async (): Promise<number[]> =>
    (await database.pool.query('select status from api_calls order by id')).rows.map(({ status }) => status);
  const sync = async (options: { tdsps?: string[]; force?: boolean; source?: PlanSource } = {}) => {
    await database.pool.query('delete from api_calls');
    const report = await syncAll(database, options.source ?? source, { tdsps: [ONCOR], ...options });
    return { report, statuses: await statuses() };
  };
  return { database, source, sync, count };
}
/** As if it had been read long ago. */
const OLDER = "update plan_snapshots set observed_at = observed_at - interval '1 hour'";

test('what has not changed is confirmed without a body, counted as a call, and told to every process', async () => {
  const { database, sync, count } = await newStore();
  const first = await sync({ tdsps: allDuns });
  assert.deepEqual(first.statuses, [200, 200, 200, 200, 200, 200]);
  const before = await readCurrentSnapshots(database.pool);
  assert.ok(before.every(({ validators }) => /^"[0-9a-f]{40}"$/.test(validators?.etag ?? '')));
  await database.pool.query(OLDER);
  await database.pool.query("update plan_cache set expires_at = now() + interval '1 second'");
  const heard: string[] = [];
  const listener = new PublishListener(database, ({ tdsp_duns }) => heard.push(tdsp_duns));
  await listener.start();
  after(() => listener.stop());
  heard.length = 0;
  const { report, statuses } = await sync({ tdsps: allDuns });
  assert.deepEqual(statuses, [304, 304, 304, 304, 304, 304]);
  assert.equal(report.api_calls, 6);
  assert.ok(report.tdsps.every(({ status }) => status === 'unchanged'));
  assert.equal(
    report.plans.unchanged,
    before.reduce((sum, { plans }) => sum + plans, 0),
  );
  const now = await readCurrentSnapshots(database.pool);
  for (const [at, snapshot] of now.entries()) {
    assert.ok(snapshot.observed_at >= before[at]!.observed_at);
    assert.deepEqual({ ...snapshot, observed_at: 0 }, { ...before[at]!, observed_at: 0 });
  }
  assert.equal(await count("plan_cache where expires_at > now() + interval '1 hour'"), 6);
  await until(() => new Set(heard).size === 6);
});

test('what has changed comes whole, under its new name', async () => {
  const { database, sync } = await newStore();
  await sync();
  sandbox.control.advance(3);
  assert.deepEqual((await sync()).statuses, [200]);
  const [snapshot] = await readCurrentSnapshots(database.pool);
  assert.equal(snapshot!.version, 2);
  assert.deepEqual((await sync()).statuses, [304]);
  assert.equal((await readCurrentSnapshots(database.pool))[0]!.version, 2);
});

test('a forced sync asks for everything', async () => {
  const { sync } = await newStore();
  await sync();
  assert.deepEqual((await sync({ force: true })).statuses, [200]);
  assert.deepEqual((await sync()).statuses, [304]);
});

test('what was held back, failed, or had records that could not be read lends its name to nothing', async () => {
  const { database, sync } = await newStore();
  await sync();
  const etag = async () => (await readCurrentSnapshots(database.pool))[0]!.validators?.etag ?? null;
  const published = await etag();
  assert.notEqual(published, null);
  sandbox.control.setFaults([parseFault('cents')]);
  const held = await sync();
  assert.equal(held.report.errors[0]!.code, 'snapshot_held');
  assert.equal(await etag(), published);
  sandbox.control.setFaults([parseFault('malformed')]);
  assert.equal((await sync()).report.status, 'failed');
  assert.equal(await etag(), published);
  sandbox.control.setFaults([parseFault('wrong_types:share=0.1')]);
  const rejected = await sync();
  assert.equal(rejected.report.status, 'succeeded');
  assert.ok(rejected.report.plans.rejected > 0);
  assert.equal(await etag(), null);
  assert.deepEqual((await sync()).statuses, [200], 'read again, until it can be read');
  sandbox.control.clearFaults();
  assert.deepEqual((await sync()).statuses, [200]);
  assert.deepEqual((await sync()).statuses, [304]);
});

test('plans from elsewhere are asked for whole', async () => {
  const { database, source, sync } = await newStore();
  await sync();
  const elsewhere = new ComparePowerSource(
    { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key', origin: 'elsewhere' },
    testGate(database),
  );
  assert.deepEqual((await sync({ source: elsewhere })).statuses, [200]);
  assert.deepEqual((await sync({ source: elsewhere })).statuses, [304]);
  assert.deepEqual((await sync({ source })).statuses, [200]);
});

test('a 304 where nothing is stored is an error, and the plans come as soon as it is over', async () => {
  const { database, sync } = await newStore();
  sandbox.control.setFaults([parseFault('not_modified')]);
  const { report, statuses } = await sync();
  assert.deepEqual(statuses, [304, 304, 304]);
  assert.deepEqual([report.status, report.errors[0]!.code], ['failed', 'upstream_unreadable']);
  assert.match(report.errors[0]!.message, /but was asked for the whole answer/);
  assert.equal((await readCurrentSnapshots(database.pool)).length, 0);
  sandbox.control.clearFaults();
  assert.deepEqual((await sync()).statuses, [200]);
});

test('after a clear a 304 leaves all plans where they are', async () => {
  const { database, sync, count } = await newStore();
  await sync();
  const before = await readActivePlanSet(database.pool, ONCOR);
  await requestClear(database, null);
  assert.equal(await count('plan_cache'), 0);
  assert.deepEqual((await sync()).statuses, [304]);
  const set = await readActivePlanSet(database.pool, ONCOR);
  assert.deepEqual(set?.plans, before!.plans);
  assert.ok(set!.observed_at > before!.observed_at);
});

test('an upstream that keeps the old name for new plans is believed for a day, and by nobody who insists', async () => {
  const { database, sync } = await newStore();
  sandbox.control.setFaults([parseFault('stuck_etag')]);
  await sync();
  sandbox.control.advance(3);
  assert.deepEqual((await sync()).statuses, [304]);
  const version = async () => (await readCurrentSnapshots(database.pool))[0]!.version;
  assert.equal(await version(), 1);
  await database.pool.query(
    `update plan_snapshots set validators = jsonb_set(validators, '{body_at}', to_jsonb((now() - interval '24 hours')::text))`,
  );
  assert.deepEqual((await sync()).statuses, [200]);
  assert.equal(await version(), 2);
  sandbox.control.advance(3);
  assert.deepEqual((await sync()).statuses, [304]);
  assert.deepEqual((await sync({ force: true })).statuses, [200]);
  assert.equal(await version(), 3);
});

/** An upstream of one file that answers as it is told. */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a 304 about another version than the one we named is not believed: the next attempt asks for everything', async () => {
  const { sync, database } = await newStore();
  const asked: (string | undefined)[] = [];
  const url = await serve((request, response) => {
    const given = request.headers['if-none-match'];
    asked.push(given);
    if (given) response.writeHead(304, { etag: '"another"' }).end();
    else {
      void fetch(`${sandbox.url}${request.url}`).then(async (answer) => {
        response
          .writeHead(200, { etag: 'W/"one"', 'content-type': 'application/json' })
          .end(await answer.text());
      });
    }
  });
  const source = new ComparePowerSource({ url, apiKey: null, apiKeyHeader: 'X-API-Key' }, testGate(database));
  await sync({ source });
  const { report, statuses } = await sync({ source });
  assert.deepEqual([report.status, statuses], ['succeeded', [304, 200]]);
  assert.deepEqual(asked, [undefined, 'W/"one"', undefined]);
});

test('Power to Choose over HTTP: dates and names, for all TDSPs of the file together', async () => {
  const { database, sync } = await newStore();
  const csv = readFileSync(new URL('../fixtures/powertochoose-small.csv', import.meta.url));
  const date = 'Mon, 01 Jun 2026 12:00:00 GMT';
  const asked: (string | undefined)[] = [];
  const validators: Record<string, string> = { 'last-modified': date };
  const url = await serve((request, response) => {
    const { 'if-modified-since': since, 'if-none-match': tag } = request.headers;
    asked.push(tag ?? since);
    const isKnown =
      (tag ?? since) !== undefined &&
      (tag === validators.etag || (!tag && since === validators['last-modified']));
    if (isKnown) response.writeHead(304).end();
    else response.writeHead(200, { 'content-type': 'text/csv', ...validators }).end(csv);
  });
  const tdspByName = (name: string) => territory.tdspByFeedName(name)?.duns;
  const source = new PowerToChooseSource(
    { csv: `${url}/export.csv?key=secret`, tdspByName },
    testGate(database),
  );
  const first = await sync({ source, tdsps: allDuns });
  const clean = first.report.plans.rejected === 0;
  const again = await sync({ source, tdsps: allDuns });
  assert.deepEqual(again.statuses, [clean ? 304 : 200]);
  assert.ok(clean, 'the file has nothing that cannot be read');
  assert.deepEqual(asked, [undefined, date]);
  const stored = JSON.stringify((await readCurrentSnapshots(database.pool)).map((one) => one.validators));
  assert.doesNotMatch(stored, /secret/);
  // Where one TDSP has plans from another time, the name of the file does not stand for all of them.
  await database.pool.query('update plan_snapshots set validators = null where tdsp_duns = $1', [ONCOR]);
  assert.deepEqual((await sync({ source, tdsps: allDuns })).statuses, [200]);
});

test('names that cannot be sent back, and dates yet to come, are not kept', async () => {
  const { database, sync } = await newStore();
  for (const headers of [
    { etag: 'no quotes' },
    { etag: `"${'x'.repeat(300)}"` },
    { etag: '"a b"' },
    { 'last-modified': 'Fri, 01 Jan 2100 00:00:00 GMT' },
    { 'last-modified': 'yesterday' },
  ]) {
    const url = await serve((request, response) => {
      void fetch(`${sandbox.url}${request.url}`).then(async (answer) => {
        response.writeHead(200, { ...headers, 'content-type': 'application/json' }).end(await answer.text());
      });
    });
    const source = new ComparePowerSource(
      { url, apiKey: null, apiKeyHeader: 'X-API-Key' },
      testGate(database),
    );
    assert.equal((await sync({ source })).report.status, 'succeeded');
    assert.equal((await readCurrentSnapshots(database.pool))[0]!.validators, null, JSON.stringify(headers));
  }
});
