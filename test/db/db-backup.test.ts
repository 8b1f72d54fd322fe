import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { buildServer } from '../../src/app/server.ts';
import { PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import { Secret } from '../../src/config.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { type ArchiveEntry, readArchive, writeArchive } from '../../src/store/backup/archive.ts';
import { backupDatabase } from '../../src/store/backup/backup.ts';
import type { Manifest } from '../../src/store/backup/manifest.ts';
import { restoreDatabase } from '../../src/store/backup/restore.ts';
import { verifyBackup } from '../../src/store/backup/verify.ts';
import { readCachedPlanSet } from '../../src/store/plans/plan-cache.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { type Database, openDatabase } from '../../src/store/postgres/database.ts';
import { readDatabaseIdentity } from '../../src/store/postgres/database-identity.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { readMigrations } from '../../src/store/schema/migration.ts';
import { Places } from '../../src/territory/places.ts';
import { notFine, startCarePostgres } from '../support/db-upkeep.ts';
import { allDuns, spawnWattsync, syncAll, territory, testGate, until, wattsync } from '../support/support.ts';

const postgres = await startCarePostgres();
const { env, sandbox } = postgres;
const admin = await postgres.connect();
const folder = mkdtempSync(join(tmpdir(), 'wattsync-backup-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'first.tar.zst');

let made = 0;
async function emptyDatabase(): Promise<string> {
  made += 1;
  await admin.query(`create database empty_${made}`);
  return postgres.url.replace(/\/[^/]*$/, `/empty_${made}`);
}

const open: Database[] = [];
after(() => Promise.all(open.map((database) => database.close())));
async function connect(url: string): Promise<Database> {
  const database = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 10 });
  open.push(database);
  return database;
}
const run = (url: string, ...args: string[]) => wattsync(args, { ...env, DATABASE_URL: url });
async function json(url: string, ...args: string[]) {
  const { stdout, stderr, code } = await run(url, ...args, '--json');
  return { ...JSON.parse(stdout || `{"error":${JSON.stringify(stderr)}}`), code };
}
const relations = async (database: Database): Promise<number> =>
  (
    await database.pool.query(
      "select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace and relname !~ '^pg_stat'",
    )
  ).rows[0].n;

const original = await connect(postgres.url);
await migrate(original);
const sourceOf = (database: Database) =>
  new ComparePowerSource({ url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' }, testGate(database));
assert.equal((await run(postgres.url, 'sync', 'full')).code, 0);
// Days with new prices, plans that go and come: a history.
for (let day = 0; day < 4; day++) {
  sandbox.control.advance(1);
  assert.equal((await syncAll(original, sourceOf(original))).status, 'succeeded');
}
await original.pool.query(
  "insert into cache_clears (tdsp_duns) values (null), ('a\tb\\c\nd\u00e9\ud83d\ude00')",
);
await original.pool.query('delete from cache_clears where tdsp_duns is null');

// Views show what is stored, as they do in a restored database.
assert.equal((await run(postgres.url, 'db', 'optimize')).code, 0);

/** Answers at one moment, as they go out. */
async function answers(database: Database, ids: string[]): Promise<Map<string, string>> {
  const now = () => Date.UTC(2027, 0, 1);
  const planSets = new PlanSetCache({
    layers: [
      { name: 'database', read: (duns) => readCachedPlanSet(database.pool, duns) },
      { name: 'active', read: (duns) => readActivePlanSet(database.pool, duns) },
    ],
    now,
  });
  const app = buildServer(
    {
      catalog: new Catalog({ planSets, staleAfterMs: 7_200_000, now }),
      database: { pool: database.quick },
      territory,
      places: new Places(territory),
      syncIntervalMs: 3_600_000,
      staleAfterMs: 7_200_000,
      onEvent: () => {},
      admin: null,
      publicUrl: null,
      recentPrices: () => null,
    },
    (error) => assert.fail(String(error)),
  );
  const urls = [
    '/v1/plans?city=dallas-tx&limit=200&usage=1234',
    '/v1/plans?zip=77002&term=12&sort=-rate',
    '/v1/providers',
    '/v1/cities?limit=1000',
    '/v1/cities/houston-tx',
    '/v1/tdsps',
    '/v1/zips/75201',
    '/v1/search?q=pow',
    ...ids.flatMap((id) => [`/v1/plans/${id}`, `/v1/plans/${id}/history`]),
  ];
  const found = new Map<string, string>();
  for (const url of urls) {
    const { statusCode, body } = await app.inject({ url });
    // Which layer answered may differ: the backup may have come before the cache was filled.
    const text = body.replace(/"source":"(?:active|database)"/, '"source":"stored"');
    found.set(url, `${statusCode} ${text}`);
  }
  await app.close();
  return found;
}

const somePlans = async (): Promise<string[]> =>
  (
    await original.pool.query(
      'select plan_id::text as id from plan_price_history group by 1 order by 1 limit 12',
    )
  ).rows.map(({ id }) => id);

const contentsOf = ({ manifest }: { manifest: Manifest }) =>
  manifest.tables.map(({ name, rows, sha256 }) => [name, rows, sha256]);

test('a backup is one file, the same content twice, and whole', async () => {
  const first = await json(postgres.url, 'db', 'backup', file);
  assert.deepEqual([first.status, first.code], ['done', 0]);
  assert.ok(
    first.manifest.tables.find(({ name }: { name: string }) => name === 'plan_price_history').rows > 100,
  );
  const second = await json(postgres.url, 'db', 'backup', join(folder, 'second.tar.zst'));
  assert.deepEqual(contentsOf(second), contentsOf(first));
  const checked = await json(postgres.url, 'db', 'restore', file, '--verify');
  assert.deepEqual(
    [checked.status, checked.sha256, checked.bytes],
    ['whole', first.sha256, readFileSync(file).length],
  );
  assert.deepEqual(readdirSync(folder).toSorted(), ['first.tar.zst', 'second.tar.zst']);
});

test('the restored database holds the same, answers the same byte for byte, and is healthy', async () => {
  const url = await emptyDatabase();
  const { code, stdout, stderr } = await run(url, 'db', 'restore', file);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /The file is complete[\s\S]*electricity_plans[\s\S]*Restored .* rows of \d+ tables/);
  const restored = await connect(url);
  const again = join(folder, 'again.tar.zst');
  const report = await backupDatabase(restored, again);
  assert.deepEqual(contentsOf(report), contentsOf(await verifyBackup(file)));
  assert.deepEqual(report.manifest.sequences, (await verifyBackup(file)).manifest.sequences);
  const ids = await somePlans();
  const [before, now] = [await answers(original, ids), await answers(restored, ids)];
  assert.ok(
    before.size >= 30 &&
      [...before.values()].every((answer) => answer.startsWith('200') || answer.startsWith('410')),
  );
  assert.deepEqual(now, before);
  assert.deepEqual(notFine(await json(url, 'db', 'health')), []);
  const [copy, first] = await Promise.all([restored, original].map(({ pool }) => readDatabaseIdentity(pool)));
  assert.notEqual(copy!.id, first!.id);
  assert.notEqual(copy!.redis_key, first!.redis_key);
  rmSync(again);
});

test('publishing goes on in both alike: the next version, the same offers, the same history', async () => {
  const restored = open.at(-1)!;
  sandbox.control.advance(1);
  const looks = [];
  for (const database of [original, restored]) {
    const report = await syncAll(database, sourceOf(database));
    assert.equal(report.status, 'succeeded');
    const ask = async (sql: string) => (await database.pool.query(sql)).rows;
    looks.push({
      counts: report.plans,
      run: report.run_id,
      versions: await ask(
        'select tdsp_duns, max(version)::int as version, count(*)::int as snapshots from plan_snapshots group by 1 order by 1',
      ),
      // A new offer gets a new id in each; all others are the ones they were.
      plans: await ask(
        `select p.external_id, p.tdsp_duns, p.content_hash, p.is_active, case when o.first_seen_at < p.last_scraped_at then p.offer_id end as offer
           from electricity_plans p join offers o on o.id = p.offer_id order by 1, 2`,
      ),
      history: await ask(
        'select tdsp_duns, external_id, event, field, from_value, to_value, snapshot_version from plan_price_history order by 7, 1, 2, 3, 4',
      ),
      next: await ask("select nextval(pg_get_serial_sequence('plan_price_history', 'id'))::int as id"),
    });
  }
  assert.deepEqual(looks[1], looks[0]);
  assert.ok(looks[0]!.counts.added > 0);
  // The queue, too, whose jobs were left out.
  const url = restored.connectionString;
  assert.equal((await run(url, 'sync', 'full', '--force')).code, 0);
});

test('a file that was cut, prolonged or changed in any bit is refused, and nothing is written', async () => {
  const whole = readFileSync(file);
  const broken = join(folder, 'broken.tar.zst');
  const refused = async (bytes: Buffer) => {
    writeFileSync(broken, bytes);
    await assert.rejects(verifyBackup(broken), { code: 'backup_damaged' });
  };
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: whole.length - 1 }),
      fc.integer({ min: 0, max: 7 }),
      async (at, bit) => {
        const flipped = Buffer.from(whole);
        flipped[at]! ^= 1 << bit;
        await refused(flipped);
        await refused(whole.subarray(0, at));
      },
    ),
    { numRuns: 40 },
  );
  await refused(Buffer.concat([whole, Buffer.from('x')]));
  await refused(Buffer.from('no backup at all, but longer than forty bytes, so that there is an end'));
  await assert.rejects(verifyBackup(join(folder, 'absent')), {
    code: 'backup_damaged',
    message: /There is no backup/,
  });
  await assert.rejects(verifyBackup(folder), { code: 'backup_damaged', message: /it is not a file/ });

  const url = await emptyDatabase();
  const flipped = Buffer.from(whole);
  flipped[whole.length >> 1]! ^= 1;
  writeFileSync(broken, flipped);
  const { code, stderr } = await run(url, 'db', 'restore', broken);
  assert.equal(code, 1);
  assert.match(stderr, /does not match its SHA-256\. Nothing was restored/);
  assert.equal(await relations(await connect(url)), 0);
});

