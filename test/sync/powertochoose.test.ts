import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import { replay } from '../../src/sync/publish/replay.ts';
import { allDuns, createTestDatabase, ONCOR, syncAll, territory, testGate } from '../support/support.ts';

const { database } = await createTestDatabase();
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const recorded = (date: string) => path(`../../../shared/data/plans/powertochoose-${date}.csv`);
const fixture = path('../fixtures/powertochoose-small.csv');

const sourceOf = (csv: string) =>
  new PowerToChooseSource(
    { csv, tdspByName: (name) => territory.tdspByFeedName(name)?.duns },
    testGate(database),
  );

/** Two successive exports: recorded ones where they are at hand, else ours and a later one made from it. */
async function exports(): Promise<[string, string]> {
  if (existsSync(recorded('2026-08-01'))) return [recorded('2026-07-20'), recorded('2026-08-01')];
  const text = await readFile(fixture, 'utf8');
  const later = join(await mkdtemp(join(tmpdir(), 'wattsync-export-')), 'later.csv');
  // Every price that begins with 0.1 gets a cent dearer.
  await writeFile(
    later,
    text.replace(/,0\.1(\d)/g, (_, tenths: string) => `,0.1${(Number(tenths) + 1) % 10}`),
  );
  return [fixture, later];
}

test('one call brings all six TDSPs, and the next export yields the right history', async () => {
  const [first, second] = await exports();
  const report = await syncAll(database, sourceOf(first));
  assert.equal(report.status, 'succeeded', JSON.stringify(report.errors));
  assert.equal(report.api_calls, 1);
  assert.equal(report.tdsps.filter(({ status }) => status === 'published').length, 6);
  assert.ok(Object.keys(report.skipped).some((reason) => reason.includes('Oncor NTU LLC')));

  const next = await syncAll(database, sourceOf(second), { freshForMs: 3_600_000 });
  assert.equal(next.status, 'succeeded', JSON.stringify(next.errors));
  assert.ok(next.plans.changed + next.plans.added > 0);
  const { rows } = await database.pool.query(
    `select h.from_value, h.to_value, p.rate_1000kwh from plan_price_history h join electricity_plans p on p.id = h.plan_id
      where field = 'rate_1000kwh'`,
  );
  assert.ok(rows.length > 3);
  for (const row of rows) {
    assert.notEqual(row.from_value, row.to_value);
    assert.equal(row.to_value, row.rate_1000kwh);
  }
  // Offers that went are told once, and only they.
  const { rows: ended } = await database.pool.query(
    `select (select count(*)::int from offers where ended_at is not null) as offers,
            (select count(*)::int from plan_price_history where event = 'withdrawn') as events`,
  );
  assert.equal(ended[0].offers, ended[0].events);
});

test('an export that is cut off changes nothing and says so', async () => {
  const cut = join(await mkdtemp(join(tmpdir(), 'wattsync-export-')), 'cut.csv');
  const text = await readFile(fixture, 'utf8');
  await writeFile(cut, text.slice(0, text.length / 2));
  const { rows: before } = await database.pool.query(
    'select count(*)::int as n from electricity_plans where is_active',
  );
  const report = await syncAll(database, sourceOf(cut));
  assert.equal(report.status, 'failed');
  assert.ok(report.errors.every(({ code }) => code === 'upstream_unreadable'));
  const { rows: after } = await database.pool.query(
    'select count(*)::int as n from electricity_plans where is_active',
  );
  assert.deepEqual(after, before);
});

test('an export that is not there is a clear error', async () => {
  const report = await syncAll(database, sourceOf('/nowhere/export.csv'));
  assert.ok(
    report.errors.every(
      ({ code, message }) => code === 'source_misconfigured' && message.includes('/nowhere/export.csv'),
    ),
  );
});

test('one body of the whole state is kept once, each of its plan sets can be rebuilt, and is read again as it was', async () => {
  const { rows } = await database.pool.query<{ tdsp_duns: string; version: number; payload_hash: string }>(
    'select tdsp_duns, version, payload_hash from plan_snapshots where set_hash is not null order by version',
  );
  assert.ok(rows.length > 6);
  const target = { error: null };
  const options = {
    database: database.pool,
    tdspByName: (name: string) => territory.tdspByFeedName(name)?.duns,
  };
  for (const { tdsp_duns, version, payload_hash } of rows) {
    const { status, difference } = await replay({ ...target, tdsp_duns, version, payload_hash }, options);
    assert.equal(status, 'same', `${tdsp_duns} ${version}: ${JSON.stringify(difference)}`);
  }
  const { rows: kept } = await database.pool.query<{ hash: string }>('select hash from source_payloads');
  const read = new Set(rows.map(({ payload_hash }) => payload_hash));
  assert.equal(read.size, 2);
  // And the one that was cut off.
  assert.equal(kept.filter(({ hash }) => !read.has(hash)).length, 1);
  assert.equal(kept.length, 3);
});

