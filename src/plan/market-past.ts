/**
 * The plans of a TDSP as they stood earlier, found by walking backwards from those that are sold now: every published
 * version is undone by its events. An offer whose rates nobody knows any more makes the past before it unknown.
 */

import { rateField } from './price-steps.ts';
import { PUBLISHED_USAGES_KWH } from './rate.ts';
import type { RatedPlan } from './rate-statistics.ts';

export interface PastOffer extends RatedPlan {
  offer_id: string;
  /** Sold now. */
  is_offered: boolean;
}

/** A row of the history, as far as it matters here. */
export interface PastEvent {
  offer_id: string;
  event: 'listed' | 'changed' | 'withdrawn' | 'relisted';
  /** Set with `changed`. */
  field: string | null;
  from_value: unknown;
}

export class MarketPast {
  readonly #offers: Map<string, PastOffer>;
  readonly #sold: Set<string>;

  /** @param offers those sold now, and those that the events to come bring back */
  constructor(offers: readonly PastOffer[]) {
    this.#offers = new Map(offers.map((offer) => [offer.offer_id, { ...offer, rates: { ...offer.rates } }]));
    this.#sold = new Set(offers.filter(({ is_offered }) => is_offered).map(({ offer_id }) => offer_id));
  }

  /** Goes back to before a version. @param events all of that version, in any order */
  undo(events: readonly PastEvent[]): void {
    for (const { offer_id, event, field, from_value } of events) {
      if (event === 'listed' || event === 'relisted') this.#sold.delete(offer_id);
      else if (event === 'withdrawn') this.#sold.add(offer_id);
      else {
        const offer = this.#offers.get(offer_id);
        if (!offer) continue;
        if (field === 'rate_type') offer.rate_type = from_value as string | null;
        for (const usage of PUBLISHED_USAGES_KWH) {
          if (field === rateField(usage)) offer.rates[usage] = from_value as number | null;
        }
      }
    }
  }

  /**
   * The plans that were sold.
   * @param plans how many there were, as counted when they were published
   * @returns `null` if that cannot be proved: an offer is not known any more, or the number is another
   */
  sold(plans: number): RatedPlan[] | null {
    const sold = [...this.#sold].map((id) => this.#offers.get(id));
    const known = sold.filter((offer) => offer !== undefined);
    return known.length === sold.length && known.length === plans ? known : null;
  }
}
