/** What a publish writes: all rows in one statement, and behind them what happened, in the order of the log. */

import type { NewEvent } from '../../plan/events/market-event.ts';
import { PLAN_COLUMNS } from '../../plan/fields.ts';
import type { Plan } from '../../plan/plan.ts';
import { writeEvents } from '../events/write-events.ts';
import { toJsonb } from '../postgres/copy.ts';
import type { Database } from '../postgres/database.ts';
import type { PassedAs } from './guarded-plans.ts';
import type { ProviderRow } from './published-plans.ts';
import { PLANS_PUBLISHED, type Snapshot } from './snapshots.ts';

/** A plan as it is to be written, with the hashes of what it says. */
export interface WrittenPlan extends Plan {
  content_hash: string;
  plan_hash: string;
}

export interface OfferRow {
  id: string;
  offer_key: string;
  provider_id: string;
  name: string;
  term_months: number | null;
}

export interface HistoryRow {
  offer_id: string;
  plan_id: string;
  external_id: string;
  event: 'changed' | 'withdrawn' | 'relisted';
  field: string | null;
  from_value: unknown;
  to_value: unknown;
}

/** Everything that one publish changes. */
export interface PublishedChange {
  snapshot: Snapshot & {
    run_id: number;
    set_hash: string;
    unread: string[];
    payload_hash: string | null;
    passed_as: PassedAs;
    median_rate: number | null;
    kept_fields: string[] | null;
  };
  /** New plans, and plans that differ from their row. */
  plans: WrittenPlan[];
  /** Upstream ids of those that have a row, active or not. */
  overwritten: string[];
  /** Ids of plans the upstream offers no more. They stay for the history. */
  gone: string[];
  /** New ones, and those of which something new is told. */
  providers: ProviderRow[];
  newOffers: OfferRow[];
  /** Ids of offers that got new terms, that are sold again, that are sold no more. */
  changedOffers: string[];
  returnedOffers: string[];
  endedOffers: string[];
  /** Whose name or term was corrected: the key that later plans find them by is another. */
  correctedOffers: OfferRow[];
  history: HistoryRow[];
  /** In the order in which they are told. */
  events: NewEvent[];
}

/** A column that a publish writes, and its type. */
const WRITTEN: readonly { name: string; sql: string }[] = [
  ...PLAN_COLUMNS,
  { name: 'content_hash', sql: 'text' },
  { name: 'plan_hash', sql: 'text' },
];
const list = (columns: readonly { name: string }[], inFront = ''): string =>
  columns.map(({ name }) => `${inFront}${name}`).join(', ');
const replaced = WRITTEN.filter(({ name }) => name !== 'external_id' && name !== 'tdsp_duns');

/**
 * The transaction but for its events. It holds only where the snapshot that the change was worked out from is still current and
 * nobody declared an emergency: else `given` is empty, and so is everything after it.
 *
 * $1: the change but for its plans, as a JSON object; $2: the plans, as a JSON list of rows.
 */
