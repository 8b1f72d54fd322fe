/** Price watches: the form, the feed, and the mail from the first question to the end. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanDraft } from '../../src/plan/plan.ts';
import { Sealer } from '../../src/seal.ts';
import { usageProfiles } from '../../src/store/profiles.ts';
import { Places } from '../../src/territory/places.ts';
import { watchPlaceName } from '../../src/watch/place.ts';
import { WatchDesk } from '../../src/watch/watch-desk.ts';
import { WatchMailer } from '../../src/watch/watch-mailer.ts';
import { openApi } from '../support/api.ts';
import { startSmtpSink } from '../support/smtp-sink.ts';
import { allDuns, createTestDatabase, territory } from '../support/support.ts';
import { publishMarket } from './shop-market.ts';

const SITE = 'https://plans.test';
const { database } = await createTestDatabase();
const { pool } = database;
const sealer = new Sealer(Buffer.alloc(32, 5).toString('base64'));
const { app, planSets, unexpected } = openApi(database, undefined, {
  publicUrl: SITE,
  watches: new WatchDesk({ database: pool, sealer, hasMail: true }),
});
const sink = await startSmtpSink();
test.after(() => sink.stop());
const where = { territory, places: new Places(territory) };
const errors: unknown[] = [];
let clock = Date.now();
const newMailer = () =>
  new WatchMailer({
    database: pool,
    sealer,
    smtpUrl: sink.url,
    from: 'plans@plans.test',
    publicUrl: SITE,
    profiles: usageProfiles(),
    nameOf: (place) => watchPlaceName(where, place),
    onError: (error) => errors.push(error),
    now: () => new Date(clock),
  });
const mails = async () => {
  const before = sink.taken.length;
  await newMailer().now();
  return sink.taken.slice(before);
};
const get = (url: string, headers: Record<string, string> = {}) =>
  app.inject({ url, headers: { accept: 'text/html', ...headers } });
const post = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url,
    headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(fields).toString(),
  });
async function put(change?: (drafts: PlanDraft[]) => PlanDraft[]) {
  clock += 1_000;
  await publishMarket(database, new Date(clock), change);
  await planSets.clear(null);
  await planSets.warm(allDuns);
}
function minus({ rates_cents_per_kwh: rates }: PlanDraft, cents: number): PlanDraft['rates_cents_per_kwh'] {
  const less = (rate: number | null) => (rate === null ? null : Math.round((rate - cents) * 10) / 10);
  return { 500: less(rates[500]), 1000: less(rates[1000]), 2000: less(rates[2000]) };
}
const cheaper =
  (cents: number) =>
  (drafts: PlanDraft[]): PlanDraft[] =>
    drafts.map((draft) => {
      if (draft.name !== 'Straight 12') return draft;
      return { ...draft, rates_cents_per_kwh: minus(draft, cents) };
    });
/** A day without a mail: it may be written to again. */
const nextDay = () =>
  pool.query(
    "update price_watches set told_at = told_at - interval '1 day', created_at = created_at - interval '1 day'",
  );
const FIELDS = { place: 'dallas-tx', profile: 'house', year: '1,900', fee: '150', by: '100', way: 'mail' };
const linkIn = (text: string) =>
  /https:\/\/plans\.test(\/\S*watch\/[\w.-]+)/.exec(text.slice(text.indexOf('\n\n')))![1]!;
const stored = async () => (await pool.query('select * from price_watches order by created_at')).rows;

test('the form says what is lowest now, and a field that cannot be read says what would be right', async () => {
  await put();
  for (const url of [
    '/watch?place=dallas-tx',
    '/es/watch?place=75201',
    '/watch?place=ONCOR&profile=apartment',
  ]) {
    const { statusCode, body, headers } = await get(url);
    assert.equal(statusCode, 200, url);
    assert.match(body, /name="email"/);
    assert.equal(headers['cache-control'], 'no-store');
  }
  assert.match(
    (await get('/watch?place=dallas-tx&year=plenty')).body,
    /What your plan costs you in a year: .*1 to 50,000.*plenty/,
  );
  assert.equal((await get('/watch?place=nowhere-at-all')).statusCode, 400);
  const list = (await get('/cities/dallas-tx')).body;
  assert.match(list, /href="\/watch\?place=dallas-tx"/);
  assert.match(
    list,
    /rel="alternate" type="application\/atom\+xml"[^>]*href="\/v1\/cities\/dallas-tx\/feed.atom"/,
  );
  const plan = /href="(\/plans\/[^"]+)"/.exec(list)![1]!;
  assert.match((await get(plan)).body, /href="\/watch\?place=\d+&amp;year=\d+&amp;fee=150"/);
});

