import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeDrafts } from '../../bench/drafts.ts';
import type { EventData } from '../../src/plan/events/market-event.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import { readEvents, readLogEnds, readSeqBefore } from '../../src/store/events/event-log.ts';
import { dropOldEvents } from '../../src/store/events/event-retention.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { markets, publishSold } from '../support/market.ts';
import { assertFeedTellsTheLog, assertLogTellsAll, readWholeLog } from '../support/replay-log.ts';
import { allDuns, createTestDatabase, ONCOR, territory } from '../support/support.ts';

const { database } = await createTestDatabase();
const { pool } = database;
const TNMP = '007929441';
let clock = Date.parse('2026-02-25T12:00:00Z');

async function put(tdsp_duns: string, plans: PlanDraft[], source = 'sandbox') {
  clock += 3_600_000;
  const now = new Date(clock);
  const before = (await readLogEnds(pool)).last;
  const told = { tdsp_duns, source, origin: 'test', plans, rejected: [], observed_at: now, run_id: 1 };
  await publish(database, told, { now, cacheTtlMs: 3_600_000, passed_as: 'overridden' });
  return readWholeLog(pool, before);
}

const dearer = (draft: PlanDraft, cents: number): PlanDraft => {
  const { 500: low, 1000: middle, 2000: high } = draft.rates_cents_per_kwh;
  const plus = (rate: number | null) => rate && Math.round((rate + cents) * 1_000) / 1_000;
  return { ...draft, rates_cents_per_kwh: { 500: plus(low), 1000: plus(middle), 2000: plus(high) } };
};
const kindsOf = (events: readonly { kind: string; cause: string }[]) =>
  events.map(({ kind, cause }) => `${kind} ${cause}`);

const first = makeDrafts(ONCOR, 30, 7);

test('the first snapshot lists all offers in one event and ends with the word that it is whole', async () => {
  const events = await put(ONCOR, first);
  assert.deepEqual(kindsOf(events), ['market_listed first_snapshot', 'snapshot_published operator']);
  const { affected } = events[0]!.data as EventData['market_listed'];
  assert.deepEqual(
    affected.map(({ external_id }) => external_id),
    first.map(({ external_id }) => external_id),
  );
  const whole = events[1];
  assert.deepEqual(whole?.data, {
    passed_as: 'overridden',
    plans: 30,
    added: 30,
    changed: 0,
    withdrawn: 0,
    rejected: 0,
  });
  assert.match(whole!.set_hash!, /^[0-9a-f]{64}$/);
});

test('an offer that is re-priced, told otherwise, taken off or put under another id is one event with its cause', async () => {
  const plans = first.map((draft) => ({ ...draft }));
  plans[0] = dearer(plans[0]!, 0.7);
  plans[1] = { ...plans[1]!, early_termination_fee_usd: 99, promotion: 'Free pecans' };
  plans[2] = { ...plans[2]!, promotion: 'Free pecans' };
  plans[3] = { ...plans[3]!, external_id: 'another-id' };
  plans[4] = {
    ...plans[4]!,
    provider: { ...plans[4]!.provider, name: plans[4]!.provider.name.toUpperCase() },
  };
  plans.pop();
  const events = await put(ONCOR, plans);
  const of = (kind: string) => events.filter((event) => event.kind === kind);
  const [repriced] = of('offer_repriced');
  assert.deepEqual([repriced?.rate_change, repriced?.cause, repriced?.version], [0.7, 'provider', 2]);
  const { changes } = repriced!.data as EventData['offer_repriced'];
  assert.deepEqual(
    changes.map(({ field }) => field),
    ['rate_500kwh', 'rate_1000kwh', 'rate_2000kwh'],
  );
  const [terms] = of('offer_terms_changed');
  assert.deepEqual(
    (terms!.data as EventData['offer_terms_changed']).changes.map(({ field }) => field),
    ['early_termination_fee_usd', 'promotion'],
  );
  assert.equal(of('offer_details_changed').length, 2);
  const [replaced] = of('offer_replaced');
  const { replaces } = replaced!.data as EventData['offer_replaced'];
  assert.deepEqual(
    [replaces?.external_id, replaced?.external_id],
    [plans[3]!.external_id && first[3]!.external_id, 'another-id'],
  );
  assert.deepEqual(
    of('offer_withdrawn').map(({ data }) => data),
    [{ reason: 'withdrawn', into: null, last_version: 1 }],
  );
  assert.equal(of('provider_renamed').length, 1);
  assert.equal(events.at(-1)?.kind, 'snapshot_published');
  assert.equal((await put(ONCOR, plans)).length, 0, 'nothing is told of the same plans');
});

