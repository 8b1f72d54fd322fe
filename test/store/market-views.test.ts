import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerQuery, facetsJson } from '../../src/catalog/answer-query.ts';
import { PlanIndex } from '../../src/catalog/plan-index.ts';
import { PricedPlans } from '../../src/catalog/priced-plans.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readProviders } from '../../src/store/market/providers.ts';
import { readMarkets } from '../../src/store/market/summary.ts';
import { MARKET_VIEWS, readBehindViews } from '../../src/store/market/views.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { refreshMarketViews } from '../../src/sync/work/refresh-views.ts';
import { EVERY_PLAN } from '../support/questions.ts';
import {
  allDuns,
  createTestDatabase,
  ONCOR,
  startReader,
  syncAll,
  territory,
  testGate,
  until,
  wattsync,
} from '../support/support.ts';

const { database, url } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 60, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const UPSTREAM = { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' };
const source = new ComparePowerSource(UPSTREAM, testGate(database));

const sync = (tdsps = allDuns) => syncAll(database, source, { force: true, tdsps });

const readRefreshes = async () =>
  (
    await database.pool.query<{ view_name: string; refreshed_at: Date; error: string | null }>(
      'select view_name, refreshed_at, error from view_refreshes order by 1',
    )
  ).rows;
const behind = async () => (await readBehindViews(database.pool)).views;

test('before the first publish every view is there, empty and current once refreshed', async () => {
  assert.deepEqual(await behind(), [...MARKET_VIEWS]);
  assert.equal((await refreshMarketViews(database)).status, 'refreshed');
  assert.deepEqual(await refreshMarketViews(database), { status: 'current', views: [] });
  assert.deepEqual(await readMarkets(database.pool, [[ONCOR]]), [null]);
});

test('what was published makes every view look behind until it is refreshed; what is confirmed does not', async () => {
  await sync();
  assert.deepEqual(await behind(), [...MARKET_VIEWS]);
  await refreshMarketViews(database);
  assert.deepEqual(await behind(), []);
  const refreshed = await readRefreshes();
  assert.deepEqual(
    refreshed.map(({ view_name }) => view_name),
    [...MARKET_VIEWS].toSorted(),
  );
  await sync();
  assert.equal((await refreshMarketViews(database)).status, 'current');
  assert.deepEqual(await readRefreshes(), refreshed);
});

const rates = (plans: Plan[], usage: 500 | 1000 | 2000) =>
  plans.flatMap((plan) => plan.rates_cents_per_kwh[usage] ?? []).toSorted((a, b) => a - b);
const near = (actual: number | null, expected: number, what: string) =>
  assert.ok(Math.abs(actual! - expected) < 0.002, `${what}: ${actual} instead of ${expected}`);

function expectSpread(
  spread: { min: number | null; median: number | null; average: number | null },
  sorted: number[],
  what: string,
): void {
  const middle = (sorted.length - 1) / 2;
  near(spread.min, sorted[0]!, `${what} min`);
  near(spread.median, (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2, `${what} median`);
  near(spread.average, sorted.reduce((sum, rate) => sum + rate, 0) / sorted.length, `${what} average`);
}

test('the market of every TDSP and of every city is what its plans say', async () => {
  const plansOf = new Map<string, Plan[]>();
  for (const duns of allDuns) plansOf.set(duns, [...(await readActivePlanSet(database.pool, duns))!.plans]);
  const areas = [...allDuns.map((duns) => [duns]), ...territory.cities.map(({ tdsps }) => tdsps)];
  const different = [...new Map(areas.map((tdsps) => [tdsps.join(), tdsps])).values()];
  assert.ok(different.some(({ length }) => length > 1));
  const markets = await readMarkets(database.pool, different);
  for (const [at, tdsps] of different.entries()) {
    const market = markets[at]!;
    const plans = tdsps.flatMap((duns) => plansOf.get(duns)!);
    const segments = [
      { segment: market, plans },
      ...market.by_term.map((segment) => ({
        segment,
        plans: plans.filter((plan) => plan.term_months === segment.term_months),
      })),
      ...market.by_rate_type.map((segment) => ({
        segment,
        plans: plans.filter((plan) => plan.rate_type === segment.rate_type),
      })),
    ];
    for (const { segment, plans: own } of segments) {
      assert.equal(segment.plans, own.length);
      for (const usage of [500, 1000, 2000] as const)
        expectSpread(segment.rates_cents_per_kwh[usage], rates(own, usage), `${tdsps} at ${usage}`);
    }
    const sum = (list: { plans: number }[]) => list.reduce((total, one) => total + one.plans, 0);
    assert.deepEqual([sum(market.by_term), sum(market.by_rate_type)], [plans.length, plans.length]);
    assert.equal(market.providers, new Set(plans.map((plan) => plan.provider.id)).size);
    const rateOf = (id: string | null) => plans.find((plan) => plan.id === id)!.rates_cents_per_kwh[1000];
    assert.equal(rateOf(market.cheapest_plan_id), rates(plans, 1000)[0]);
    const greenest = plans.filter((plan) => plan.percent_green === market.max_percent_green);
    assert.equal(market.max_percent_green, Math.max(...plans.map((plan) => plan.percent_green ?? 0)));
    assert.equal(rateOf(market.greenest_plan_id), rates(greenest, 1000)[0]);
  }
});

test('facet counts are those that the API answers without any filter', async () => {
  for (const duns of allDuns) {
    const set = await readActivePlanSet(database.pool, duns);
    const index = new PlanIndex([set!]);
    const { counts } = answerQuery(new PricedPlans(index, 1000), EVERY_PLAN);
    const facets = JSON.parse(facetsJson(index, counts)) as Record<
      string,
      { value: unknown; count: number }[]
    >;
    const expected = Object.entries(facets).flatMap(([facet, values]) =>
      values.flatMap(({ value, count }) =>
        facet === 'green' && value === null ? [] : `${facet} ${value} ${count}`,
      ),
    );
    const { rows } = await database.pool.query(
      `select facet || ' ' || coalesce(value, 'null') || ' ' || plans as line from facet_counts where tdsp_duns = $1`,
      [duns],
    );
    assert.ok(expected.length > 20);
    assert.deepEqual(rows.map(({ line }) => line).toSorted(), expected.toSorted());
  }
});

test('providers are counted ahead, and counted anew where something was published since', async () => {
  const counted = await readProviders(database.pool);
  assert.ok(counted.length > 20);
  sandbox.control.advance(2);
  await sync();
  assert.deepEqual(await behind(), [...MARKET_VIEWS]);
  const { rows } = await database.pool.query<{ id: string; active_plans: number }>(
    `select provider_id as id, count(*)::int as active_plans from electricity_plans where is_active group by 1 order by 1`,
  );
  const now = await readProviders(database.pool);
  assert.notDeepEqual(now, counted);
  const counts = now.map(({ id, active_plans }) => ({ id, active_plans }));
  assert.deepEqual(
    counts.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    rows,
  );
  await refreshMarketViews(database);
  assert.deepEqual(await readProviders(database.pool), now);
});

test('readers see the old market while a new one is being worked out, and never wait', async () => {
  sandbox.control.advance(2);
  const [before] = await readMarkets(database.pool, [[ONCOR]]);
  await sync([ONCOR]);
  const refreshing = await database.pool.connect();
  try {
    await refreshing.query('begin');
    for (const view of MARKET_VIEWS) await refreshing.query(`refresh materialized view concurrently ${view}`);
    assert.deepEqual(await readMarkets(database.quick, [[ONCOR]]), [before]);
    await refreshing.query('commit');
  } finally {
    refreshing.release();
  }
  assert.notDeepEqual(await readMarkets(database.quick, [[ONCOR]]), [before]);
});

test('one process refreshes; what others publish meanwhile leads to one more round', async () => {
  const refreshing = await database.pool.connect();
  try {
    // Stops the refresh after it has looked at what is published.
    await refreshing.query('begin; refresh materialized view concurrently market_by_area');
    const first = refreshMarketViews(database);
    await until(async () => {
      const { rowCount } = await database.pool.query(
        `select from pg_locks where relation = 'market_by_area'::regclass and not granted`,
      );
      return rowCount === 1;
    });
    sandbox.control.advance(2);
    await sync();
    assert.deepEqual(await refreshMarketViews(database), { status: 'elsewhere', views: [] });
    await refreshing.query('rollback');
    const { status, views } = await first;
    assert.equal(status, 'refreshed');
    assert.deepEqual(
      views.map(({ view }) => view),
      [...MARKET_VIEWS, ...MARKET_VIEWS],
    );
    assert.deepEqual(await behind(), []);
  } finally {
    refreshing.release(true);
  }
});

test('a process that has to end lets go of a refresh at once, and it counts as none', async () => {
  sandbox.control.advance(2);
  await sync();
  const before = await readRefreshes();
  const stopping = new AbortController();
  const refreshing = await database.pool.connect();
  try {
    await refreshing.query('begin; refresh materialized view concurrently provider_performance');
    const aborted = refreshMarketViews(database, { signal: stopping.signal });
    await until(async () => {
      const { rowCount } = await database.pool.query(
        `select from pg_locks where relation = 'provider_performance'::regclass and not granted`,
      );
      return rowCount === 1;
    });
    stopping.abort();
    assert.deepEqual(
      (await aborted).views.map(({ view }) => view),
      ['market_by_area'],
    );
  } finally {
    refreshing.release(true);
  }
  const after = await readRefreshes();
  assert.deepEqual(
    after.filter(({ view_name }) => view_name !== 'market_by_area'),
    before.filter(({ view_name }) => view_name !== 'market_by_area'),
  );
  assert.equal((await refreshMarketViews(database)).views.length, MARKET_VIEWS.length - 1);
});

test('a command refreshes the views before it ends, once for its six TDSPs, unless told not to', async () => {
  await database.pool.query(
    `create table refreshes_seen (view_name text);
     create function note_refresh() returns trigger language plpgsql as
       $$ begin insert into refreshes_seen values (new.view_name); return new; end $$;
     create trigger note_refresh after insert or update on view_refreshes for each row execute function note_refresh()`,
  );
  const env = {
    DATABASE_URL: url,
    COMPAREPOWER_API_URL: sandbox.url,
    EMERGENCY_CALL_BUDGET_PER_HOUR: '1000',
  };
  sandbox.control.advance(2);
  const off = await wattsync(['sync', 'full', '--force', '--json'], {
    ...env,
    ENABLE_QUERY_OPTIMIZATION: 'false',
  });
  assert.equal(off.code, 0, off.stderr);
  assert.deepEqual(await behind(), [...MARKET_VIEWS]);
  const on = await wattsync(['sync', 'full', '--force', '--json'], env);
  assert.equal(on.code, 0, on.stderr);
  assert.deepEqual(await behind(), []);
  const { rows } = await database.pool.query<{ view_name: string }>('select view_name from refreshes_seen');
  assert.deepEqual(
    rows.map(({ view_name }) => view_name),
    [...MARKET_VIEWS],
  );
});

test('plans that were fetched for a waiting reader come into the views afterwards', async () => {
  const { database: fresh } = await createTestDatabase();
  const source = new ComparePowerSource(UPSTREAM, testGate(fresh));
  const { engine, refreshes } = await startReader(fresh, source, { freshForMs: 60_000 });
  await Promise.all(allDuns.map((duns) => refreshes.cold(duns)));
  await until(async () => (await readBehindViews(fresh.pool)).views.length === 0);
  const { rows } = await fresh.pool.query('select count(*)::int as n from market_products');
  assert.ok(rows[0].n > 20);
  await engine.stop();
});

test('a view that cannot be refreshed is noted; the others do not suffer, and it heals', async () => {
  await database.pool.query('drop index idx_facet_counts_key');
  sandbox.control.advance(2);
  await sync();
  assert.equal((await refreshMarketViews(database)).status, 'failed');
  assert.deepEqual(await behind(), ['facet_counts']);
  const failed = (await readRefreshes()).filter(({ error }) => error !== null);
  assert.deepEqual(
    failed.map(({ view_name }) => view_name),
    ['facet_counts'],
  );
  assert.match(failed[0]!.error!, /concurrently/);
  assert.equal((await refreshMarketViews(database)).status, 'failed');
  await database.pool.query(
    'create unique index idx_facet_counts_key on facet_counts (tdsp_duns, facet, value)',
  );
  assert.equal((await refreshMarketViews(database)).status, 'refreshed');
  assert.deepEqual(await behind(), []);
  assert.ok((await readRefreshes()).every(({ error }) => error === null));
});
