/** Stored plans, read: single ones and whole sets. */

import { PLAN_COLUMNS, rowToPlan } from '../../plan/fields.ts';
import type { Plan } from '../../plan/plan.ts';
import type { PlanSet } from '../../plan/plan-set.ts';
import type { Queryable } from '../postgres/database.ts';

const COLUMNS = [...PLAN_COLUMNS.map(({ name }) => `p.${name}`), 'p.is_active'].join(', ');

/**
 * The current plan set of a TDSP, put together from the active plans; `null` if nothing was ever published.
 * One statement, so that plans and version belong together whatever is published meanwhile.
 */
export async function readActivePlanSet(queryable: Queryable, duns: string): Promise<PlanSet | null> {
  type Row = {
    id: string | null;
    version: number;
    snapshot_source: string;
    kept_fields: string[] | null;
    observed_at: Date;
  };
  const { rows } = await queryable.query<Row>(
    `select s.version, s.source as snapshot_source, s.kept_fields, s.observed_at, ${COLUMNS}
       from (select * from plan_snapshots where tdsp_duns = $1 order by version desc limit 1) s
       left join electricity_plans p on p.tdsp_duns = s.tdsp_duns and p.is_active
      order by p.rate_1000kwh, p.id`,
    [duns],
  );
  const [first] = rows;
  if (!first) return null;
  const plans = first.id === null ? [] : rows.map(rowToPlan);
  const { version, snapshot_source: source, observed_at, kept_fields } = first;
  return {
    tdsp_duns: duns,
    version,
    source,
    observed_at: observed_at.toISOString(),
    ...(kept_fields && { kept_fields }),
    plans,
  };
}

/**
 * The plan with this id, active or not; or the plan that now carries the offer with this id.
 * @param id a uuid
 */
export async function readPlan(queryable: Queryable, id: string): Promise<Plan | null> {
  const { rows } = await queryable.query<Record<string, unknown>>(
    `select ${COLUMNS} from electricity_plans p
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