test('a file whose parts do not match its manifest is refused, however well it is packed', async () => {
  const entries: ArchiveEntry[] = [];
  for await (const entry of readArchive(file)) entries.push(entry);
  const edited = (path: RegExp, from: string, to: string) => (all: ArchiveEntry[]) =>
    all.map((one) =>
      path.test(one.path) ? { ...one, data: Buffer.from(one.data.toString().replace(from, to)) } : one,
    );
  const manifest = /^manifest/;
  const wrong: [said: string, change: (all: ArchiveEntry[]) => ArchiveEntry[]][] = [
    [
      'the rows of electricity_plans',
      (all) => all.filter(({ path }) => !path.startsWith('tables/electricity_plans/')),
    ],
    ['the rows of offers', edited(/^tables\/offers/, '2026', '2025')],
    ['are not those that were written', edited(manifest, '"rows": 6,', '"rows": 7,')],
    ['the rows of', edited(manifest, '"sha256": "', '"sha256": "0')],
    [
      'not know the table somebodys',
      (all) => [{ path: 'tables/somebodys/000001.copy', data: Buffer.from('1\n') }, ...all],
    ],
    [
      'comes after the manifest',
      (all) => [...all, { path: 'tables/offers/000009.copy', data: Buffer.from('1\n') }],
    ],
    ['has no manifest', (all) => all.slice(0, -1)],
    [
      'cannot be unpacked',
      (all) => [{ path: 'tables/offers/000001.copy', data: Buffer.alloc(65 << 20) }, ...all],
    ],
    [
      'cannot be unpacked',
      (all) => {
        const zeros = { path: 'tables/offers/000001.copy', data: Buffer.alloc(60 << 20) };
        return [...Array.from({ length: 12 }, () => zeros), ...all];
      },
    ],
    ['format 2', edited(manifest, '"format_version": 1', '"format_version": 2')],
    ['manifest of the backup is wrong at tables', edited(manifest, '"rows"', '"lines"')],
    [
      'wrong at partitions',
      (all) => {
        const forged = JSON.parse(all.at(-1)!.data.toString()) as Manifest;
        forged.partitions.push({
          name: 'a',
          parent: 'b',
          bound: `FOR VALUES FROM ('2026-11-01') TO (pg_read_file('/etc/passwd'))`,
        });
        return [...all.slice(0, -1), { path: 'manifest.json', data: Buffer.from(JSON.stringify(forged)) }];
      },
    ],
  ];
  const crafted = join(folder, 'crafted.tar.zst');
  for (const [said, change] of wrong) {
    await writeArchive(
      crafted,
      (async function* () {
        yield* change(entries);
      })(),
    );
    await assert.rejects(verifyBackup(crafted), { code: 'backup_damaged', message: new RegExp(said) });
  }
  // Whole by itself, and about what is not ours.
  const empty = await connect(await emptyDatabase());
  await writeArchive(
    crafted,
    (async function* () {
      const forged = JSON.parse(entries.at(-1)!.data.toString()) as Manifest;
      forged.views.push('pg_authid');
      yield* entries.slice(0, -1);
      yield { path: 'manifest.json', data: Buffer.from(JSON.stringify(forged)) };
    })(),
  );
  await assert.rejects(restoreDatabase(empty, crafted), {
    code: 'backup_damaged',
    message: /names what no migration makes: pg_authid/,
  });
  assert.equal(await relations(empty), 0);
});