test('a new delivery charge is one event, and a provider that moves otherwise has its own', async () => {
  const before = makeDrafts(TNMP, 40, 8);
  await put(TNMP, before);
  const after = before.map((draft, at) => dearer(draft, at === 5 ? -2 : at % 2 ? 1.2 : 1.1));
  after[6] = { ...after[6]!, external_id: 'minted-anew' };
  const events = await put(TNMP, after);
  assert.deepEqual(kindsOf(events), [
    'delivery_charge_changed delivery_charge',
    'offer_repriced provider',
    'snapshot_published operator',
  ]);
  const { shift_cents_per_kwh, affected } = events[0]!.data as EventData['delivery_charge_changed'];
  assert.equal(affected.length, 39);
  assert.ok([1.1, 1.2].includes(shift_cents_per_kwh[1000]!));
  assert.equal(affected.filter(({ replaces }) => replaces).length, 1);
  const { offer_id } = affected[0]!;
  const { events: own } = await readEvents(pool, { after: 0, limit: 500, filter: { offer_id } });
  assert.deepEqual(
    own.map(({ kind }) => kind),
    ['market_listed', 'delivery_charge_changed'],
  );
  for (const { data } of own) assert.equal((data as EventData['market_listed']).affected.length, 1);
  // One provider with much of the market re-prices by itself.
  const alone = after.map((draft, at) => (at < 20 ? dearer(draft, 0.5) : draft));
  assert.equal((await put(TNMP, alone)).filter(({ kind }) => kind === 'offer_repriced').length, 20);
});

test('plans of another source replace those before, and each says why', async () => {
  const events = await put(TNMP, makeDrafts(TNMP, 10, 99), 'powertochoose');
  assert.equal(kindsOf(events)[0], 'source_changed operator');
  assert.ok(events.slice(1, -1).every(({ cause }) => cause === 'source_change'));
});

test('a tombstone says what became of the upstream id: another product, or an offer that was known', async () => {
  const [a, b] = makeDrafts(TNMP, 10, 99) as [PlanDraft, PlanDraft];
  const rest = makeDrafts(TNMP, 10, 99).slice(2);
  const tombs = (events: Awaited<ReturnType<typeof put>>) =>
    events.flatMap(({ kind, data }) =>
      kind === 'offer_withdrawn' ? [data as EventData['offer_withdrawn']] : [],
    );
  const another = { ...a, name: 'Quite another product', term_months: 36 };
  assert.deepEqual(
    tombs(await put(TNMP, [another, b, ...rest], 'powertochoose')).map(({ reason, into }) => [reason, into]),
    [['replaced', null]],
  );
  // What b sold goes on under the id of the other, whose product is gone.
  const events = await put(TNMP, [{ ...b, external_id: another.external_id }, ...rest], 'powertochoose');
  const { offer_id } = events.find(({ kind }) => kind === 'offer_replaced')!;
  assert.deepEqual(
    tombs(events).map(({ reason, into }) => [reason, into]),
    [['merged', offer_id]],
  );
});

test('filters: kinds, a TDSP, a provider, the least change', async () => {
  const all = await readWholeLog(pool);
  const { provider_id } = all.find(({ kind }) => kind === 'offer_repriced')!;
  const some = async (filter: Parameters<typeof readEvents>[1]['filter']) =>
    (await readEvents(pool, { after: 0, limit: 1_000, filter })).events.map(({ seq }) => seq);
  const expected = (fits: (event: (typeof all)[number]) => boolean) => all.filter(fits).map(({ seq }) => seq);
  assert.deepEqual(
    await some({ tdsps: [TNMP] }),
    expected(({ tdsp_duns }) => tdsp_duns === TNMP),
  );
  assert.deepEqual(
    await some({ kinds: ['offer_withdrawn'] }),
    expected(({ kind }) => kind === 'offer_withdrawn'),
  );
  const affects = (data: unknown) =>
    (data as { affected?: { provider_id: string }[] } | null)?.affected?.some(
      (one) => one.provider_id === provider_id,
    );
  assert.deepEqual(
    await some({ provider_id }),
    expected((event) => event.provider_id === provider_id || affects(event.data) === true),
  );
  assert.deepEqual(
    await some({ minChange: 1 }),
    expected(({ rate_change }) => Math.abs(rate_change ?? 0) >= 1),
  );
});