test('a feed stores nothing, says nothing until a plan beats theirs, and then speaks once', async () => {
  const address = async (year: string) => {
    const { body } = await get(`/watch?${new URLSearchParams({ ...FIELDS, year, way: 'feed' })}`);
    return /href="(\/watch\/feed\.atom[^"]+)"/.exec(body)![1]!.replaceAll('&amp;', '&');
  };
  const entries = async (url: string) => {
    const { statusCode, body } = await app.inject(url);
    assert.equal(statusCode, 200, body);
    return [...body.matchAll(/<entry><id>([^<]+)<\/id><title>([^<]+)/g)].map(([, id, title]) => [id, title]);
  };
  assert.deepEqual(await entries(await address('1600')), []);
  const url = await address('1900');
  const first = await entries(url);
  assert.equal(first.length, 1);
  assert.match(first[0]![1]!, /^A plan in Dallas costs \$1\d\d less a year than yours$/);
  await put(cheaper(0.1));
  const second = await entries(url);
  assert.equal(second[0]![0], first[0]![0], 'not told anew for a few dollars');
  assert.deepEqual(await stored(), []);
  assert.equal((await app.inject('/watch/feed.atom?place=dallas-tx')).statusCode, 400);
  await put();
});

test('nothing is mailed before somebody says yes, and a GET says nothing', async () => {
  const asked = await post('/watch', { ...FIELDS, email: 'Ada@example.com' });
  assert.equal(asked.statusCode, 200);
  assert.match(asked.body, /Look into your mail/);
  const [row] = await stored();
  assert.ok(!JSON.stringify(row).toLowerCase().includes('ada'), 'the address is stored sealed');
  const [question, ...more] = await mails();
  assert.deepEqual([question!.to, more.length], ['Ada@example.com', 0]);
  assert.match(question!.text, /List-Unsubscribe: <https:\/\/plans\.test\/watch\/[^>]+\/end>/);
  assert.match(question!.text, /List-Unsubscribe-Post: List-Unsubscribe=One-Click/);
  const link = linkIn(question!.text);
  for (let n = 0; n < 2; n++)
    for (const path of [link, `${link}/end`]) assert.equal((await get(path)).statusCode, 200);
  assert.deepEqual([(await mails()).length, (await stored())[0].confirmed_at], [0, null]);
  const forged = `${link.slice(0, -1)}${link.endsWith('A') ? 'B' : 'A'}`;
  assert.equal((await get(forged)).statusCode, 404);
  assert.equal((await post(forged, { do: 'confirm' })).statusCode, 404);
  assert.equal((await post(link, { do: 'confirm' }, { 'sec-fetch-site': 'cross-site' })).statusCode, 404);
  assert.equal((await stored())[0].confirmed_at, null);
  assert.match((await post(link, { do: 'confirm' })).body, /You are told by e-mail, until/);

  const [news] = await mails();
  assert.match(news!.text, /Subject: A plan in Dallas costs \$1\d\d less a year than yours/);
  const amount = (what: RegExp) =>
    Number(new RegExp(`${what.source}.*\\$([\\d,]+)`).exec(news!.text)![1]!.replace(',', ''));
  const sum =
    amount(/Your plan, as you told/) - amount(/Straight 12, Alpha Power/) - amount(/To leave your plan/);
  assert.ok(Math.abs(amount(/What is left to you/) - sum) <= 1, news!.text);
  assert.match(news!.text, /https:\/\/plans\.test\/plans\/[0-9a-f-]{36}\?profile=house/);
});

