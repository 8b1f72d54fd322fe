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
const market = { tdsps: 40, plansPerTdsp: 25, providers: 30, days: 200, rows: 60_000 };
await inventHistory(database, market, () => {});
await migrate(database);
await refreshDailyRateIndex(database);
await pool.query(
  `update offers set ended_at = now() - interval '1 day' * (hashtextextended(id::text, 1) % 200) where hashtextextended(id::text, 2) % 4 = 0`,
);
await pool.query('vacuum analyze');

const text = readFileSync(new URL('../docs/queries-history.md', import.meta.url), 'utf8');
const questions = [...text.matchAll(/^## (.+)\n\n([\s\S]+?)\n\n```sql\n([\s\S]+?)```/gm)].map(
  ([, title, asker, sql]) => ({ title: title!, asker: asker!, sql: sql! }),
);

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  Plans?: Node[];
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

test('every question has somebody who asks it', () => {
  assert.ok(questions.length >= 12);
  assert.equal(questions.length, text.match(/^## /gm)?.length);
  for (const { asker, title } of questions) assert.ok(asker.length > 20, title);
});

for (const { title, sql } of questions) {
  test(`"${title}" is answered from indexes`, async () => {
    const asked = sql.replaceAll('1039940674000', '9900000000007').replaceAll('txu-energy', 'provider-3');
    const { rows } = await pool.query(`explain (analyze, timing off, format json) ${asked}`);
    const nodes = nodesOf(rows[0]['QUERY PLAN'][0].Plan);
    // A month without a row yet costs nothing to read.
    const { rows: empty } = await pool.query<{ name: string }>(
      'select relname as name from pg_class where relkind = $1 and relpages = 0',
      ['r'],
    );
    const whole = nodes.filter(
      (node) => node['Node Type'] === 'Seq Scan' && !empty.some(({ name }) => name === node['Relation Name']),
    );
    assert.deepEqual(whole, []);
    assert.ok(nodes.some((node) => /Index|Bitmap/.test(node['Node Type'])));
  });
}
