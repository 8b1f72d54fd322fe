import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PastPlans } from '../../src/catalog/past-plans.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import type { Queryable } from '../../src/store/postgres/database.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, syncAll, testGate, until } from '../support/support.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 60, now: () => new Date('2026-06-01T12:00:00Z') });
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
const { get, listener, planSets, unexpected } = openApi(database);
test.after(() => sandbox.stop());

const QUESTIONS = [
  'city=dallas-tx&limit=200',
  'city=dallas-tx&term=12,24&min_green=20&usage=750&sort=bill',
  'zip=77002&sort=-green&limit=3',
  'tdsp=ONCOR&q=saver&prepaid=false&max_rate=20',
];

interface Seen {
  at: string;
  version: number;
  /** The answers to all questions, as they were then. */
  answers: { data: { id: string; offer_id: string }[]; facets: unknown; total: number }[];
}

const dataOf = ({ data, facets, meta }: { data: never; facets: unknown; meta: { total: number } }) => ({
  data,
  facets,
  total: meta.total,
});

async function see(): Promise<Seen> {
  const { version } = (await readActivePlanSet(database.pool, ONCOR))!;
  await until(async () => (await planSets.get(ONCOR))?.set.version === version);
  const answers = [];
  for (const question of QUESTIONS) answers.push(dataOf((await get(`/v1/plans?${question}`)).body));
  return { at: new Date().toISOString(), version, answers };
}

const seen: Seen[] = [];
const beforeAll = new Date().toISOString();

test('the market is answered as it was at any time: filters, facets, orders, usages', async () => {
  await listener.start();
  for (const days of [1, 1, 3, 1]) {
    sandbox.control.advance(days);
    assert.equal((await syncAll(database, source)).status, 'succeeded');
    seen.push(await see());
  }
  assert.ok(new Set(seen.map(({ answers }) => JSON.stringify(answers[0]))).size > 1);
  for (const { at, version, answers } of seen) {
    for (const [index, question] of QUESTIONS.entries()) {
      const { status, body } = await get(`/v1/plans?${question}&as_of=${at}`);
      assert.equal(status, 200, JSON.stringify(body));
      assert.deepEqual(dataOf(body), answers[index]);
      assert.equal(body.meta.source, 'history');
      assert.equal(body.meta.as_of, at);
      if (question.includes('dallas')) assert.equal(body.meta.version, `${ONCOR}.${version}`);
    }
  }
});

test('pages of the past follow each other, and a cursor leads through one version only', async () => {
  const { at, answers } = seen[0]!;
  const paged: unknown[] = [];
  const first = `/v1/plans?city=dallas-tx&limit=7&as_of=${at}`;
  for (let url: string | undefined = first; url; ) {
    const { body }: { body: { data: unknown[]; links: { next?: string } } } = await get(url);
    paged.push(...body.data);
    url = body.links.next;
  }
  assert.deepEqual(paged, answers[0]!.data);
  const { next } = (await get(first)).body.links;
  const elsewhere = await get(next.replace(at, seen[2]!.at));
  assert.equal(elsewhere.status, 400);
  assert.match(elsewhere.body.detail, /another query/);
});

test('one plan is told as it was, by its id or by that of its offer', async () => {
  const { rows } = await database.pool.query<{ id: string; offer_id: string; now_id: string }>(
    `select old.id, old.offer_id, now.id as now_id from electricity_plans old
       join electricity_plans now on now.offer_id = old.offer_id and now.is_active and now.id <> old.id
      where old.since_version = 1 and old.until_version <= $1 and old.tdsp_duns = $2 limit 1`,
    [seen[2]!.version, ONCOR],
  );
  const { id, offer_id, now_id } = rows[0]!;
  const then = await get(`/v1/plans/${id}?as_of=${seen[0]!.at}&usage=900`);
  assert.equal(then.body.data.is_active, true);
  assert.equal(then.body.data.bill.usage_kwh, 900);
  assert.equal((await get(`/v1/plans/${offer_id}?as_of=${seen[0]!.at}`)).body.data.id, id);
  assert.equal((await get(`/v1/plans/${offer_id}?as_of=${seen[3]!.at}`)).body.data.id, now_id);
  const later = await get(`/v1/plans/${id}?as_of=${seen[3]!.at}`);
  assert.equal(later.status, 404);
  assert.equal(later.body.code, 'not_on_sale_then');
});

