import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'csv-parse/sync';
import { marketDay } from '../../src/plan/market-day.ts';
import { refreshDailyRateIndex } from '../../src/store/market/refresh-daily-rate-index.ts';
import { dropHistoryBefore, ensureHistoryPartitions } from '../../src/store/schema/history-partitions.ts';
import { openApi } from '../support/api.ts';
import { markets, publishSold, type Sold } from '../support/market.ts';
import { createTestDatabase, ONCOR } from '../support/support.ts';

const { database } = await createTestDatabase();
const { pool } = database;
const { ask, get, unexpected } = openApi(database);
const LPL = '0582138934100';
const DAY_MS = 86_400_000;
const now = Date.now();
const daysAgo = (days: number) => new Date(now - days * DAY_MS);

const solar: Sold = {
  provider: '=SUM(A1:A9)',
  name: '+Solar "Plus", 12',
  term_months: 12,
  rate_type: 'fixed',
  rates: { 500: 15, 1000: 14, 2000: 13 },
};
const at = (rates: Sold['rates']): Sold => ({ ...solar, rates });
const other: Sold = {
  ...solar,
  provider: 'Other Power',
  name: 'Plain 12',
  rates: { 500: 20, 1000: 19, 2000: 18 },
};

test('before anything is published, markets say that nothing is stored yet', async () => {
  for (const url of [`/v1/markets/${LPL}/index`, `/v1/markets/${LPL}/changes?since=0`]) {
    const { status, body } = await get(url);
    assert.deepEqual([status, body.code], [503, 'not_ready']);
  }
});

test('a plan tells what it cost, step by step, and its lowest rate of the last days', async () => {
  await publishSold(database, LPL, [solar, other], daysAgo(200));
  await publishSold(database, LPL, [at({ 500: 15, 1000: 9, 2000: 13 }), other], daysAgo(100));
  await publishSold(database, LPL, [at({ 500: 15, 1000: 11, 2000: 12 }), other], daysAgo(80));
  await publishSold(database, LPL, [other], daysAgo(60));
  await publishSold(database, LPL, [at({ 500: 15, 1000: 11, 2000: null }), other], daysAgo(40));
  const { body: changes } = await get(`/v1/markets/${LPL}/changes?since=0`);
  const { offer_id } = changes.data.find(({ name }: { name: string }) => name === solar.name);
  const { status, body } = await get(`/v1/plans/${offer_id}/history?lowest_in_days=90`);
  assert.equal(status, 200);
  const times = [40, 60, 80, 100, 200].map((days) => daysAgo(days).toISOString());
  assert.deepEqual(body.prices, [
    { at: times[0], is_offered: true, rates_cents_per_kwh: { 500: 15, 1000: 11, 2000: null } },
    { at: times[1], is_offered: false, rates_cents_per_kwh: { 500: null, 1000: null, 2000: null } },
    { at: times[2], is_offered: true, rates_cents_per_kwh: { 500: 15, 1000: 11, 2000: 12 } },
    { at: times[3], is_offered: true, rates_cents_per_kwh: { 500: 15, 1000: 9, 2000: 13 } },
    { at: times[4], is_offered: true, rates_cents_per_kwh: { 500: 15, 1000: 14, 2000: 13 } },
  ]);
  assert.deepEqual(
    body.data.map(({ event }: { event: string }) => event),
    ['relisted', 'changed', 'withdrawn', 'changed', 'changed', 'listed'],
  );
  // It began before the 90 days did, and still held then.
  const { lowest } = body.meta;
  assert.deepEqual([lowest.days, lowest.usage_kwh, lowest.rate_cents_per_kwh], [90, 1000, 9]);
  assert.ok(Math.abs(Date.parse(lowest.at) - daysAgo(90).getTime()) < 60_000);
  assert.equal(body.meta.total, 6);
  assert.equal(body.meta.kept_since, null);
  assert.match(body.meta.notice, /invented/);
  const lowestOf = async (query: string) =>
    (await get(`/v1/plans/${offer_id}/history?${query}`)).body.meta.lowest.rate_cents_per_kwh;
  assert.equal(await lowestOf('lowest_in_days=70'), 11);
  assert.equal(await lowestOf('lowest_in_days=300&usage=2000'), 12);
  assert.equal(await lowestOf('lowest_in_days=30&usage=2000'), null);
});

