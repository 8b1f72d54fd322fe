import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDrafts } from '../../bench/drafts.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import { dropOldEvents } from '../../src/store/events/event-retention.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR } from '../support/support.ts';

const { database } = await createTestDatabase();
const { app, get, unexpected } = openApi(database);
const TNMP = '007929441';
let clock = Date.now() - 10 * 3_600_000;

async function put(tdsp_duns: string, plans: PlanDraft[]) {
  clock += 60_000;
  const now = new Date(clock);
  const told = {
    tdsp_duns,
    source: 'sandbox',
    origin: 'test',
    plans,
    rejected: [],
    observed_at: now,
    run_id: 1,
  };
  await publish(database, told, { now, cacheTtlMs: 3_600_000, passed_as: 'overridden' });
}

const first = makeDrafts(ONCOR, 12, 3);
const cheaper = (draft: PlanDraft): PlanDraft => {
  const { 500: a, 1000: b, 2000: c } = draft.rates_cents_per_kwh;
  return {
    ...draft,
    price_components: null,
    rates_cents_per_kwh: { 500: a! - 1, 1000: b! - 1, 2000: c! - 1 },
  };
};
await put(ONCOR, first);
await put(TNMP, makeDrafts(TNMP, 9, 4));
await put(ONCOR, [cheaper({ ...first[0]!, external_id: 'minted-anew' }), ...first.slice(1, 11)]);

type Event = Record<string, never> & { seq: number; event: string };

/** What a client holds that does nothing but follow the log. */
async function mirror(limit: number, from = '/v1/changes?since=0') {
  const offers = new Map<string, unknown>();
  const seen: number[] = [];
  for (let url = `${from}&include=plan&limit=${limit}`; ; ) {
    const { status, body } = await get(url);
    assert.equal(status, 200, JSON.stringify(body));
    for (const event of body.data) {
      seen.push(event.seq);
      for (const one of event.affected ?? []) offers.set(one.offer_id, one.plan);
      if (event.plan) offers.set(event.offer_id, event.plan);
      if (event.event === 'offer_withdrawn') offers.delete(event.offer_id);
    }
    if (!body.meta.has_more) return { offers, seen, next: body.links.next as string };
    url = body.links.next;
  }
}

test('who reads nothing but the events holds the plans that are on sale, page size whatever', async () => {
  const sets = await Promise.all([ONCOR, TNMP].map((duns) => readActivePlanSet(database.pool, duns)));
  const onSale = sets.flatMap((set) => set!.plans).map((plan) => JSON.parse(JSON.stringify(plan)));
  for (const limit of [1, 7, 500]) {
    const { offers, seen } = await mirror(limit);
    assert.deepEqual(
      seen,
      seen.map((_, at) => at + 1),
    );
    assert.equal(offers.size, onSale.length);
    for (const plan of onSale) assert.deepEqual(offers.get(plan.offer_id), plan);
  }
});

test('a re-pricing tells from and to, what a year costs, the plan it replaces and its evidence', async () => {
  const { body } = await get('/v1/changes?since=0&event=offer_repriced');
  const [event] = body.data;
  assert.equal(body.data.length, 1);
  assert.deepEqual([event.rate_change_cents_per_kwh, event.cause, event.version], [-1, 'provider', 2]);
  assert.equal(event.replaces.external_id, first[0]!.external_id);
  const { house } = event.year_costs;
  assert.ok(house.to_usd < house.from_usd);
  assert.match(event.evidence.set_hash, /^[0-9a-f]{64}$/);
  assert.equal('plan' in event, false);
});

test('filters narrow what is told, and the cursor goes on behind them', async () => {
  const tnmp = (await get('/v1/changes?since=0&tdsp=TNMP&limit=500')).body;
  assert.ok(tnmp.data.length === 2 && tnmp.data.every(({ tdsp_duns }: Event) => tdsp_duns === TNMP));
  assert.match(tnmp.links.next, /since=\d+.*|tdsp=TNMP/);
  const none = (await get(tnmp.links.next)).body;
  assert.deepEqual([none.data, none.meta.has_more], [[], false]);
  const { offer_id } = (await get('/v1/changes?since=0&event=offer_withdrawn')).body.data[0];
  const life = (await get(`/v1/changes?since=0&offer=${offer_id}`)).body.data;
  assert.deepEqual(
    life.map(({ event }: Event) => event),
    ['market_listed', 'offer_withdrawn'],
  );
  assert.equal((await get('/v1/changes?since=0&min_change=1.5')).body.data.length, 0);
  const recent = (await get(`/v1/changes?since=${new Date(clock - 1_000).toISOString()}`)).body.data;
  assert.ok(recent.every(({ version, tdsp_duns }: Event) => version === 2 && tdsp_duns === ONCOR));
  for (const [wrong, status] of [
    ['since=yesterday', 400],
    ['offer=x', 400],
    ['event=sold', 400],
    ['tdsp=NOBODY', 404],
    ['since=99999', 410],
  ] as const)
    assert.equal((await get(`/v1/changes?${wrong}`)).status, status, wrong);
});

test('feeds of a TDSP, a city and a provider tell the news, in Atom and as JSON, each under one id for ever', async () => {
  const { id } = (await get('/v1/changes?since=0&event=offer_repriced')).body.data[0].provider;
  for (const path of ['/v1/markets/ONCOR', '/v1/cities/dallas-tx', `/v1/providers/${id}`]) {
    const told = await app.inject({ url: `${path}/feed.json` });
    const { headers } = told;
    assert.equal(told.statusCode, 200, path);
    const body = told.json();
    assert.match(String(headers['content-type']), /^application\/feed\+json/);
    assert.equal(body.version, 'https://jsonfeed.org/version/1.1');
    const down = body.items.find(({ title }: { title: string }) => title.startsWith('Down 1.0'));
    assert.match(down.content_text, /rate_1000kwh: .* → /);
    assert.match(down.content_text, /A year in a house: \$\d+ → \$\d+/);
    assert.equal(
      body.items.some(({ title }: { title: string }) => title.startsWith('New:')),
      false,
      'the first snapshot',
    );
    const atom = await app.inject({ url: `${path}/feed.atom` });
    assert.match(String(atom.headers['content-type']), /^application\/atom\+xml/);
    const ids = [...atom.body.matchAll(/<entry><id>([^<]+)<\/id>/g)].map(([, one]) => one);
    assert.deepEqual(
      ids,
      body.items.map((item: { id: string }) => item.id),
    );
    const again = await app.inject({
      url: `${path}/feed.atom`,
      headers: { 'if-none-match': String(atom.headers.etag) },
    });
    assert.equal(again.statusCode, 304);
  }
  for (const path of ['/v1/markets/NOBODY', '/v1/cities/atlantis', '/v1/providers/nobody'])
    assert.equal((await app.inject(`${path}/feed.atom`)).statusCode, 404, path);
});

test('a cursor older than what is kept is told so, and what is kept goes on', async () => {
  const { next } = await mirror(500);
  while ((await dropOldEvents(database.pool, new Date(clock - 30_000), 5)) > 0);
  const { status, body } = await get('/v1/changes?since=0');
  assert.deepEqual([status, body.code], [410, 'changes_gone']);
  const kept = Number(/kept after (\d+)/.exec(body.detail)?.[1]);
  assert.ok(kept > 0);
  assert.equal((await get(`/v1/changes?since=${kept}`)).body.data[0].seq, kept + 1);
  assert.equal((await get(next)).status, 200);
  assert.deepEqual(unexpected, []);
});
