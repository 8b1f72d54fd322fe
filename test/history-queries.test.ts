import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inventHistory } from '../bench/invent-history.ts';
import { migrate, readMigrations } from '../src/store/migrate.ts';
import { refreshDailyRateIndex } from '../src/store/refresh-daily-rate-index.ts';
import { storeTerritory } from '../src/store/territory.ts';
import { createTestDatabase, territory } from './support.ts';

const { database } = await createTestDatabase();
const { pool } = database;

// Enough of everything that reading all of it would cost more than an index does.
await pool.query('drop schema public cascade; create schema public');
await migrate(
  database,
  readMigrations().filter(({ number }) => number < 50),
);
await storeTerritory(database, territory);
await inventHistory(
  database,
  { tdsps: 40, plansPerTdsp: 25, providers: 30, days: 200, rows: 60_000 },
  () => {},
);
await migrate(database);
await refreshDailyRateIndex(database);
await pool.query(
  `update offers set ended_at = now() - interval '1 day' * (hashtextextended(id::text, 1) % 200)
    where hashtextextended(id::text, 2) % 4 = 0`,
);
await pool.query('vacuum analyze');
const known = (
  await pool.query(
    "select tdsp_duns, offer_id, id as plan_id, provider_id from electricity_plans where tdsp_duns like '99%' order by id limit 1",
  )
).rows[0];

const text = readFileSync(new URL('../docs/queries-history.md', import.meta.url), 'utf8');
const questions = [
  ...text.matchAll(
    /^### (\S+)\n\n([^#]{40,}?)\n\n```sql\n-- uses (\w+); at most (\d+) pages\n(.*?);\n```$/gms,
  ),
].map(([, name, , index, pages, sql]) => ({ name: name!, index: index!, pages: Number(pages), sql: sql! }));

test('every statement tells who asks it and what it lives on', () =>
  assert.equal(questions.length, text.split('```sql').length - 1));

interface Node {
  'Node Type': string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: Node[];
}
const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/** What PostgreSQL does with a statement. */
async function explain(sql: string): Promise<{ indexes: string[]; rows: number; pages: number }> {
  const asked = sql
    .replaceAll('1039940674000', known.tdsp_duns)
    .replaceAll('00000000-0000-4000-8000-000000000001', known.plan_id)
    .replaceAll('00000000-0000-4000-9000-000000000001', known.offer_id)
    .replaceAll('armadillo-volt', known.provider_id)
    .replaceAll(/'2026-03-01 [^']+'/g, "now() - interval '100 days'");
  const { rows } = await pool.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
    `explain (analyze, buffers, timing off, format json) ${asked}`,
  );
  const { Plan: root } = rows[0]!['QUERY PLAN'][0];
  return {
    indexes: nodesOf(root).flatMap((node) => node['Index Name'] ?? []),
    rows: root['Actual Rows'],
    pages: root['Shared Hit Blocks'] + root['Shared Read Blocks'],
  };
}

/** That of a month is called like that of the whole history, and the month. */
const isPartOf = (index: string, whole: string): boolean =>
  index === whole || (index.startsWith(`${whole}_`) && /\d{4}_\d\d$/.test(index));

for (const { name, index, pages, sql } of questions) {
  test(`${name} lives on ${index}`, async () => {
    const found = await explain(sql);
    assert.ok(
      found.indexes.some((one) => isPartOf(one, index)),
      `it uses ${found.indexes.join(', ') || 'no index'}`,
    );
    assert.ok(found.pages <= pages, `it reads ${found.pages} pages`);
    assert.ok(found.rows > 0, 'it finds nothing');
  });
}

test('a statement whose index is gone is noticed', async () => {
  const { index, sql } = questions.find(({ name }) => name === 'life-of-offers')!;
  await pool.query(`drop index ${index}`);
  assert.ok(!(await explain(sql)).indexes.includes(index));
});
