/** Who sells plans now. */

import type { Queryable } from '../postgres/database.ts';
import { readBehindViews } from './views.ts';

interface ProviderSummary {
  id: string;
  name: string;
  legal_name: string | null;
  puct_number: string | null;
  phone: string | null;
  active_plans: number;
  /** DUNS of the TDSPs with an active plan. */
  tdsps: string[];
}

/** Every provider that sells something now: counted already, unless something was published since. */
export async function readProviders(queryable: Queryable): Promise<ProviderSummary[]> {
  const { views } = await readBehindViews(queryable);
  const sellers = views.includes('provider_performance')
    ? `(select provider_id, count(*)::int as plans, array_agg(distinct tdsp_duns order by tdsp_duns) as tdsps
          from electricity_plans where is_active group by provider_id)`
    : 'provider_performance';
  const { rows } = await queryable.query<ProviderSummary>(
    `select r.id, r.name, r.legal_name, r.puct_number, r.phone, s.plans as active_plans, s.tdsps
       from providers r join ${sellers} s on s.provider_id = r.id
      order by r.name`,
  );
  return rows;
}