test('only an empty database is filled', async () => {
  const { code, stderr } = await run(postgres.url, 'db', 'restore', file);
  assert.equal(code, 1);
  assert.match(stderr, /not empty: it has \w+, .*createdb.*WATTSYNC_DATA_DIR/s);
});

test('rows that do not fit are refused by PostgreSQL, and the database stays empty', async () => {
  const entries: ArchiveEntry[] = [];
  for await (const entry of readArchive(file)) entries.push(entry);
  const manifest = JSON.parse(entries.at(-1)!.data.toString()) as Manifest;
  // A plan without its offer: known only when the keys are made again, after all rows are there.
  const data = Buffer.from(
    entries
      .filter(({ path }) => path.startsWith('tables/offers/'))
      .map((one) => one.data.toString())
      .join('')
      .replace(/^.*\n/, ''),
  );
  const { createHash } = await import('node:crypto');
  Object.assign(manifest.tables.find(({ name }) => name === 'offers')!, {
    rows: data.toString().split('\n').length - 1,
    bytes: data.length,
    sha256: createHash('sha256').update(data).digest('hex'),
  });
  const orphan = join(folder, 'orphan.tar.zst');
  await writeArchive(
    orphan,
    (async function* () {
      for (const entry of entries.slice(0, -1)) {
        if (entry.path === 'tables/offers/000001.copy') yield { ...entry, data };
        else if (!entry.path.startsWith('tables/offers/')) yield entry;
      }
      yield { path: 'manifest.json', data: Buffer.from(JSON.stringify(manifest)) };
    })(),
  );
  const database = await connect(await emptyDatabase());
  await assert.rejects(restoreDatabase(database, orphan), {
    code: 'restore_failed',
    message: /foreign key.*as empty as before/s,
  });
  assert.equal(await relations(database), 0);
});

