/** The pages of a plan, a market, a provider and Texas over a small market: their figures, and what becomes of plans that go. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LANGUAGES } from '../../src/pages/language.ts';
import { billCurve } from '../../src/plan/bill/bill.ts';
import { yearOf } from '../../src/plan/profiles/year.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { usageProfiles } from '../../src/store/profiles.ts';
import { readPlainly } from '../bills/plain-reading.ts';
import { openApi } from '../support/api.ts';
import { allDuns, createTestDatabase, ONCOR, until } from '../support/support.ts';
import { publishMarket } from './shop-market.ts';

const { database } = await createTestDatabase();
const { app, planSets, listener, unexpected } = openApi(database, undefined, {
  publicUrl: 'https://plans.example',
});
const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { accept: 'text/html', ...headers } });
const textOf = (page: string) =>
  page
    .replace(/<(style|script)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, '’')
    .replace(/&[lg]t;|&quot;|&amp;/g, '?')
    .replace(/\s+/g, ' ');
const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
const now = Date.now();
const plansNow = async () => (await readActivePlanSet(database.pool, ONCOR))!.plans;
const named = async (name: string) => (await plansNow()).find((plan) => plan.name === name)!;
/** Publishes, and waits until memory has it. */
async function publish(
  ...args: Parameters<typeof publishMarket> extends [unknown, ...infer Rest] ? Rest : never
): Promise<void> {
  const before = (await readActivePlanSet(database.pool, ONCOR))?.version ?? 0;
  await publishMarket(database, ...args);
  await until(() => (planSets.peek(ONCOR)?.set.version ?? 0) > before);
}

await listener.start();
await publishMarket(database, new Date(now - 3 * WEEK_MS));
await planSets.warm(allDuns);

test('every bill of a plan’s twelve months, and its year, is that of an arithmetic of its own', async () => {
  const house = usageProfiles().get('house')!.months_kwh;
  let checked = 0;
  for (const plan of await plansNow()) {
    const { 500: a, 1000: b, 2000: c } = plan.rates_cents_per_kwh;
    if (a === null || b === null || c === null || plan.is_time_of_use) continue;
    const plain = readPlainly([plan.fees_text, plan.special_terms], [a * 5, b * 10, c * 20]);
    assert.ok(plain, plan.name);
    const { statusCode, body } = await get(`/plans/${plan.id}`);
    assert.equal(statusCode, 200);
    const rows = [
      ...body.matchAll(
        /<tr><th scope="row">[A-Z]\w+ 20\d\d<\/th><td class="n">([\d,]+)<\/td><td class="n">\$([\d,.]+)<\/td>/g,
      ),
    ];
    assert.equal(rows.length, 12, plan.name);
    let sum = 0;
    for (const [, kwh, usd] of rows) {
      const usage = Number(kwh!.replaceAll(',', ''));
      assert.ok(house.includes(usage));
      const bill = Number(usd!.replaceAll(',', ''));
      // Prices are rounded to a tenth of a cent, and the two readings take their lines from other pairs of them.
      assert.ok(
        Math.abs(bill - plain(usage)) <= 2.2,
        `${plan.name}: ${bill} at ${usage} kWh, not ${plain(usage)}`,
      );
      sum += bill;
    }
    const year = Number(/<h1>[^<]*?\$([\d,]+)/.exec(body)![1]!.replaceAll(',', ''));
    assert.ok(Math.abs(year - sum) <= 1, `${plan.name}: ${year} is not ${sum}`);
    checked += 1;
  }
  assert.ok(checked > 40);
});

