/**
 * Gives every plan of a snapshot its offer, and tells what happened to the offers.
 *
 * A plan continues an offer if it sells the same product (see continue-offers.ts). A known upstream id with another
 * product ends one offer and begins another.
 * Pure: ids for what is new are handed in.
 */

import { changedTerms, planHash, termsOfSale } from '../../plan/content.ts';
import type { EventCause, EventData, NewEvent } from '../../plan/events/market-event.ts';
import { type OfferBefore, offerEvent } from '../../plan/events/offer-events.ts';
import { offerKey, providerId } from '../../plan/offer.ts';
import type { Plan } from '../../plan/plan.ts';
import { rememberedText } from '../../plan/told-text.ts';
import type { HistoryRow, OfferRow, WrittenPlan } from '../../store/plans/publish-plans.ts';
import type { KnownOffer, KnownPlan } from '../../store/plans/published-plans.ts';
import { type ChangedDraft, continueOffers } from './continue-offers.ts';

export interface IdentifyInput {
  /** New plans, and plans whose content differs from their row. */
  changed: ChangedDraft[];
  /** Active plans whose upstream id is not in the snapshot. */
  gone: KnownPlan[];
  /** Offers of active plans that did not change: nobody else may continue them. */
  taken: ReadonlySet<string>;
  /** All offers with the key of a changed draft, and all offers of changed and gone plans. */
  offers: KnownOffer[];
  now: Date;
  /** Why things changed, where a plan does not tell by itself. */
  cause?: EventCause;
  /** The version that was current. */
  version?: number;
  newId(): string;
}

interface Identified {
  plans: WrittenPlan[];
  newOffers: OfferRow[];
  changedOffers: string[];
  returnedOffers: string[];
  endedOffers: string[];
  correctedOffers: OfferRow[];
  history: HistoryRow[];
  /** One at most of each offer. */
  events: NewEvent[];
}

export function identify(input: IdentifyInput): Identified {
  const { changed, gone, offers, now, newId, cause = 'provider', version = 0 } = input;
  const continued = continueOffers(input);
  const out: Identified = {
    plans: [],
    newOffers: [],
    changedOffers: [],
    returnedOffers: [],
    endedOffers: [],
    correctedOffers: [],
    history: [],
    events: [],
  };

  for (const item of changed) {
    const { draft, content_hash } = item;
    const offer = continued.get(item);
    const provider_id = providerId(draft.provider.name);
    // Under a known upstream id another product is another plan: links to the old one must not show the new one.
    const isSameProduct = item.known !== null && item.known.offer_key === offer?.offer_key;
    const id = isSameProduct && item.known ? item.known.id : newId();
    const add = (
      offer_id: string,
      past: { first_seen_at: Date; last_changed_at: Date },
      remembered_text: Plan['remembered_text'],
    ) => {
      const plan: Plan = {
        ...draft,
        id,
        offer_id,
        provider: { id: provider_id, name: draft.provider.name },
        first_seen_at: past.first_seen_at.toISOString(),
        last_changed_at: past.last_changed_at.toISOString(),
        is_active: true,
        remembered_text,
      };
      out.plans.push({ ...plan, content_hash, plan_hash: planHash(plan) });
      const isCorrected = cause === 'provider' && offer && offer.offer_key !== offerKey(draft);
      const event = offerEvent(offer ? before(offer) : null, plan, isCorrected ? 'correction' : cause);
      if (event) out.events.push(event);
    };
    const { name, term_months } = draft;
    const sold = { offer_key: offerKey(draft), provider_id, name, term_months };
    if (!offer) {
      const fresh: OfferRow = { id: newId(), ...sold };
      out.newOffers.push(fresh);
      add(fresh.id, { first_seen_at: now, last_changed_at: now }, null);
      continue;
    }
    const terms = changedTerms(offer, termsOfSale(draft));
    const about = { offer_id: offer.id, plan_id: id, external_id: draft.external_id };
    if (offer.ended_at !== null) {
      out.returnedOffers.push(offer.id);
      out.history.push({ ...about, event: 'relisted', field: null, from_value: null, to_value: null });
    }
    if (terms.length > 0) out.changedOffers.push(offer.id);
    if (offer.offer_key !== sold.offer_key) out.correctedOffers.push({ id: offer.id, ...sold });
    for (const term of terms) out.history.push({ ...about, event: 'changed', ...term });
    const last_changed_at = terms.length > 0 ? now : offer.last_changed_at;
    const past = { first_seen_at: offer.first_seen_at, last_changed_at };
    add(offer.id, past, rememberedText(draft, offer));
  }

  const alive = new Set([...input.taken, ...[...continued.values()].map((offer) => offer.id)]);
  const left = [...gone, ...changed.flatMap(({ known }) => (known?.is_active ? [known] : []))];
  const ended = new Map(
    left.filter((plan) => !alive.has(plan.offer_id)).map((plan) => [plan.offer_id, plan]),
  );
  const underId = new Map(changed.map((item) => [item.draft.external_id, continued.get(item)?.id ?? null]));
  /** Why a plan's offer is gone: what its upstream id is now tells. */
  const reasonOf = ({ external_id }: KnownPlan): Pick<EventData['offer_withdrawn'], 'reason' | 'into'> => {
    if (cause === 'source_change') return { reason: 'source_changed', into: null };
    const into = underId.get(external_id);
    if (into === undefined) return { reason: 'withdrawn', into: null };
    return into === null ? { reason: 'replaced', into } : { reason: 'merged', into };
  };
  const unfinished = new Set(offers.filter((offer) => offer.ended_at === null).map((offer) => offer.id));
  for (const [offer_id, plan] of ended) {
    if (!unfinished.has(offer_id)) continue;
    out.endedOffers.push(offer_id);
    const about = { offer_id, plan_id: plan.id, external_id: plan.external_id };
    out.history.push({ ...about, event: 'withdrawn', field: null, from_value: null, to_value: null });
    const provider_id = offers.find(({ id }) => id === offer_id)?.provider_id ?? null;
    const data = { ...reasonOf(plan), last_version: version };
    out.events.push({ kind: 'offer_withdrawn', cause, ...about, provider_id, rate_change: null, data });
  }
  return out;
}

const before = ({ plan_id, external_id, ended_at, told }: KnownOffer): OfferBefore => ({
  plan_id,
  external_id,
  wasSold: ended_at === null,
  cells: told,
});