test('a backup of an older version is restored and brought forward; one of a newer version is refused', async () => {
  const url = await emptyDatabase();
  const old = await connect(url);
  const then = readMigrations().filter(({ number }) => number <= 5);
  await migrate(old, then);
  await old.pool.query(
    "insert into tdsps (duns, code, name, short_name) values ('007923311', 'X', 'x', 'x')",
  );
  await old.pool.query('create table before_its_time (id int primary key)');
  await old.pool.query('drop table before_its_time');
  const archive = join(folder, 'old.tar.zst');
  const saved = await json(url, 'db', 'backup', archive);
  assert.equal(saved.manifest.migrations.length, then.length, 'it is not migrated before it is saved');
  const target = await emptyDatabase();
  const report = await json(target, 'db', 'restore', archive);
  assert.deepEqual([report.status, report.code], ['restored', 0]);
  assert.deepEqual(
    report.migrated,
    readMigrations()
      .slice(then.length)
      .map(({ name }) => name),
  );
  const { rows } = await (await connect(target)).pool.query('select duns from tdsps');
  assert.deepEqual(rows, [{ duns: '007923311' }]);
  assert.deepEqual(notFine(await json(target, 'db', 'health')), []);

  const database = await connect(await emptyDatabase());
  await assert.rejects(restoreDatabase(database, file, { migrations: then }), {
    code: 'migration_mismatch',
    message: /newer/,
  });
  const edited = readMigrations().map((one) => ({ ...one, checksum: 'x' }));
  await assert.rejects(restoreDatabase(database, file, { migrations: edited }), {
    code: 'migration_mismatch',
    message: /another/,
  });
  assert.equal(await relations(database), 0);
});

