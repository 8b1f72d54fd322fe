/** Replays the event log from zero: what a client knows that reads nothing else, and what the feed of a market has to tell. */

import assert from 'node:assert/strict';
import { TERMS_OF_SALE } from '../../src/plan/content.ts';
import type { EventData, FieldChange } from '../../src/plan/events/market-event.ts';
import { TOLD_COLUMNS } from '../../src/plan/events/offer-events.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { type MarketEvent, readEvents } from '../../src/store/events/event-log.ts';
import { type PlanThen, readPlansThen } from '../../src/store/events/plans-then.ts';
import { beginningOf, type MarketChange, readMarketChanges } from '../../src/store/market/changes.ts';
import { rebuildPlanSet } from '../../src/store/plans/plan-revisions.ts';
import type { Queryable } from '../../src/store/postgres/database.ts';

export async function readWholeLog(queryable: Queryable, after = 0, limit = 500): Promise<MarketEvent[]> {
  const all: MarketEvent[] = [];
  for (let seq = after; ; ) {
    const { events, upTo, last } = await readEvents(queryable, { after: seq, limit });
    all.push(...events);
    seq = upTo;
    if (upTo >= last) return all;
  }
}

const cellsOf = (plan: Plan) =>
  Object.fromEntries(TOLD_COLUMNS.map(({ name, cell }) => [name, cell(plan) ?? null]));
const inOrder = (plans: Iterable<Plan>) => [...plans].toSorted((a, b) => (a.id < b.id ? -1 : 1));

/** What one event does to the offers on sale; the fields it tells must be what leads from the plan before to the plan after. */
function apply(
  offers: Map<string, Plan>,
  offer_id: string,
  plan: Plan,
  changes: readonly FieldChange[] | null,
): void {
  const before = offers.get(offer_id);
  if (changes && before) {
    const led: Record<string, unknown> = { ...cellsOf(before) };
    for (const { field, from, to } of changes) {
      assert.deepEqual(led[field], from, `${field} was something else`);
      led[field] = to;
    }
    assert.deepEqual(led, cellsOf(plan));
  }
  offers.set(offer_id, plan);
}

/** @returns how many versions were compared with the plans that were published */
export async function assertLogTellsAll(queryable: Queryable): Promise<number> {
  const log = await readWholeLog(queryable);
  assert.deepEqual(
    log.map(({ seq }) => seq),
    log.map((_, at) => log[0]!.seq + at),
    'a number is missing or out of order',
  );
  const wanted: PlanThen[] = log.flatMap(({ tdsp_duns, version, kind, external_id, data }) => {
    const ids =
      kind === 'delivery_charge_changed' || kind === 'market_listed'
        ? (data as EventData['market_listed']).affected.map((one) => one.external_id)
        : external_id !== null && kind !== 'offer_withdrawn'
          ? [external_id]
          : [];
    return ids.map((id) => ({ tdsp_duns, version: version!, external_id: id }));
  });
  const plans = (await readPlansThen(queryable, wanted)).values();
  const markets = new Map<string, Map<string, Plan>>();
  let compared = 0;
  for (const event of log) {
    const { tdsp_duns, version, kind, offer_id, data } = event;
    const offers = markets.get(tdsp_duns) ?? new Map<string, Plan>();
    markets.set(tdsp_duns, offers);
    if (kind === 'delivery_charge_changed') {
      for (const one of (data as EventData['delivery_charge_changed']).affected) {
        apply(offers, one.offer_id, plans.next().value!, one.changes);
      }
    } else if (kind === 'market_listed') {
      assert.equal(offers.size, 0, 'a market is listed once');
      for (const { offer_id } of (data as EventData['market_listed']).affected) {
        apply(offers, offer_id, plans.next().value!, null);
      }
    } else if (kind === 'offer_withdrawn') {
      assert.ok(offers.delete(offer_id!), 'withdrawn, and was not on sale');
    } else if (offer_id !== null) {
      assert.equal(offers.has(offer_id), kind !== 'offer_listed' && kind !== 'offer_relisted', kind);
      apply(
        offers,
        offer_id,
        plans.next().value!,
        (data as { changes?: FieldChange[] } | null)?.changes ?? null,
      );
    } else if (kind === 'snapshot_published' || kind === 'snapshot_reverted') {
      const set = await rebuildPlanSet(queryable, tdsp_duns, version!);
      assert.ok(set && set !== 'not_kept');
      assert.deepEqual(inOrder(offers.values()), inOrder(set.plans), `${tdsp_duns} ${version}`);
      compared++;
    }
  }
  return compared;
}

const isTerm = (field: string): boolean => (TERMS_OF_SALE as readonly string[]).includes(field);
/** As the feed of a market words them: an upstream that stops or begins to tell a term changed nothing that is sold. */
const termsOf = (changes: readonly FieldChange[]) =>
  changes
    .filter(
      ({ field, from, to }) => isTerm(field) && (field.startsWith('rate_') || (from !== null && to !== null)),
    )
    .map(({ field, from, to }) => ({ field, from, to }));

type Told = Pick<MarketChange, 'version' | 'offer_id' | 'event' | 'changes'>;

/** What the feed of a market has to tell of an event of the log. */
function toldInFeed({ version, kind, offer_id, data }: MarketEvent): Told[] {
  const told = (of: string, event: Told['event'], changes: readonly FieldChange[] = []): Told[] => [
    { version: version!, offer_id: of, event, changes: termsOf(changes) },
  ];
  const changed = (of: string, changes: readonly FieldChange[]): Told[] =>
    termsOf(changes).length > 0 ? told(of, 'changed', changes) : [];
  if (kind === 'market_listed') {
    const { affected } = data as EventData['market_listed'];
    return affected.flatMap((one) => told(one.offer_id, 'listed'));
  }
  if (kind === 'delivery_charge_changed') {
    const { affected } = data as EventData['delivery_charge_changed'];
    return affected.flatMap((one) => changed(one.offer_id, one.changes));
  }
  if (offer_id === null) return [];
  if (kind === 'offer_listed') return told(offer_id, 'listed');
  if (kind === 'offer_withdrawn') return told(offer_id, 'withdrawn');
  const { changes } = data as EventData['offer_repriced'];
  return kind === 'offer_relisted' ? told(offer_id, 'relisted', changes) : changed(offer_id, changes);
}

const inFeedOrder = (told: readonly Told[]) =>
  told
    .map(({ version, offer_id, event, changes }) => ({
      version,
      offer_id,
      event,
      changes: changes.toSorted((a, b) => (a.field < b.field ? -1 : 1)),
    }))
    .toSorted(
      (a, b) => a.version - b.version || (`${a.offer_id} ${a.event}` < `${b.offer_id} ${b.event}` ? -1 : 1),
    );

/** The feed of each market and the log are one book: the same offers, versions and terms. @returns how much was compared */
export async function assertFeedTellsTheLog(queryable: Queryable): Promise<number> {
  let compared = 0;
  for (const [duns, events] of Map.groupBy(await readWholeLog(queryable), ({ tdsp_duns }) => tdsp_duns)) {
    const feed: Told[] = [];
    for (let from = beginningOf(0), hasMore = true; hasMore; ) {
      const page = await readMarketChanges(queryable, duns, { from, limit: 500 });
      feed.push(...page!.changes);
      ({ next: from, hasMore } = page!);
    }
    assert.deepEqual(inFeedOrder(feed), inFeedOrder(events.flatMap(toldInFeed)));
    compared += feed.length;
  }
  return compared;
}
