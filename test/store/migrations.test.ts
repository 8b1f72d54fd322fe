/** Migrations on databases that are in use, hold data, or do not do as they are told. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../../src/config.ts';
import { type Database, openDatabase } from '../../src/store/postgres/database.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { runsOutside, statementsOf } from '../../src/store/schema/migrate-outside.ts';
import { type Migration, readMigrations } from '../../src/store/schema/migration.ts';
import { fillTables } from '../support/fill-tables.ts';
import { createTestDatabase, until } from '../support/support.ts';

const { database: admin, url } = await createTestDatabase();
const MIGRATIONS = readMigrations();

let lastNumber = 9_000;

/** An empty database beside the test's own, gone when the test is over. */
async function withEmptyDatabase(work: (database: Database, url: string) => Promise<void>): Promise<void> {
  const name = `${new URL(url).pathname.slice(1)}_${++lastNumber}`;
  await admin.pool.query(`create database ${name}`);
  const at = new URL(url);
  at.pathname = name;
  const database = await openDatabase({ databaseUrl: new Secret(at.href), dataDir: '', connections: 6 });
  try {
    await work(database, at.href);
  } finally {
    await database.close();
    await admin.pool.query(`drop database ${name} with (force)`);
  }
}

const next = (sql: string): Migration => {
  const number = ++lastNumber;
  return { number, name: `${number}_test`, checksum: sql, sql };
};

const isValid = async (database: Database, index: string): Promise<boolean | undefined> => {
  const { rows } = await database.pool.query(
    'select indisvalid from pg_index where indexrelid = to_regclass($1)',
    [index],
  );
  return rows[0]?.indisvalid;
};

type Row = Record<string, unknown>;

async function readEverything(database: Database): Promise<Map<string, Row[]>> {
  const { rows } = await database.pool.query<{ name: string }>(
    `select relname as name from pg_class join pg_namespace n on n.oid = relnamespace and nspname = 'public'
      where relkind in ('r', 'p') and not relispartition and relname <> 'schema_migrations' order by 1`,
  );
  const everything = new Map<string, Row[]>();
  for (const { name } of rows) {
    const { rows: all } = await database.pool.query<{ row: Row }>(`select to_jsonb(t) as row from ${name} t`);
    everything.set(
      name,
      all.map(({ row }) => row),
    );
  }
  return everything;
}

/** Columns, indexes and constraints of everything but partitions, whose names depend on when they were made. */
async function readShape(database: Database): Promise<unknown> {
  const { rows } = await database.pool.query(
    `with ours as (
       select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
        where c.relkind in ('r', 'p', 'm', 'v') and not c.relispartition
     )
     select relname || '.' || attname as name, format_type(atttypid, atttypmod) || ' ' || attnotnull as what
       from ours join pg_attribute on attrelid = oid where attnum > 0 and not attisdropped
     union all
     select relname, pg_get_indexdef(indexrelid) from ours join pg_index on indrelid = oid
     union all
     select relname || ' ' || conname, pg_get_constraintdef(k.oid) from ours join pg_constraint k on conrelid = ours.oid
      order by 1, 2`,
  );
  return rows;
}

for (const [at, { name }] of MIGRATIONS.entries()) {
  test(`a database of the time of ${name} with data in it comes to the present whole`, () =>
    withEmptyDatabase(async (database) => {
      await migrate(database, MIGRATIONS.slice(0, at + 1));
      await fillTables(database);
      const before = await readEverything(database);
      assert.ok([...before.values()].every((rows) => rows.length > 0));

      assert.deepEqual(
        await migrate(database),
        MIGRATIONS.slice(at + 1).map((one) => one.name),
      );
      const after = await readEverything(database);
      for (const [table, rows] of before) {
        const now = after.get(table);
        assert.ok(now, `${table} is gone`);
        const kept = Object.keys(rows[0]!).filter((column) => column in (now[0] ?? {}));
        const only = (row: Row) => JSON.stringify(kept.map((column) => row[column]));
        assert.deepEqual(now.map(only).toSorted(), rows.map(only).toSorted(), table);
      }
      assert.deepEqual(await readShape(database), await readShape(admin));
    }));
}

/** What could not be run again after a crash. */
const unrepeatable = (migration: Migration): string[] =>
  runsOutside(migration)
    ? statementsOf(migration).filter(
        (statement) =>
          !/\bif (not )?exists\b/.test(statement) && !/^create (unique )?index concurrently/.test(statement),
      )
    : [];

test('statements outside a transaction can all be run again', () => {
  assert.deepEqual(MIGRATIONS.flatMap(unrepeatable), []);
  const once = next(`-- no transaction
create index concurrently if not exists idx_a on a (a);
-- This one cannot.
drop index idx_b;
`);
  assert.deepEqual(unrepeatable(once), ['drop index idx_b']);
});

test('a database of a development version is told from one of a newer version, and what to do is said', () =>
  withEmptyDatabase(async (database) => {
    const old = ['0001_territory', '0002_plans', '0003_syncs', '0061_plan_statistics'].map((name) => ({
      number: Number.parseInt(name, 10),
      name,
      checksum: 'as it was then',
      sql: '',
    }));
    await migrate(database, old);
    await assert.rejects(migrate(database), {
      code: 'migration_mismatch',
      message: /development version.*0003_syncs.*empty one.*DATABASE_URL.*WATTSYNC_DATA_DIR/,
    });
  }));

