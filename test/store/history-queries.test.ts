import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocumentedQueries } from '../../bench/documented-queries.ts';
import { inventHistory } from '../../bench/invent-history.ts';
import { refreshDailyRateIndex } from '../../src/store/market/refresh-daily-rate-index.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { storeTerritory } from '../../src/store/territory.ts';
import { complaints, explain } from '../support/explain.ts';
import { createTestDatabase, territory } from '../support/support.ts';

const { database } = await createTestDatabase();
const { pool } = database;

// Enough of everything that reading all of it would cost more than an index does.
await pool.query('drop schema public cascade; create schema public');
await migrate(database);
await storeTerritory(database, territory);
await inventHistory(
  database,
  { tdsps: 40, plansPerTdsp: 25, providers: 30, days: 200, rows: 60_000 },
  () => {},
);
await refreshDailyRateIndex(database);
await pool.query(
  `update offers set ended_at = now() - interval '1 day' * (hashtextextended(id::text, 1) % 200)
    where hashtextextended(id::text, 2) % 4 = 0`,
);
// Every TDSP has some that are new.
await pool.query(
  `update offers set first_seen_at = now() - interval '3 days' where id in (
     select min(id::text)::uuid from offers where tdsp_duns like '99%' group by tdsp_duns)`,
);
await pool.query('vacuum analyze');
const known = (
  await pool.query(
    "select tdsp_duns, offer_id, id as plan_id, provider_id from electricity_plans where tdsp_duns like '99%' order by id limit 1",
  )
).rows[0];

/** The ids of the page stand for those that were invented here, and its day for one of theirs. */
const here = (sql: string): string =>
  sql
    .replaceAll('1039940674000', known.tdsp_duns)
    .replaceAll('00000000-0000-4000-8000-000000000001', known.plan_id)
    .replaceAll('00000000-0000-4000-9000-000000000001', known.offer_id)
    .replaceAll('armadillo-volt', known.provider_id)
    .replaceAll(/'2026-03-01 [^']+'/g, "now() - interval '100 days'");

const questions = readDocumentedQueries('queries-history.md').map((query) => ({
  ...query,
  sql: here(query.sql),
}));

for (const query of questions) {
  test(`${query.name} lives on ${query.index}`, async () => {
    assert.deepEqual(complaints(query, await explain(pool, query.sql)), []);
  });
}

test('a statement whose index is gone is noticed', async () => {
  const query = questions.find(({ name }) => name === 'life-of-offers')!;
  await pool.query(`drop index ${query.index}`);
  assert.deepEqual(complaints(query, await explain(pool, query.sql))[0], `leaves ${query.index}`);
});
