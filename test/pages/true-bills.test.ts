/**
 * What the pages say that a plan costs, beside a second arithmetic that shares no code with the first: every year and
 * every bill, on real plans, in each page that tells one, for each usage, in both languages. And what somebody loses who
 * takes the plan that stands first: nothing.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { lossOf } from '../../bench/regrets.ts';
import { inLanguage, LANGUAGES } from '../../src/pages/language.ts';
import type { UsageProfile } from '../../src/plan/profiles/profiles.ts';
import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import { usageProfiles } from '../../src/store/profiles.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { readPlainly } from '../bills/plain-reading.ts';
import { openApi } from '../support/api.ts';
import { allDuns, createTestDatabase, ONCOR, territory } from '../support/support.ts';

/** Dollars are shown whole, and the arithmetics differ by what rounding to a tenth of a cent leaves open. */
const MOST_A_YEAR_USD = 12;
const MOST_A_MONTH_USD = 2.2;

const { database } = await createTestDatabase();
const bytes = readFileSync(new URL('../fixtures/oncor-2026-07-20.csv', import.meta.url));
const tdspByName = (name: string, year: number | null) => territory.tdspByFeedName(name, year)?.duns;
const { plans: drafts } = parsePowerToChoose(bytes, { duns: [ONCOR], tdspByName }).tdsps[0]!;
const now = new Date();
for (const tdsp_duns of allDuns) {
  const plans = drafts.map((draft) => ({ ...draft, tdsp_duns }));
  const more = { source: 'powertochoose', origin: 'test', rejected: [], observed_at: now, run_id: 1 };
  const options = { now, cacheTtlMs: 7_200_000, passed_as: 'overridden' } as const;
  await publish(database, { tdsp_duns, plans, ...more }, options);
}
const { app, planSets, unexpected } = openApi(database);
await planSets.warm(allDuns);
const { plans } = planSets.peek(ONCOR)!.set;
const monthNow = Number(
  new Intl.DateTimeFormat('en', { timeZone: 'America/Chicago', month: 'numeric' }).format(now),
);

const OWN_KWH = [310, 420, 530, 640, 750, 860, 970, 1080, 1990, 2100, 2210, 120];
/** The usages that the pages are asked for, with the parameters that ask for them. */
const USAGES: readonly (readonly [params: string, profile: UsageProfile])[] = [
  ...[...usageProfiles().values()].map((profile) => [`profile=${profile.name}`, profile] as const),
  ['kwh=990', { name: 'own', months_kwh: new Array<number>(12).fill(990) }],
  [`profile=${OWN_KWH.join()}`, { name: 'own', months_kwh: OWN_KWH }],
];

/** The bill of a plan by usage, from what its row of the state's export says; `null`: too plain a reading for it. */
function billsOf(id: string): ((kwh: number) => number) | null {
  const { external_id } = plans.find((plan) => plan.id === id)!;
  const draft = drafts.find((one) => one.external_id === external_id)!;
  const { 500: low, 1000: middle, 2000: high } = draft.rates_cents_per_kwh;
  if (low === null || middle === null || high === null) return null;
  return readPlainly([draft.fees_text, draft.special_terms], [low * 5, middle * 10, high * 20]);
}

const yearOf = (bills: (kwh: number) => number, { months_kwh }: UsageProfile, times = 1): number =>
  months_kwh.reduce((sum, kwh) => sum + bills(kwh * times), 0);

const page = async (path: string): Promise<string> => {
  const { statusCode, body } = await app.inject({ url: path, headers: { accept: 'text/html' } });
  assert.equal(statusCode, 200, path);
  return body;
};
/** The first amount in a piece of a page, in USD; `NaN` without one. */
const usdIn = (markup: string): number =>
  Number(/\$([\d,]+(?:\.\d\d)?)/.exec(markup)?.[1]?.replaceAll(',', ''));
const rowsOf = (markup: string): string[] => markup.split('<tr').slice(1);
const idIn = (markup: string): string | undefined => /\/plans\/([\da-f-]{36})/.exec(markup)?.[1];

/** Some of the plans whose year a list tells as known: every n-th. */
async function knownPlans(each: number): Promise<string[]> {
  const rows = rowsOf(await page('/cities/dallas-tx?all=1'));
  const known = rows
    .filter((row) => row.includes('name="id"') && !row.includes('≈'))
    .map((row) => idIn(row)!);
  return known.filter((id) => billsOf(id) !== null).filter((_, at) => at % each === 0);
}

function expectNear(told: number, right: number, most: number, what: string): void {
  assert.ok(Math.abs(told - right) <= most, `${what}: ${told}, not ${right}`);
}

