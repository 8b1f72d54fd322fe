import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse as parseCsv } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { makeDrafts } from '../../bench/drafts.ts';
import { buildDay, buildMonth } from '../../src/export/build.ts';
import { packageOf } from '../../src/export/data-package.ts';
import { makeInThread, remakeInThread } from '../../src/export/in-thread.ts';
import { makeExports } from '../../src/export/make.ts';
import { marketDay } from '../../src/plan/market-day.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import { readExport } from '../../src/store/exports/kept-exports.ts';
import { confirmSnapshot, readCurrentSnapshot } from '../../src/store/plans/snapshots.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { DAY_MS } from '../../src/units.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, allDuns as tdsps } from '../support/support.ts';

const { database } = await createTestDatabase();
const folder = await mkdtemp(join(tmpdir(), 'wattsync-exports-'));
after(() => rm(folder, { recursive: true, force: true }));
const settings = { folder, sources: ['sandbox', 'powertochoose'], database, tdsps };
const signal = AbortSignal.timeout(60_000);
const inThread = { folder, sources: settings.sources, connectionString: database.connectionString, tdsps };
const { app, get } = openApi(database, undefined, {
  exports: { folder, packageOf, remake: (kept) => remakeInThread(inThread, kept, signal) },
});

const TNMP = '007929441';
const FORMULA = '=HYPERLINK("http://evil.example","cheap")';
const start = Date.now() - 4 * DAY_MS;

async function put(tdsp_duns: string, plans: PlanDraft[], days: number, source = 'powertochoose') {
  const now = new Date(start + days * DAY_MS);
  const told = { tdsp_duns, source, origin: 'test', plans, rejected: [], observed_at: now, run_id: 1 };
  await publish(database, told, { now, cacheTtlMs: 3_600_000, passed_as: 'overridden' });
}
const more = (rate: number) => Math.round(rate * 1_000 + 100) / 1_000;
const dearer = (draft: PlanDraft): PlanDraft => {
  const { 500: a, 1000: b, 2000: c } = draft.rates_cents_per_kwh;
  return {
    ...draft,
    price_components: null,
    rates_cents_per_kwh: { 500: more(a!), 1000: more(b!), 2000: more(c!) },
  };
};
const first = makeDrafts(ONCOR, 12, 3).map((draft, at) => (at === 0 ? { ...draft, name: FORMULA } : draft));
await put(ONCOR, first, 0);
await put(TNMP, makeDrafts(TNMP, 5, 4), 0, 'comparepower');
await put(ONCOR, [...first.slice(0, 10).map(dearer), ...first.slice(10, 11)], 1);
const [day0, day1, day2] = [0, 1, 2].map((days) => marketDay(new Date(start + days * DAY_MS))) as [
  string,
  string,
  string,
];

type Row = Record<string, unknown>;
const file = (name: string) => readFile(join(folder, name));
const parquetRows = async (name: string): Promise<Row[]> => {
  const bytes = await file(name);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  return (await parquetReadObjects({ file: buffer })) as Row[];
};
const pathOf = async (day: string, resource: string): Promise<string> =>
  packageOf((await readExport(database.pool, day))!).resources.find(({ name }) => name === resource)!.path;

test('a night makes the days that are over and their months, in a thread, and finds nothing to do the next time', async () => {
  const made = await makeInThread(inThread, 400, signal);
  assert.ok('made' in made);
  assert.deepEqual(made.made.filter((name) => name.length === 10).slice(0, 3), [day0, day1, day2]);
  assert.ok(made.made.includes(day0.slice(0, 7)));
  const again = await makeExports({ ...settings, keepDays: 400 });
  assert.deepEqual(again, { made: [], files: 0, bytes: 0 });
  // Whole, each under the name of its content, and nothing else.
  const named = new Set<string>();
  for (const name of made.made) {
    for (const { path, hash, bytes } of packageOf((await readExport(database.pool, name))!).resources) {
      const found = await file(path);
      const sha256 = createHash('sha256').update(found).digest('hex');
      assert.equal(`sha256:${sha256}`, hash);
      assert.equal(found.length, bytes);
      assert.ok(path.includes(`.${sha256.slice(0, 16)}.`), path);
      named.add(path);
    }
  }
  assert.deepEqual(new Set(await readdir(folder)), named);
});