test('pages of a long history follow each other without a gap, a repeat or another price', async () => {
  const { body: all } = await get(`/v1/markets/${LPL}/changes?since=0`);
  const { offer_id } = all.data.find(({ name }: { name: string }) => name === solar.name);
  const whole = (await get(`/v1/plans/${offer_id}/history`)).body;
  for (const limit of [1, 2, 3, 4]) {
    const events: unknown[] = [];
    const prices: unknown[] = [];
    for (
      let url: string | undefined = `/v1/plans/${offer_id}/history?limit=${limit}&lowest_in_days=300`;
      url;
    ) {
      const { body } = await get(url);
      assert.ok(body.data.length <= limit + 2);
      events.push(...body.data);
      prices.push(...body.prices);
      assert.equal(body.meta.lowest.rate_cents_per_kwh, 9);
      assert.equal(body.meta.total, 6);
      assert.ok(events.length <= 6, 'pages without end');
      url = body.links.next;
    }
    assert.deepEqual(events, whole.data, `limit ${limit}`);
    assert.deepEqual(prices, whole.prices, `limit ${limit}`);
  }
});

test('CSV tells the same, with units in the names and formulas made harmless', async () => {
  const csv = async (url: string) => {
    const { headers, body } = await ask({
      url,
      headers: { accept: 'text/csv, application/json;q=0.5' },
    });
    assert.equal(headers['content-type'], 'text/csv; charset=utf-8');
    assert.equal(headers.vary, 'accept, accept-encoding');
    return {
      headers,
      rows: parse(body, { columns: true, record_delimiter: '\r\n' }) as Record<string, string>[],
    };
  };
  const changes = await csv(`/v1/markets/${LPL}/changes?since=0`);
  const { body: json } = await get(`/v1/markets/${LPL}/changes?since=0`);
  const rows = changes.rows.filter(({ event }) => event === 'listed');
  assert.deepEqual(
    rows
      .filter(({ plan_name }) => plan_name === `'${solar.name}`)
      .map(({ provider, field, from_value, to_value }) => [provider, field, from_value, to_value]),
    [500, 1000, 2000].map((usage) => [
      `'${solar.provider}`,
      `rate_${usage}kwh`,
      '',
      String(solar.rates[usage as 500]),
    ]),
  );
  assert.equal(changes.headers.link, `<${json.links.next}>; rel="next"`);
  assert.ok(changes.rows.every(({ upstream }) => upstream === 'sandbox'));

  const { offer_id } = json.data.find(({ name }: { name: string }) => name === solar.name);
  const history = await csv(`/v1/plans/${offer_id}/history`);
  assert.deepEqual(
    history.rows.map((row) => [row.event, row.is_offered, row.rate_1000kwh_cents_per_kwh, row.changed_terms]),
    [
      ['relisted', 'true', '11', ''],
      ['changed', 'true', '11', 'rate_2000kwh'],
      ['withdrawn', 'false', '', ''],
      ['changed', 'true', '11', 'rate_1000kwh rate_2000kwh'],
      ['changed', 'true', '9', 'rate_1000kwh'],
      ['listed', 'true', '14', ''],
    ],
  );
  await refreshDailyRateIndex(database);
  const index = await csv(`/v1/markets/${LPL}/index?by=day`);
  assert.equal(index.rows.length, 30);
  const { body: document } = await get('/openapi.json');
  for (const [
    path,
    {
      rows: [row],
    },
  ] of Object.entries({
    '/v1/markets/{duns}/changes': changes,
    '/v1/markets/{duns}/index': index,
    '/v1/plans/{id}/history': history,
  })) {
    const { description } = document.paths[path].get.responses[200].content['text/csv'].schema;
    assert.equal(description, `RFC 4180, with a line of names: ${Object.keys(row!).join(', ')}`);
  }
  assert.deepEqual(Object.keys(index.rows[0]!).slice(6, 9), [
    'min_rate_cents_per_kwh',
    'median_rate_cents_per_kwh',
    'average_rate_cents_per_kwh',
  ]);
  const provider = await csv('/v1/providers/other-power');
  assert.deepEqual(provider.rows, [
    {
      provider_id: 'other-power',
      provider: 'Other Power',
      tdsp_duns: LPL,
      plans: '1',
      min_rate_cents_per_kwh: '19',
      median_rate_cents_per_kwh: '19',
      upstream: 'sandbox',
    },
  ]);
});