test('a plan that hides behind a credit says what it costs, why, and where that is written', async () => {
  const plan = await named('Credit Saver 12');
  const year = yearOf(billCurve(plan), plan, usageProfiles().get('house')!);
  const { body } = await get(`/plans/${plan.id}`);
  const text = textOf(body);
  assert.match(
    text,
    new RegExp(`Credit Saver 12 costs a house \\$${Math.round(year.total_usd!).toLocaleString('en')} a year`),
  );
  assert.match(text, /Misses its \$125 credit in 6 of your 12 months, 2 of them by 10 kWh or less/);
  assert.match(text, /That is \$750 of credit a year not paid/);
  assert.match(
    text,
    /Credit from 1,000 kWh The plan says: “A bill credit of \$125 is applied when usage is 1000 kWh or more\.”/,
  );
  assert.match(text, /−\$125\.00 not paid/);
  assert.match(text, /\$125 more if you use 999 kWh instead of 1,000/);
  assert.match(text, /Cheaper plans like it .* Straight 12/);
  assert.match(text, /Worked out/);
  const spanish = textOf((await get(`/es/plans/${plan.id}`)).body);
  assert.match(spanish, /Credit Saver 12 \(es\) le cuesta a una casa/);
  assert.match((await get(`/es/plans/${plan.id}`)).body, /efl-es\.pdf/);
  assert.match(spanish, /Pierde su crédito de \$125 en 6 de sus 12 meses/);
  assert.match(spanish, /Crédito desde 1,000 kWh/);
  assert.match(text, /What the plan’s text says explains all three published prices\./);
  assert.match(spanish, /Lo que dice el texto del plan explica los tres precios publicados\./);
  assert.doesNotMatch(spanish, /undefined|NaN|\[object/);
});

test('another usage is another address; what cannot be read is told', async () => {
  const { id } = await named('Credit Saver 12');
  assert.match(textOf((await get(`/plans/${id}?profile=apartment`)).body), /costs an apartment \$/);
  assert.match(textOf((await get(`/plans/${id}?kwh=1000`)).body), /costs your home \$/);
  assert.match(textOf((await get(`/plans/${id}?change=35`)).body), /35 % more/);
  const wrong = await get(`/plans/${id}?change=lots`);
  assert.equal(wrong.statusCode, 400);
  assert.match(textOf(wrong.body), /change: expected a whole number from −90 to 300/);
});

test('an estimate says so, with what it may be', async () => {
  const { id } = await named('Free Nights 12');
  const text = textOf((await get(`/plans/${id}`)).body);
  assert.match(text, /costs a house about \$[\d,]+ a year, an estimate/);
  assert.match(text, /It stands behind the \d+ plans whose year is known/);
  assert.match(text, /It may be anything from \$\d+ to \$\d+/);
  assert.match(text, /The price depends on the hour; the published averages rest on/);
  assert.match(
    textOf((await get(`/es/plans/${id}`)).body),
    /El precio depende de la hora; los promedios publicados/,
  );
  const silent = textOf((await get(`/plans/${(await named('Silent 12')).id}`)).body);
  assert.match(silent, /What a year with Silent 12 costs is not known/);
});

test('a name from outside is text wherever it stands', async () => {
  const { id } = await named('Green <b> 24');
  const { body } = await get(`/plans/${id}`);
  assert.doesNotMatch(body, /Green <b>/);
  assert.match(body, /Green \\u003cb> 24/);
  assert.match(body, /<h1>Green &lt;b&gt; 24 costs/);
});

test('programs read what the page shows: product, price, until when it is confirmed, and where the page stands', async () => {
  const plan = await named('Straight 12');
  const { body } = await get(`/plans/${plan.id}`);
  const [product, crumbs] = [...body.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/g)].map(
    ([, json]) => JSON.parse(json!),
  );
  assert.equal(product['@type'], 'Product');
  const { priceSpecification, priceValidUntil, url } = product.offers;
  assert.equal(url, `https://plans.example/plans/${plan.id}`);
  assert.equal(Math.round(priceSpecification.price * 1000) / 10, plan.rates_cents_per_kwh[1000]);
  assert.equal(priceSpecification.validFrom, plan.last_changed_at);
  assert.match(priceValidUntil, /^\d{4}-\d\d-\d\d$/);
  assert.deepEqual(
    crumbs.itemListElement.map(({ position }: { position: number }) => position),
    [1, 2, 3],
  );
  assert.match(body, /<link rel="canonical" href="https:\/\/plans\.example\/plans\/[\da-f-]{36}">/);
  assert.match(body, /hreflang="es" href="https:\/\/plans\.example\/es\/plans\//);
  const image = /og:image" content="https:\/\/plans\.example([^"]+)"/.exec(body)![1]!;
  const picture = await get(image);
  assert.equal(picture.headers['content-type'], 'image/png');
  assert.equal(picture.rawPayload.readUInt32BE(16), 1200);
  assert.equal((await get(image, { 'if-none-match': String(picture.headers.etag) })).statusCode, 304);
  // The canonical address of every usage is the plan's own.
  assert.match(
    (await get(`/plans/${plan.id}?kwh=700`)).body,
    new RegExp(`rel="canonical" href="https://plans.example/plans/${plan.id}"`),
  );
});

test('programs read of a list what a year costs in the lowest of its known plans and in the dearest', async () => {
  const { body } = await get('/cities/dallas-tx?profile=large&without=credits');
  const [offers] = [...body.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/g)].map(
    ([, json]) => JSON.parse(json!).offers,
  );
  const house = usageProfiles().get('house')!;
  const usual = textOf((await get('/cities/dallas-tx?all=1')).body);
  assert.equal(offers['@type'], 'AggregateOffer');
  assert.equal(
    offers.eligibleQuantity.value,
    house.months_kwh.reduce((sum, kwh) => sum + kwh),
  );
  assert.ok(usual.includes(`pays $${Math.round(offers.lowPrice).toLocaleString('en')} a year or more`));
  assert.match(usual, new RegExp(`(?<!\\d)${offers.offerCount} plans with a known bill for every month`));
  assert.ok(usual.includes(` $${Math.round(offers.highPrice).toLocaleString('en')} `));
});

test('markets, providers, Texas and the rule are there in both languages, and name no figure that is not one', async () => {
  for (const language of LANGUAGES) {
    for (const path of [
      `/markets/${ONCOR}`,
      '/providers/alpha-power',
      '/texas',
      '/texas?by=price',
      '/texas?by=age',
      '/how-we-rank',
      '/accessibility',
    ]) {
      const { statusCode, body } = await get(language === 'es' ? `/es${path}` : path);
      assert.equal(statusCode, 200, path);
      assert.doesNotMatch(textOf(body), /undefined|NaN|\[object|Infinity/, path);
      assert.equal(body.match(/<h1>/g)!.length, 1, path);
      assert.doesNotMatch(body, / style="/, path);
      assert.match(body, new RegExp(`<html lang="${language}">`));
    }
  }
  assert.equal((await get('/markets/oncor')).headers.location, `/markets/${ONCOR}`);
  assert.equal((await get('/markets/nobody')).statusCode, 404);
  assert.equal((await get('/providers/nobody')).statusCode, 404);
  assert.equal((await get('/texas?by=luck')).statusCode, 400);
});

test('the lowest year is the same figure on the page of the market, of the city, and of Texas', async () => {
  const lowest = (text: string) => /\$[\d,]{5,}/.exec(text)![0];
  const [market, city, texas] = await Promise.all(
    [`/markets/${ONCOR}`, '/cities/dallas-tx', '/texas'].map(async (path) => textOf((await get(path)).body)),
  );
  assert.equal(lowest(market!), lowest(city!));
  assert.match(texas!, new RegExp(`Oncor Dallas[^$]*\\${lowest(market!)} `));
});

test('what happened this week stands on the page of the market, and the price of a plan has a history', async () => {
  await publish(new Date(now - WEEK_MS / 2), (drafts) =>
    drafts
      .filter(({ name }) => name !== 'Filler 3 12')
      .map((draft) =>
        draft.name === 'Straight 12'
          ? { ...draft, rates_cents_per_kwh: { 500: 13, 1000: 12.5, 2000: 12.3 } }
          : draft,
      ),
  );
  const market = textOf((await get(`/markets/${ONCOR}`)).body);
  assert.match(market, /one plan dearer, 0 new, 1 withdrawn/);
  assert.match(market, /Straight 12 Alpha Power 11\.6 → 12\.5 ¢/);
  const plan = await named('Straight 12');
  const text = textOf((await get(`/plans/${plan.id}`)).body);
  assert.match(text, /its price moved once in the time shown/);
  assert.match(text, /Lowest in 90 days: 11\.6 ¢ at 1,000 kWh/);
  const provider = textOf((await get('/providers/alpha-power')).body);
  assert.match(provider, /With Alpha Power a house pays \$/);
});

test('a plan that is gone answers 410 with what there is instead; another id of its offer leads to it; nonsense is 404', async () => {
  const { rows } = await database.pool.query<{ id: string; offer_id: string }>(
    `select id, offer_id from electricity_plans where name = 'Filler 3 12' and tdsp_duns = $1`,
    [ONCOR],
  );
  const [gone] = rows;
  const answer = await get(`/plans/${gone!.id}`);
  assert.equal(answer.statusCode, 410);
  const text = textOf(answer.body);
  assert.match(text, /Filler 3 12 is no longer sold/);
  assert.match(text, /What Filler 3 Energy sells there now .*Filler 10 12/);
  assert.match(text, /Plans of its kind and term, the lowest year first/);
  assert.match(answer.body, /<meta name="robots" content="noindex">/);
  assert.equal((await get(`/es/plans/${gone!.id}`)).statusCode, 410);

  const straight = await named('Straight 12');
  const byOffer = await get(`/plans/${straight.offer_id}?kwh=900`);
  assert.equal(byOffer.statusCode, 301);
  assert.equal(byOffer.headers.location, `/plans/${straight.id}?kwh=900`);
  assert.equal((await get(`/es/plans/${straight.offer_id}`)).headers.location, `/es/plans/${straight.id}`);
  assert.equal((await get('/plans/11111111-1111-4111-8111-111111111111')).statusCode, 404);
  assert.equal((await get('/plans/nonsense')).statusCode, 404);
});

test('what is odd beside the last weeks of a market stands on the page of the plan, in both languages', async () => {
  // Back within a day of going, and of a provider that no list of the state names.
  await publish(new Date(now - WEEK_MS / 2 + 12 * HOUR_MS));
  const { id } = await named('Filler 3 12');
  const text = textOf((await get(`/plans/${id}`)).body);
  assert.match(text, /Gone and back within a day/);
  assert.match(text, /Filler 3 Energy is not in our copy of the state’s list of providers/);
  const spanish = textOf((await get(`/es/plans/${id}`)).body);
  assert.match(spanish, /Se fue y volvió en menos de un día\./);
  assert.match(spanish, /no está en nuestra copia de la lista del estado/);
});

test('a re-pricing under a new upstream id keeps the old address alive', async () => {
  const before = await named('Straight 12');
  await publish(new Date(now - WEEK_MS / 4), (drafts) =>
    drafts.map((draft) =>
      draft.name === 'Straight 12'
        ? { ...draft, external_id: 'another', rates_cents_per_kwh: { 500: 12, 1000: 11.5, 2000: 11.3 } }
        : draft,
    ),
  );
  const after = await named('Straight 12');
  assert.notEqual(after.id, before.id);
  assert.equal(after.offer_id, before.offer_id);
  const { statusCode, headers } = await get(`/plans/${before.id}`);
  assert.deepEqual([statusCode, headers.location], [301, `/plans/${after.id}`]);
});

test('the maps of the site have every page, and when its market was last published', async () => {
  const index = (await get('/sitemap.xml')).body;
  assert.deepEqual(
    [...index.matchAll(/sitemaps\/(\w+)\.xml/g)].map(([, name]) => name),
    ['pages', 'cities', 'plans', 'providers'],
  );
  const cities = (await get('/sitemaps/cities.xml')).body;
  assert.equal(cities.match(/<url>/g)!.length, 2 * 975);
  const { rows } = await database.pool.query<{ at: Date }>(
    'select max(published_at) as at from plan_snapshots where tdsp_duns = $1',
    [ONCOR],
  );
  assert.ok(cities.includes(`/cities/dallas-tx</loc><lastmod>${rows[0]!.at.toISOString()}</lastmod>`));
  const plans = (await get('/sitemaps/plans.xml')).body;
  const straight = await named('Straight 12');
  assert.ok(plans.includes(`/plans/${straight.id}</loc><lastmod>${straight.last_changed_at}</lastmod>`));
  for (const [, path] of [...plans.matchAll(/<loc>https:\/\/plans\.example(\/plans\/[^<]+)<\/loc>/g)].slice(
    0,
    5,
  ))
    assert.equal((await get(path!)).statusCode, 200);
  assert.match((await get('/robots.txt')).body, /Sitemap: https:\/\/plans\.example\/sitemap\.xml/);
});

test('while PostgreSQL is away the pages answer, say what is missing, and are not kept for long', async () => {
  const { id } = await named('Filler 20 12');
  const query = database.quick.query;
  database.quick.query = (() => Promise.reject(new Error('connection refused'))) as unknown as typeof query;
  try {
    const plan = await get(`/plans/${id}`);
    assert.equal(plan.statusCode, 200);
    assert.match(textOf(plan.body), /The history of its price cannot be read just now/);
    assert.match(textOf(plan.body), /Filler 20 12 costs a house \$/);
    assert.ok(Number(/s-maxage=(\d+)/.exec(String(plan.headers['cache-control']))![1]) <= 15);
    const market = textOf((await get(`/markets/${allDuns[1]}`)).body);
    assert.match(market, /How prices moved cannot be read just now/);
    assert.equal((await get('/sitemap.xml')).statusCode, 200);
    // Whether it is gone or never was is not known now.
    const gone = await get('/plans/22222222-2222-4222-8222-222222222222');
    assert.deepEqual([gone.statusCode, gone.headers['cache-control']], [503, 'no-store']);
  } finally {
    database.quick.query = query;
  }
  assert.deepEqual(unexpected, []);
});
