import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readReport } from '../../src/monitor/report/report.ts';
import { chargeDays, reportTime } from '../../src/monitor/report/report-days.ts';
import { reportTables } from '../../src/monitor/report/report-tables.ts';
import { addDays, marketDay } from '../../src/plan/market-day.ts';
import { DemandRecorder } from '../../src/planning/demand-recorder.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readChargeLags } from '../../src/store/market/report-figures.ts';
import { addCityDemand } from '../../src/store/queue/city-demand.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, syncAll, territory, testGate, wattsync } from '../support/support.ts';
import { watch } from '../support/watch.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const { pool } = database;
const sandbox = await startSandbox({ plansPerTdsp: 60, now: () => new Date('2026-06-01T12:00:00Z') });
after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
const { look } = await watch(database);
for (const days of [0, 20]) {
  if (days > 0) sandbox.control.advance(days);
  await syncAll(database, source, { force: true });
}
await addCityDemand(pool, new Date(), [
  { city_slug: 'dallas-tx', searches: 30, leads: 2, conversions: 1, anonymous: 0 },
  { city_slug: 'houston-tx', searches: 10, leads: 0, conversions: 0, anonymous: 0 },
]);
await look();

const now = new Date();
const today = marketDay(now);
const month = today.slice(0, 7);

test('a week begins on Monday and a month on its first, in the time of the market', () => {
  const at = new Date('2026-11-29T03:00:00Z');
  const october = reportTime('month', '2026-10', at);
  // Daylight time as it begins, standard time from 1 November on.
  assert.deepEqual(
    [october.from.toISOString(), october.to.toISOString(), october.last],
    ['2026-10-01T05:00:00.000Z', '2026-11-01T05:00:00.000Z', '2026-10-31'],
  );
  const november = reportTime('month', '2026-11', at);
  assert.deepEqual([november.to.toISOString(), november.is_open], ['2026-12-01T06:00:00.000Z', true]);
  assert.equal(reportTime('month', null, at).name, '2026-10', 'the last one that is over');
  const week = reportTime('week', null, at);
  assert.deepEqual([week.name, week.first, week.last], ['2026-W47', '2026-11-16', '2026-11-22']);
  assert.equal(reportTime('week', '2026-11-22', at).name, '2026-W47');
  assert.equal(reportTime('week', '2026-W01', at).first, '2025-12-29');
  for (const [kind, wrong] of [
    ['month', '2026-13'],
    ['month', 'october'],
    ['week', '2026-W54'],
    ['week', '2026-02-30'],
    ['month', '2027-01'],
  ] as const) {
    assert.throws(() => reportTime(kind, wrong, at), { code: 'report_time_invalid' }, wrong);
  }
});

test('a report says what was counted, sold and looked for, and comes again with the same figures', async () => {
  const time = reportTime('month', month, now);
  const report = await readReport(pool, territory, time);
  assert.equal(report.market.tdsps.length, 6);
  for (const { snapshot, plans, eight_of_ten_cents_per_kwh, teaser_gap } of report.market.tdsps) {
    assert.ok(snapshot >= 1 && plans! > 10, `version ${snapshot}, ${plans} plans`);
    const [low, high] = eight_of_ten_cents_per_kwh!;
    assert.ok(low < high);
    assert.ok(teaser_gap!.usd_a_year >= 0);
  }
  assert.ok(report.market.providers.some(({ repriced }) => repriced > 0));
  const sum = (what: 'listed' | 'withdrawn' | 'repriced', rows: readonly Record<typeof what, number>[]) =>
    rows.reduce((all, one) => all + one[what], 0);
  for (const what of ['listed', 'withdrawn', 'repriced'] as const) {
    assert.equal(sum(what, report.market.weeks), sum(what, report.market.providers), what);
  }
  assert.deepEqual(
    [report.demand.searches, report.demand.cities_searched, report.demand.cities[0]!.share],
    [40, 2, 0.75],
  );
  assert.equal(report.service.calls, 12);
  assert.ok(report.service.calls_saved > 0);
  const again = await readReport(pool, territory, time);
  assert.deepEqual(again.market, report.market);
  assert.deepEqual(again.demand, report.demand);
});