test('partitions, generated columns, identities, views, odd names and self-references come back', async () => {
  const odd = {
    number: 9_000,
    name: '9000_odd',
    checksum: 'odd',
    sql: `create table "Odd ""Name""" (
        id bigint generated always as identity (start with 100) primary key,
        parent bigint references "Odd ""Name""" (id), word text, loud text generated always as (upper(word)) stored);
      create table parts (at timestamptz not null, n int, primary key (at, n)) partition by range (at);
      create table parts_now partition of parts for values from ('2026-11-01') to ('2026-12-01');
      create index concurrently parts_n on parts (n);
      create materialized view words as select loud from "Odd ""Name""";`.replace('concurrently ', ''),
  };
  const migrations = [...readMigrations(), odd];
  const from = await connect(await emptyDatabase());
  await migrate(from, migrations);
  await from.pool.query(`
    drop table parts_now;
    create table parts_old partition of parts for values from (minvalue) to ('2026-01-01 00:00:00+00');
    create table parts_rest partition of parts default;
    insert into parts values ('2020-05-05', 1), ('2030-01-01', 2);
    insert into "Odd ""Name""" (parent, word) values (101, 'one'), (null, E'two\\n\\\\N'), (100, null);
    refresh materialized view words`);
  const archive = join(folder, 'odd.tar.zst');
  const saved = await backupDatabase(from, archive);
  // In another database the same migrations make another partition.
  const to = await connect(await emptyDatabase());
  await restoreDatabase(to, archive, { migrations: [...readMigrations(), { ...odd, sql: `${odd.sql};` }] });
  const again = await backupDatabase(to, join(folder, 'odd-again.tar.zst'));
  assert.deepEqual(
    { ...again.manifest, made_at: '', made_from: null },
    { ...saved.manifest, made_at: '', made_from: null },
  );
  const { rows } = await to.pool.query('select loud from words order by 1 nulls last');
  assert.deepEqual(
    rows.map(({ loud }) => loud),
    ['ONE', 'TWO\n\\N', null],
  );
  const next = await to.pool.query(`insert into "Odd ""Name""" (word) values ('x') returning id`);
  assert.equal(next.rows[0].id, 103);
  const { rows: where } = await to.pool.query(
    'select tableoid::regclass::text as part, n from parts order by n',
  );
  assert.deepEqual(where, [
    { part: 'parts_old', n: 1 },
    { part: 'parts_rest', n: 2 },
  ]);
});

test('tables that no migration made are left out, and said to be', async () => {
  const url = await emptyDatabase();
  const database = await connect(url);
  await migrate(database);
  await database.pool.query(
    'create table somebodys (a int); create schema pgboss; create table pgboss.job (id int)',
  );
  const { stdout } = await run(url, 'db', 'backup', join(folder, 'with-others.tar.zst'));
  assert.match(stdout, /Left out: somebodys \(no migration made it\)/);
  assert.match(stdout, /Left out: schema pgboss \(jobs under way/);
  const nothing = await run(await emptyDatabase(), 'db', 'backup', join(folder, 'nothing.tar.zst'));
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /nothing to back up/);
  assert.ok(!existsSync(join(folder, 'nothing.tar.zst')));
});