test('the three formats tell the same, with types, exact prices and no formula', async () => {
  const csv = parseCsv(await file(await pathOf(day1, 'plans-csv')), { columns: true }) as Record<
    string,
    string
  >[];
  const lines = String(await file(await pathOf(day1, 'plans-jsonl')))
    .trimEnd()
    .split('\n');
  const jsonl = lines.map((line) => JSON.parse(line) as Row);
  const parquet = await parquetRows(await pathOf(day1, 'plans-parquet'));
  assert.deepEqual([csv.length, jsonl.length, parquet.length], [11, 11, 11]);
  for (const [at, row] of jsonl.entries()) {
    for (const [name, value] of Object.entries(row)) {
      const typed = parquet[at]![name] ?? null;
      const asText = typed instanceof Date && name === 'day' ? typed.toISOString().slice(0, 10) : typed;
      if (typeof value === 'object' && value !== null)
        assert.deepEqual(JSON.parse(typed as string), value, name);
      // hyparquet multiplies a DECIMAL out: 13668 becomes 13.668000000000001.
      else if (typeof value === 'number') assert.equal(Number(Number(asText).toFixed(4)), value, name);
      else assert.deepEqual(asText instanceof Date ? asText.toISOString() : asText, value, name);
      const cell = csv[at]![name]!.replace(/^'(?=[=+\-@])/, '');
      const shown = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
      assert.equal(cell, shown, name);
    }
  }
  const named = jsonl.find(({ name }) => name === FORMULA)!;
  assert.ok(
    named.first_seen_at && parquet.find(({ name }) => name === FORMULA)!.first_seen_at instanceof Date,
  );
  assert.equal(csv.find(({ id }) => id === named.id)!.name, `'${FORMULA}`);
  const before = (await parquetRows(await pathOf(day0, 'plans-parquet'))).find(({ id }) => id === named.id)!;
  assert.equal(((named.rate_1000kwh as number) - (before.rate_1000kwh as number)).toFixed(3), '0.100');
});

test('events are those of /v1/changes on that day, and tombstones are among them', async () => {
  const lines = String(await file(await pathOf(day1, 'events-jsonl')))
    .trimEnd()
    .split('\n');
  const exported = lines.map((line) => JSON.parse(line) as Row);
  const { body } = await get('/v1/changes?since=0&limit=500&tdsp=ONCOR');
  const told = (body.data as Row[]).filter(({ version }) => version === 2);
  assert.deepEqual(
    exported.map(({ seq, event, changes }) => [seq, event, changes]),
    told.map(({ seq, event, changes }) => [seq, event, changes]),
  );
  assert.ok(exported.some(({ event, name }) => event === 'offer_withdrawn' && typeof name === 'string'));
  const parquet = await parquetRows(await pathOf(day1, 'events-parquet'));
  assert.deepEqual(
    parquet.map(({ seq }) => Number(seq)),
    exported.map(({ seq }) => seq),
  );
});

test('a month is one file of all its days, with the whole history beside it', async () => {
  const month = day1.slice(0, 7);
  const plans = await parquetRows(await pathOf(month, 'plans-parquet'));
  const days = new Set(plans.map(({ day }) => (day as Date).toISOString().slice(0, 10)));
  assert.ok(days.has(day1));
  const history = await parquetRows(await pathOf(month, 'history-parquet'));
  const { rows } = await database.pool.query<{ n: number }>(
    `select count(*)::int as n from plan_price_history where tdsp_duns = $1
      and (changed_at at time zone 'America/Chicago')::date::text like $2`,
    [ONCOR, `${month}%`],
  );
  assert.equal(history.length, rows[0]!.n);
  const changed = history.find(({ field }) => field === 'rate_1000kwh')!;
  assert.equal(
    (JSON.parse(changed.to_value as string) - JSON.parse(changed.from_value as string)).toFixed(3),
    '0.100',
  );
  assert.ok(changed.changed_at instanceof Date);
});

test('the line of the README opens a month in DuckDB, with times, decimals and what is unknown', async () => {
  const month = day1.slice(0, 7);
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const line = /^duckdb -c "(.+)"$/m.exec(readme)![1]!;
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const plans = join(folder, await pathOf(month, 'plans-parquet'));
  const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowObjectsJS();
  const days = await ask(line.replace('plans-2026-11.parquet', plans));
  const stored = await parquetRows(await pathOf(month, 'plans-parquet'));
  const onDay1 = days.find(({ day }) => (day as Date).toISOString().startsWith(day1))!;
  const rates = stored
    .filter(({ day }) => (day as Date).toISOString().startsWith(day1))
    .map(({ rate_1000kwh }) => rate_1000kwh as number);
  assert.equal(Number(onDay1.plans), rates.length);
  assert.equal(Number(onDay1.lowest).toFixed(3), Math.min(...rates).toFixed(3));
  const types = await ask(`select column_name, column_type from (describe select * from '${plans}')`);
  const typeOf = Object.fromEntries(types.map(({ column_name, column_type }) => [column_name, column_type]));
  assert.deepEqual(
    [typeOf.day, typeOf.rate_1000kwh, typeOf.first_seen_at, typeOf.is_prepaid],
    ['DATE', 'DECIMAL(18,4)', 'TIMESTAMP WITH TIME ZONE', 'BOOLEAN'],
  );
  connection.closeSync();
});

test('what may not be given away is left out and said to be; invented plans are labelled in name and manifest', async () => {
  const descriptor = JSON.parse((await readExport(database.pool, day0))!.descriptor);
  assert.deepEqual(descriptor.left_out, [{ day: day0, tdsp_duns: TNMP, why: 'source_not_exported' }]);
  assert.equal(descriptor.name, `wattsync-${day0}`);
  assert.match(descriptor.attribution, /Public Utility Commission/);
  assert.equal(await buildDay({ ...settings, sources: [] }, day0), null);
  const everything = await mkdtemp(join(tmpdir(), 'wattsync-exports-'));
  try {
    await put(TNMP, makeDrafts(TNMP, 5, 5), 2, 'sandbox');
    const kept = await buildDay({ ...settings, folder: everything }, day2);
    const { name, notice, resources } = packageOf(kept!);
    assert.equal(name, `wattsync-sandbox-${day2}`);
    assert.match(notice!, /invented/);
    for (const { path } of resources) assert.match(path, /^sandbox-/);
    // A month in which it was real and invented is labelled, too.
    const month = await buildMonth({ ...settings, folder: everything }, day2.slice(0, 7), day2);
    assert.match(packageOf(month!).name, /sandbox/);
  } finally {
    await rm(everything, { recursive: true });
  }
});

test('the manifest is a data package by the rules of its standard, and every column of every file is in it', async () => {
  // datapackage.org, version 2: what it requires of names, paths, hashes, types and keys.
  const TYPES = ['string', 'number', 'integer', 'boolean', 'date', 'datetime', 'any'];
  for (const name of [day1, day1.slice(0, 7)]) {
    const told = JSON.parse((await readExport(database.pool, name))!.descriptor);
    assert.equal(told.$schema, 'https://datapackage.org/profiles/2.0/datapackage.json');
    assert.match(told.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(told.version, /^\d+\.\d+\.\d+$/);
    for (const { name: license, title } of told.licenses) assert.ok(/^[-\w.]+$/.test(license) && title);
    const names = told.resources.map((one: { name: string }) => one.name);
    assert.equal(new Set(names).size, names.length);
    for (const { name: resource, path, hash, bytes, type, schema, format, mediatype } of told.resources) {
      assert.match(resource, /^[a-z0-9-._]+$/);
      assert.match(path, /^[^./~][^/]*$/);
      assert.match(hash, /^sha256:[0-9a-f]{64}$/);
      assert.ok(bytes > 0 && type === 'table' && mediatype);
      const fields = schema.fields.map((one: { name: string }) => one.name);
      assert.equal(new Set(fields).size, fields.length);
      for (const { type: kind, description } of schema.fields) assert.ok(TYPES.includes(kind) && description);
      for (const key of schema.primaryKey) assert.ok(fields.includes(key), key);
      assert.deepEqual(schema.missingValues, ['']);
      const text = format === 'parquet' ? null : String(await file(path));
      const [first] = format === 'parquet' ? await parquetRows(path) : [];
      const columns =
        format === 'csv'
          ? text!.slice(0, text!.indexOf('\r\n')).split(',')
          : Object.keys(first ?? JSON.parse(text!.slice(0, text!.indexOf('\n'))));
      assert.deepEqual(columns, fields, path);
    }
  }
});

test('made again after new publishes and confirmations, a past day is the same to the byte', async () => {
  const kept = (await readExport(database.pool, day1))!;
  const current = (await readCurrentSnapshot(database.pool, ONCOR))!;
  const seen = {
    observed_at: new Date(),
    origin: 'elsewhere',
    validators: null,
    payload_hash: 'f'.repeat(64),
  };
  assert.ok(
    await confirmSnapshot(database.pool, current, {
      ...seen,
      cache_expires_at: new Date(Date.now() + DAY_MS),
    }),
  );
  await put(ONCOR, first.slice(0, 9), 3.9);
  await database.pool.query(`update providers set name = name || ' of Texas'`);
  const again = (await buildDay(settings, day1))!;
  assert.deepEqual(
    packageOf(again).resources.map(({ hash }) => hash),
    packageOf(kept).resources.map(({ hash }) => hash),
  );
  assert.ok(again.descriptor === kept.descriptor);
});

test('files come whole and in pieces, and what is missing here is made again', async () => {
  const { body } = await get('/v1/exports?limit=100');
  const day = body.data.find(({ name }: Row) => name === day1);
  const { link, bytes } = day.files.find(({ table, format }: Row) => table === 'plans' && format === 'csv');
  const whole = await app.inject({ url: link, headers: { 'accept-encoding': 'gzip' } });
  assert.deepEqual([whole.statusCode, whole.rawPayload.length], [200, bytes]);
  assert.match(String(whole.headers['cache-control']), /immutable/);
  assert.equal(whole.headers['content-encoding'], undefined);
  const { etag } = whole.headers as { etag: string };
  const ask = async (headers: Record<string, string>, method: 'GET' | 'HEAD' = 'GET') => {
    const { statusCode, headers: told, rawPayload } = await app.inject({ method, url: link, headers });
    return { statusCode, range: told['content-range'], length: Number(told['content-length']), rawPayload };
  };
  const half = Math.floor(bytes / 2);
  const [a, b] = [await ask({ range: `bytes=0-${half - 1}` }), await ask({ range: `bytes=${half}-` })];
  assert.deepEqual([a.statusCode, b.statusCode, b.range], [206, 206, `bytes ${half}-${bytes - 1}/${bytes}`]);
  assert.ok(Buffer.concat([a.rawPayload, b.rawPayload]).equals(whole.rawPayload));
  assert.deepEqual((await ask({ range: 'bytes=-7' })).rawPayload, whole.rawPayload.subarray(-7));
  assert.deepEqual((await ask({ range: 'bytes=0-9', 'if-range': etag })).rawPayload.length, 10);
  assert.equal((await ask({ range: 'bytes=0-9', 'if-range': '"other"' })).statusCode, 200);
  const beyond = await ask({ range: `bytes=${bytes}-` });
  assert.deepEqual([beyond.statusCode, beyond.range], [416, `bytes */${bytes}`]);
  const head = await ask({}, 'HEAD');
  assert.deepEqual([head.statusCode, head.length, head.rawPayload.length], [200, bytes, 0]);
  assert.equal((await ask({ 'if-none-match': etag })).statusCode, 304);
  const newest = await app.inject({ url: `/v1/exports/plans-${day1}.csv` });
  assert.ok(newest.rawPayload.equals(whole.rawPayload));
  const manifest = await app.inject({ url: day.descriptor });
  assert.equal(manifest.body, (await readExport(database.pool, day1))!.descriptor);

  for (const name of await readdir(folder)) await rm(join(folder, name));
  const [again, beside] = await Promise.all([app.inject({ url: link }), app.inject({ url: link })]);
  for (const { rawPayload } of [again, beside])
    assert.ok(rawPayload.equals(whole.rawPayload), String(rawPayload).slice(0, 300));
  for (const url of [
    '/v1/exports/plans-2020-01-01.csv',
    '/v1/exports/..%2f..%2fetc%2fpasswd',
    `/v1/exports/${day1}`,
  ])
    assert.equal((await app.inject({ url })).statusCode, 404, url);

  // Somebody changed what was published: then it is said, and nothing else is served under the old name.
  for (const name of await readdir(folder)) await rm(join(folder, name));
  await database.pool.query(`update electricity_plans set rate_1000kwh = 1 where is_active`);
  await database.pool.query(`update plan_revisions set rate_1000kwh = 1`);
  const changed = await app.inject({ url: link });
  assert.deepEqual([changed.statusCode, changed.json().code], [503, 'export_not_here']);
});

test('files that no export names any more go, other files in the folder stay', async () => {
  await writeFile(join(folder, 'plans-2020-01-01.0123456789abcdef.csv'), '');
  await writeFile(join(folder, 'notes.txt'), '');
  await makeExports({ ...settings, keepDays: 400 });
  const found = await readdir(folder);
  assert.ok(found.includes('notes.txt') && !found.some((name) => name.startsWith('plans-2020')));
});
