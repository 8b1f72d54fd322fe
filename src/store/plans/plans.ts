/** Stored plans, read: single ones and whole sets. */

import type { Plan } from '../../plan/plan.ts';
import type { PlanSet } from '../../plan/plan-set.ts';
import type { Queryable } from '../postgres/database.ts';
import { type PlanRow, rowToPlan } from './plan-rows.ts';

const COLUMNS = `p.id, p.external_id, p.tdsp_duns, p.offer_id, p.provider_id,
  coalesce(p.provider_name, r.name) as provider_name, p.name,
  p.term_months, p.rate_type, p.percent_green, p.rate_500kwh, p.rate_1000kwh, p.rate_2000kwh, p.price_components,
  p.early_termination_fee_usd, p.early_termination_fee_per_month_usd, p.is_prepaid, p.is_time_of_use,
  p.requires_auto_pay, p.is_new_customer_only, p.has_minimum_usage_fee, p.fees_text, p.special_terms, p.promotion,
  p.efl_url, p.tos_url, p.yrac_url, p.enroll_url, p.enroll_phone, p.translations, p.is_active, p.first_seen_at,
  p.last_changed_at`;

/** Every active plan of a TDSP, cheapest at 1,000 kWh first. */
export async function readActivePlans(queryable: Queryable, duns: string): Promise<Plan[]> {
  const { rows } = await queryable.query<PlanRow>(
    `select ${COLUMNS} from electricity_plans p join providers r on r.id = p.provider_id
      where p.tdsp_duns = $1 and p.is_active
      order by p.rate_1000kwh, p.id`,
    [duns],
  );
  return rows.map(rowToPlan);
}

/**
 * The current plan set of a TDSP, put together from the active plans; `null` if nothing was ever published.
 * One statement, so that plans and version belong together whatever is published meanwhile.
 */
export async function readActivePlanSet(queryable: Queryable, duns: string): Promise<PlanSet | null> {
  type Row = PlanRow & { version: number; snapshot_source: string; observed_at: Date };
  const { rows } = await queryable.query<Row>(
    `select s.version, s.source as snapshot_source, s.observed_at, ${COLUMNS}
       from (select * from plan_snapshots where tdsp_duns = $1 order by version desc limit 1) s
       left join electricity_plans p on p.tdsp_duns = s.tdsp_duns and p.is_active
       left join providers r on r.id = p.provider_id
      order by p.rate_1000kwh, p.id`,
    [duns],
  );
  const [first] = rows;
  if (!first) return null;
  const plans = first.id === null ? [] : rows.map(rowToPlan);
  const { version, snapshot_source: source, observed_at } = first;
  return { tdsp_duns: duns, version, source, observed_at: observed_at.toISOString(), plans };
}

/**
 * The plan with this id, active or not; or the plan that now carries the offer with this id.
 * @param id a uuid
 */
export async function readPlan(queryable: Queryable, id: string): Promise<Plan | null> {
  const { rows } = await queryable.query<PlanRow>(
    `select ${COLUMNS} from electricity_plans p join providers r on r.id = p.provider_id
      where p.id = $1 or p.offer_id = $1
      order by (p.id = $1) desc, p.is_active desc, p.last_scraped_at desc limit 1`,
    [id],
  );
  return rows[0] ? rowToPlan(rows[0]) : null;
}

/** The offer that a plan id stood for before the upstream gave that id to another product. */
export async function readFormerOffer(queryable: Queryable, planId: string): Promise<string | null> {
  const { rows } = await queryable.query<{ offer_id: string }>(
    'select offer_id from plan_price_history where plan_id = $1 order by changed_at desc, id desc limit 1',
    [planId],
  );
  return rows[0]?.offer_id ?? null;
}