test('a site that takes us for a program is told as such, with what to do; a browser is answered', async () => {
  const seen: (string | undefined)[] = [];
  const site = createServer(async (request, response) => {
    seen.push(request.headers['user-agent']);
    const isBrowser = request.headers['user-agent'] === 'Browser/1';
    response
      .writeHead(isBrowser ? 200 : 403)
      .end(isBrowser ? await readFile(fixture) : '<html>Forbidden</html>');
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  try {
    const csv = `http://127.0.0.1:${(site.address() as AddressInfo).port}/en-us/Plan/ExportToCsv`;
    const of = (userAgent: string) =>
      new PowerToChooseSource(
        { csv, userAgent, tdspByName: (name) => territory.tdspByFeedName(name)?.duns },
        testGate(database),
      );
    const context = { run_id: 1, isForced: false, signal: AbortSignal.timeout(10_000) };
    const refused = of('Program/1').fetch(['1039940674000'], context);
    await assert.rejects(refused, {
      code: 'upstream_denied',
      message: /POWERTOCHOOSE_USER_AGENT.*POWERTOCHOOSE_CSV/,
    });
    const answered = await of('Browser/1').fetch(['1039940674000'], context);
    assert.ok('tdsps' in answered && answered.tdsps[0]!.plans.length > 3);
    assert.deepEqual(seen, ['Program/1', 'Browser/1']);
  } finally {
    site.close();
    site.closeAllConnections();
  }
});

test('what is not a file, or far too long, is refused at once and named for what it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wattsync-exports-'));
  const [pipe, huge] = [join(folder, 'pipe'), join(folder, 'huge.csv')];
  try {
    execFileSync('mkfifo', [pipe]);
    await writeFile(huge, '');
    await truncate(huge, 65 << 20);
    const refused = { [pipe]: 'a pipe', [folder]: 'a folder', '/dev/zero': 'a device', [huge]: '64 MiB' };
    for (const [path, said] of Object.entries(refused)) {
      const source = sourceOf(path);
      const context = { run_id: 1, isForced: true, signal: AbortSignal.timeout(20_000) };
      await assert.rejects(source.fetch(allDuns, context), ({ code, message }) => {
        assert.deepEqual([code, message.includes(said)], ['source_misconfigured', true], message);
        return true;
      });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the export for one ZIP code does for its TDSP, and for no other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wattsync-exports-'));
  const csv = join(folder, 'zip.csv');
  const header =
    'ZipCode,TduCompany,RepCompany,Plan Name,Price/kWh 500,Price/kWh 1000,Price/kWh 2000,Rate Type,Term Value,Pricing Details,Fact Sheet';
  const rows = [12, 24, 36].map(
    (term) =>
      `76107,ONCOR ELECTRIC DELIVERY COMPANY,AE TEXAS,Secure ${term},0.149,0.145,0.143,Fixed,${term},Cancellation Fee: $20/month remaining,https://a.example/${term}.pdf`,
  );
  try {
    await writeFile(csv, [header, ...rows].join('\n'));
    const context = { run_id: 1, isForced: true, signal: AbortSignal.timeout(20_000) };
    const fetched = await sourceOf(csv).fetch([ONCOR], context);
    assert.ok('tdsps' in fetched);
    const { plans, rejections } = fetched.tdsps[0]!;
    assert.deepEqual(rejections, []);
    assert.deepEqual(
      plans.map((plan) => [plan.name, plan.early_termination_fee_per_month_usd]),
      [12, 24, 36].map((term) => [`Secure ${term}`, 20]),
    );
    assert.equal(new Set(plans.map(({ external_id }) => external_id)).size, 3);
    const report = await syncAll((await createTestDatabase()).database, sourceOf(csv));
    const [oncor, ...others] = report.tdsps.toSorted(
      (a, b) => Number(b.tdsp_duns === ONCOR) - Number(a.tdsp_duns === ONCOR),
    );
    assert.deepEqual([report.status, oncor?.status], ['partial', 'published']);
    for (const { status, message } of others) {
      assert.equal(status, 'failed');
      assert.match(message!, /ZIP code 76107, which has plans of ONCOR.*use the export of all plans/);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