test('an index that was never finished is dropped and built again', () =>
  withEmptyDatabase(async (database) => {
    await database.pool.query('create table doubles (a int); insert into doubles values (1), (1)');
    const unique = next(
      '-- no transaction\ncreate unique index concurrently if not exists idx_doubles on doubles (a);\n',
    );
    await assert.rejects(migrate(database, [unique]), { code: '23505' });
    assert.equal(await isValid(database, 'idx_doubles'), false);
    await database.pool.query('delete from doubles where ctid = (select min(ctid) from doubles)');
    assert.deepEqual(await migrate(database, [unique]), [unique.name]);
    assert.equal(await isValid(database, 'idx_doubles'), true);
  }));

test('a process killed between two statements leaves work that the next one takes up', () =>
  withEmptyDatabase(async (database, at) => {
    await database.pool.query('create table first (a int); create table second (a int)');
    const migration = next(`-- no transaction
-- The first is done when the process dies in the second.
create index concurrently if not exists idx_first on first (a);
create index concurrently if not exists idx_second on second (a);
`);
    // A writer keeps the build waiting: it begins and cannot end.
    const doomed = await openDatabase({ databaseUrl: new Secret(at), dataDir: '', connections: 2 });
    await beside(database, 'insert into second values (1)', async () => {
      const died = assert.rejects(migrate(doomed, [migration]));
      await until(async () => (await isValid(database, 'idx_second')) === false);
      await database.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where query like 'create index concurrently%'`,
      );
      await died;
    });
    await doomed.close();
    assert.deepEqual(
      [await isValid(database, 'idx_first'), await isValid(database, 'idx_second')],
      [true, false],
    );
    assert.deepEqual(await migrate(database, [migration]), [migration.name]);
    assert.equal(await isValid(database, 'idx_second'), true);
  }));

/** Does the work while another connection has this transaction open. */
async function beside(
  database: Database,
  transaction: string,
  work: (end: () => Promise<void>) => Promise<void>,
) {
  const other = await database.pool.connect();
  try {
    await other.query(`begin; ${transaction}`);
    await work(async () => void (await other.query('commit')));
  } finally {
    other.release(true);
  }
}

test('of three that build an index at once one does, and others write meanwhile', () =>
  withEmptyDatabase(async (database, at) => {
    await database.pool.query('create table busy (a int)');
    const migration = next(
      '-- no transaction\ncreate index concurrently if not exists idx_busy on busy (a);\n',
    );
    const others = await Promise.all(
      [1, 2].map(() => openDatabase({ databaseUrl: new Secret(at), dataDir: '', connections: 2 })),
    );
    await beside(database, 'insert into busy values (1)', async (end) => {
      const all = Promise.all([database, ...others].map((one) => migrate(one, [migration])));
      await until(async () => (await isValid(database, 'idx_busy')) === false);
      await database.quick.query('insert into busy values (2)');
      await end();
      assert.deepEqual((await all).flat(), [migration.name]);
    });
    assert.equal(await isValid(database, 'idx_busy'), true);
    await Promise.all(others.map((one) => one.close()));
  }));

test('a lock that others hold is waited for a moment at a time, and readers pass meanwhile', () =>
  withEmptyDatabase(async (database) => {
    await database.pool.query('create table held (a int)');
    const migration = next('alter table held add column b int');
    const patience = { lockMs: 50, pauseMs: 20, totalMs: 300, turnMs: 10_000 };
    const isWaiting = async () => {
      const { rowCount } = await database.pool.query(
        "select from pg_locks where relation = 'held'::regclass and not granted",
      );
      return rowCount === 1;
    };
    await beside(database, 'select * from held', async (end) => {
      const refused = assert.rejects(migrate(database, [migration], patience), {
        code: 'migration_blocked',
        message: /process \d+ \(wattsync, since \d+ s\): begin; select \* from held.*npm run db:migrate/,
      });
      await until(isWaiting);
      // Behind a patient exclusive lock this would fail: quick queries give up after a second.
      for (let reads = 0; reads < 20; reads++) await database.quick.query('select * from held');
      await refused;
      const { fields } = await database.pool.query('select * from held');
      assert.deepEqual(
        fields.map(({ name }) => name),
        ['a'],
      );
      const patient = migrate(database, [migration], { ...patience, totalMs: 20_000 });
      await until(isWaiting);
      await end();
      assert.deepEqual(await patient, [migration.name]);
    });
  }));

test('a server that refuses an extension, or has not got it, is told what to do', () =>
  withEmptyDatabase(async (database, at) => {
    await database.pool.query(
      `drop role if exists wattsync_plain; create role wattsync_plain login password 'plain'; grant all on schema public to wattsync_plain`,
    );
    const plain = new URL(at);
    plain.username = 'wattsync_plain';
    plain.password = 'plain';
    const other = await openDatabase({
      databaseUrl: new Secret(plain.href),
      dataDir: '',
      connections: 2,
    });
    const refused = next('create extension if not exists citext');
    await assert.rejects(migrate(other, [refused]), {
      code: 'extension_missing',
      message: /_test needs the extension citext.*superuser run.*create extension citext; .*db:migrate/,
    });
    await database.pool.query('create extension citext');
    assert.deepEqual(await migrate(other, [refused]), [refused.name]);
    await other.close();
    await assert.rejects(migrate(database, [refused, next('create extension no_such_thing')]), {
      code: 'extension_missing',
      message: /no_such_thing.*postgresql-contrib/,
    });
    await database.pool.query(
      'reassign owned by wattsync_plain to current_user; drop owned by wattsync_plain; drop role wattsync_plain',
    );
  }));