test('what can change no more may be kept for good, what can for a minute, and a caller who has it gets a 304', async () => {
  const young = `/v1/plans?city=dallas-tx&as_of=${seen[0]!.at}`;
  assert.equal(
    (await get(young)).headers['cache-control'],
    'public, max-age=60, stale-while-revalidate=600, stale-if-error=86400',
  );
  const { etag } = (await get(young)).headers;
  const again = await get(young, { 'if-none-match': String(etag) });
  assert.deepEqual([again.status, again.body], [304, null]);
  assert.notEqual((await get(`/v1/plans?city=dallas-tx&as_of=${seen[2]!.at}`)).headers.etag, etag);

  await database.pool.query(
    `update plan_snapshots set published_at = published_at - interval '1 day', observed_at = observed_at - interval '1 day'`,
  );
  const at = new Date(Date.parse(seen[0]!.at) - 86_400_000).toISOString();
  const old = await get(`/v1/plans?city=dallas-tx&as_of=${at}`);
  assert.equal(old.headers['cache-control'], 'public, max-age=31536000, immutable');
  // Nobody has confirmed the newest version since: it may be found to have been replaced.
  const { headers, body } = await get(`/v1/plans?city=dallas-tx&as_of=${beforeAll}`);
  assert.equal(
    headers['cache-control'],
    'public, max-age=60, stale-while-revalidate=600, stale-if-error=86400',
  );
  assert.equal(body.meta.stale, true);
  assert.ok(body.meta.age_seconds > 80_000 && body.meta.age_seconds < 86_400, body.meta.age_seconds);
});

const WRONG: [time: string, status: number, code: string, said: RegExp][] = [
  ['yesterday', 400, 'invalid_parameter', /2026-06-01T12:00:00Z/],
  ['2026-06-01', 400, 'invalid_parameter', /zone/],
  ['2026-06-01T12:00:00', 400, 'invalid_parameter', /zone/],
  ['2026-13-01T12:00:00Z', 400, 'invalid_parameter', /zone/],
  ['2026-02-30T12:00:00Z', 400, 'invalid_parameter', /zone/],
  ['2999-01-01T00:00:00Z', 400, 'invalid_parameter', /future/],
  ['2001-01-01T00:00:00Z', 404, 'nothing_published_then', /The first plans are of 20/],
];
for (const [time, status, code, said] of WRONG) {
  test(`as_of=${time} is answered with ${status} and what would be right`, async () => {
    const answer = await get(`/v1/plans?city=dallas-tx&as_of=${encodeURIComponent(time)}`);
    assert.equal(answer.status, status);
    assert.equal(answer.body.code, code);
    assert.match(answer.body.detail, said);
  });
}

test('a plus sign that nobody encoded is understood', async () => {
  const { status } = await get('/v1/plans?city=dallas-tx&as_of=2001-01-01T00:00:00+00:00');
  assert.equal(status, 404);
});

test('what was changed by hand is not told as if it had been published', async () => {
  const { rows } = await database.pool.query<{ id: string; at: Date }>(
    `select p.id, s.published_at as at from electricity_plans p
       join plan_snapshots s on s.tdsp_duns = p.tdsp_duns and s.version = p.since_version
      where p.tdsp_duns = $1 and p.since_version = 1 and p.until_version is not null limit 1`,
    [ONCOR],
  );
  const { id, at } = rows[0]!;
  const raise = (cents: number) =>
    database.pool.query('update electricity_plans set rate_1000kwh = rate_1000kwh + $2 where id = $1', [
      id,
      cents,
    ]);
  const ask = () => new PastPlans({ database: database.quick }).view([ONCOR], at);
  await raise(1);
  const found = await ask();
  assert.ok('notKept' in found);
  assert.deepEqual(found.notKept, [ONCOR]);
  await raise(-1);
  assert.ok('view' in (await ask()));
});

/** A database that tells how much it is asked. */
function watched(inner: Queryable) {
  const seen = { rebuilt: 0 };
  const query = async (...args: unknown[]) => {
    if ((args[0] as { name?: string }).name === 'rebuild plan set') seen.rebuilt += 1;
    return (inner.query as (...all: unknown[]) => Promise<unknown>)(...args);
  };
  return { seen, database: { query } as unknown as Queryable };
}

test('rebuilt sets do not fill the memory: the oldest is given up and rebuilt when it is asked for', async () => {
  const { rows } = await database.pool.query<{ published_at: Date }>(
    'select published_at from plan_snapshots where tdsp_duns = $1 and version > 1 order by version limit 2',
    [ONCOR],
  );
  const [first, second] = rows.map(({ published_at }) => published_at) as [Date, Date];
  const size = JSON.stringify(await readActivePlanSet(database.pool, ONCOR)).length;
  for (const [maxBytes, rebuilds] of [
    [size * 4, 2],
    [size * 1.5, 3],
  ] as const) {
    const { seen: asked, database: counted } = watched(database.quick);
    const past = new PastPlans({ database: counted, maxBytes: Math.round(maxBytes) });
    for (const at of [first, second, first]) assert.ok('view' in (await past.view([ONCOR], at)));
    assert.equal(asked.rebuilt, rebuilds);
  }
});

test('nothing unexpected happened on the way', () => assert.deepEqual(unexpected, []));
