/** The lineage of one TDSP kept in memory: what `publish` reads of the database for `identify`, and keeps of its result. */

import { contentHash, termsOfSale } from '../../src/plan/content.ts';
import { TOLD_COLUMNS } from '../../src/plan/events/offer-events.ts';
import { offerKey, providerId } from '../../src/plan/offer.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import type { HistoryRow } from '../../src/store/plans/publish-plans.ts';
import type { KnownOffer } from '../../src/store/plans/published-plans.ts';
import { identify } from '../../src/sync/publish/identify.ts';

interface Row {
  id: string;
  draft: PlanDraft;
  content_hash: string;
  offer_id: string;
  is_active: boolean;
}

export class MarketMemory {
  readonly #rows = new Map<string, Row>();
  readonly #offers = new Map<string, KnownOffer>();
  readonly history: HistoryRow[] = [];
  #ids = 0;
  #day = 0;

  /** Publishes the plans of one day. */
  publish(drafts: readonly PlanDraft[]): void {
    const now = new Date(Date.UTC(2026, 0, 1 + this.#day++));
    const sent = new Map(drafts.map((draft) => [draft.external_id, draft]));
    const changed = drafts.flatMap((draft) => {
      const row = this.#rows.get(draft.external_id);
      const content_hash = contentHash(draft);
      if (row?.is_active && row.content_hash === content_hash) return [];
      return [{ draft, content_hash, known: row ? this.#known(row) : null }];
    });
    const ids = new Set(changed.map(({ draft }) => draft.external_id));
    const active = [...this.#rows.values()].filter(({ is_active }) => is_active);
    const gone = active.filter(({ draft }) => !sent.has(draft.external_id));
    const away = new Set(gone.map(({ draft }) => draft.external_id));
    const staying = active.filter(({ draft: { external_id: id } }) => !ids.has(id) && !away.has(id));
    const out = identify({
      changed,
      gone: gone.map((row) => this.#known(row)),
      taken: new Set(staying.map(({ offer_id }) => offer_id)),
      offers: [...this.#offers.values()],
      now,
      newId: () => `id-${++this.#ids}`,
    });
    this.history.push(...out.history);
    for (const row of gone) row.is_active = false;
    for (const plan of out.plans) {
      const { id, offer_id, external_id, remembered_text } = plan;
      const draft = sent.get(external_id)!;
      this.#rows.set(external_id, {
        id,
        draft,
        offer_id,
        content_hash: contentHash(draft),
        is_active: true,
      });
      const before = this.#offers.get(offer_id);
      this.#offers.set(offer_id, {
        ...termsOfSale(draft),
        id: offer_id,
        plan_id: id,
        external_id,
        offer_key: offerKey(draft),
        provider_id: providerId(draft.provider.name),
        name: draft.name,
        first_seen_at: before?.first_seen_at ?? now,
        last_changed_at: now,
        ended_at: null,
        special_terms: draft.special_terms,
        translations: draft.translations,
        remembered_text,
        last_told_at: now,
        told: Object.fromEntries(TOLD_COLUMNS.map(({ name, cell }) => [name, cell(plan)])),
      });
    }
    for (const id of out.endedOffers) this.#offers.set(id, { ...this.#offers.get(id)!, ended_at: now });
  }

  /** The offer that the plan with this upstream id carries. */
  offerOf(external_id: string): string | undefined {
    return this.#rows.get(external_id)?.offer_id;
  }

  #known({ id, draft, offer_id, is_active }: Row) {
    const { offer_key } = this.#offers.get(offer_id)!;
    return { id, external_id: draft.external_id, offer_id, offer_key, is_active };
  }
}
