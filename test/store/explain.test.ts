/**
 * How PostgreSQL runs the statements of docs/queries.md, of the API and of a sync on a market far larger than Texas:
 * each stays on its index, a page is read in order and not sorted, and no index is there for nothing.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { readDocumentedQueries } from '../../bench/documented-queries.ts';
import { inventMarket, KNOWN } from '../../bench/invent-market.ts';
import { Engine } from '../../src/app/engine.ts';
import { readConfig, Secret } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readCacheStats } from '../../src/store/cache/cache-stats.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { readDeadLetters, readRecentRuns } from '../../src/store/queue/sync-runs.ts';
import { readGate } from '../../src/store/upstream/permits.ts';
import { followRun } from '../../src/sync/work/follow-run.ts';
import { refreshMarketViews } from '../../src/sync/work/refresh-views.ts';
import { openApi } from '../support/api.ts';
import { buffersOf, complaints, explain, nodesOf, type PlanNode } from '../support/explain.ts';
import { createTestDatabase, ONCOR, territory, testGate, wattsync } from '../support/support.ts';

const SIZE = { plans: 100_000, tdsps: 600 };
/** A table with fewer rows may be read as a whole. */
const LARGE_ROWS = 5_000;
/** No statement that reads needs more pages of 8 kB than this, whatever the size of the market. */
const MOST_BUFFERS = 3_000;
const SYNCED_PLANS = 160;

const { database, url } = await createTestDatabase();
await inventMarket(database, SIZE);
// The inventor knows nothing of what came to be written down later.
await database.pool.query(
  `update quarantined_records set resolved_at = last_seen_at, resolution = 'gone'
    where last_seen_at < now() - interval '1 day'`,
);
await refreshMarketViews(database);
await database.pool.query('vacuum analyze');

const QUERIES = readDocumentedQueries();

for (const query of QUERIES) {
  test(`${query.name} stays on ${query.index ?? 'something small'}`, async () => {
    assert.deepEqual(complaints(query, await explain(database.pool, query.sql)), []);
  });
}

test('a statement whose index is gone is noticed', async () => {
  const indexes = [...new Set(QUERIES.flatMap(({ index }) => index ?? []))];
  assert.ok(indexes.length >= 15, indexes.join());
  for (const index of indexes.filter((name) => name.startsWith('idx_'))) {
    const client = await database.pool.connect();
    try {
      await client.query('begin');
      await client.query(`drop index ${index}`);
      for (const query of QUERIES.filter((one) => one.index === index)) {
        assert.ok(complaints(query, await explain(client, query.sql)).includes(`leaves ${index}`));
      }
    } finally {
      await client.query('rollback');
      client.release();
    }
  }
});

test('a page that sorts by an alias, or fetches rows only to look at them, is noticed', async () => {
  const page = QUERIES.find(({ name }) => name === 'plans-by-rate')!;
  const alias = page.sql.replace('p.rate_1000kwh\n', 'p.rate_1000kwh::float8 as rate_1000kwh\n');
  const sorted = alias.replace('order by p.rate_1000kwh, p.id', 'order by rate_1000kwh, id');
  assert.ok(complaints(page, await explain(database.pool, sorted)).includes('sorts'));
  const fetched = page.sql.replace('and p.is_active', 'and p.is_active and p.has_minimum_usage_fee');
  assert.match(complaints(page, await explain(database.pool, fetched)).join(), /reads \d+ rows/);
});

/** Statements as the code sent them, with the plan each was run by. */
interface Seen {
  text: string;
  root: PlanNode;
}

/** A database whose every statement is seen, through PostgreSQL's own auto_explain. */
async function watch() {
  const name = new URL(url).pathname.slice(1);
  const settings = {
    session_preload_libraries: 'auto_explain',
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_buffers': 'on',
    'auto_explain.log_timing': 'off',
    'auto_explain.log_format': 'json',
    'auto_explain.log_level': 'notice',
  };
  for (const [setting, value] of Object.entries(settings))
    await database.pool.query(`alter database ${name} set ${setting} = '${value}'`);
  const watched = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 8 });
  test.after(() => watched.close());
  const seen: Seen[] = [];
  const known = new WeakSet<pg.PoolClient>();
  for (const pool of [watched.pool, watched.quick]) {
    // Not when it connects: the first one did before anybody could listen.
    pool.on('acquire', (client) => {
      if (known.has(client)) return;
      known.add(client);
      client.on('notice', ({ message = '' }) => {
        const json = /^duration: .*plan:\n(.*)$/s.exec(message)?.[1];
        if (!json) return;
        const { 'Query Text': text, Plan: root } = JSON.parse(json) as {
          'Query Text': string;
          Plan: PlanNode;
        };
        seen.push({ text, root });
      });
    });
  }
  return { watched, seen };
}

const { watched, seen } = await watch();
const { rows: sizes } = await database.pool.query<{ name: string; rows: number }>(
  `select relname as name, reltuples::float8 as rows from pg_class where relkind in ('r', 'm')`,
);
const large = new Set(sizes.filter(({ rows }) => rows > LARGE_ROWS).map(({ name }) => name));
const used = new Set<string>();

/** Fails if anything that was run reads a large table as a whole, or more pages than such a statement needs. */
function expectIndexed(what: string, most = MOST_BUFFERS): void {
  assert.ok(seen.length > 0, `nothing was seen of ${what}`);
  const wrong = seen.flatMap(({ text, root }) => {
    const nodes = nodesOf(root);
    for (const node of nodes) if (node['Index Name']) used.add(node['Index Name']);
    const whole = nodes.filter(
      (node) => node['Node Type'] === 'Seq Scan' && large.has(node['Relation Name'] ?? ''),
    );
    const isTooMuch = buffersOf(root) > most && root['Node Type'] !== 'ModifyTable';
    return whole.length > 0 || isTooMuch
      ? [`${buffersOf(root)} pages, whole: ${whole.map((node) => node['Relation Name'])}: ${text}`]
      : [];
  });
  seen.length = 0;
  assert.deepEqual(wrong, []);
}

