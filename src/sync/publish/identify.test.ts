import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contentHash, termsOfSale } from '../../plan/content.ts';
import { UNKNOWN } from '../../plan/fields.ts';
import { offerKey, providerId } from '../../plan/offer.ts';
import type { PlanDraft } from '../../plan/plan.ts';
import type { KnownOffer, KnownPlan } from '../../store/plans/published-plans.ts';
import type { ChangedDraft } from './continue-offers.ts';
import { type IdentifyInput, identify } from './identify.ts';

const NOW = new Date('2026-08-01T12:00:00Z');
const BEFORE = new Date('2026-05-01T12:00:00Z');
const [before, now] = [BEFORE.toISOString(), NOW.toISOString()];
const ENDED = new Date('2026-07-01T12:00:00Z');

function draft(external_id: string, some: Partial<PlanDraft> = {}): PlanDraft {
  return {
    ...UNKNOWN,
    external_id,
    tdsp_duns: '1039940674000',
    provider: { name: 'Pecan Energy', legal_name: null, puct_number: null, phone: null },
    name: 'Saver 12',
    term_months: 12,
    rate_type: 'fixed',
    percent_green: 20,
    rates_cents_per_kwh: { 500: 15, 1000: 12, 2000: 10.5 },
    early_termination_fee_usd: 150,
    is_prepaid: false,
    is_time_of_use: false,
    requires_auto_pay: false,
    is_new_customer_only: false,
    has_minimum_usage_fee: false,
    ...some,
  };
}
const at1000 = (rate: number) => ({ 500: 15, 1000: rate, 2000: 10.5 });

/** A plan as it is stored, with its offer. */
function stored(plan: PlanDraft, id: string, ended_at: Date | null = null) {
  const offer_key = offerKey(plan);
  const offer: KnownOffer = {
    ...termsOfSale(plan),
    id: `offer-${id}`,
    offer_key,
    provider_id: providerId(plan.provider.name),
    name: plan.name,
    first_seen_at: BEFORE,
    last_changed_at: BEFORE,
    ended_at,
    plan_id: `plan-${id}`,
    external_id: plan.external_id,
    special_terms: plan.special_terms,
    translations: plan.translations,
    remembered_text: null,
    last_told_at: BEFORE,
    told: {},
  };
  const known: KnownPlan = {
    id: offer.plan_id,
    external_id: plan.external_id,
    offer_id: offer.id,
    offer_key,
    is_active: ended_at === null,
  };
  return { offer, known };
}
const changed = (plan: PlanDraft, known: KnownPlan | null = null): ChangedDraft => ({
  draft: plan,
  content_hash: contentHash(plan),
  known,
});

function situation(some: Partial<IdentifyInput>): IdentifyInput {
  let ids = 0;
  return {
    changed: [],
    gone: [],
    taken: new Set(),
    offers: [],
    now: NOW,
    newId: () => `new-${++ids}`,
    ...some,
  };
}
const run = (some: Partial<IdentifyInput>) => identify(situation(some));

test('a plan never seen begins an offer, with no history yet', () => {
  const out = run({ changed: [changed(draft('a'))] });
  assert.equal(out.plans.length, 1);
  const [plan] = out.plans;
  const [offer] = out.newOffers;
  assert.equal(plan!.offer_id, offer!.id);
  assert.notEqual(plan!.id, offer!.id);
  assert.deepEqual([plan!.first_seen_at, plan!.last_changed_at], [now, now]);
  assert.equal(offer!.offer_key, offerKey(draft('a')));
  assert.deepEqual([out.history, out.endedOffers, out.changedOffers, out.returnedOffers], [[], [], [], []]);
});

