import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { attachEmbeddedPostgres } from '../../src/store/embedded/attach.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { readMigrations } from '../../src/store/schema/migration.ts';
import { storeTerritory } from '../../src/store/territory.ts';
import { createTestDatabase, territory, until } from '../support/support.ts';

const { database } = await createTestDatabase();

test('an embedded PostgreSQL is shared: the first one in starts it, the last one out stops it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wattsync-embedded-'));
  const [first, second] = await Promise.all([attachEmbeddedPostgres(folder), attachEmbeddedPostgres(folder)]);
  assert.equal(first.connectionString, second.connectionString);
  const ask = async () => {
    const client = new pg.Client({ connectionString: first.connectionString, application_name: 'wattsync' });
    await client.connect();
    const { rows } = await client.query('select version()');
    await client.end();
    return rows[0].version as string;
  };
  assert.match(await ask(), /^PostgreSQL 18/);
  await first.detach();
  assert.match(await ask(), /^PostgreSQL 18/);
  await second.detach();
  await second.detach();
  await assert.rejects(ask(), { code: 'ECONNREFUSED' });
});

test('a connection that breaks in the hands of its holder is an error of the next query, and no more', async () => {
  for (const pool of [database.pool, database.quick]) {
    const connection = await pool.connect();
    try {
      const { rows } = await connection.query('select pg_backend_pid() as pid');
      let hasEnded = false;
      connection.once('end', () => {
        hasEnded = true;
      });
      // Nothing is being asked as it breaks: nobody but the connection itself hears of it.
      await database.pool.query('select pg_terminate_backend($1)', [rows[0].pid]);
      await until(() => hasEnded);
      await assert.rejects(connection.query('select 1'));
    } finally {
      connection.release(true);
    }
    assert.equal((await pool.query('select 1 as one')).rows[0].one, 1);
  }
});

test('migrations are applied once, in order, and an edited one is a clear error', async () => {
  const migrations = readMigrations();
  assert.deepEqual(await migrate(database, migrations), []);
  const edited = migrations.map((one) => (one.number === 2 ? { ...one, checksum: 'other' } : one));
  await assert.rejects(migrate(database, edited), {
    code: 'migration_mismatch',
    message: /0002_plans\.sql was edited/,
  });
  await assert.rejects(migrate(database, migrations.slice(0, 2)), {
    code: 'migration_mismatch',
    message: /newer version/,
  });
});

test('of two that migrate at once one does it, and a migration that fails leaves nothing behind', async () => {
  const next = {
    number: 99,
    name: '0099_more',
    checksum: 'x',
    sql: 'create table more (a int)',
  };
  const all = [...readMigrations(), next];
  const applied = await Promise.all([migrate(database, all), migrate(database, all), migrate(database, all)]);
  assert.deepEqual(applied.flat(), ['0099_more']);
  const broken = {
    number: next.number + 1,
    name: '0100_broken',
    checksum: 'y',
    sql: 'create table half (a int); select 1/0',
  };
  await assert.rejects(migrate(database, [...all, broken]), /division by zero/);
  const { rows } = await database.pool.query("select to_regclass('half') as half");
  assert.equal(rows[0].half, null);
});

test('the territory is in the database, and loading it again changes nothing', async () => {
  const counts = async () => {
    const { rows } = await database.pool.query(
      'select (select count(*)::int from cities) as cities, (select count(*)::int from zip_codes) as zips, (select max(loaded_at) from territory_edition) as at',
    );
    return rows[0];
  };
  const before = await counts();
  assert.equal(before.cities, territory.cities.length);
  assert.equal(before.zips, territory.zips.size);
  await storeTerritory(database, territory);
  assert.deepEqual(await counts(), before);
});

test('the indexes of the contract exist', async () => {
  const { rows } = await database.pool.query(
    "select indexname from pg_indexes where tablename = 'electricity_plans'",
  );
  const names = rows.map(({ indexname }) => indexname);
  for (const name of ['primary_lookup', 'faceted_contract', 'faceted_green', 'provider_performance']) {
    assert.ok(names.includes(`idx_plans_${name}`), name);
  }
});

test('a transaction that goes silent gives back its locks; who held it goes on with another connection', async () => {
  const shown = await database.pool.query('show idle_in_transaction_session_timeout');
  assert.equal(shown.rows[0].idle_in_transaction_session_timeout, '10s');
  const [holds, wakes] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const frozen = database.transaction(async (connection) => {
    // As a process that is frozen here: nothing comes any more.
    await connection.query("set local idle_in_transaction_session_timeout = '50ms'");
    await connection.query('select pg_advisory_xact_lock(77)');
    holds.resolve();
    await wakes.promise;
    await connection.query('select 1');
  });
  await holds.promise;
  await database.transaction((connection) => connection.query('select pg_advisory_xact_lock(77)'));
  wakes.resolve();
  await assert.rejects(frozen);
  assert.equal((await database.pool.query('select 1')).rowCount, 1);
});