test('searches for places without plans are counted by names of ours: what was typed is not kept', async () => {
  const demand = new DemandRecorder({ database: pool, onError: assert.fail });
  const { app, ask } = openApi(database, undefined, { onMiss: (place) => demand.miss(place) });
  const page = async (url: string, headers = {}) => {
    const { statusCode } = await app.inject({ url, headers: { accept: 'text/html', ...headers } });
    return statusCode;
  };
  assert.equal((await ask('/v1/plans?city=san-antonio-tx')).statusCode, 404);
  assert.equal((await ask('/v1/plans?city=the+name+of+my+street')).statusCode, 404);
  assert.equal((await ask('/v1/plans?city=dallas-tx')).statusCode, 200);
  // The second one is sent from memory, and the third is fetched ahead by a browser.
  for (let n = 0; n < 2; n++) assert.equal(await page('/cities/san-antonio-tx'), 404);
  assert.equal(await page('/cities/san-antonio-tx', { 'sec-purpose': 'prefetch' }), 404);
  assert.equal(await page('/?q=another+street+of+mine'), 200);
  assert.equal(await page('/?q='), 200);
  await demand.stop();
  assert.deepEqual((await pool.query('select place, searches from missed_places order by place')).rows, [
    { place: '', searches: 2 },
    { place: 'san-antonio-tx', searches: 3 },
  ]);
  const report = await readReport(pool, territory, reportTime('month', month, now));
  assert.deepEqual(report.demand.missed, [
    { place: 'San Antonio', searches: 3 },
    { place: null, searches: 2 },
  ]);
  const { says } = reportTables(report).find(({ title }) => title === 'Searches without plans')!;
  assert.match(says, /^5 searches for places without plans, 2 of them for texts/);
});

test('after the delivery charges changed a report says who followed, and how soon', async () => {
  const of = (first: string, last: string) =>
    chargeDays({ first, last }).map(({ charge_day, until }) => `${charge_day} ${until}`);
  assert.deepEqual(of('2026-09-01', '2026-09-30'), ['2026-09-01 2026-09-30']);
  assert.deepEqual(of('2026-10-01', '2026-10-31'), ['2026-09-01 2026-10-01']);
  assert.deepEqual(of('2026-11-01', '2026-11-30'), []);
  assert.deepEqual(of('2026-02-23', '2026-03-01'), ['2026-03-01 2026-03-01']);
  // As if all had been sold two days before today, and the charges had changed yesterday.
  await pool.query(`update offers set first_seen_at = first_seen_at - interval '2 days'`);
  const yesterday = addDays(today, -1);
  const lags = await readChargeLags(pool, [{ charge_day: yesterday, until: today }]);
  const followed = lags.filter(({ lag_days }) => lag_days !== null);
  assert.ok(
    followed.length > 0 && followed.every(({ lag_days, tdsps }) => lag_days === 1 && tdsps.length > 0),
  );
  const report = await readReport(pool, territory, reportTime('month', month, now));
  const repriced = report.market.providers.filter((one) => one.repriced > 0).map(({ provider }) => provider);
  assert.deepEqual(followed.map(({ provider }) => provider).toSorted(), repriced.toSorted());
  const titled = (charge_lags: typeof lags) =>
    reportTables({ ...report, market: { ...report.market, charge_lags } }).find(({ title }) =>
      /delivery charges/.test(title),
    );
  assert.match(titled(lags)!.says, new RegExp(`^${followed.length} of ${lags.length} providers`));
  assert.equal(titled([]), undefined);
  const early = await readChargeLags(pool, [{ charge_day: addDays(today, -9), until: today }]);
  assert.deepEqual(early, [], 'nobody sold anything then');
});

test('the command prints it in four forms', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-report-'));
  after(() => rmSync(folder, { recursive: true }));
  const env = { DATABASE_URL };
  const file = join(folder, 'report.html');
  const [text, json, csv, page, wrong] = await Promise.all([
    wattsync(['report', 'month', month], env),
    wattsync(['report', 'month', month, '--json'], env),
    wattsync(['report', 'month', month, '--csv'], env),
    wattsync(['report', 'month', month, '--html', file], env),
    wattsync(['report', 'week', 'yesterday'], env),
  ]);
  assert.deepEqual([text.code, json.code, csv.code, page.code, wrong.code], [0, 0, 0, 0, 1]);
  assert.match(text.stdout, /Market index[\s\S]*Oncor[\s\S]*Demand\n {2}40 searches in 2 cities/);
  assert.match(text.stdout, new RegExp(`The same again: npx wattsync report month ${month}`));
  assert.equal(JSON.parse(json.stdout).reckoned.snapshots.length, 6);
  assert.match(csv.stdout, /^Demand,Dallas,30,75/m);
  const markup = readFileSync(file, 'utf8');
  assert.match(markup, /<h2>Market index<\/h2>/);
  assert.match(markup, /@media print/);
  assert.match(wrong.stderr, /expected a week such as 2026-W47/);
});