test('a new id at a re-pricing continues the offer, with one history row for each term that changed', () => {
  const { offer, known } = stored(draft('a'), 'a');
  const repriced = draft('b', { rates_cents_per_kwh: at1000(12.9), early_termination_fee_usd: 175 });
  const out = run({ changed: [changed(repriced)], gone: [known], offers: [offer] });
  assert.deepEqual([out.newOffers, out.endedOffers, out.returnedOffers], [[], [], []]);
  assert.deepEqual(out.changedOffers, ['offer-a']);
  const [plan] = out.plans;
  assert.deepEqual([plan!.offer_id, plan!.first_seen_at, plan!.last_changed_at], ['offer-a', before, now]);
  assert.notEqual(plan!.id, known.id);
  const about = { offer_id: 'offer-a', plan_id: plan!.id, external_id: 'b', event: 'changed' };
  assert.deepEqual(out.history, [
    { ...about, field: 'rate_1000kwh', from_value: 12, to_value: 12.9 },
    { ...about, field: 'early_termination_fee_usd', from_value: 150, to_value: 175 },
  ]);
});

test('a new id at the same price continues the offer and changes nothing about it', () => {
  const { offer, known } = stored(draft('a'), 'a');
  const out = run({ changed: [changed(draft('b'))], gone: [known], offers: [offer] });
  assert.deepEqual([out.changedOffers, out.history, out.endedOffers], [[], [], []]);
  assert.equal(out.plans[0]!.last_changed_at, before);
});

test('a re-pricing under the same id keeps the id of the plan', () => {
  const { offer, known } = stored(draft('a'), 'a');
  const out = run({
    changed: [changed(draft('a', { rates_cents_per_kwh: at1000(11) }), known)],
    offers: [offer],
  });
  assert.deepEqual([out.plans[0]!.id, out.plans[0]!.offer_id], ['plan-a', 'offer-a']);
  assert.equal(out.history.length, 1);
});

test('a new text rewrites the plan and is not an event', () => {
  const { offer, known } = stored(draft('a'), 'a');
  const out = run({ changed: [changed(draft('a', { special_terms: 'more' }), known)], offers: [offer] });
  assert.deepEqual([out.plans.length, out.changedOffers, out.history], [1, [], []]);
});

test('a re-used id with another product ends one offer and begins another with a new plan id', () => {
  const { offer, known } = stored(draft('a'), 'a');
  const out = run({ changed: [changed(draft('a', { name: 'Free Nights' }), known)], offers: [offer] });
  assert.deepEqual(out.endedOffers, ['offer-a']);
  assert.equal(out.newOffers.length, 1);
  const [plan] = out.plans;
  assert.equal(plan!.offer_id, out.newOffers[0]!.id);
  assert.notEqual(plan!.id, 'plan-a');
  const nothing = { field: null, from_value: null, to_value: null };
  assert.deepEqual(out.history, [
    { offer_id: 'offer-a', plan_id: 'plan-a', external_id: 'a', event: 'withdrawn', ...nothing },
  ]);
});

test('two products that swap their ids keep their offers and end nothing', () => {
  const saver = stored(draft('a'), 'a');
  const nights = stored(draft('b', { name: 'Free Nights' }), 'b');
  const out = run({
    changed: [changed(draft('a', { name: 'Free Nights' }), saver.known), changed(draft('b'), nights.known)],
    offers: [saver.offer, nights.offer],
  });
  assert.deepEqual(
    out.plans.map(({ offer_id }) => offer_id),
    ['offer-b', 'offer-a'],
  );
  assert.deepEqual([out.newOffers, out.endedOffers, out.history], [[], [], []]);
  const ids = out.plans.map(({ id }) => id);
  assert.ok(!ids.includes('plan-a') && !ids.includes('plan-b'));
});

test('a plan that is gone with nothing in its place is withdrawn', () => {
  const { offer, known } = stored(draft('a'), 'a');
  const out = run({ gone: [known], offers: [offer] });
  assert.deepEqual(out.endedOffers, ['offer-a']);
  assert.deepEqual(
    out.history.map(({ event, offer_id, plan_id }) => [event, offer_id, plan_id]),
    [['withdrawn', 'offer-a', 'plan-a']],
  );
});

