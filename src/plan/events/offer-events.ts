/** What a publish did to an offer, told as one event; and many alike, told as one change of the delivery charge. Pure. */

import { changedTerms, isSame, TERMS_OF_SALE, type TermsOfSale, termsOfSale } from '../content.ts';
import { PLAN_COLUMNS } from '../fields.ts';
import type { Plan } from '../plan.ts';
import { rateField } from '../price-steps.ts';
import { PUBLISHED_USAGES_KWH, type PublishedUsageKwh } from '../rate.ts';
import type { AffectedOffer, EventCause, FieldChange, NewEvent, OfferChange } from './market-event.ts';

/** What tells which plan it is and since when is said by other parts of the event, or by the plan. */
const NOT_TOLD = new Set([
  'id',
  'external_id',
  'offer_id',
  'tdsp_duns',
  'first_seen_at',
  'last_changed_at',
  'remembered_text',
]);
const placeOf = (name: string): number => {
  const at = (TERMS_OF_SALE as readonly string[]).indexOf(name);
  return at < 0 ? TERMS_OF_SALE.length : at;
};
export const TOLD_COLUMNS = PLAN_COLUMNS.filter(({ name }) => !NOT_TOLD.has(name)).toSorted(
  (a, b) => placeOf(a.name) - placeOf(b.name),
);

/** The values of the told columns, by their names. */
type Cells = Readonly<Record<string, unknown>>;

export interface OfferBefore {
  plan_id: string;
  external_id: string;
  wasSold: boolean;
  cells: Cells;
}

const isRate = (field: string): boolean => PUBLISHED_USAGES_KWH.some((usage) => rateField(usage) === field);

/** @returns `null`: the plan is as it was */
export function offerEvent(before: OfferBefore | null, plan: Plan, cause: EventCause): NewEvent | null {
  const about = {
    cause,
    offer_id: plan.offer_id,
    plan_id: plan.id,
    external_id: plan.external_id,
    provider_id: plan.provider.id,
  };
  if (!before) return { kind: 'offer_listed', ...about, rate_change: null, data: null };
  const changes: FieldChange[] = [];
  for (const { name, cell } of TOLD_COLUMNS) {
    const from = before.cells[name] ?? null;
    const to = cell(plan) ?? null;
    if (!isSame(from, to)) changes.push({ field: name, from, to });
  }
  const { plan_id, external_id } = before;
  const isReplaced = plan_id !== plan.id || external_id !== plan.external_id;
  const kind = kindOf(before, plan, changes, isReplaced);
  if (!kind) return null;
  const data: OfferChange = { changes, replaces: isReplaced ? { plan_id, external_id } : null };
  return { kind, ...about, rate_change: shiftOf(changes, 1000), data };
}

function kindOf({ wasSold, cells }: OfferBefore, plan: Plan, changes: FieldChange[], isReplaced: boolean) {
  if (!wasSold) return 'offer_relisted';
  if (changes.some(({ field }) => isRate(field))) return 'offer_repriced';
  // A term that an upstream stops or begins to tell has not changed.
  if (changedTerms(cells as unknown as TermsOfSale, termsOfSale(plan)).length > 0)
    return 'offer_terms_changed';
  if (isReplaced) return 'offer_replaced';
  return changes.length > 0 ? 'offer_details_changed' : null;
}

function shiftOf(changes: readonly FieldChange[], usage: PublishedUsageKwh): number | null {
  const change = changes.find(({ field }) => field === rateField(usage));
  const isKnown = typeof change?.from === 'number' && typeof change.to === 'number';
  return isKnown ? Math.round(((change.to as number) - (change.from as number)) * 1_000) / 1_000 : null;
}

/** Charge days lift nearly all prices of a TDSP; fewer are a provider that re-prices everything it sells. */
const SHARE_OF_MARKET = 0.6;
const FEWEST = 8;
/** Plans round their rates to a tenth of a cent, and bill credits bend some of them a little. */
const ALIKE_CENTS = 0.15;
const LEAST_CENTS = 0.05;

/**
 * One event in the place of many, where most prices moved by the same cents at every usage.
 * @param sold how many offers were on sale before
 */
export function gatherChargeDay(events: readonly NewEvent[], sold: number): NewEvent[] {
  const moved = events.filter((event) => event.kind === 'offer_repriced') as NewEvent<'offer_repriced'>[];
  if (moved.length < Math.max(FEWEST, sold * SHARE_OF_MARKET)) return [...events];
  const shift = { 500: middle(moved, 500), 1000: middle(moved, 1000), 2000: middle(moved, 2000) };
  const isAlike = ({ data }: NewEvent<'offer_repriced'>) =>
    PUBLISHED_USAGES_KWH.every((usage) => {
      const own = shiftOf(data.changes, usage);
      return own === null || Math.abs(own - (shift[usage] ?? own)) <= ALIKE_CENTS;
    }) && data.changes.every(({ field }) => field === 'price_components' || isRate(field) || isDetail(field));
  const alike = new Set<NewEvent>(moved.filter(isAlike));
  const isCharge =
    alike.size >= Math.max(FEWEST, sold * SHARE_OF_MARKET) && Math.abs(shift[1000] ?? 0) >= LEAST_CENTS;
  if (!isCharge) return [...events];
  const affected = [...alike].map((event): AffectedOffer => {
    const { offer_id, plan_id, external_id, provider_id, data } = event as NewEvent<'offer_repriced'>;
    return {
      offer_id: offer_id!,
      plan_id: plan_id!,
      external_id: external_id!,
      provider_id: provider_id!,
      ...data,
    };
  });
  const one: NewEvent<'delivery_charge_changed'> = {
    kind: 'delivery_charge_changed',
    cause: 'delivery_charge',
    offer_id: null,
    plan_id: null,
    external_id: null,
    provider_id: null,
    rate_change: shift[1000],
    data: { shift_cents_per_kwh: shift, affected },
  };
  return [one, ...events.filter((event) => !alike.has(event))];
}

/** One event in the place of all that a first snapshot lists: nobody has anything to compare them with. */
export function gatherFirstListing(events: readonly NewEvent[]): NewEvent[] {
  const listed = events.filter(({ kind }) => kind === 'offer_listed');
  if (listed.length === 0) return [...events];
  const affected = listed.map(({ offer_id, plan_id, external_id, provider_id }) => ({
    offer_id: offer_id!,
    plan_id: plan_id!,
    external_id: external_id!,
    provider_id: provider_id!,
  }));
  const one: NewEvent<'market_listed'> = {
    kind: 'market_listed',
    cause: 'first_snapshot',
    offer_id: null,
    plan_id: null,
    external_id: null,
    provider_id: null,
    rate_change: null,
    data: { affected },
  };
  return [one, ...events.filter(({ kind }) => kind !== 'offer_listed')];
}

const isDetail = (field: string): boolean => !(TERMS_OF_SALE as readonly string[]).includes(field);

function middle(moved: readonly NewEvent<'offer_repriced'>[], usage: PublishedUsageKwh): number | null {
  const shifts = moved.flatMap(({ data }) => shiftOf(data.changes, usage) ?? []).toSorted((a, b) => a - b);
  return shifts[shifts.length >> 1] ?? null;
}
