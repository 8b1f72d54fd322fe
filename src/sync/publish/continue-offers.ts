/**
 * Which plan of a snapshot continues which offer. Pure; the strongest evidence goes first.
 *
 * An upstream id does not identify a product (of 645 pairs followed on ComparePower in 2025, 385 came with a new id), nor
 * do rates: two products may cost the same. What stays is who sells what for how long, the offer key; and under one
 * id a product whose term or name was corrected.
 */

import { type TermsOfSale, termsOfSale } from '../../plan/content.ts';
import { offerKey } from '../../plan/offer.ts';
import type { PlanDraft } from '../../plan/plan.ts';
import { isCorrectedTerm, isSameProduct } from '../../plan/same-product.ts';
import type { KnownOffer, KnownPlan } from '../../store/plans/published-plans.ts';
import { assign } from './assign.ts';

export interface ChangedDraft {
  draft: PlanDraft;
  content_hash: string;
  /** The stored plan with this upstream id, active or not. */
  known: KnownPlan | null;
}

type Continued = Map<ChangedDraft, KnownOffer>;

/** No offer is continued twice. */
export function continueOffers({
  changed,
  taken,
  offers,
}: {
  changed: readonly ChangedDraft[];
  taken: ReadonlySet<string>;
  offers: readonly KnownOffer[];
}): Continued {
  const found: Continued = new Map();
  const free = new Map(offers.filter((offer) => !taken.has(offer.id)).map((offer) => [offer.id, offer]));
  const pair = (item: ChangedDraft, offer: KnownOffer) => {
    found.set(item, offer);
    free.delete(offer.id);
  };
  const pairById = (isSame: (offer: KnownOffer, item: ChangedDraft) => boolean) => {
    for (const item of changed) {
      const offer = item.known && !found.has(item) ? free.get(item.known.offer_id) : undefined;
      if (offer && isSame(offer, item)) pair(item, offer);
    }
  };
  const pairByKey = (candidates: KnownOffer[]) => {
    const byKey = Map.groupBy(candidates, ({ offer_key }) => offer_key);
    const open = changed.filter((item) => !found.has(item));
    for (const [key, items] of Map.groupBy(open, ({ draft }) => offerKey(draft))) {
      for (const [item, offer] of pairTwins(items, byKey.get(key) ?? [])) pair(item, offer);
    }
  };

  const pairCorrected = () => {
    for (const item of changed) {
      if (found.has(item)) continue;
      const before = [...free.values()].filter(
        (offer) => offer.ended_at === null && isCorrectedTerm(offer, item.draft),
      );
      if (before.length === 1) pair(item, before[0]!);
    }
  };

  pairById((offer, { draft }) => offer.offer_key === offerKey(draft));
  // An offer on sale comes before one that ended. In between come ids whose term or name was corrected: the new name may
  // belong to an offer on sale under another id (two ids were exchanged), but an ended namesake is a lesser claim.
  pairByKey([...free.values()].filter(({ ended_at }) => ended_at === null));
  pairById((offer, { draft }) => isSameProduct(offer, draft));
  pairCorrected();
  pairByKey([...free.values()]);
  return found;
}

const byId = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Nearly always one of each. Twins, two plans of one name and term, are paired so that the least changes in sum. */
function pairTwins(items: ChangedDraft[], offers: KnownOffer[]): [ChangedDraft, KnownOffer][] {
  if (offers.length === 0) return [];
  if (items.length === 1 && offers.length === 1) return [[items[0]!, offers[0]!]];
  const plans = items.toSorted((a, b) => byId(a.draft.external_id, b.draft.external_id));
  const past = offers.toSorted((a, b) => byId(a.external_id, b.external_id));
  const cost = plans.map(({ draft }, at) =>
    past.map((offer, place) => changeOf(offer, termsOfSale(draft)) + ORDER * (at - place) ** 2),
  );
  return assign(cost).flatMap((at, row): [ChangedDraft, KnownOffer][] =>
    at < 0 ? [] : [[plans[row]!, past[at]!]],
  );
}

// In 645 re-pricings not one exit fee or share of renewable energy moved: such a difference outweighs any price.
const KINDS = [
  'rate_type',
  'is_prepaid',
  'is_time_of_use',
  'requires_auto_pay',
  'is_new_customer_only',
  'percent_green',
  'early_termination_fee_usd',
] as const;
const RATES = ['rate_500kwh', 'rate_1000kwh', 'rate_2000kwh'] as const;
const KIND = 1_000;
/** Two twins that move alike cost the same sum either way round; the squares keep the dearer one the dearer one. */
const SQUARE = 1e-5;
/** Of twins that cost the same the earlier id goes on as the earlier id. */
const ORDER = 1e-9;

/** How much changes from one to the other: cents per kWh at the three usages, and whatever is another kind of plan. */
function changeOf(offer: KnownOffer, terms: TermsOfSale): number {
  const kinds = KINDS.filter((field) => offer[field] !== terms[field]).length;
  const steps = RATES.map((rate) => Math.abs((offer[rate] ?? 0) - (terms[rate] ?? 0)));
  return kinds * KIND + steps.reduce((sum, step) => sum + step + SQUARE * step ** 2, 0);
}
