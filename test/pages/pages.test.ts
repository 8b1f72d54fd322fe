/** The pages over a small market: what they say, how they are sent, and what they cost. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnreadRecordMemory } from '../../src/catalog/unread-records.ts';
import { html } from '../../src/html/html.ts';
import { sorryPage } from '../../src/pages/error-page.ts';
import { addressOf } from '../../src/pages/page-parts.ts';
import { readRecentPrices } from '../../src/store/market/recent-prices.ts';
import { quarantine } from '../../src/store/plans/quarantine.ts';
import { openApi } from '../support/api.ts';
import { allDuns, createTestDatabase, ONCOR } from '../support/support.ts';
import { publishMarket } from './shop-market.ts';

const { database } = await createTestDatabase();
const events: string[] = [];
const { app, planSets, unexpected } = openApi(database, undefined, {
  onEvent: (slug, event) => events.push(`${slug} ${event}`),
});
const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { accept: 'text/html', ...headers } });
/** What a person reads of a page. */
const textOf = (page: string) =>
  page
    .replace(/<(style|script)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&[lg]t;|&quot;|&#39;|&amp;/g, '?')
    .replace(/\s+/g, ' ');

test('before anything is published a list says so, and is not kept', async () => {
  const { statusCode, headers, body } = await get('/cities/dallas-tx');
  assert.equal(statusCode, 503);
  assert.equal(headers['cache-control'], 'no-store');
  assert.match(body, /The plans are being fetched/);
  assert.equal((await get('/')).statusCode, 200);
  // To programs as a problem, to somebody who follows a link as a page.
  for (const path of ['/sitemap.xml', '/sitemaps/plans.xml', '/pictures/texas.png']) {
    const problem = await get(path, { accept: '*/*' });
    assert.deepEqual([problem.statusCode, problem.json().code], [503, 'not_ready'], path);
    assert.deepEqual([problem.headers['retry-after'], problem.headers['cache-control']], ['10', 'no-store']);
    assert.match((await get(path)).body, /<html lang="en">[\s\S]*The plans are being fetched/);
  }
});

test('a market is published', async () => {
  await publishMarket(database, new Date());
  // Nobody announces it here, and that nothing was there is remembered for a second.
  await planSets.clear(null);
  await planSets.warm(allDuns);
});

test('every page is in both languages, says so, and allows nothing from elsewhere', async () => {
  const [english, spanish] = await Promise.all([get('/'), get('/es')]);
  assert.equal(english.statusCode, 200);
  assert.match(english.body, /<html lang="en">/);
  assert.match(english.body, /<a href="\/es" lang="es"/);
  assert.match(spanish.body, /<html lang="es">/);
  assert.match(spanish.body, /<a href="\/" lang="en"/);
  const policy = String(english.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'; style-src 'sha256-/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(english.body, / style="/);
  assert.equal(english.headers['referrer-policy'], 'strict-origin-when-cross-origin');
  assert.deepEqual(unexpected, []);
});

test('a page that somebody holds is not sent again', async () => {
  const { headers } = await get('/cities/dallas-tx');
  const again = await get('/cities/dallas-tx', { 'if-none-match': String(headers.etag) });
  assert.equal(again.statusCode, 304);
  assert.equal(again.body, '');
});

test('in every encoding it is the same page', async () => {
  const { brotliDecompressSync, gunzipSync } = await import('node:zlib');
  const plain = await get('/zip/75201');
  const br = await get('/zip/75201', { 'accept-encoding': 'gzip, br' });
  const gzip = await get('/zip/75201', { 'accept-encoding': 'gzip' });
  assert.equal(br.headers['content-encoding'], 'br');
  assert.equal(String(brotliDecompressSync(br.rawPayload)), plain.body);
  assert.equal(String(gunzipSync(gzip.rawPayload)), plain.body);
  assert.equal(br.headers.etag, plain.headers.etag);
});

test('known bills stand before estimates, the cheapest first, and what is left out is told with the reason', async () => {
  const { body } = await get('/cities/dallas-tx?all=1');
  const text = textOf(body);
  const at = (name: string) => text.indexOf(` ${name} `, text.indexOf('How sure'));
  const order = ['Straight 12', 'Filler 0 12', 'Credit Saver 12', 'Half Year 6', 'Free Nights 12'];
  const places = order.map(at);
  assert.ok(
    places.every((place) => place > 0),
    String(places),
  );
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.match(text, /A house in Dallas pays \$\d,\d{3} a year or more/);
  assert.match(text, /The plan with the lowest price at 1,000 kWh, Credit Saver 12 at 7\.0 ¢/);
  assert.match(text, /Misses its \$125 credit in 6 of your 12 months/);
  assert.match(text, /Price depends on the hour/);
  assert.match(text, /Fixed for 6 of the 12 months/);
  assert.match(text, /Prepaid: you pay before you use/);
  assert.match(text, /\$10 a month before any use/);
  assert.match(text, /Left out: Without enough published prices to work out a year: Silent 12 \(Zeta\)/);
  assert.match(body, /Green &lt;b&gt; 24/);
  assert.match(text, /Nobody can pay for a place/);
});

test('a list shows the first plans, and says how many more there are', async () => {
  const text = textOf((await get('/cities/dallas-tx')).body);
  const more = /(\d+) more plans from \$[\d,]+ to \$[\d,]+\. Show all (\d+)/.exec(text);
  assert.ok(more, 'a fold');
  assert.equal(Number(more[2]), 48);
  assert.doesNotMatch(textOf((await get('/cities/dallas-tx?all=1')).body), /Show all/);
});

test('the usage is stated, and another one is another address', async () => {
  const apartment = textOf((await get('/cities/dallas-tx?profile=apartment')).body);
  assert.match(apartment, /An apartment in Dallas pays/);
  const flat = textOf((await get('/cities/dallas-tx?kwh=1,000')).body);
  assert.match(flat, /Its \$125 credit needs 1,000 kWh in every month/);
  const months = Array.from({ length: 12 }, (_, at) => `m=${900 + at * 10}`).join('&');
  const own = await get(`/cities/dallas-tx?${months}&price=fixed`);
  assert.equal(own.statusCode, 302);
  assert.match(String(own.headers.location), /^\/cities\/dallas-tx\?profile=900,910,.*,1010&price=fixed$/);
  assert.match((await get('/cities/dallas-tx?own=1')).body, /name="m"[^>]*value="1106"/);
});

test('an address that cannot be read says which part, and what would be right', async () => {
  for (const [query, name, told] of [
    ['kwh=-5', 'kwh', '1 to 100,000'],
    ['kwh=999999', 'kwh', '1 to 100,000'],
    ['profile=castle', 'profile', 'apartment, house, large'],
    ['m=1&m=2', 'm', 'twelve numbers'],
    ['price=cheap', 'price', 'fixed, part, or changes'],
    ['term=9', 'term', '12-18'],
    ['without=x', 'without', 'prepaid'],
    ['delivered=tnmp', 'delivered', 'oncor'],
  ] as const) {
    const { statusCode, body } = await get(`/cities/dallas-tx?${query}`);
    assert.equal(statusCode, 400, query);
    const text = textOf(body);
    assert.ok(text.includes(`${name}: expected`) && text.includes(told), text);
  }
  const spanish = textOf((await get('/es/cities/dallas-tx?kwh=mucho')).body);
  assert.match(spanish, /kwh: se esperaba un número entero de kWh, de 1 a 100,000, y dice “mucho”/);
  assert.match(
    textOf((await get('/es/texas?by=x')).body),
    /by: se esperaba company, price o age, y dice “x”/,
  );
  assert.equal((await get('/cities/dallas-tx?utm_source=x')).statusCode, 200);
});

test('facets tell how many plans each choice would leave, and keep the usage', async () => {
  const { body } = await get('/cities/dallas-tx?price=part&profile=large');
  const text = textOf(body);
  assert.match(text, /Fixed for all 12 months 4\d/);
  assert.match(text, /Fixed for part of the year 1 /);
  assert.match(body, /<input type="hidden" name="profile" value="large">/);
  assert.match(body, /name="price" value="part" checked/);
  assert.match(text, /4\d plans are hidden by your filters/);
  const changing = textOf((await get('/cities/dallas-tx?price=changes')).body);
  assert.match(changing, /Electricity plans in Dallas The bill of this plan is not known for every month/);
  assert.match(
    textOf((await get('/es/cities/dallas-tx?provider=nobody')).body),
    /Ningún plan pasa todos estos filtros\./,
  );
  const without = textOf((await get('/cities/dallas-tx?without=credits,hours&all=1')).body);
  assert.doesNotMatch(without, /Credit Saver 12|Free Nights 12/);
  const one = textOf((await get('/cities/dallas-tx?provider=beta-energy&all=1')).body);
  assert.match(one, /47 plans are hidden/);
});

test('other names of a city lead to its own address, with the query', async () => {
  for (const [asked, to] of [
    ['/cities/Dallas?profile=large', '/cities/dallas-tx?profile=large'],
    ['/cities/ft%20worth', '/cities/fort-worth-tx'],
    ['/cities/75201', '/zip/75201'],
    ['/zip/75201-1234', '/zip/75201'],
    ['/es/cities/DALLAS', '/es/cities/dallas-tx'],
    ['/cities/dallas-tx/?profile=large', '/cities/dallas-tx?profile=large'],
    ['/es/', '/es'],
  ] as const) {
    const { statusCode, headers } = await get(asked);
    assert.equal(statusCode, 301, asked);
    assert.equal(headers.location, to);
  }
});

test('the front page leads to a place, and explains one without plans in both languages', async () => {
  assert.equal((await get('/?q=75201')).headers.location, '/zip/75201');
  assert.equal((await get('/es?q=dallas')).headers.location, '/es/cities/dallas-tx');
  const closed = textOf((await get('/?q=San+Antonio')).body);
  assert.match(closed, /San Antonio has no choice of electricity plans CPS Energy, the city’s own utility/);
  assert.match(closed, /The nearest places with a choice/);
  const es = textOf((await get('/es?q=San+Antonio')).body);
  assert.match(es, /En San Antonio no se puede elegir plan de electricidad/);
  assert.match(textOf((await get('/?q=99999')).body), /99999 is not a ZIP code in Texas/);
  assert.match(textOf((await get('/?q=dalas')).body), /Did you mean one of these\? Dallas/);
  const meter = textOf((await get('/?q=10443720001234567')).body);
  assert.match(meter, /Oncor delivers to this meter You can choose, .* Dallas Fort Worth/);
  assert.match(textOf((await get('/es?q=1044372')).body), /A este medidor le reparte la luz Oncor/);
  assert.match(textOf((await get('/?q=10999990001234567')).body), /This meter has no choice of electricity/);
  const nameless = await get('/cities/%00');
  assert.equal(nameless.statusCode, 404);
  assert.match(textOf(nameless.body), /This address names no place Type a ZIP code/);
  assert.equal((await get('/cities/san-antonio-tx')).statusCode, 404);
  assert.equal((await get('/zip/99999')).statusCode, 404);
});

test('a ZIP code with two companies tells how to know, and shows the plans of either', async () => {
  const { body } = await get('/zip/75067');
  const text = textOf(body);
  assert.match(text, /In 75067 two companies deliver\. Your address decides\./);
  assert.match(text, /ESI ID begins .* 1040051 TNMP , shown here .* 1044372, 1017699 Oncor/);
  // The number itself, or no more than its beginning, as it stands on a bill.
  const meter = await get('/zip/75067?esi=1044-3720-0012-34567&profile=large');
  assert.deepEqual(
    [meter.statusCode, meter.headers.location],
    [302, '/zip/75067?profile=large&delivered=oncor'],
  );
  assert.equal((await get('/es/zip/75067?esi=1040051')).headers.location, '/es/zip/75067?delivered=tnmp');
  const stray = textOf((await get('/zip/75067?esi=10327890001234567')).body);
  assert.match(stray, /No company that delivers in 75067 has meters whose ESI ID begins with 1032789\./);
  assert.doesNotMatch(stray, /10327890001234567/);
  const other = textOf((await get('/zip/75067?delivered=oncor')).body);
  assert.match(other, /1044372, 1017699 Oncor , shown here/);
  assert.match(textOf((await get('/cities/garland-tx')).body), /In Garland the city sells electricity, too/);
  assert.match(textOf((await get('/es/zip/75067')).body), /En 75067 reparten la luz dos compañías/);
});

test('a place that is being typed is found from memory', async () => {
  const ask = async (q: string) => (await get(`/suggest?q=${q}`)).json();
  assert.deepEqual((await ask('dal'))[0], { href: '/cities/dallas-tx', name: 'Dallas', about: 'Oncor' });
  assert.ok(
    (await ask('7506')).some(
      ({ name, about }: { name: string; about: string }) =>
        name === '75067' && about === 'Lewisville, TNMP or Oncor',
    ),
  );
  assert.ok((await ask('san an')).some(({ name }: { name: string }) => name === 'San Antonio'));
  assert.deepEqual(await ask('x'), []);
  assert.deepEqual((await ask('dlalas'))[0].href, '/cities/dallas-tx');
});

test('plans stand side by side, up to four, and one can be taken away', async () => {
  const list = (await get('/cities/dallas-tx?all=1')).body;
  const idOf = (name: string) =>
    new RegExp(`Compare ${name}</span><input[^>]*value="([^"]+)"`).exec(list)![1]!;
  const ids = ['Straight 12', 'Credit Saver 12', 'Free Nights 12', 'Half Year 6', 'Filler 0 12'].map(idOf);
  const { body, statusCode } = await get(
    `/compare?${ids.map((id) => `id=${id}`).join('&')}&from=/cities/dallas-tx`,
  );
  assert.equal(statusCode, 200);
  const text = textOf(body);
  assert.match(text, /Straight 12 costs \$\d+ less a year than Credit Saver 12/);
  assert.match(text, /Only the first four are shown/);
  assert.match(text, /hollow: credit missed, 6 times/);
  assert.equal(body.match(/rel="nofollow">Remove/g)!.length, 4);
  assert.match(body, /href="\/cities\/dallas-tx">Dallas<\/a> \/ Side by side/);
  // Whatever usage a list takes, plans side by side take, too, and keep the plans.
  const two = `id=${ids[0]}&id=${ids[1]}&from=/cities/dallas-tx`;
  const flat = await get(`/compare?${two}&kwh=1,000`);
  assert.match(textOf(flat.body), /For the same usage every month, 12,000 kWh a year/);
  assert.ok(flat.body.includes(`/compare?profile=apartment&amp;id=${ids[0]}&amp;id=${ids[1]}&amp;from=`));
  assert.match(flat.body, new RegExp(`<input type="hidden" name="id" value="${ids[1]}">`));
  const months = Array.from({ length: 12 }, (_, at) => `m=${900 + at * 10}`).join('&');
  const own = await get(`/es/compare?${two}&${months}`);
  assert.match(String(own.headers.location), /^\/es\/compare\?profile=900,910,.*,1010&id=.*&from=/);
  const gone = await get(`/compare?id=${ids[0]}&id=00000000-0000-0000-0000-000000000000&from=//evil.example`);
  assert.match(textOf(gone.body), /One of these plans is no longer sold/);
  assert.doesNotMatch(gone.body, /evil\.example">/);
  assert.equal((await get('/compare?id=00000000-0000-0000-0000-000000000000')).statusCode, 404);
  assert.match(textOf((await get('/es/compare')).body), /Todavía no hay planes que comparar/);
});

test('in Spanish plans have the names and papers of their Spanish record', async () => {
  const { body } = await get('/es/cities/dallas-tx?all=1');
  const text = textOf(body);
  assert.match(text, /Straight 12 \(es\)/);
  assert.match(text, /Pierde su crédito de \$125 en 6 de sus 12 meses/);
  assert.doesNotMatch(text, /\b(?:the|months|credit|plans)\b/);
});

test('what prices did lately stands in the row, once it is in memory', async () => {
  const [first, later] = [new Date(Date.now() - 40 * 86_400_000), new Date()];
  const { database: own } = await createTestDatabase();
  await publishMarket(own, first);
  const dear = (cents: number) => ({ 500: cents, 1000: cents, 2000: cents });
  await publishMarket(own, later, (drafts) =>
    drafts.map((one) => (one.name === 'Straight 12' ? { ...one, rates_cents_per_kwh: dear(9.1) } : one)),
  );
  const { version, by_offer } = await readRecentPrices(own.pool, ONCOR, later);
  const moved = [...by_offer.values()].filter((one) => one.moved !== null);
  assert.equal(version, 2);
  assert.equal(by_offer.size, 48);
  assert.equal(moved.length, 1);
  assert.deepEqual([moved[0]!.moved!.from, moved[0]!.moved!.to, moved[0]!.is_lowest], [11.6, 9.1, true]);
  const shop = openApi(own, undefined, { recentPrices: (duns) => (duns === ONCOR ? by_offer : null) });
  await shop.planSets.warm(allDuns);
  const { body } = await shop.app.inject({ url: '/cities/dallas-tx' });
  assert.match(textOf(body), /11\.6 ¢ before [A-Z][a-z]+ \d+, 9\.1 ¢ now, at 1,000 kWh/);
  assert.match(textOf(body), /Lowest price in 90 days/);
});

test('a record that cannot be read is told as left out, unless its plan is still sold as it was read before', async () => {
  const memory = new UnreadRecordMemory({
    database: database.pool,
    onError: (error) => assert.fail(String(error)),
  });
  const shop = openApi(database, undefined, { unreadRecords: (duns) => memory.of(duns) });
  await shop.planSets.warm(allDuns);
  const leftOut = async (path: string) =>
    /(?:Left out|Fuera de la lista): (.*?) (?:Side by side|Lado a lado)/.exec(
      textOf((await shop.app.inject({ url: path })).body),
    )![1]!;
  assert.doesNotMatch(await leftOut('/cities/dallas-tx'), /record/);
  const record = { field: 'kwh1000', value: '13.5', reason: 'is not a price in dollars' };
  const origin = {
    source: 'powertochoose',
    tdsp_duns: ONCOR,
    run_id: 1,
    payload_hash: null,
    now: new Date(),
  };
  await quarantine(database.pool, origin, [
    { ...record, record: { idKey: '36101' }, external_id: '36101' },
    { ...record, record: {}, external_id: 'Alpha Power/Straight 12' },
  ]);
  await memory.announce({ tdsp_duns: ONCOR });
  assert.match(
    await leftOut('/cities/dallas-tx'),
    /One record of the source .*: number 36101, whose kwh1000 “13\.5” is not a price in dollars\./,
  );
  assert.match(
    await leftOut('/es/cities/dallas-tx'),
    /Un registro .*: el número 36101, porque en kwh1000 dice “13\.5”\./,
  );
  assert.doesNotMatch(await leftOut('/cities/houston-tx'), /record/);
  const before = memory.of(ONCOR);
  await memory.announce({ tdsp_duns: ONCOR });
  assert.equal(memory.of(ONCOR), before, 'pages that say the same are not written anew');
});

test('a page asks neither PostgreSQL nor an upstream, and only somebody who looks counts as demand', async () => {
  events.length = 0;
  const asked: string[] = [];
  const { query } = database.pool;
  const { query: quick } = database.quick;
  for (const pool of [database.pool, database.quick]) {
    pool.query = ((text: unknown) => {
      asked.push(String(text));
      return Promise.reject(new Error('a page asked PostgreSQL'));
    }) as typeof query;
  }
  const urls = [
    '/',
    '/cities/houston-tx',
    '/zip/79601',
    '/es/cities/lubbock-tx?profile=large',
    '/compare',
    '/suggest?q=dal',
  ];
  for (const url of urls) assert.ok((await get(url)).statusCode < 400, url);
  await get('/cities/houston-tx', { 'sec-purpose': 'prefetch' });
  await get('/cities/houston-tx', { 'sec-purpose': 'prefetch;prerender' });
  database.pool.query = query;
  database.quick.query = quick;
  assert.deepEqual(asked, []);
  assert.deepEqual(events, ['houston-tx search', 'lubbock-tx search']);
  // Once it is looked at, the browser tells.
  const tell = (payload: object) => app.inject({ method: 'POST', url: '/views', payload });
  assert.equal((await tell({ city: 'austin-tx' })).statusCode, 204);
  assert.equal(events.at(-1), 'austin-tx search');
  for (const payload of [{}, { city: 7 }, { city: '75201' }, { city: 'nowhere' }])
    assert.equal((await tell(payload)).statusCode, 400);
  assert.equal(events.length, 3);
});

test('what is not there is told to people as a page, and to programs as a problem', async () => {
  const page = await get('/nothing/here');
  assert.equal(page.statusCode, 404);
  assert.match(page.body, /This page does not exist/);
  assert.match((await get('/es/nada')).body, /Esta página no existe/);
  const problem = await get('/nothing/here', { accept: 'application/json' });
  assert.equal(problem.json().code, 'not_found');
});

test('the script of a page is kept for good', async () => {
  const { body } = await get('/');
  const script = await get(/src="(\/assets\/site-\w+\.js)"/.exec(body)![1]!);
  assert.equal(script.statusCode, 200);
  assert.match(String(script.headers['cache-control']), /immutable/);
});

test('a page that says sorry keeps its status, and text stays text', () => {
  const ask = { ...addressOf('/plans/x'), route: null, parts: { publicUrl: null } };
  const { status, html: markup } = sorryPage(ask, 410, 'Gone <b>', html`<p>It was replaced.</p>`);
  assert.equal(status, 410);
  assert.match(String(markup), /<h1>Gone &lt;b&gt;<\/h1><p>It was replaced\.<\/p>/);
});

test('nothing went wrong that nobody expected', () => assert.deepEqual(unexpected, []));