test('a backup made while plans are published is of one moment', async () => {
  let isOver = false;
  const publishing = (async () => {
    while (!isOver) {
      sandbox.control.advance(1);
      await syncAll(original, sourceOf(original));
    }
  })();
  const database = await connect(await emptyDatabase());
  try {
    const archive = join(folder, 'moving.tar.zst');
    await backupDatabase(original, archive);
    await restoreDatabase(database, archive);
  } finally {
    isOver = true;
    await publishing;
  }
  const { rows } = await database.pool.query(
    `select s.tdsp_duns, s.plans, (select count(*)::int from electricity_plans p where p.tdsp_duns = s.tdsp_duns and p.is_active) as active,
            c.version = s.version as is_filled, jsonb_array_length(c.plans_data) as cached, c.version < s.version as is_behind
       from (select distinct on (tdsp_duns) * from plan_snapshots order by tdsp_duns, version desc) s
       join plan_cache c on c.cache_key = 'plans:' || s.tdsp_duns`,
  );
  assert.equal(rows.length, allDuns.length);
  for (const { plans, active, cached, is_filled, is_behind } of rows) {
    assert.equal(active, plans);
    // The cache is filled right after a publish, and never before it.
    assert.ok(
      is_filled ? cached === plans : is_behind,
      JSON.stringify({ plans, cached, is_filled, is_behind }),
    );
  }
});

test('killed in the middle: no file of that name, no half-filled database, and the next try works', async () => {
  const url = await emptyDatabase();
  const big = await connect(url);
  await migrate(big);
  await big.pool.query(
    `insert into api_calls (source, endpoint, params, attempt, duration_ms, called_at)
     select md5(n::text), '/x', jsonb_build_object('n', n), 1, 5, now() from generate_series(1, 150000) n`,
  );
  const archive = join(folder, 'big.tar.zst');
  const saving = spawnWattsync(['db', 'backup', archive], { ...env, DATABASE_URL: url });
  await until(() => readdirSync(folder).some((name) => name.startsWith('big.tar.zst.')));
  saving.child.kill('SIGKILL');
  await saving.ended;
  assert.ok(!existsSync(archive));
  assert.equal((await run(url, 'db', 'backup', archive)).code, 0);

  const target = await emptyDatabase();
  const database = await connect(target);
  const isLoading = async () =>
    (
      await admin.query(
        "select count(*)::int as n from pg_stat_activity where query like 'copy \"api_calls\"%' and state = 'active'",
      )
    ).rows[0].n > 0;
  for (const signal of ['SIGKILL', 'SIGINT'] as const) {
    const { child, ended, seen } = spawnWattsync(['db', 'restore', archive], {
      ...env,
      DATABASE_URL: target,
    });
    await until(isLoading);
    child.kill(signal);
    const code = await ended;
    if (signal === 'SIGINT') {
      assert.equal(code, 130);
      assert.match(seen.stderr, /Stopped\. Nothing was restored/);
    }
    await until(async () => !(await isLoading()));
    assert.equal(await relations(database), 0);
  }
  assert.equal((await run(target, 'db', 'restore', archive)).code, 0);
  const { rows } = await database.pool.query('select count(*)::int as n from api_calls');
  assert.equal(rows[0].n, 150_000);
});

test('bad usage and a place that cannot be written are told', async () => {
  const there = await run(postgres.url, 'db', 'backup', file);
  assert.equal(there.code, 1);
  assert.match(there.stderr, /already exists.*--overwrite/s);
  assert.equal((await run(postgres.url, 'db', 'backup', file, '--overwrite')).code, 0);
  const nowhere = await run(postgres.url, 'db', 'backup', join(folder, 'no', 'such', 'folder.zst'));
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.stderr, /ENOENT|no such/);
  assert.equal((await run(postgres.url, 'db', 'backup')).code, 2);
  assert.equal((await run(postgres.url, 'db', 'restore')).code, 2);
});