test('each representation has a tag of its own, and who holds it gets a 304', async () => {
  const url = `/v1/markets/${LPL}/changes?since=0`;
  const tags = new Map<string, string>();
  for (const accept of ['text/csv', 'application/json']) {
    const { headers, body } = await ask({ url, headers: { accept } });
    const tag = String(headers.etag);
    assert.match(String(headers['cache-control']), /^public, max-age=5, /);
    const again = await ask({ url, headers: { accept, 'if-none-match': `"x", ${tag}` } });
    assert.deepEqual(
      [again.statusCode, again.body, again.headers.etag, again.headers.vary],
      [304, '', tag, 'accept, accept-encoding'],
    );
    tags.set(tag, body);
  }
  assert.equal(tags.size, 2);
  const none = await get(url, { accept: 'image/png' });
  assert.deepEqual([none.status, none.body.code], [406, 'not_acceptable']);
});

interface Change {
  version: number;
  event: string;
  offer_id: string;
  name: string;
  provider: { name: string };
  changes: { field: string; to: unknown }[];
  rates_cents_per_kwh: Sold['rates'] | null;
}

/** What a client knows that does nothing but follow the changes. */
class Follower {
  readonly seen: string[] = [];
  readonly #offers = new Map<string, { name: string; isSold: boolean; rates: Record<string, unknown> }>();

  take({ version, event, offer_id, name, provider, changes, rates_cents_per_kwh }: Change): void {
    this.seen.push(`${version} ${offer_id} ${event}`);
    const offer = this.#offers.get(offer_id) ?? { name: `${provider.name}/${name}`, isSold: true, rates: {} };
    this.#offers.set(offer_id, offer);
    if (event === 'listed') offer.rates = { ...rates_cents_per_kwh };
    if (event === 'withdrawn') offer.isSold = false;
    if (event === 'relisted') offer.isSold = true;
    for (const { field, to } of changes) offer.rates[field.replace(/\D/g, '')] = to;
  }

