import assert from 'node:assert/strict';
import { test } from 'node:test';
import { marketDay } from '../../src/plan/market-day.ts';
import { nameKey } from '../../src/plan/offer.ts';
import { rateStatistics, statisticsByGroup } from '../../src/plan/rate-statistics.ts';
import { readProviderActivity } from '../../src/store/market/providers.ts';
import { readRateIndex } from '../../src/store/market/rate-index.ts';
import { refreshDailyRateIndex } from '../../src/store/market/refresh-daily-rate-index.ts';
import { confirmSnapshot, readCurrentSnapshots } from '../../src/store/plans/snapshots.ts';
import { keepHistory } from '../../src/store/schema/keep-history.ts';
import { markets, publishSold, type Sold } from '../support/market.ts';
import { createTestDatabase, ONCOR, until } from '../support/support.ts';

const { database } = await createTestDatabase();
const { pool } = database;
const LPL = '0582138934100';

interface Moment {
  at: Date;
  sold: Sold[];
}

/** Hours that are not whole days apart, over the end of a month and the night on which clocks go back. */
const moments: Moment[] = markets(11, 60).map((sold, index) => ({
  at: new Date(Date.UTC(2026, 9, 24, 1) + index * 17 * 3_600_000),
  sold,
}));

const dailyRates = async () =>
  (
    await pool.query(
      'select *, day::text as day from daily_rate_index i order by tdsp_duns, i.day, term, rate_type',
    )
  ).rows;
const providerDays = async () =>
  (await pool.query('select *, day::text as day from provider_days d order by tdsp_duns, d.day, provider_id'))
    .rows;

async function forgetDays(): Promise<void> {
  await pool.query('truncate daily_rate_index, provider_days, market_progress');
}

test('every day ends with the statistics of the plans that were sold as it ended', async () => {
  for (const { at, sold } of moments) {
    await publishSold(database, ONCOR, sold, at);
    assert.deepEqual(await refreshDailyRateIndex(database), [ONCOR]);
  }
  assert.deepEqual(await refreshDailyRateIndex(database), []);
  const closing = new Map(moments.map((moment) => [marketDay(moment.at), moment]));
  const expected = [...closing].flatMap(([day, { sold }]) =>
    statisticsByGroup(sold).map(({ term, rate_type, plans, rates }) => ({
      day,
      term,
      rate_type,
      plans,
      priced: rates[500].priced,
      lowest: rates[500].min,
      median: rates[1000].median,
      average: rates[2000].average,
    })),
  );
  const key = ({ day, term, rate_type }: { day: string; term: string; rate_type: string }) =>
    `${day} ${term} ${rate_type}`;
  const found = (await dailyRates()).map((row) => ({
    day: row.day,
    term: row.term,
    rate_type: row.rate_type,
    plans: row.plans,
    priced: row.priced_500kwh,
    lowest: row.min_rate_500kwh,
    median: row.median_rate_1000kwh,
    average: row.average_rate_2000kwh,
  }));
  const sorted = (rows: typeof expected) => rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  assert.deepEqual(sorted(found), sorted(expected));
});

test('every provider day counts what happened to its offers, the first snapshot left out', async () => {
  const expected = new Map<
    string,
    { listed: number; relisted: number; withdrawn: number; repriced: number }
  >();
  const seen = new Map<string, Sold>();
  let before = new Map<string, Sold>();
  for (const [index, { at, sold }] of moments.entries()) {
    const now = new Map(sold.map((one) => [`${one.provider} ${one.name}`, one]));
    for (const [name, one] of new Map([...before, ...now])) {
      const day = `${marketDay(at)} ${nameKey(one.provider)}`;
      const counts = expected.get(day) ?? { listed: 0, relisted: 0, withdrawn: 0, repriced: 0 };
      const last = seen.get(name);
      const isSold = now.has(name);
      if (!isSold) counts.withdrawn++;
      else if (!last) counts.listed += Number(index > 0);
      else if (!before.has(name)) counts.relisted++;
      if (isSold && last && JSON.stringify(last.rates) !== JSON.stringify(one.rates)) counts.repriced++;
      if (isSold) seen.set(name, one);
      if (Object.values(counts).some((count) => count > 0)) expected.set(day, counts);
    }
    before = now;
  }
  const found = (await providerDays()).map(({ day, provider_id, listed, relisted, withdrawn, repriced }) => [
    `${day} ${provider_id}`,
    { listed, relisted, withdrawn, repriced },
  ]);
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected));
  assert.ok(found.length > 30);

  const [month] = await readProviderActivity(pool, 'alpha-power', { days: [30], now: moments.at(-1)!.at });
  const until = marketDay(moments.at(-1)!.at);
  const days = [...expected].filter(
    ([day]) =>
      day.endsWith(' alpha-power') && Date.parse(until) - Date.parse(day.slice(0, 10)) < 30 * 86_400_000,
  );
  const sum = (name: 'listed' | 'withdrawn' | 'repriced') =>
    days.reduce((total, [, counts]) => total + counts[name], 0);
  assert.deepEqual(
    { listed: month!.listed, withdrawn: month!.withdrawn, repriced: month!.repriced },
    { listed: sum('listed'), withdrawn: sum('withdrawn'), repriced: sum('repriced') },
  );
  assert.equal(month!.days_with_repricing, days.filter(([, { repriced }]) => repriced > 0).length);
});