test('it is written to once for one price, once a day, and again where another costs as much less', async () => {
  assert.equal((await mails()).length, 0);
  await nextDay();
  assert.equal((await mails()).length, 0, 'the same plan is not told again the next day');
  await put(cheaper(1.2));
  const [lower] = await mails();
  assert.match(lower!.text, /costs \$3\d\d less/);
  await put(cheaper(2.4));
  assert.equal((await mails()).length, 0, 'not twice in a day');
  await nextDay();
  sink.refuse(true);
  assert.equal((await mails()).length, 0);
  assert.equal(errors.length, 1, 'the server did not take it');
  sink.refuse(false);
  assert.equal((await mails()).length, 1, 'and it is sent when it does');
  errors.length = 0;
});

test('on a day when the charge moves all prices alike nobody is told, and theirs is moved with them', async () => {
  await nextDay();
  await put();
  await mails();
  await nextDay();
  await pool.query('update price_watches set told_year_usd = null, told_at = null');
  await pool.query(
    "update price_watches set question = question || jsonb_build_object('since', $1::text, 'year_usd', 1700)",
    [new Date(clock - 2 * 86_400_000).toISOString().slice(0, 10)],
  );
  assert.equal((await mails()).length, 0, 'theirs is good enough');
  const shifted = (cents: number) => (drafts: PlanDraft[]) =>
    drafts.map((draft) => ({ ...draft, rates_cents_per_kwh: minus(draft, cents) }));
  await put(shifted(1.5));
  assert.equal((await mails()).length, 0, 'every plan costs $200 less, and so does theirs');
  await put();
});

test('one click ends it from anywhere and leaves nothing; the end of a contract is told once', async () => {
  await pool.query('delete from price_watches');
  const ends = new Date(clock + 10 * 86_400_000).toISOString().slice(0, 10);
  await post('/es/watch', { ...FIELDS, year: '1500', ends, email: 'bea@example.com' });
  const [question] = await mails();
  assert.match(question!.text, /Subject: Confirme su aviso de precio/);
  const link = linkIn(question!.text);
  assert.match(link, /^\/es\/watch\//);
  await post(link, { do: 'confirm' });
  const [news, ...more] = await mails();
  assert.equal(more.length, 0);
  assert.match(news!.text, /Ya puede salir de su contrato de luz sin cargo/);
  await nextDay();
  assert.equal((await mails()).length, 0);
  const oneClick = /List-Unsubscribe: <https:\/\/plans\.test([^>]+)>/.exec(news!.text)![1]!;
  const answer = await post(
    oneClick,
    { 'List-Unsubscribe': 'One-Click' },
    { 'sec-fetch-site': 'cross-site' },
  );
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(await stored(), []);
  assert.equal((await get(link)).statusCode, 404);
});

test('an address has five watches at most, a client asks ten times an hour, and what is not an address is refused', async () => {
  await pool.query('delete from price_watches');
  for (let n = 0; n < 5; n++)
    assert.match((await post('/watch', { ...FIELDS, email: 'cy@example.com' })).body, /Look into/);
  assert.match(
    (await post('/watch', { ...FIELDS, email: 'CY@example.com' })).body,
    /as many watches as there may be/,
  );
  assert.equal((await stored()).length, 5);
  const from = (remoteAddress: string, email: string) =>
    app.inject({
      method: 'POST',
      url: '/watch',
      remoteAddress,
      headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ ...FIELDS, email }).toString(),
    });
  for (const email of ['', 'dee', 'dee@', 'a@b@c.example', 'x@y.example\r\nBcc: z@z.example'])
    assert.equal((await from('192.0.2.9', email)).statusCode, 400, email);
  for (let n = 0; n < 10; n++) assert.equal((await from('192.0.2.7', `p${n}@example.com`)).statusCode, 200);
  assert.equal((await from('192.0.2.7', 'p11@example.com')).statusCode, 429);
});

test('a site that sends no mail offers the feed alone, and takes no address', async () => {
  const without = openApi(database, undefined, {
    watches: new WatchDesk({ database: pool, sealer, hasMail: false }),
  });
  await without.planSets.warm(allDuns);
  const { body } = await without.app.inject({
    url: '/watch?place=dallas-tx',
    headers: { accept: 'text/html' },
  });
  assert.doesNotMatch(body, /name="email"/);
  assert.match(body, /This site sends no mail/);
  assert.deepEqual([unexpected, errors], [[], []]);
});