const PUBLISH = `with change as (
    select * from json_to_record($1) as c (
      tdsp_duns text, version bigint, source text, origin text, content_hash text, plans integer,
      observed_at timestamptz, published_at timestamptz, run_id bigint, set_hash text, unread text[],
      payload_hash text, validators jsonb, passed_as text, median_rate numeric, kept_fields text[], before_observed_at timestamptz, overwritten text[], gone uuid[],
      providers json, new_offers json, changed_offers uuid[], returned_offers uuid[], ended_offers uuid[],
      corrected_offers json, moved_offers uuid[], history json, announcement json)
  ),

  -- An emergency waits for a publish that is writing, and a publish that comes after it writes nothing.
  control as (
    select state from sync_control for share
  ),

  -- The lock of this row is what two publishes of one TDSP meet at.
  before as (
    update plan_snapshots s set superseded_at = c.published_at
      from change c
     where s.tdsp_duns = c.tdsp_duns and s.version = c.version - 1 and s.superseded_at is null
       and date_trunc('milliseconds', s.observed_at) = c.before_observed_at
       and (select state from control) <> 'emergency'
    returning s.version
  ),

  given as (
    select c.* from change c, control
     where control.state <> 'emergency' and (c.before_observed_at is null or exists (select from before))
  ),

  -- In one order, so that two publishes that meet the same new providers never wait for each other in a circle.
  written_providers as (
    insert into providers as p (id, name, legal_name, puct_number, phone, first_seen_at)
    select r.id, r.name, r.legal_name, r.puct_number, r.phone, given.published_at
      from given, json_to_recordset(given.providers)
        as r (id text, name text, legal_name text, puct_number text, phone text)
     order by r.id
    on conflict (id) do update set
      name = excluded.name,
      legal_name = coalesce(excluded.legal_name, p.legal_name),
      puct_number = coalesce(excluded.puct_number, p.puct_number),
      phone = coalesce(excluded.phone, p.phone)
  ),

  new_offers as (
    insert into offers (id, tdsp_duns, offer_key, provider_id, name, term_months, first_seen_at, last_changed_at)
    select r.id, given.tdsp_duns, r.offer_key, r.provider_id, r.name, r.term_months, given.published_at, given.published_at
      from given, json_to_recordset(given.new_offers)
        as r (id uuid, offer_key text, provider_id text, name text, term_months smallint)
  ),

  moved_offers as (
    update offers set
      offer_key = coalesce(r.offer_key, offers.offer_key), name = coalesce(r.name, offers.name),
      term_months = case when r.id is null then offers.term_months else r.term_months end,
      last_changed_at = case when offers.id = any(changed_offers) then published_at else last_changed_at end,
      ended_at = case
        when offers.id = any(ended_offers) then published_at when offers.id = any(returned_offers) then null else ended_at
      end
      from given cross join unnest(moved_offers) as moved (offer_id)
      left join json_to_recordset(given.corrected_offers)
        as r (id uuid, offer_key text, name text, term_months smallint) on r.id = moved.offer_id
     where offers.id = moved.offer_id
  ),

  -- Lists are joined row by row and not asked with any(): the planner does not know how long one is, and would read the
  -- whole table where it is empty.
  -- What the rows that are written over were, and in which versions.
  revisions as (
    insert into plan_revisions (from_version, to_version, ${list(PLAN_COLUMNS)})
    select p.since_version, coalesce(p.until_version, given.version), ${list(PLAN_COLUMNS, 'p.')}
      from given cross join unnest(given.overwritten) as o (external_id)
      join electricity_plans p on p.tdsp_duns = given.tdsp_duns and p.external_id = o.external_id
     where p.is_active or p.until_version is not null
  ),

  gone as (
    update electricity_plans set
      is_active = false, deactivated_at = given.published_at, until_version = given.version
      from given cross join unnest(given.gone) as left_market (plan_id)
     where electricity_plans.id = left_market.plan_id and is_active
  ),

  written_plans as (
    insert into electricity_plans (source, is_active, last_scraped_at, since_version, ${list(WRITTEN)})
    select given.source, true, given.published_at, given.version, ${list(WRITTEN, 'r.')}
      from given, json_to_recordset($2)
        as r (${WRITTEN.map(({ name, sql }) => `${name} ${sql}`).join(', ')})
    on conflict (external_id, tdsp_duns) do update set
      ${replaced.map(({ name }) => `${name} = excluded.${name}`).join(', ')},
      source = excluded.source, is_active = true, last_scraped_at = excluded.last_scraped_at, deactivated_at = null,
      since_version = excluded.since_version, until_version = null
  ),

  history as (
    insert into plan_price_history
      (offer_id, plan_id, tdsp_duns, external_id, event, field, from_value, to_value, snapshot_version, changed_at)
    select r.offer_id, r.plan_id, given.tdsp_duns, r.external_id, r.event, r.field,
           case when r.event = 'changed' then coalesce(r.from_value, 'null') end,
           case when r.event = 'changed' then coalesce(r.to_value, 'null') end, given.version, given.published_at
      from given, json_to_recordset(given.history)
        as r (offer_id uuid, plan_id uuid, external_id text, event text, field text, from_value jsonb, to_value jsonb)
  ),

  snapshot as (
    insert into plan_snapshots
      (tdsp_duns, version, source, origin, content_hash, plans, observed_at, published_at, run_id, set_hash, unread,
       payload_hash, validators, passed_as, median_rate, kept_fields)
    select tdsp_duns, version, source, origin, content_hash, plans, observed_at, published_at, run_id, set_hash, unread,
           payload_hash, validators, passed_as, median_rate, kept_fields
      from given
    returning tdsp_duns
  )

  select pg_notify('${PLANS_PUBLISHED}', given.announcement::text) from given join snapshot using (tdsp_duns)`;

/** Another process published the same version just now, or each of two waited for the other. */
function isSuperseded(error: unknown): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '40P01' || (code === '23505' && constraint === 'plan_snapshots_pkey');
}

/**
 * Writes everything and tells every process, in one transaction. The pair (external_id, tdsp_duns) decides which row a
 * plan goes into.
 * @param before the current snapshot that the change was worked out from; `null` for the first one
 * @returns whether it was written; not where `before` is not current any more, nor in an emergency
 */
export async function writeChange(
  database: Pick<Database, 'transaction'>,
  before: Snapshot | null,
  change: PublishedChange,
): Promise<boolean> {
  const {
    snapshot,
    plans,
    newOffers,
    changedOffers,
    returnedOffers,
    endedOffers,
    correctedOffers,
    events,
    ...others
  } = change;
  const { tdsp_duns, version, observed_at } = snapshot;
  const corrected = correctedOffers.map(({ id }) => id);
  const written = {
    ...others,
    ...snapshot,
    unread: snapshot.unread.length > 0 ? snapshot.unread : null,
    before_observed_at: before?.observed_at ?? null,
    new_offers: newOffers,
    changed_offers: changedOffers,
    returned_offers: returnedOffers,
    ended_offers: endedOffers,
    corrected_offers: correctedOffers,
    moved_offers: [...new Set([...changedOffers, ...returnedOffers, ...endedOffers, ...corrected])],
    announcement: { tdsp_duns, version, observed_at },
  };
  const values = [toJsonb(written), toJsonb(plans.map(toRow))];
  try {
    return await database.transaction(async (connection) => {
      const { rowCount } = await connection.query({ name: 'publish', text: PUBLISH, values });
      // A statement of its own, and the last: all publishes meet at the lock of the log, and here PostgreSQL has checked
      // every key of the rows already.
      if (rowCount === 1) await writeEvents(connection, snapshot, events);
      return rowCount === 1;
    });
  } catch (error) {
    if (isSuperseded(error)) return false;
    throw error;
  }
}

const toRow = (plan: WrittenPlan): Record<string, unknown> => {
  const { content_hash, plan_hash } = plan;
  const cells = PLAN_COLUMNS.map(({ name, cell }) => [name, cell(plan)]);
  return { ...Object.fromEntries(cells), content_hash, plan_hash };
};