test('days that were never written down are found from the history, the same ones', async () => {
  const [rates, providers] = [await dailyRates(), await providerDays()];
  await forgetDays();
  assert.deepEqual(await refreshDailyRateIndex(database), [ONCOR]);
  assert.deepEqual(await dailyRates(), rates);
  assert.deepEqual(await providerDays(), providers);
});

test('what one refresh missed the next one writes, and of many at once one writes it', async () => {
  const AEP_NORTH = '007923311';
  const all = markets(8, 14);
  const publishAt = (index: number) =>
    publishSold(
      database,
      AEP_NORTH,
      all[index]!,
      new Date(Date.UTC(2026, 10, 1, 3) + index * 11 * 3_600_000),
    );
  for (const index of [0, 1, 2, 3]) await publishAt(index);
  await refreshDailyRateIndex(database);
  // These ten by a program that knows nothing of days.
  for (let index = 4; index < all.length; index++) await publishAt(index);
  const done = await Promise.all(Array.from({ length: 4 }, () => refreshDailyRateIndex(database)));
  assert.deepEqual(done.flat(), [AEP_NORTH]);
  const [rates, providers] = [await dailyRates(), await providerDays()];
  await forgetDays();
  await refreshDailyRateIndex(database);
  assert.deepEqual(await dailyRates(), rates);
  assert.deepEqual(await providerDays(), providers);
});

test('a day is not written down with the prices of a version that came meanwhile', async () => {
  const AEP_CENTRAL = '007924772';
  const [sold] = markets(6, 1) as [Sold[]];
  await publishSold(database, AEP_CENTRAL, sold, new Date('2026-09-01T18:00:00Z'));
  // The next publish, as far as it matters, at the moment between the looks at the versions and at the plans.
  const publisher = await pool.connect();
  await publisher.query('begin; lock table electricity_plans in access exclusive mode');
  await publisher.query('update electricity_plans set rate_1000kwh = 77 where tdsp_duns = $1', [AEP_CENTRAL]);
  await publisher.query(
    `insert into plan_snapshots (tdsp_duns, version, source, origin, content_hash, set_hash, plans, observed_at, published_at)
     select tdsp_duns, 2, source, origin, '2', '2', plans, at, at
       from plan_snapshots cross join (select '2026-09-02T18:00:00Z'::timestamptz) t (at) where tdsp_duns = $1`,
    [AEP_CENTRAL],
  );
  const refreshing = refreshDailyRateIndex(database);
  await until(async () => {
    const { rows } = await publisher.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return rows.length > 0;
  });
  await publisher.query('commit');
  publisher.release();
  assert.deepEqual(await refreshing, [AEP_CENTRAL]);
  const { rows } = await pool.query(
    `select version, median_rate_1000kwh as median from daily_rate_index
      where tdsp_duns = $1 and term = 'all' and rate_type = 'all'`,
    [AEP_CENTRAL],
  );
  assert.deepEqual(rows, [
    { version: 1, median: rateStatistics(sold.map(({ rates }) => rates[1000])).median },
  ]);
});

test('of a day whose plans history does not prove only their number is told', async () => {
  const all = markets(5, 6);
  for (const [index, sold] of all.entries()) {
    await publishSold(database, LPL, sold, new Date(Date.UTC(2026, 10, 10 + index, 18)));
  }
  await pool.query('update plan_snapshots set plans = plans + 1 where tdsp_duns = $1 and version = 3', [LPL]);
  await refreshDailyRateIndex(database);
  const { rows } = await pool.query(
    `select day::text as day, term, rate_type, plans, priced_1000kwh as priced, median_rate_1000kwh as median
       from daily_rate_index where tdsp_duns = $1 and day = '2026-11-12'`,
    [LPL],
  );
  assert.deepEqual(rows, [
    {
      day: '2026-11-12',
      term: 'all',
      rate_type: 'all',
      plans: all[2]!.length + 1,
      priced: null,
      median: null,
    },
  ]);
});

