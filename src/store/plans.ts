/** Stored plans, read: single ones, whole sets, and what happened to them. */

import type { Plan } from '../plan/plan.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import type { Queryable } from './database.ts';
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
    'select offer_id from plan_price_history where plan_id = $1 order by id desc limit 1',
    [planId],
  );
  return rows[0]?.offer_id ?? null;
}

export interface HistoryEvent {
  event: 'listed' | 'changed' | 'withdrawn' | 'relisted';
  at: string;
  plan_id: string;
  external_id: string;
  changes: { field: string; from: unknown; to: unknown }[];
}

export interface OfferHistory {
  offer_id: string;
  first_seen_at: string;
  last_changed_at: string;
  ended_at: string | null;
  /** Newest first. */
  events: HistoryEvent[];
}

interface HistoryRow {
  event: HistoryEvent['event'];
  changed_at: Date;
  plan_id: string;
  external_id: string;
  field: string | null;
  from_value: unknown;
  to_value: unknown;
}

/** What happened to an offer since it was first seen. */
export async function readOfferHistory(queryable: Queryable, offerId: string): Promise<OfferHistory | null> {
  const { rows: offers } = await queryable.query<
    Record<'first_seen_at' | 'last_changed_at' | 'ended_at', Date>
  >('select first_seen_at, last_changed_at, ended_at from offers where id = $1', [offerId]);
  const [offer] = offers;
  if (!offer) return null;
  const { rows } = await queryable.query<HistoryRow>(
    `select event, changed_at, plan_id, external_id, field, from_value, to_value
       from plan_price_history where offer_id = $1 order by changed_at desc, id`,
    [offerId],
  );
  return {
    offer_id: offerId,
    first_seen_at: offer.first_seen_at.toISOString(),
    last_changed_at: offer.last_changed_at.toISOString(),
    ended_at: offer.ended_at?.toISOString() ?? null,
    events: toEvents(rows),
  };
}

/** One publish may change several terms of an offer: that is one event. */
function toEvents(rows: HistoryRow[]): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  for (const row of rows) {
    const at = row.changed_at.toISOString();
    let event = events.at(-1);
    if (!event || event.at !== at || event.event !== row.event) {
      event = { event: row.event, at, plan_id: row.plan_id, external_id: row.external_id, changes: [] };
      events.push(event);
    }
    if (row.field !== null) event.changes.push({ field: row.field, from: row.from_value, to: row.to_value });
  }
  return events;
}
