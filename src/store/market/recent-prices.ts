/** What the advertised price of every plan on sale did in the last months: one question for each published version. */

import { type RecentPrice, recentPrice } from '../../plan/past/recent-price.ts';
import type { OfferEvent } from '../../plan/price-steps.ts';
import type { Rates } from '../../plan/rate.ts';
import { DAY_MS } from '../../units.ts';
import type { Queryable } from '../postgres/database.ts';

const DAYS = 90;

export interface RecentPrices {
  /** Of the snapshot that they belong to; 0 where nothing is published. */
  version: number;
  by_offer: ReadonlyMap<string, RecentPrice>;
}

interface OfferRow {
  version: number;
  offer_id: string;
  first_seen_at: Date;
  rates: Rates;
  events: OfferEvent[];
}

export async function readRecentPrices(queryable: Queryable, duns: string, now: Date): Promise<RecentPrices> {
  const since = new Date(now.getTime() - DAYS * DAY_MS);
  const { rows } = await queryable.query<OfferRow>(
    `with events as (
       select offer_id,
              json_agg(json_build_object(
                'event', event, 'at', changed_at,
                'changes', case when field is null then '[]'::json
                                else json_build_array(json_build_object('field', field, 'from', from_value, 'to', to_value)) end
              ) order by changed_at desc, event desc, id desc) as events
         from plan_price_history
        where tdsp_duns = $1 and changed_at >= $2
          and (field is null or field in ('rate_500kwh', 'rate_1000kwh', 'rate_2000kwh'))
        group by offer_id
     )
     select (select max(version)::int from plan_snapshots where tdsp_duns = $1) as version,
            p.offer_id, p.first_seen_at,
            json_build_object('500', p.rate_500kwh, '1000', p.rate_1000kwh, '2000', p.rate_2000kwh) as rates,
            coalesce(e.events, '[]') as events
       from electricity_plans p left join events e using (offer_id)
      where p.tdsp_duns = $1 and p.is_active`,
    [duns, since],
  );
  const by_offer = new Map(
    rows.map(({ offer_id, first_seen_at, rates, events }) => {
      const from = first_seen_at > since ? first_seen_at : since;
      return [offer_id, recentPrice(events, rates, from.toISOString())];
    }),
  );
  return { version: rows[0]?.version ?? 0, by_offer };
}