const index = (from: string, to: string, more: object = {}) =>
  readRateIndex(pool, {
    tdsp_duns: LPL,
    from,
    to,
    by: 'day',
    term: 'all',
    rate_type: 'all',
    usage: 1000,
    ...more,
  });

test('a day without a change is like the one before as long as the upstream confirmed it, and unknown after that', async () => {
  // The last version is of the 15th; it was confirmed again on the 18th, and nobody asked after that until the 22nd.
  const current = (await readCurrentSnapshots(pool)).find(({ tdsp_duns }) => tdsp_duns === LPL)!;
  assert.equal(current.version, 6);
  const observed_at = new Date('2026-11-18T12:00:00Z');
  await confirmSnapshot(pool, current, {
    observed_at,
    origin: 'test',
    payload_hash: null,
    validators: null,
    cache_expires_at: new Date('2026-11-18T14:00:00Z'),
  });
  const last = markets(5, 6).at(-1)!;
  await publishSold(database, LPL, last.slice(1), new Date('2026-11-22T12:00:00Z'));
  await refreshDailyRateIndex(database);
  const days = await index('2026-11-09', '2026-11-23');
  const plans = Object.fromEntries(days.map(({ from, plans }) => [from.slice(8), plans]));
  const median = Object.fromEntries(
    days.map(({ from, ...day }) => [from.slice(8), day.median_rate_cents_per_kwh]),
  );
  assert.deepEqual([plans['09'], median['09']], [null, null], 'before anything was published');
  assert.notEqual(plans['12'], null, 'the number of plans is known without the history');
  assert.equal(median['12'], null, 'what history could not prove');
  for (const day of ['16', '17', '18'])
    assert.deepEqual([plans[day], median[day]], [plans['15'], median['15']]);
  for (const day of ['19', '20', '21', '23']) assert.deepEqual([plans[day], median[day]], [null, null], day);
  assert.equal(plans['22'], last.length - 1);
});

test('weeks and months are the mean of their known days, and say how many those are', async () => {
  const days = await index('2026-11-09', '2026-11-23');
  const [week, second, third] = await index('2026-11-09', '2026-11-23', { by: 'week' });
  assert.deepEqual([week!.from, week!.to, week!.days, week!.known_days], ['2026-11-09', '2026-11-15', 7, 6]);
  assert.deepEqual([second!.from, second!.to, second!.known_days], ['2026-11-16', '2026-11-22', 4]);
  assert.deepEqual(
    [third!.from, third!.to, third!.days, third!.known_days],
    ['2026-11-23', '2026-11-23', 1, 0],
  );
  assert.deepEqual([third!.plans, third!.min_rate_cents_per_kwh], [null, null]);
  const known = days.slice(0, 7).flatMap(({ median_rate_cents_per_kwh: median }) => median ?? []);
  const mean = known.reduce((sum, median) => sum + median, 0) / known.length;
  assert.ok(Math.abs(week!.median_rate_cents_per_kwh! - mean) < 1e-4);
  const lowest = days.slice(0, 7).flatMap(({ min_rate_cents_per_kwh: lowest }) => lowest ?? []);
  assert.equal(week!.min_rate_cents_per_kwh, Math.min(...lowest));
  const [month] = await index('2026-11-09', '2026-11-23', { by: 'month' });
  assert.equal(month!.known_days, 10);
});

test('a term that nobody sells counts zero plans on a known day, and is unknown on an unknown one', async () => {
  const [none] = await index('2026-11-15', '2026-11-15', { term: '77' });
  assert.deepEqual([none!.plans, none!.priced_plans, none!.median_rate_cents_per_kwh], [0, 0, null]);
  const [unknown] = await index('2026-11-12', '2026-11-12', { term: '12' });
  assert.deepEqual([unknown!.known_days, unknown!.plans], [1, null]);
});

test('plans of another upstream are not mixed in', async () => {
  const sold = markets(9, 1)[0]!;
  await publishSold(database, LPL, sold, new Date('2026-11-24T12:00:00Z'), 'comparepower');
  await refreshDailyRateIndex(database);
  const days = await index('2026-11-10', '2026-11-24');
  assert.deepEqual(
    days.map(({ plans }) => plans).filter((plans) => plans !== null),
    [sold.length],
  );
});