test('every answer of the API is found through an index', async () => {
  const { ask, unexpected } = openApi(watched);
  const places: Record<string, string> = { slug: 'dallas-tx', zip: '75201', duns: ONCOR };
  const queries: Record<string, string[]> = {
    '/v1/plans': ['tdsp=1039940674000&term=12', 'city=dallas-tx&q=saver'],
    '/v1/search': ['q=arm', 'q=armadilo%20fixx', 'q=energy', 'q=zzzz', 'q="days"%20-prepaid'],
  };
  const { paths } = (await ask('/openapi.json')).json();
  for (const path of Object.keys(paths)) {
    if (!('get' in paths[path])) continue;
    const id = path.includes('provider') ? KNOWN.provider_id : KNOWN.plan_id;
    const at = path.replace(/\{(\w+)\}/g, (_, name: string) => places[name] ?? id);
    for (const query of queries[path] ?? ['']) {
      const { statusCode, body } = await ask(`${at}?${query}`);
      assert.equal(statusCode, 200, `${at}: ${body.slice(0, 300)}`);
    }
  }
  assert.deepEqual(unexpected, []);
  expectIndexed('the API');
});

test('what operators look at is found through an index', async () => {
  await readRecentRuns(watched.pool, 10);
  await readDeadLetters(watched.pool);
  await readCacheStats(watched.pool, new Date(Date.now() - 3_600_000));
  await readGate(watched.pool, 'sandbox');
  expectIndexed('the reports');
});

test('a sync reads and writes through indexes, asked for at the queue and done by a worker', async () => {
  const sandbox = await startSandbox({ plansPerTdsp: SYNCED_PLANS });
  const source = new ComparePowerSource(
    { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
    testGate(watched),
  );
  const engine = new Engine({
    config: readConfig({ ENABLE_QUERY_OPTIMIZATION: 'false' }),
    database: watched,
    territory,
    source,
    roles: ['worker'],
    onError: (error) => assert.fail(String(error)),
  });
  // Also after a failure: an engine that runs on keeps the process alive.
  test.after(() => engine.stop());
  await engine.start();
  for (let day = 0; day < 3; day++) {
    const { run_id } = await engine.request({
      kind: 'city',
      tdsps: [ONCOR],
      force: true,
      requested_by: 'cli',
    });
    const { run } = await followRun(watched, run_id, { signal: AbortSignal.timeout(30_000) });
    // The sandbox's market is not the invented one: an operator has to say that it may replace it.
    if (day === 0) {
      assert.equal(run.status, 'failed');
      const { code, stderr } = await wattsync(['held', 'publish', 'ONCOR', '--json'], { DATABASE_URL: url });
      assert.equal(code, 0, stderr);
    } else assert.equal(run.status, 'succeeded');
    sandbox.control.advance(1);
  }
  await engine.stop();
  await sandbox.stop();
  // Each plan that changed, its offer, those with the same key, and who else carries them.
  expectIndexed('the sync', 30 * SYNCED_PLANS);
});

test('every index is used by one of these statements', async () => {
  const client = await database.pool.connect();
  try {
    await client.query('select pg_stat_reset()');
    for (const { sql } of [...QUERIES, ...readDocumentedQueries('queries-history.md')])
      await client.query(sql);
    await client.query('select pg_stat_force_next_flush()');
    // Unique ones also let a view be refreshed beside its readers. One without entries just now proves nothing.
    const { rows } = await client.query<{ name: string }>(
      `select indexrelname as name from pg_stat_user_indexes join pg_index using (indexrelid)
         join pg_class c on c.oid = indexrelid
        where indexrelname like 'idx\\_%' and not indisunique and idx_scan = 0 and c.reltuples > 0 order by 1`,
    );
    assert.deepEqual(
      rows.map(({ name }) => name).filter((name) => !used.has(name)),
      [],
    );
  } finally {
    client.release();
  }
});

/** Indexes whose columns begin another one over the same rows: that one serves whatever they serve. */
const REDUNDANT = `
  select a.indexrelid::regclass::text as name, b.indexrelid::regclass::text as covered_by
    from pg_index a join pg_index b on a.indrelid = b.indrelid and a.indexrelid <> b.indexrelid
    join pg_class ac on ac.oid = a.indexrelid join pg_class bc on bc.oid = b.indexrelid and bc.relam = ac.relam
    join pg_namespace n on n.oid = ac.relnamespace and n.nspname = 'public'
   where not a.indisunique and ac.relam = (select oid from pg_am where amname = 'btree')
     and a.indexprs is null and b.indexprs is null
     and pg_get_expr(a.indpred, a.indrelid) is not distinct from pg_get_expr(b.indpred, b.indrelid)
     and starts_with(b.indkey::text || ' ', a.indkey::text || ' ')
     and starts_with(b.indoption::text || ' ', a.indoption::text || ' ')
     and starts_with(b.indclass::text || ' ', a.indclass::text || ' ')`;

test('no index is the beginning of another', async () => {
  assert.deepEqual((await database.pool.query(REDUNDANT)).rows, []);
  await database.pool.query('create index idx_too_many on electricity_plans (tdsp_duns, is_active)');
  const { rows } = await database.pool.query(REDUNDANT);
  await database.pool.query('drop index idx_too_many');
  assert.ok(rows.some(({ covered_by }) => covered_by === 'idx_plans_primary_lookup'));
});
