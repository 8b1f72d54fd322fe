import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareCatalogue, readCatalogue, recordedCatalogue } from '../../src/store/schema/catalogue.ts';
import { createTestDatabase } from '../support/support.ts';

const { database } = await createTestDatabase();

test('src/store/schema/schema.json is what the migrations make of an empty database (npm run schema records it)', async () => {
  assert.deepEqual(await readCatalogue(database.pool), recordedCatalogue());
});

test('what somebody changed by hand is found, and what a locked table is like is not guessed', async () => {
  const compare = async () => compareCatalogue(recordedCatalogue(), await readCatalogue(database.pool));
  assert.deepEqual(await compare(), []);
  const connection = await database.pool.connect();
  await connection.query('begin');
  await connection.query('lock table electricity_plans in access exclusive mode');
  assert.deepEqual(await compare(), []);
  await connection.query('rollback');
  connection.release();

  await database.pool.query(`
    drop index idx_plans_offer;
    drop index idx_plans_primary_lookup;
    create index idx_plans_primary_lookup on electricity_plans (rate_1000kwh);
    alter table offers drop constraint offers_provider_id_fkey;
    alter table providers drop column phone;
    drop table schema_drift;
    create table somebodys (a int);`);
  const found = (await compare()).map(({ kind, name, found }) => [
    kind,
    name,
    found === null ? 'missing' : 'changed',
  ]);
  assert.deepEqual(found, [
    ['relations', 'schema_drift', 'missing'],
    ['columns', 'providers.phone', 'missing'],
    ['indexes', 'idx_plans_offer', 'missing'],
    ['indexes', 'idx_plans_primary_lookup', 'changed'],
    ['constraints', 'offers.offers_provider_id_fkey', 'missing'],
  ]);
});
