import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { refreshMarketViews } from '../../src/sync/work/refresh-views.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, syncAll, testGate, until } from '../support/support.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 60, now: () => new Date('2026-06-01T12:00:00Z') });
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
const { get, listener, unexpected } = openApi(database);
test.after(() => sandbox.stop());

// biome-ignore format: one line reads best
interface Listed { data: { id: string; provider: { id: string }; term_months: number; bill: { rate_cents_per_kwh: number; exact: boolean; total_usd: number } }[]; facets: Record<string, { value: unknown; count: number }[]>; meta: Record<string, unknown>; links: { next?: string } }

const list = async (query: string): Promise<Listed> => {
  const { status, body } = await get(`/v1/plans?${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};

test('before the first sync the API says that nothing is stored yet', async () => {
  assert.equal((await get('/v1/cities/dallas-tx')).body.data.market, null);
  for (const url of ['/v1/plans?city=dallas-tx', '/readyz']) {
    const { status, body, headers } = await get(url);
    assert.equal(status, 503);
    assert.equal(body.code, 'not_ready');
    assert.equal(headers['retry-after'], '5');
  }
  await listener.start();
  assert.equal((await syncAll(database, source)).status, 'succeeded');
  await refreshMarketViews(database);
});

test('signs alone are the beginning of no city', async () => {
  for (const typed of ['!!!', '-', '💡']) {
    const { body } = await get(`/v1/search?q=${encodeURIComponent(typed)}`);
    assert.deepEqual(body.data.cities, [], typed);
  }
});

test('a search finds the cities that a nickname, a county or a misspelling means', async () => {
  const cities = async (typed: string): Promise<string[]> => {
    const { body } = await get(`/v1/search?q=${encodeURIComponent(typed)}`);
    return body.data.cities.map(({ slug }: { slug: string }) => slug);
  };
  assert.deepEqual((await cities('DFW')).slice(0, 2), ['dallas-tx', 'fort-worth-tx']);
  assert.equal((await cities('Collin County'))[0], 'plano-tx');
  assert.equal((await cities('Dallas TX USA'))[0], 'dallas-tx');
  assert.equal((await cities('houstn'))[0], 'houston-tx');
});

test('a place without choice leads to the nearest that have it', async () => {
  for (const url of ['/v1/cities/san-antonio-tx', '/v1/zips/78201', '/v1/plans?city=San%20Antonio']) {
    const { status, body } = await get(url);
    assert.deepEqual([status, body.code, body.utilities[0]], [404, 'no_retail_choice', 'CPS Energy'], url);
    assert.equal(body.nearest.length, 5);
    for (const { slug, distance_miles } of body.nearest) {
      assert.ok(distance_miles < 60, slug);
      assert.equal((await get(`/v1/cities/${slug}`)).status, 200, slug);
    }
  }
  const { status, body } = await get('/v1/zips/78385');
  assert.deepEqual([status, body.code], [404, 'plans_not_listed']);
});

test('every answer is as the OpenAPI document describes it', async () => {
  const { data } = await list('city=dallas-tx&limit=1');
  const { id, provider } = data[0]!;
  const urls = [
    '/v1/plans?city=dallas-tx&limit=200',
    `/v1/plans/${id}?usage=1234`,
    `/v1/plans/${id}/history?lowest_in_days=90&usage=500`,
    '/v1/markets/ONCOR/index?by=week&term=12&rate_type=fixed&usage=2000',
    `/v1/markets/${ONCOR}/changes?since=0&limit=300`,
    '/v1/cities?limit=1000',
    '/v1/cities/houston-tx',
    '/v1/zips/75201',
    '/v1/zips/75401',
    '/v1/tdsps',
    '/v1/providers',
    `/v1/providers/${provider.id}?usage=500`,
    '/v1/search?q=da',
    '/v1/search?q=armadilo%20vlot',
    '/healthz',
    '/readyz',
  ];
  for (const url of urls) {
    const { status, body } = await get(url);
    assert.equal(status, 200, `${url}: ${JSON.stringify(body)}`);
  }
});

test('plans come sorted by rate at the asked usage, estimates last', async () => {
  for (const usage of [500, 750, 1000, 1800]) {
    const { data } = await list(`city=dallas-tx&limit=200&usage=${usage}`);
    for (const [index, { bill }] of data.entries()) {
      const before = data[index - 1]?.bill;
      if (!before) continue;
      assert.ok(before.exact || !bill.exact, 'an estimate ranks above a known bill');
      if (before.exact === bill.exact) assert.ok(before.rate_cents_per_kwh <= bill.rate_cents_per_kwh);
      assert.ok(Math.abs(bill.total_usd - (bill.rate_cents_per_kwh * usage) / 100) < 0.02);
    }
  }
});

test('facets count what another choice of the same filter would bring', async () => {
  const all = await list('city=dallas-tx&limit=200');
  const filtered = await list('city=dallas-tx&term=12,24&limit=200');
  assert.deepEqual(filtered.facets.term, all.facets.term);
  for (const { value, count } of all.facets.term!) {
    if (value !== null) assert.equal((await list(`city=dallas-tx&term=${value}`)).meta.total, count);
  }
  const inTerm = filtered.data.filter((plan) => plan.term_months === 12 || plan.term_months === 24);
  assert.equal(inTerm.length, filtered.data.length);
  for (const { value, count } of filtered.facets.green!) {
    assert.equal((await list(`city=dallas-tx&term=12,24&min_green=${value}`)).meta.total, count);
  }
});

test('pages follow each other without a gap or a repeat', async () => {
  const whole = (await list('city=dallas-tx&sort=-term&limit=200')).data.map(({ id }) => id);
  const paged: string[] = [];
  for (let url: string | undefined = '/v1/plans?city=dallas-tx&sort=-term&limit=7'; url; ) {
    const { body }: { body: Listed } = await get(url);
    paged.push(...body.data.map(({ id }) => id));
    url = body.links.next;
  }
  assert.deepEqual(paged, whole);
  const { links } = await list('city=dallas-tx&limit=5');
  const { status, body } = await get(links.next!.replace('limit=5', 'limit=5&term=12'));
  assert.equal(status, 400);
  assert.match(body.detail, /another query/);
});

test('a caller who has the plans gets a 304, and a new version gets a new tag', async () => {
  const url = '/v1/plans?city=dallas-tx&usage=900';
  const first = await get(url);
  const etag = String(first.headers.etag);
  assert.match(String(first.headers['cache-control']), /stale-while-revalidate=\d+, stale-if-error=\d+/);
  assert.match(String(first.headers['cache-status']), /^wattsync; /);
  assert.match(String(first.headers.age), /^\d+$/);
  const again = await get(url, { 'if-none-match': `"x", ${etag}` });
  assert.equal(again.status, 304);
  assert.equal(again.body, null);
  assert.equal(again.headers.etag, etag);

  sandbox.control.advance(2);
  await syncAll(database, source);
  await until(async () => (await get(url)).headers.etag !== etag);
  assert.equal((await get(url, { 'if-none-match': etag })).status, 200);
});

test('an answer tells its layer, its age and that sandbox plans are invented', async () => {
  const { meta } = await list('city=dallas-tx');
  assert.equal(meta.source, 'memory');
  assert.equal(meta.stale, false);
  assert.equal(meta.upstream, 'sandbox');
  assert.match(String(meta.notice), /invented/);
  assert.deepEqual(meta.tdsps, [ONCOR]);
});

test('a place shows its market as a whole: null before the first publish, then what its plans say', async () => {
  await refreshMarketViews(database);
  const { data, meta } = await list('city=dallas-tx&limit=1');
  const { market } = (await get('/v1/cities/dallas-tx')).body.data;
  assert.equal(market.plans, meta.total);
  assert.equal(market.cheapest_plan_id, data[0]!.id);
  const { data: tdsps } = (await get('/v1/tdsps')).body;
  assert.equal(tdsps.length, 6);
  for (const { active_plans, market: own } of tdsps) assert.equal(own.plans, active_plans);
});

test('a plan is found by its id, and by its offer after a new price brought a new id', async () => {
  const { rows } = await database.pool.query(
    `select old.id as old_id, now.id as now_id, now.offer_id from electricity_plans old
       join electricity_plans now on now.offer_id = old.offer_id and now.is_active
      where not old.is_active and old.tdsp_duns = $1 limit 1`,
    [ONCOR],
  );
  const { old_id, now_id, offer_id } = rows[0];
  const former = await get(`/v1/plans/${old_id}`);
  assert.equal(former.body.data.is_active, false);
  assert.equal(former.body.links.current, `/v1/plans/${now_id}`);
  assert.equal((await get(`/v1/plans/${offer_id}`)).body.data.id, now_id);
  const { body: history } = await get(`/v1/plans/${old_id}/history`);
  assert.equal(history.meta.offer_id, offer_id);
  assert.equal(history.data.at(-1).event, 'listed');
});

const WRONG: [url: string, status: number, said: RegExp][] = [
  ['/v1/plans', 400, /exactly one of city, zip and tdsp/],
  ['/v1/plans?city=dallas-tx&zip=75201', 400, /exactly one of city, zip and tdsp, got 2/],
  ['/v1/plans?city=huston', 404, /Houston/],
  ['/v1/plans?city=san-antonio-tx', 404, /CPS Energy/],
  ['/v1/plans?zip=78701', 404, /Austin Energy/],
  ['/v1/plans?zip=7520', 400, /five digits/],
  ['/v1/plans?zip=10001', 404, /not in Texas/],
  ['/v1/plans?tdsp=103994067400', 400, /1039940674000 \(ONCOR\)/],
  ['/v1/plans?city=dallas-tx&term=twelve', 400, /whole number from 1 to 120/],
  ['/v1/plans?city=dallas-tx&usage=0', 400, /1 to 100000/],
  ['/v1/plans?city=dallas-tx&limit=201', 400, /1 to 200/],
  ['/v1/plans?city=dallas-tx&sort=price', 400, /rate, bill, year, term/],
  ['/v1/plans?city=dallas-tx&max_rates=12', 400, /max_rate/],
  ['/v1/plans?city=dallas-tx&min_term=24&max_term=12', 400, /max_term/],
  ['/v1/plans?city=dallas-tx&cursor=abc', 400, /links\.next/],
  ['/v1/plans?city=dallas-tx&prepaid=yes', 400, /expected true or false/],
  ['/v1/plans/12', 400, /UUID/],
  ['/v1/plans/00000000-0000-4000-8000-000000000000', 404, /No plan or offer/],
  ['/v1/cities/nowhere-at-all-tx', 404, /not in our list of Texas places/],
  ['/v1/cities/san-antonio-tx', 404, /CPS Energy/],
  ['/v1/zips/78701', 404, /Austin Energy/],
  ['/v1/plans?zip=78201', 404, /CPS Energy/],
  ['/v1/plans?city=sarita-tx', 404, /Nueces Electric Cooperative, whose members choose/],
  ['/v1/zips/abc', 400, /five digits/],
  ['/v1/search', 400, /q: expected the beginning of a name, got nothing/],
  ['/v1/search?q=%00', 400, /q: expected the beginning of a name/],
  ['/v1/plans/00000000-0000-4000-8000-000000000000/history', 404, /No plan or offer/],
  ['/v1/plans/00000000-0000-4000-8000-000000000000/history?cursor=%24', 400, /links\.next/],
  ['/v1/plans/00000000-0000-4000-8000-000000000000/history?usage=500', 400, /lowest_in_days/],
  ['/v1/markets/nobody/index', 404, /1039940674000 \(ONCOR\)/],
  ['/v1/markets/ONCOR/index?usage=750', 400, /500, 1000, 2000/],
  ['/v1/markets/ONCOR/index?from=2026-02-29', 400, /expected a day/],
  ['/v1/markets/ONCOR/index?from=2026-11-02&to=2026-11-01', 400, /later than to/],
  ['/v1/markets/ONCOR/index?from=2020-01-01&to=2026-11-01', 400, /at most 1100/],
  ['/v1/markets/ONCOR/index?by=year', 400, /day, week, month/],
  ['/v1/markets/ONCOR/changes?since=1&cursor=MTAzOTk0MDY3NDAwMC4x', 400, /cannot be given with cursor/],
  ['/v1/markets/ONCOR/changes?since=yesterday', 400, /expected a version or a time/],
  ['/v1/markets/ONCOR/changes?since=2026-11-01T00:00:00', 400, /with its zone/],
  ['/v1/markets/ONCOR/changes?cursor=abc', 400, /links\.next/],
  ['/v1/markets/ONCOR/changes?since=999999', 410, /is not known here/],
  ['/v1/providers/nobody', 404, /\/v1\/providers/],
  ['/v1/cities?tdsp=nobody', 400, /ONCOR/],
  ['/elsewhere', 404, /See \/docs/],
  ['/v1/plans/%00', 400, /UUID/],
];
for (const [url, status, said] of WRONG) {
  test(`${url} is answered with ${status} and what would be right`, async () => {
    const answer = await get(url);
    assert.equal(answer.status, status);
    assert.match(String(answer.headers['content-type']), /^application\/problem\+json/);
    assert.match(answer.body.detail, said);
  });
}

test('nothing unexpected happened on the way', () => assert.deepEqual(unexpected, []));