test('a plan that is gone while its offer goes on under another plan is not withdrawn', () => {
  const { offer, known } = stored(draft('a'), 'a');
  const out = run({ gone: [known], offers: [offer], taken: new Set(['offer-a']) });
  assert.deepEqual([out.endedOffers, out.history], [[], []]);
});

test('an offer that comes back is relisted, under its old id or a new one, with what changed in between', () => {
  const { offer, known } = stored(draft('a'), 'a', ENDED);
  for (const item of [
    changed(draft('a', { rates_cents_per_kwh: at1000(13) }), known),
    changed(draft('z', { rates_cents_per_kwh: at1000(13) })),
  ]) {
    const out = run({ changed: [item], offers: [offer] });
    assert.deepEqual([out.newOffers, out.endedOffers], [[], []]);
    assert.deepEqual([out.returnedOffers, out.changedOffers], [['offer-a'], ['offer-a']]);
    assert.deepEqual(
      out.history.map(({ event, field }) => [event, field]),
      [
        ['relisted', null],
        ['changed', 'rate_1000kwh'],
      ],
    );
    assert.equal(out.plans[0]!.first_seen_at, before);
  }
});

test('two plans of one name are told apart by price, in whatever order they come', () => {
  const cheap = stored(draft('a', { rates_cents_per_kwh: at1000(10) }), 'cheap');
  const dear = stored(draft('b', { rates_cents_per_kwh: at1000(15) }), 'dear');
  const nowCheap = changed(draft('c', { rates_cents_per_kwh: at1000(10.4) }));
  const nowDear = changed(draft('d', { rates_cents_per_kwh: at1000(14.6) }));
  for (const items of [
    [nowCheap, nowDear],
    [nowDear, nowCheap],
  ]) {
    for (const offers of [
      [cheap.offer, dear.offer],
      [dear.offer, cheap.offer],
    ]) {
      const out = run({ changed: items, gone: [cheap.known, dear.known], offers });
      const offerOf = (id: string) => out.plans.find((plan) => plan.external_id === id)!.offer_id;
      assert.deepEqual([offerOf('c'), offerOf('d')], ['offer-cheap', 'offer-dear']);
      assert.deepEqual(out.endedOffers, []);
    }
  }
});

test('a second plan of a name begins an offer of its own', () => {
  const { offer, known } = stored(draft('a'), 'a');
  const out = run({
    changed: [changed(draft('b')), changed(draft('c', { rates_cents_per_kwh: at1000(14) }))],
    gone: [known],
    offers: [offer],
  });
  assert.equal(out.plans[0]!.offer_id, 'offer-a');
  assert.equal(out.plans[1]!.offer_id, out.newOffers[0]!.id);
});

test('the kind of a plan tells more than its price, and an offer still sold is nearer than an ended one', () => {
  const fixed = stored(draft('a', { rates_cents_per_kwh: at1000(20) }), 'fixed');
  const prepaid = stored(draft('b', { is_prepaid: true }), 'prepaid');
  const ended = stored(draft('c'), 'ended', ENDED);
  const out = run({
    changed: [changed(draft('d'))],
    gone: [fixed.known, prepaid.known],
    offers: [ended.offer, prepaid.offer, fixed.offer],
  });
  assert.equal(out.plans[0]!.offer_id, 'offer-fixed');
  assert.deepEqual([out.endedOffers, out.returnedOffers], [['offer-prepaid'], []]);
});

test('the offer of an unchanged plan is never taken, though name and price are the same', () => {
  const { offer } = stored(draft('a'), 'a');
  const out = run({ changed: [changed(draft('b'))], offers: [offer], taken: new Set(['offer-a']) });
  assert.equal(out.newOffers.length, 1);
  assert.equal(out.plans[0]!.offer_id, out.newOffers[0]!.id);
});

