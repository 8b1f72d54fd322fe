/**
 * Gives every plan of a snapshot its offer, and tells what happened to the offers.
 *
 * A plan continues an offer if it sells the same product: under the same upstream id, else in place of a plan that
 * is gone, else again after a pause. A known upstream id with another product ends one offer and begins another.
 * Pure: ids for what is new are handed in.
 */

import { changedTerms, planHash, type TermsOfSale, termsOfSale } from '../../plan/content.ts';
import { offerKey, providerId } from '../../plan/offer.ts';
import type { Plan, PlanDraft } from '../../plan/plan.ts';
import type { HistoryRow, OfferRow, WrittenPlan } from '../../store/plans/publish-plans.ts';
import type { KnownOffer, KnownPlan } from '../../store/plans/published-plans.ts';

export interface ChangedDraft {
  draft: PlanDraft;
  content_hash: string;
  /** The stored plan with this upstream id, active or not. */
  known: KnownPlan | null;
}

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
  newId(): string;
}

interface Identified {
  plans: WrittenPlan[];
  newOffers: OfferRow[];
  changedOffers: string[];
  returnedOffers: string[];
  endedOffers: string[];
  history: HistoryRow[];
}

export function identify(input: IdentifyInput): Identified {
  const { changed, gone, offers, now, newId } = input;
  const continued = continueOffers(input);
  const out: Identified = {
    plans: [],
    newOffers: [],
    changedOffers: [],
    returnedOffers: [],
    endedOffers: [],
    history: [],
  };

  for (const item of changed) {
    const { draft, content_hash } = item;
    const offer = continued.get(item);
    const provider_id = providerId(draft.provider.name);
    // Under a known upstream id another product is another plan: links to the old one must not show the new one.
    const isSameProduct =
      item.known !== null && (offer === undefined ? false : item.known.offer_key === offer.offer_key);
    const id = isSameProduct && item.known ? item.known.id : newId();
    const add = (offer_id: string, past: { first_seen_at: Date; last_changed_at: Date }) => {
      const plan: Plan = {
        ...draft,
        id,
        offer_id,
        provider: { id: provider_id, name: draft.provider.name },
        first_seen_at: past.first_seen_at.toISOString(),
        last_changed_at: past.last_changed_at.toISOString(),
        is_active: true,
      };
      out.plans.push({ ...plan, content_hash, plan_hash: planHash(plan) });
    };
    if (!offer) {
      const { name, term_months } = draft;
      const fresh: OfferRow = { id: newId(), offer_key: offerKey(draft), provider_id, name, term_months };
      out.newOffers.push(fresh);
      add(fresh.id, { first_seen_at: now, last_changed_at: now });
      continue;
    }
    const terms = changedTerms(offer, termsOfSale(draft));
    const about = { offer_id: offer.id, plan_id: id, external_id: draft.external_id };
    if (offer.ended_at !== null) {
      out.returnedOffers.push(offer.id);
      out.history.push({ ...about, event: 'relisted', field: null, from_value: null, to_value: null });
    }
    if (terms.length > 0) out.changedOffers.push(offer.id);
    for (const term of terms) out.history.push({ ...about, event: 'changed', ...term });
    const last_changed_at = terms.length > 0 ? now : offer.last_changed_at;
    add(offer.id, { first_seen_at: offer.first_seen_at, last_changed_at });
  }

  const alive = new Set([...input.taken, ...[...continued.values()].map((offer) => offer.id)]);
  const left = [...gone, ...changed.flatMap(({ known }) => (known?.is_active ? [known] : []))];
  const ended = new Map(
    left.filter((plan) => !alive.has(plan.offer_id)).map((plan) => [plan.offer_id, plan]),
  );
  const unfinished = new Set(offers.filter((offer) => offer.ended_at === null).map((offer) => offer.id));
  for (const [offer_id, plan] of ended) {
    if (!unfinished.has(offer_id)) continue;
    out.endedOffers.push(offer_id);
    const about = { offer_id, plan_id: plan.id, external_id: plan.external_id };
    out.history.push({ ...about, event: 'withdrawn', field: null, from_value: null, to_value: null });
  }
  return out;
}

/** Which draft continues which offer; no offer is continued twice. */
function continueOffers({ changed, taken, offers }: IdentifyInput): Map<ChangedDraft, KnownOffer> {
  const result = new Map<ChangedDraft, KnownOffer>();
  const free = new Map(offers.filter((offer) => !taken.has(offer.id)).map((offer) => [offer.id, offer]));

  for (const item of changed) {
    const offer = item.known ? free.get(item.known.offer_id) : undefined;
    if (!offer || offer.offer_key !== offerKey(item.draft)) continue;
    result.set(item, offer);
    free.delete(offer.id);
  }

  const freeByKey = Map.groupBy(free.values(), (offer) => offer.offer_key);
  const open = Map.groupBy(
    changed.filter((item) => !result.has(item)),
    (item) => offerKey(item.draft),
  );
  for (const [key, items] of open) {
    // Nearly always one of each. Two plans under one name are told apart by what they cost.
    const pairs = items.flatMap((item) =>
      (freeByKey.get(key) ?? []).map((offer) => ({
        item,
        offer,
        distance: distance(offer, termsOfSale(item.draft)),
      })),
    );
    pairs.sort(
      (a, b) => a.distance - b.distance || (a.item.draft.external_id < b.item.draft.external_id ? -1 : 1),
    );
    for (const { item, offer } of pairs) {
      if (result.has(item) || !free.has(offer.id)) continue;
      result.set(item, offer);
      free.delete(offer.id);
    }
  }
  return result;
}

/** How unlike two sets of terms are: an offer still sold is nearer than one that ended, a kind weighs more than a price. */
function distance(offer: KnownOffer, terms: TermsOfSale): number {
  const kinds = (
    ['rate_type', 'is_prepaid', 'is_time_of_use', 'requires_auto_pay', 'percent_green'] as const
  ).filter((field) => offer[field] !== terms[field]);
  const price = Math.abs((offer.rate_1000kwh ?? 0) - (terms.rate_1000kwh ?? 0));
  return (offer.ended_at === null ? 0 : 10_000) + kinds.length * 100 + price;
}