test('a day ends at midnight in Chicago, in winter and in summer time', async () => {
  const CNP = '957877905';
  const sold = markets(3, 8);
  const times = [
    '2026-03-07T05:59:59.999Z',
    '2026-03-08T05:59:59.999Z',
    '2026-03-09T04:59:59.999Z',
    '2026-03-09T05:00:00.000Z',
    '2026-10-31T04:59:59.999Z',
    '2026-11-01T04:59:59.999Z',
    '2026-11-02T05:59:59.999Z',
    '2026-11-02T06:00:00.000Z',
  ];
  for (const [at, time] of times.entries()) await publishSold(database, CNP, sold[at]!, new Date(time));
  await refreshDailyRateIndex(database);
  for (const [at, day] of ['06', '07', '08', '09'].entries()) {
    const [found] = await index(`2026-03-${day}`, `2026-03-${day}`, { tdsp_duns: CNP });
    assert.deepEqual([found!.version, found!.plans], [at + 1, sold[at]!.length], day);
  }
  for (const [at, day] of ['10-30', '10-31', '11-01', '11-02'].entries()) {
    const [found] = await index(`2026-${day}`, `2026-${day}`, { tdsp_duns: CNP });
    assert.deepEqual([found!.version, found!.plans], [at + 5, sold[at + 4]!.length], day);
  }
});

test('a version is later than the one before it, also when another machine’s clock is behind', async () => {
  const TNMP = '007929441';
  const sold = markets(4, 3);
  for (const [at, time] of ['12:00:05', '12:00:03', '12:00:04'].entries()) {
    await publishSold(database, TNMP, sold[at]!, new Date(`2026-11-20T${time}Z`));
  }
  const { rows } = await pool.query(
    `select version, published_at from plan_snapshots where tdsp_duns = $1 order by version`,
    [TNMP],
  );
  assert.deepEqual(
    rows.map(({ published_at }) => published_at.toISOString().slice(17)),
    ['05.000Z', '05.001Z', '05.002Z'],
  );
  const { rows: apart } = await pool.query(
    `select h.id from plan_price_history h left join plan_snapshots s
         on s.tdsp_duns = h.tdsp_duns and s.version = h.snapshot_version and s.published_at = h.changed_at
      where s.version is null and h.tdsp_duns = $1`,
    [TNMP],
  );
  assert.deepEqual(apart, []);
});

test('a machine that is a day ahead for a while keeps no day from being written', async () => {
  const CNP = '957877905';
  const sold = markets(5, 6);
  const times = ['20T18:00', '21T19:00', '20T20:00', '20T21:00', '21T18:00', '21T18:30'];
  for (const [at, time] of times.entries()) {
    await publishSold(database, CNP, sold[at]!, new Date(`2026-12-${time}Z`));
  }
  assert.deepEqual(await refreshDailyRateIndex(database, { tdsps: [CNP] }), [CNP]);
  const { rows } = await pool.query(
    `select i.day::text, s.published_at, i.priced_1000kwh as priced
       from daily_rate_index i join plan_snapshots s using (tdsp_duns, version)
      where i.tdsp_duns = $1 and i.day >= '2026-12-20' and term = 'all' and rate_type = 'all' order by i.day`,
    [CNP],
  );
  assert.deepEqual(rows, [
    { day: '2026-12-20', published_at: new Date('2026-12-20T21:00Z'), priced: sold[3]!.length },
    { day: '2026-12-21', published_at: new Date('2026-12-21T18:30Z'), priced: sold[5]!.length },
  ]);
});

test('a month of the history that somebody removed is made again after the publish that missed it', async () => {
  const sold = markets(6, 3);
  const at = (day: number) => new Date(Date.UTC(2061, 4, day, 12));
  await publishSold(database, LPL, sold[0]!, at(1));
  await pool.query('drop table plan_price_history_2061_05');
  await assert.rejects(publishSold(database, LPL, sold[1]!, at(2)), { code: '23514' });
  await publishSold(database, LPL, sold[1]!, at(3));
  await publishSold(database, LPL, sold[2]!, at(4));
});

test('keeping the history makes the months ahead and writes the days that are missing; stopped, it leaves the rest', async () => {
  await forgetDays();
  const now = new Date('2071-06-30T23:59:59Z');
  const stopped = await keepHistory(database, { now, signal: AbortSignal.abort() });
  assert.deepEqual(stopped, {
    partitions: [6, 7, 8, 9].map((month) => `plan_price_history_2071_0${month}`),
    indexed: [],
  });
  const { partitions, indexed } = await keepHistory(database, { now });
  assert.deepEqual(partitions, []);
  assert.ok(indexed.includes(ONCOR) && indexed.includes(LPL));
  assert.deepEqual(await keepHistory(database, { now }), { partitions: [], indexed: [] });
});