  get market(): unknown[] {
    const sold = [...this.#offers.values()].filter(({ isSold }) => isSold);
    return sold.map(({ name, rates }) => `${name} ${JSON.stringify(rates)}`).toSorted();
  }
}

test('who follows the cursor while others publish misses nothing and sees nothing twice', async () => {
  const all = markets(21, 40);
  const start = now - 40 * 60_000;
  const followers = [3, 50, 1, 7].map((limit) => ({ limit, follower: new Follower() }));
  let isPublishing = true;
  const follow = async (limit: number, follower: Follower) => {
    let url = `/v1/markets/oncor/changes?since=0&limit=${limit}`;
    for (;;) {
      const wasPublishing = isPublishing;
      const { status, body } = await get(url);
      if (status === 503) continue;
      assert.equal(status, 200, JSON.stringify(body));
      for (const change of body.data) follower.take(change);
      assert.ok(follower.seen.length < 5_000, 'changes without end');
      url = body.links.next;
      if (!wasPublishing && !body.meta.has_more) return;
    }
  };
  // Two at the same time, the others afterwards.
  const following = followers.slice(0, 2).map(({ limit, follower }) => follow(limit, follower));
  for (const [index, sold] of all.entries()) {
    await publishSold(database, ONCOR, sold, new Date(start + index * 60_000));
  }
  isPublishing = false;
  await Promise.all(following);
  for (const { limit, follower } of followers.slice(2)) await follow(limit, follower);

  const expected = all
    .at(-1)!
    .map(({ provider, name, rates }) => `${provider}/${name} ${JSON.stringify(rates)}`);
  const { rows } = await pool.query<{ seen: string }>(
    `select distinct snapshot_version || ' ' || offer_id || ' ' || event as seen
       from plan_price_history where tdsp_duns = $1
     union all
     select version || ' ' || o.id || ' listed' from offers o join plan_snapshots s
         on s.tdsp_duns = o.tdsp_duns and s.published_at = o.first_seen_at where o.tdsp_duns = $1`,
    [ONCOR],
  );
  assert.ok(rows.length > 100);
  for (const { limit, follower } of followers) {
    assert.deepEqual(follower.market, expected.toSorted(), `limit ${limit}`);
    assert.deepEqual(follower.seen.toSorted(), rows.map(({ seen }) => seen).toSorted(), `limit ${limit}`);
    const versions = follower.seen.map((one) => Number(one.split(' ')[0]));
    assert.deepEqual(
      versions,
      versions.toSorted((a, b) => a - b),
    );
  }
});

test('versions that changed nothing a shopper sees are passed over, however many they are', async () => {
  const { rows } = await pool.query<{ version: number }>(
    `insert into plan_snapshots (tdsp_duns, version, source, origin, content_hash, set_hash, plans, observed_at, published_at)
     select tdsp_duns, version + n, source, origin, n::text, n::text, plans, observed_at, published_at + n * interval '1 millisecond'
       from (select * from plan_snapshots where tdsp_duns = $1 order by version desc limit 1) last
      cross join generate_series(1, 250) n
     returning version`,
    [ONCOR],
  );
  const last = rows.at(-1)!.version;
  await publishSold(database, ONCOR, markets(21, 39).at(-1)!, new Date(now - 1000));
  const versions = new Set<number>();
  let pages = 0;
  for (let url = `/v1/markets/${ONCOR}/changes?since=40`; ; pages++) {
    const { body } = await get(url);
    for (const { version } of body.data) versions.add(version);
    if (!body.meta.has_more) break;
    url = body.links.next;
  }
  assert.deepEqual([...versions], [last + 1]);
  assert.ok(pages > 1 && pages < 10);
  await publishSold(database, ONCOR, markets(21, 40).at(-1)!, new Date(now));
});

test('since a time is since the first version after it', async () => {
  const { rows } = await pool.query(
    'select version, published_at from plan_snapshots where tdsp_duns = $1 order by version',
    [ONCOR],
  );
  const versionsSince = async (since: string) => {
    const { body } = await get(`/v1/markets/${ONCOR}/changes?limit=300&since=${encodeURIComponent(since)}`);
    return body.data.map(({ version }: Change) => version);
  };
  for (const index of [0, 17, rows.length - 2]) {
    const { version, published_at } = rows[index];
    const byVersion = await versionsSince(String(version));
    assert.deepEqual(await versionsSince(`${ONCOR}.${version}`), byVersion);
    assert.deepEqual(await versionsSince(published_at.toISOString()), byVersion);
    assert.deepEqual(await versionsSince(published_at.toISOString().replace('Z', '+00:00')), byVersion);
    assert.ok(byVersion.length > 0 && byVersion[0] > version);
  }
  assert.deepEqual(await versionsSince(new Date(now + DAY_MS).toISOString()), []);
  const day = await versionsSince(daysAgo(1).toISOString());
  assert.ok(day.length > 10);
  const { body } = await get(`/v1/markets/${ONCOR}/changes?limit=300`);
  assert.deepEqual(
    body.data.map(({ version }: Change) => version),
    day,
  );
});

test('a cursor of one TDSP is not one of another', async () => {
  const { body } = await get(`/v1/markets/${ONCOR}/changes?since=3&limit=1`);
  const { status, body: problem } = await get(body.links.next.replace(ONCOR, LPL));
  assert.equal(status, 400);
  assert.match(problem.detail, new RegExp(`belongs to the TDSP ${ONCOR}`));
  const since = await get(`/v1/markets/${LPL}/changes?since=${ONCOR}.3`);
  assert.equal(since.status, 400);
  assert.match(since.body.detail, new RegExp(`version of the TDSP ${ONCOR}`));
});

test('an offer whose plan was put under another upstream id is still found', async () => {
  const reused: Sold = { ...other, name: 'Other product' };
  await publishSold(database, LPL, [other], daysAgo(30));
  const { rows } = await pool.query(
    "select id, offer_id from electricity_plans where tdsp_duns = $1 and is_active and name = 'Plain 12'",
    [LPL],
  );
  // The same upstream id, and something else is sold under it.
  await pool.query('update electricity_plans set external_id = $1 where id = $2', [
    `${reused.provider}/${reused.name}/${reused.rates[1000]}`,
    rows[0].id,
  ]);
  await publishSold(database, LPL, [reused], daysAgo(20));
  const { status, body } = await get(`/v1/plans/${rows[0].id}/history`);
  assert.equal(status, 200);
  assert.equal(body.meta.offer_id, rows[0].offer_id);
  assert.deepEqual(
    body.data.map(({ event }: Change) => event),
    ['withdrawn', 'listed'],
  );
  assert.equal((await get(`/v1/plans/${rows[0].id}`)).status, 410);
});

test('a provider tells its plans by TDSP and what it did in 30 and 90 days', async () => {
  await refreshDailyRateIndex(database);
  const { body } = await get('/v1/providers/alpha-power?usage=500');
  const sold = markets(21, 40)
    .at(-1)!
    .filter(({ provider }) => provider === 'Alpha Power');
  const rates = sold.flatMap(({ rates }) => rates[500] ?? []);
  assert.equal(body.data.active_plans, sold.length);
  assert.deepEqual(
    body.data.tdsps.map(({ tdsp_duns, plans, min_rate_cents_per_kwh }: Record<string, unknown>) => [
      tdsp_duns,
      plans,
      min_rate_cents_per_kwh,
    ]),
    [[ONCOR, sold.length, Math.min(...rates)]],
  );
  const { last_30_days: month, last_90_days: quarter } = body.data.activity;
  assert.ok(month.repriced > 10 && month.days_with_repricing >= 1);
  assert.deepEqual(month, quarter);
  const old = (await get('/v1/providers/other-power')).body.data.activity;
  assert.deepEqual([old.last_30_days.withdrawn, old.last_90_days.withdrawn], [1, 1]);
  assert.equal(Date.parse(body.meta.observed_since), daysAgo(200).getTime());
});

test('the index is asked by day in Chicago, and today is one of them', async () => {
  const { body } = await get(`/v1/markets/${ONCOR}/index`);
  assert.equal(body.meta.time_zone, 'America/Chicago');
  assert.equal(body.data.length, 30);
  const today = body.data.at(-1);
  assert.deepEqual([today.from, today.to], [marketDay(new Date()), marketDay(new Date())]);
  assert.equal(today.plans, markets(21, 40).at(-1)!.length);
  assert.equal(body.data[0].plans, null);
});

test('what was dropped is not passed over in silence', async () => {
  const TNMP = '007929441';
  const old = new Date(Date.UTC(2024, 5, 15));
  // Months of their own in the past, in place of the one partition that has no beginning.
  await pool.query(`do $$ declare name text := (select name from history_partitions where from_at is null); begin
    execute format('alter table plan_price_history detach partition %I', name);
    execute format('create table moved as table %I', name);
    execute format('drop table %I', name); end $$`);
  for (let month = 5; Date.UTC(2024, month) <= now; month += 4)
    await ensureHistoryPartitions(pool, new Date(Date.UTC(2024, month)));
  await pool.query('insert into plan_price_history select * from moved');
  const [first, second] = [at({ 500: 15, 1000: 14, 2000: 13 }), at({ 500: 15, 1000: 10, 2000: 13 })];
  await publishSold(database, TNMP, [first], old);
  await publishSold(database, TNMP, [second], new Date(old.getTime() + 20 * DAY_MS));
  await publishSold(database, TNMP, [first], daysAgo(10));
  const month = new Date(Date.UTC(2024, 7));
  assert.equal((await dropHistoryBefore(pool, month, { now: new Date(), dryRun: false })).length, 2);
  const gone = await get(`/v1/markets/${TNMP}/changes?since=0`);
  assert.deepEqual([gone.status, gone.body.code], [410, 'changes_gone']);
  assert.match(gone.body.detail, /2024-08-01T00:00:00\.000Z/);
  const since = await get(`/v1/markets/${TNMP}/changes?since=${month.toISOString()}`);
  assert.deepEqual(
    since.body.data.map(({ event }: Change) => event),
    ['changed'],
  );
  const { offer_id } = since.body.data[0];
  const { body } = await get(`/v1/plans/${offer_id}/history`);
  assert.equal(body.meta.kept_since, month.toISOString());
  assert.deepEqual(
    body.prices.map(
      ({ at, rates_cents_per_kwh: rates }: { at: string; rates_cents_per_kwh: Sold['rates'] }) => [
        at,
        rates[1000],
      ],
    ),
    [
      [daysAgo(10).toISOString(), 14],
      [month.toISOString(), 10],
      [old.toISOString(), null],
    ],
  );
});

test('nothing unexpected happened on the way', () => assert.deepEqual(unexpected, []));