test('six TDSPs that publish at once share one order without a gap, and each version follows from it', async () => {
  const days = markets(3, 6);
  for (const [at, sold] of days.entries()) {
    const now = new Date(Date.parse('2026-06-01T00:00:00Z') + at * 3_600_000);
    await Promise.all(allDuns.map((duns) => publishSold(database, duns, sold, now)));
  }
  assert.ok((await assertLogTellsAll(pool)) > 30);
});

test('a reader that follows while others publish never has to look back', async () => {
  const seen: number[] = [];
  let isPublishing = true;
  const reading = (async () => {
    let after = (await readLogEnds(pool)).last;
    for (;;) {
      const wasPublishing = isPublishing;
      const { events, upTo, last } = await readEvents(pool, { after, limit: 7 });
      seen.push(...events.map(({ seq }) => seq));
      after = upTo;
      if (!wasPublishing && upTo >= last) return;
    }
  })();
  const begin = (await readLogEnds(pool)).last;
  for (const [at, sold] of markets(11, 8).entries()) {
    const now = new Date(Date.parse('2026-07-01T00:00:00Z') + at * 3_600_000);
    await Promise.all(allDuns.map((duns) => publishSold(database, duns, sold, now)));
  }
  isPublishing = false;
  await reading;
  const { last } = await readLogEnds(pool);
  assert.deepEqual(
    seen.filter((seq) => seq > begin),
    Array.from({ length: last - begin }, (_, at) => begin + 1 + at),
  );
});

const shared = (name: string) =>
  fileURLToPath(new URL(`../../../shared/data/raw/ptc-${name}.csv`, import.meta.url));
const SERIES = ['raw-2026-01-10', ...[13, 14, 15, 16, 17, 20].map((day) => `rebuilt-2026-01-${day}`)]
  .map(shared)
  .filter((file) => existsSync(file));
const SMALL = ['2026-07-20', '2026-08-01'].map((day) =>
  fileURLToPath(new URL(`../fixtures/oncor-${day}.csv`, import.meta.url)),
);

test('real exports of successive days: the log from zero gives the plans of every version', async () => {
  await pool.query(
    'truncate electricity_plans, plan_revisions, offers, plan_price_history, plan_snapshots, plan_cache, market_events cascade',
  );
  const tdspByName = (name: string) => territory.tdspByFeedName(name)?.duns;
  const versions = new Set<string>();
  for (const file of SERIES.length > 0 ? SERIES : SMALL) {
    const { tdsps } = parsePowerToChoose(readFileSync(file), { duns: allDuns, tdspByName });
    for (const { tdsp_duns: duns, plans } of tdsps) {
      if (plans.length === 0) continue;
      for (const { version } of await put(duns, plans, 'powertochoose')) versions.add(`${duns} ${version}`);
    }
  }
  assert.equal(await assertLogTellsAll(pool), versions.size);
  assert.ok(versions.size > 1);
  assert.ok((await assertFeedTellsTheLog(pool)) > versions.size);
});

test('what is past its time goes from the beginning, and the log says up to where', async () => {
  const log = await readWholeLog(pool);
  const middle = log[log.length >> 1]!;
  const limit = middle.at;
  const seq = await readSeqBefore(pool, new Date(limit.getTime() - 1));
  assert.ok(seq < middle.seq);
  let gone = 0;
  for (let n = 1; n > 0; gone += n) n = await dropOldEvents(pool, limit, 50);
  const { dropped } = await readLogEnds(pool);
  const left = await readWholeLog(pool);
  assert.equal(left.length, log.length - gone);
  assert.equal(left[0]!.seq, dropped + 1);
  assert.ok(left.every(({ at }) => at >= limit));
});