/** What was stored, and what the upstream sends now: few names and ids, so that they collide. */
const record = fc.record({
  external_id: fc.constantFrom(...'abcdefghij'),
  name: fc.constantFrom('Saver', 'Nights'),
  rate: fc.integer({ min: 80, max: 200 }).map((tenths) => tenths / 10),
  is_prepaid: fc.boolean(),
});
const byId = { selector: ({ external_id }: { external_id: string }) => external_id };
const past = fc.uniqueArray(fc.record({ plan: record, isActive: fc.boolean() }), {
  selector: ({ plan }) => plan.external_id,
});
const draftOf = ({
  external_id,
  name,
  rate,
  is_prepaid,
}: {
  external_id: string;
  name: string;
  rate: number;
  is_prepaid: boolean;
}) => draft(external_id, { name, is_prepaid, rates_cents_per_kwh: at1000(rate) });

/** The situation as `publish.ts` would make it of the two. */
const anySituation = fc.tuple(past, fc.uniqueArray(record, byId)).map(([past, sent]) => {
  const known = past.map(({ plan, isActive }) =>
    stored(draftOf(plan), plan.external_id, isActive ? null : ENDED),
  );
  const knownById = new Map(known.map((one) => [one.known.external_id, one.known]));
  const items = sent.map((one) => changed(draftOf(one), knownById.get(one.external_id) ?? null));
  const before = new Map(past.map(({ plan }) => [plan.external_id, contentHash(draftOf(plan))]));
  const isSame = ({ draft, content_hash, known }: ChangedDraft) =>
    known?.is_active === true && before.get(draft.external_id) === content_hash;
  const ids = new Set(sent.map(({ external_id }) => external_id));
  return situation({
    changed: items.filter((item) => !isSame(item)),
    gone: known.map((one) => one.known).filter((plan) => plan.is_active && !ids.has(plan.external_id)),
    taken: new Set(items.filter(isSame).map((item) => item.known!.offer_id)),
    offers: known.map((one) => one.offer),
  });
});

test('no two plans of the result share an offer or an id, and none takes the offer of an unchanged plan', () =>
  fc.assert(
    fc.property(anySituation, (given) => {
      const { plans } = identify(given);
      assert.equal(plans.length, given.changed.length);
      const offers = plans.map((plan) => plan.offer_id);
      assert.equal(new Set(offers).size, offers.length);
      assert.equal(new Set(plans.map((plan) => plan.id)).size, plans.length);
      for (const offer of offers) assert.ok(!given.taken.has(offer));
    }),
    { numRuns: 1000 },
  ));

test('every offer of the result sells the product of its plan, and is new or known', () =>
  fc.assert(
    fc.property(anySituation, (given) => {
      const { plans, newOffers } = identify(given);
      const keys = new Map([...given.offers, ...newOffers].map((offer) => [offer.id, offer.offer_key]));
      for (const plan of plans) assert.equal(keys.get(plan.offer_id), offerKey(plan));
      const used = new Set(plans.map((plan) => plan.offer_id));
      for (const offer of newOffers) assert.ok(used.has(offer.id));
    }),
    { numRuns: 1000 },
  ));

test('an offer ends exactly if it was sold and no plan sells it any more', () =>
  fc.assert(
    fc.property(anySituation, (given) => {
      const { plans, endedOffers, returnedOffers, history } = identify(given);
      const sold = new Set([...given.taken, ...plans.map((plan) => plan.offer_id)]);
      const isOpen = (offer: KnownOffer) => offer.ended_at === null;
      const ids = (offers: KnownOffer[]) => offers.map(({ id }) => id).toSorted();
      assert.deepEqual(
        endedOffers.toSorted(),
        ids(given.offers.filter((offer) => isOpen(offer) && !sold.has(offer.id))),
      );
      assert.deepEqual(
        returnedOffers.toSorted(),
        ids(given.offers.filter((offer) => !isOpen(offer) && sold.has(offer.id))),
      );
      const count = (event: string) => history.filter((row) => row.event === event).length;
      assert.deepEqual([count('withdrawn'), count('relisted')], [endedOffers.length, returnedOffers.length]);
    }),
    { numRuns: 1000 },
  ));
