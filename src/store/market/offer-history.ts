/** What happened to an offer since it was first seen, and what it cost meanwhile. */

import type { OfferEvent, OfferState } from '../../plan/price-steps.ts';
import { readFormerOffer } from '../plans/plans.ts';
import type { Queryable } from '../postgres/database.ts';

/**
 * The offer that an id means: that of a plan, its own, or one that a plan stood for before the upstream gave the plan's
 * id to another product.
 * @param id a uuid
 */
export async function readOfferId(queryable: Queryable, id: string): Promise<string | null> {
  const { rows } = await queryable.query<{ offer_id: string }>(
    `select offer_id from electricity_plans where id = $1
     union all select id from offers where id = $1 limit 1`,
    [id],
  );
  // Rarely needed, and never quick: it looks into every month.
  return rows[0]?.offer_id ?? (await readFormerOffer(queryable, id));
}

/** An offer, and how it stands now. */
export interface OfferPast {
  offer_id: string;
  /** Whose plans the TDSP has now; `sandbox` means invented. */
  upstream: string | null;
  first_seen_at: Date;
  last_changed_at: Date;
  ended_at: Date | null;
  state: OfferState;
}

/** With the rates of the plan that carries the offer, or carried it last. */
export async function readOfferPast(queryable: Queryable, offerId: string): Promise<OfferPast | null> {
  const { rows } = await queryable.query<OfferPast>(
    `select o.id as offer_id, o.first_seen_at, o.last_changed_at, o.ended_at,
            (select source from plan_snapshots s where s.tdsp_duns = o.tdsp_duns order by version desc limit 1) as upstream,
            json_build_object('is_offered', o.ended_at is null, 'rates', (
              select json_build_object('500', rate_500kwh, '1000', rate_1000kwh, '2000', rate_2000kwh)
                from electricity_plans where offer_id = o.id order by is_active desc, last_scraped_at desc limit 1
            )) as state
       from offers o where o.id = $1`,
    [offerId],
  );
  return rows[0] ?? null;
}

export interface HistoryEvent extends OfferEvent {
  event: 'changed' | 'withdrawn' | 'relisted';
  plan_id: string;
  external_id: string;
}

type EventRow = Omit<HistoryEvent, 'at'> & { changed_at: Date };

const toEvent = ({ event, changed_at, plan_id, external_id, changes }: EventRow): HistoryEvent => ({
  event,
  at: changed_at.toISOString(),
  plan_id,
  external_id,
  changes,
});

/** Events of an offer, newest first. Terms that changed with one publish are one event. */
export async function readOfferEvents(
  queryable: Queryable,
  { offer_id, first_seen_at }: Pick<OfferPast, 'offer_id' | 'first_seen_at'>,
  { before, limit }: { before: Date | null; limit: number },
): Promise<HistoryEvent[]> {
  const { rows } = await queryable.query<EventRow>(
    // Both bounds of the time are there for the planner, too: months outside of them are not even opened.
    `select event, changed_at, plan_id, external_id,
            coalesce(json_agg(json_build_object('field', field, 'from', from_value, 'to', to_value) order by id)
                     filter (where field is not null), '[]') as changes
       from plan_price_history
      where offer_id = $1 and changed_at >= $2 and changed_at < $3
      group by changed_at, event, plan_id, external_id
      order by changed_at desc, event desc
      limit $4`,
    [offer_id, first_seen_at, before ?? 'infinity', limit],
  );
  return rows.map(toEvent);
}

export async function countOfferEvents(
  queryable: Queryable,
  { offer_id, first_seen_at }: Pick<OfferPast, 'offer_id' | 'first_seen_at'>,
): Promise<number> {
  const { rows } = await queryable.query<{ events: number }>(
    `select count(distinct (changed_at, event))::int as events
       from plan_price_history where offer_id = $1 and changed_at >= $2`,
    [offer_id, first_seen_at],
  );
  return rows[0]!.events;
}

/** Events that changed a rate, or whether the offer is sold, from a time on; newest first. */
export async function readPriceEvents(
  queryable: Queryable,
  offerId: string,
  since: Date,
): Promise<OfferEvent[]> {
  const { rows } = await queryable.query<EventRow>(
    `select event, changed_at, null as plan_id, null as external_id,
            case when field is null then '[]'::json
                 else json_build_array(json_build_object('field', field, 'from', from_value, 'to', to_value)) end as changes
       from plan_price_history
      where offer_id = $1 and changed_at >= $2
        and (field is null or field in ('rate_500kwh', 'rate_1000kwh', 'rate_2000kwh'))
      order by changed_at desc, event desc`,
    [offerId, since],
  );
  return rows.map(toEvent);
}
