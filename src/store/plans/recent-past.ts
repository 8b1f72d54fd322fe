/** What the last four weeks of a TDSP were like, for remarks about the plans of today. */

import { providerId } from '../../plan/offer.ts';
import type { RecentPast } from '../../plan/quality/remark.ts';
import type { Queryable } from '../postgres/database.ts';
import { readGuardedPlans } from './guarded-plans.ts';

export async function readRecentPast(queryable: Queryable, duns: string): Promise<RecentPast> {
  const { rows: snapshots } = await queryable.query<{ plans: number }>(
    `select plans from plan_snapshots
      where tdsp_duns = $1 and published_at > now() - interval '28 days'
      order by published_at desc, version desc offset 1`,
    [duns],
  );
  const { rows: returned } = await queryable.query<RecentPast['returned'][number]>(
    `select distinct on (offer_id) offer_id, withdrawn_at, changed_at as relisted_at
       from (
         select offer_id, event, changed_at,
                lag(case when event = 'withdrawn' then changed_at end) over of_offer as withdrawn_at
           from plan_price_history
          where tdsp_duns = $1 and changed_at > now() - interval '28 days' and event in ('withdrawn', 'relisted')
         window of_offer as (partition by offer_id order by changed_at, id)
       ) h
      where event = 'relisted' and changed_at < withdrawn_at + interval '1 day'
      order by offer_id, changed_at desc`,
    [duns],
  );
  const { rows: oldest } = await queryable.query<{ version: number | null }>(
    `select min(version) as version from plan_snapshots
      where tdsp_duns = $1 and published_at > now() - interval '28 days'`,
    [duns],
  );
  const version = oldest[0]?.version ?? null;
  const plans = version === null ? [] : await readGuardedPlans(queryable, duns, version);
  const { rows: providers } = await queryable.query<{ id: string }>(
    'select id from providers where puct_number is null',
  );
  return {
    counts: snapshots.map(({ plans }) => plans),
    returned,
    earlier: plans.map(({ provider_name, term_months, rate_type }) => {
      return { provider_id: providerId(provider_name), term_months, rate_type };
    }),
    uncertified: new Set(providers.map(({ id }) => id)),
  };
}
