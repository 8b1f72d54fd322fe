import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import { type Found, search } from '../../src/catalog/search.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { refreshMarketViews } from '../../src/sync/work/refresh-views.ts';
import { allDuns, createTestDatabase, syncAll, testGate } from '../support/support.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 120, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
const catalog = new Catalog({
  planSets: new PlanSetCache({
    layers: [{ name: 'active', read: (duns) => readActivePlanSet(database.pool, duns) }],
  }),
  staleAfterMs: 7_200_000,
});
const parts = { database: { pool: database.quick }, catalog, tdsps: allDuns, mayCorrect: true };
const find = (typed: string, limit = 10): Promise<Found> => search(parts, typed, limit);
const names = (found: { name: string }[]) => found.map(({ name }) => name);

await syncAll(database, source);

test('before the views were refreshed, what is published is found in memory', async () => {
  const { providers, plans, corrected } = await find('armad');
  assert.deepEqual(names(providers), ['Armadillo Volt']);
  assert.ok(plans.length > 0 && plans.every((plan) => plan.provider.id === 'armadillo-volt'));
  assert.equal(corrected, null);
  await refreshMarketViews(database);
});

test('a provider is found from the first letters on, and its products with it', async () => {
  for (let length = 3; length <= 'armadillo volt'.length; length++) {
    const { providers, plans } = await find('armadillo volt'.slice(0, length));
    assert.equal(providers[0]?.name, 'Armadillo Volt', `after ${length} letters`);
    assert.ok(plans.length > 0 && plans.every((plan) => plan.provider.id === 'armadillo-volt'));
  }
});

test('every product is found by its own name, before all others', async () => {
  const { rows } = await database.pool.query<{ name: string; provider_id: string; provider_name: string }>(
    'select name, provider_id, provider_name from market_products order by product_key',
  );
  assert.ok(rows.length > 100);
  for (const { name, provider_id, provider_name } of rows) {
    const { plans } = await find(`${provider_name} ${name}`, 50);
    assert.ok(
      plans.some((plan) => plan.name === name && plan.provider.id === provider_id),
      `${provider_name} ${name}`,
    );
  }
});

test('a product comes once, as its cheapest plan, with the number of TDSPs it is sold in', async () => {
  const { plans } = await find('armadillo volt', 50);
  const products = plans.map(({ name, term_months }) => `${name} ${term_months}`);
  assert.equal(new Set(products).size, products.length);
  for (const { id, name, provider, term_months, tdsps } of plans) {
    const { rows } = await database.pool.query<{ id: string; tdsps: number }>(
      `select id, count(*) over ()::int as tdsps from electricity_plans
        where is_active and provider_id = $1 and name = $2 and term_months is not distinct from $3
        order by rate_1000kwh, id limit 1`,
      [provider.id, name, term_months],
    );
    assert.deepEqual(rows[0], { id, tdsps });
  }
});

const MISSPELT: [typed: string, meant: string, provider: string][] = [
  ['armadilo vlot', 'armadillo volt', 'Armadillo Volt'],
  ['Armadilla', 'armadillo', 'Armadillo Volt'],
  ['jackrabit joul', 'jackrabbit joul', 'Jackrabbit Joule'],
  ['mokingbird ampere', 'mockingbird ampere', 'Mockingbird Ampere'],
  ['roadruner', 'roadrunner', 'Roadrunner Ohm'],
  ['grackel gird', 'grackle grid', 'Grackle Grid'],
  ['limestnoe lumen xyzzyx', 'limestone lumen', 'Limestone Lumen'],
];
for (const [typed, meant, provider] of MISSPELT) {
  test(`"${typed}" is taken for "${meant}"`, async () => {
    const { providers, plans, corrected } = await find(typed);
    assert.equal(corrected, meant);
    assert.equal(providers[0]?.name, provider);
    assert.ok(plans.length > 0 && plans.every((plan) => plan.provider.name === provider));
  });
}

test('one letter too many, too few, wrong or out of place: the provider is found all the same', async () => {
  const { rows } = await database.pool.query<{ name: string }>(
    'select r.name from provider_performance s join providers r on r.id = s.provider_id order by 1',
  );
  const missed: string[] = [];
  for (const [at, { name }] of rows.entries()) {
    const place = 2 + (at % 4);
    // A space in another place makes other words.
    if (name.slice(place, place + 2).includes(' ')) continue;
    for (const typed of [
      name.slice(0, place) + name.slice(place + 1),
      `${name.slice(0, place)}x${name.slice(place)}`,
      `${name.slice(0, place)}q${name.slice(place + 1)}`,
      name.slice(0, place) + name[place + 1] + name[place] + name.slice(place + 2),
    ]) {
      const { providers } = await find(typed);
      if (!names(providers).includes(name)) missed.push(typed);
    }
  }
  assert.deepEqual(missed, []);
});

test('what means something else already is not taken for a misspelt word', async () => {
  assert.equal((await find('armadilo')).corrected, 'armadillo');
  assert.deepEqual(await search({ ...parts, mayCorrect: false }, 'armadilo', 10), {
    providers: [],
    plans: [],
    corrected: null,
  });
});

test('features are found, words in quotes stay together, and a minus excludes', async () => {
  const isPrepaid = async (ids: string[]) =>
    (
      await database.pool.query<{ is_prepaid: boolean }>(
        'select is_prepaid from electricity_plans where id = any($1)',
        [ids],
      )
    ).rows.map((row) => row.is_prepaid);
  const ids = ({ plans }: Found) => plans.map(({ id }) => id);
  const prepaid = await isPrepaid(ids(await find('prepaid')));
  assert.ok(prepaid.length > 0 && prepaid.every(Boolean));
  const others = await isPrepaid(ids(await find('volt -prepaid', 50)));
  assert.ok(others.length > 0 && !others.some(Boolean));
  const together = await find('"armadillo volt"');
  assert.ok(together.plans.length > 0);
  assert.deepEqual((await find('"volt armadillo"')).plans, []);
  assert.deepEqual((await find('armadilo -prepaid')).plans, []);
});

test('what nobody sells is not found, and signs alone ask nothing', async () => {
  for (const typed of ['qqqqqqqq', '!!!', '"', "'; drop table plans --", '%', '\\', '-', '🔌', '\0'])
    assert.deepEqual((await find(typed)).plans, [], typed);
});

test('what was withdrawn since the views were refreshed is not found', async () => {
  const { plans } = await find('armadillo volt', 50);
  const { rows } = await database.pool.query<{ id: string }>(
    `update electricity_plans set is_active = false, deactivated_at = now()
      where provider_id = 'armadillo-volt' and name = $1 and is_active returning id`,
    [plans[0]!.name],
  );
  const gone = new Set(rows.map(({ id }) => id));
  assert.ok(gone.has(plans[0]!.id));
  const left = await find('armadillo volt', 50);
  assert.ok(left.plans.length > 0 && !left.plans.some(({ id }) => gone.has(id)));
});

test('without PostgreSQL the search answers from memory', async () => {
  await catalog.view(allDuns);
  // Nobody listens there.
  const pool = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
  const { providers, plans } = await search({ ...parts, database: { pool } }, 'armad', 10);
  assert.deepEqual(names(providers), ['Armadillo Volt']);
  assert.ok(plans.length > 0 && plans.every((plan) => plan.provider.id === 'armadillo-volt'));
  const products = plans.map(({ name, term_months }) => `${name} ${term_months}`);
  assert.equal(new Set(products).size, products.length);
  await pool.end();
});