for (const language of LANGUAGES) {
  test(`a list: every known year and bill, and the first plan loses nothing (${language})`, async () => {
    for (const [params, profile] of USAGES) {
      const body = await page(inLanguage(language, `/cities/dallas-tx?all=1&${params}`));
      const rows = rowsOf(body).filter((row) => row.includes('name="id"'));
      assert.equal(lossOf(plans, profile, idIn(rows[0]!)!), 0, `the first of ${params}`);
      let checked = 0;
      for (const row of rows) {
        const bills = billsOf(idIn(row)!);
        // An estimate says that it is one.
        if (!bills || row.includes('≈')) continue;
        const what = `${idIn(row)}, ${params}`;
        expectNear(usdIn(row), yearOf(bills, profile), MOST_A_YEAR_USD, what);
        const month = /class="d f n" data-a="[^"]*">([^<]*)</.exec(row)![1]!;
        expectNear(usdIn(month), bills(profile.months_kwh[monthNow - 1]!), MOST_A_MONTH_USD, what);
        checked += 1;
      }
      assert.ok(checked > 80, `${checked} of ${rows.length} could be checked`);
      // Filters take plans away and change nothing else.
      const some = rowsOf(await page(inLanguage(language, `/cities/dallas-tx?${params}&without=credits`)));
      const left = some.filter((row) => row.includes('name="id"')).map(idIn);
      const order = rows.map(idIn);
      assert.deepEqual(
        left.map((id) => order.indexOf(id)),
        left.map((id) => order.indexOf(id)).toSorted((a, b) => a - b),
      );
    }
  });

  test(`a market, Texas and the front page: every year (${language})`, async () => {
    for (const [params, profile] of USAGES) {
      const market = await page(inLanguage(language, `/markets/${ONCOR}?${params}`));
      const rows = rowsOf(market).filter((row) => idIn(row) && row.includes('<b>$'));
      assert.equal(rows.length, 10);
      assert.equal(lossOf(plans, profile, idIn(rows[0]!)!), 0, params);
      const years = rows.map((row) => [usdIn(row), billsOf(idIn(row)!)] as const);
      for (const [usd, bills] of years)
        if (bills) expectNear(usd, yearOf(bills, profile), MOST_A_YEAR_USD, params);
      assert.ok(years.filter(([, bills]) => bills).length > 7);
      const lowest = years[0]![0];
      assert.equal(usdIn(/<h1>.*?<\/h1>/.exec(market)![0]), lowest);
      const texas = await page(inLanguage(language, `/texas?${params}`));
      const oncor = rowsOf(texas).find((row) => row.includes(`/markets/${ONCOR}`))!;
      assert.equal(usdIn(oncor), lowest);
      if (params !== 'profile=house') continue;
      const front = rowsOf(await page(inLanguage(language, '/'))).find((row) => row.includes('dallas-tx'))!;
      assert.equal(usdIn(front), lowest);
    }
  });

  test(`a plan: each of its twelve bills, and their year (${language})`, async () => {
    const some = await knownPlans(8);
    assert.ok(some.length > 10);
    for (const [params, profile] of USAGES) {
      for (const id of some) {
        const body = await page(inLanguage(language, `/plans/${id}?${params}`));
        const bills = billsOf(id)!;
        const months = [
          ...body.matchAll(
            /<tr><th scope="row">([^<]+) 20\d\d<\/th><td class="n">([\d,]+)<\/td><td class="n">(\$[\d,.]+)<\/td>/g,
          ),
        ];
        assert.equal(months.length, 12, `${id}, ${params}`);
        const used = months.map(([, , kwh]) => Number(kwh!.replaceAll(',', '')));
        assert.deepEqual(
          used.toSorted((a, b) => a - b),
          profile.months_kwh.toSorted((a, b) => a - b),
        );
        for (const [at, [, name, , usd]] of months.entries())
          expectNear(usdIn(usd!), bills(used[at]!), MOST_A_MONTH_USD, `${id}, ${name}, ${params}`);
        const sum = months.reduce((total, [, , , usd]) => total + usdIn(usd!), 0);
        // The name of a plan may begin with an amount, too.
        const title = /<h1>.*?<\/h1>/.exec(body)![0];
        expectNear(usdIn(title.slice(title.lastIndexOf('$'))), sum, 1, `the year of ${id}, ${params}`);
      }
    }
  });

  test(`plans side by side: each year, with more and less use, and each bill that is named (${language})`, async () => {
    const some = (await knownPlans(20)).slice(0, 4);
    assert.equal(some.length, 4);
    const asked = some.map((id) => `id=${id}`).join('&');
    for (const [params, profile] of USAGES) {
      const [head, ...rows] = rowsOf(await page(inLanguage(language, `/compare?${asked}&${params}`)));
      const ids = [...head!.matchAll(/\/plans\/([\da-f-]{36})/g)].map(([, id]) => id!);
      assert.deepEqual(ids.toSorted(), some.toSorted());
      const cellsOf = (row: string) => row.split('<td').slice(1);
      const years = rows.find((row) => row.includes('class="yr"'))!;
      const check = (row: string, right: (bills: (kwh: number) => number) => number, most: number) => {
        for (const [at, cell] of cellsOf(row).entries())
          expectNear(usdIn(cell), right(billsOf(ids[at]!)!), most, `${ids[at]}, ${params}`);
      };
      check(years, (bills) => yearOf(bills, profile), MOST_A_YEAR_USD);
      for (const [pattern, times] of [
        [/(?:with 10 % less|con 10 % menos)/, 0.9],
        [/(?:with 10 % more|con 10 % más)/, 1.1],
      ] as const) {
        const row = rows.find((one) => pattern.test(one))!;
        check(row, (bills) => yearOf(bills, profile, times), MOST_A_YEAR_USD);
      }
      const named = rows.filter((row) => /<th[^>]*>[^<]+, [\d,]+ kWh<\/th>/.test(row));
      assert.ok(named.length >= 1);
      for (const row of named) {
        const kwh = Number(/, ([\d,]+) kWh</.exec(row)![1]!.replaceAll(',', ''));
        check(row, (bills) => bills(kwh), MOST_A_MONTH_USD);
      }
    }
  });
}

test('nothing went wrong that nobody expected', () => assert.deepEqual(unexpected, []));
