/** The statements of a publish, in the order it needs them. All run in its one transaction. */

import type { TermsOfSale } from '../plan/content.ts';
import { TERMS_OF_SALE } from '../plan/content.ts';
import { copyRows } from './copy.ts';
import type { Connection } from './database.ts';
import { type IdentifiedPlan, PLAN_COLUMNS } from './plan-rows.ts';
import { lockControl } from './sync-control.ts';
import { SyncHaltedError } from './sync-control-error.ts';

/** First key of the advisory locks that keep two publishes of one TDSP apart. */
const PUBLISH_LOCK = 7_748_002;

/**
 * Waits for other publishes of this TDSP, then keeps them out until the transaction ends.
 * @throws {SyncHaltedError} an emergency was declared, perhaps while this process was frozen
 */
export async function lockPublish(connection: Connection, duns: string): Promise<void> {
  const control = await lockControl(connection);
  if (control.state === 'emergency') throw new SyncHaltedError(control);
  await connection.query('select pg_advisory_xact_lock($1, hashtext($2))', [PUBLISH_LOCK, duns]);
}

/** As much of a stored plan as it takes to see whether it changed. */
export interface KnownPlan {
  id: string;
  external_id: string;
  offer_id: string;
  offer_key: string;
  content_hash: string;
  is_active: boolean;
  rate_1000kwh: number | null;
}

/** The active plans of a TDSP, and inactive ones whose upstream id is seen again. */
export async function readKnownPlans(
  connection: Connection,
  duns: string,
  ids: string[],
): Promise<KnownPlan[]> {
  const { rows } = await connection.query<KnownPlan>(
    `select p.id, p.external_id, p.offer_id, o.offer_key, p.content_hash, p.is_active, p.rate_1000kwh
       from electricity_plans p join offers o on o.id = p.offer_id
      where p.tdsp_duns = $1 and p.is_active
     union all
     select p.id, p.external_id, p.offer_id, o.offer_key, p.content_hash, p.is_active, p.rate_1000kwh
       from unnest($2::text[]) as seen (external_id)
       join electricity_plans p on p.external_id = seen.external_id and p.tdsp_duns = $1 and not p.is_active
       join offers o on o.id = p.offer_id`,
    [duns, ids],
  );
  return rows;
}

/** An offer with the terms it was last sold under. */
export interface KnownOffer extends TermsOfSale {
  id: string;
  offer_key: string;
  first_seen_at: Date;
  last_changed_at: Date;
  ended_at: Date | null;
  /** The plan that carried it last. */
  plan_id: string;
  external_id: string;
}

/** Offers of a TDSP that have one of the keys or one of the ids. */
export async function readOffers(
  connection: Connection,
  duns: string,
  wanted: { keys: string[]; ids: string[] },
): Promise<KnownOffer[]> {
  const { rows } = await connection.query<KnownOffer>(
    `with wanted as (
       select id from offers where tdsp_duns = $1 and offer_key = any($2)
       union
       select unnest($3::uuid[])
     )
     select o.id, o.offer_key, o.first_seen_at, o.last_changed_at, o.ended_at,
            p.id as plan_id, p.external_id, ${TERMS_OF_SALE.map((term) => `p.${term}`).join(', ')}
       from wanted join offers o using (id)
      cross join lateral (
        select * from electricity_plans p where p.offer_id = o.id
         order by p.is_active desc, p.last_scraped_at desc limit 1
      ) p`,
    [duns, wanted.keys, wanted.ids],
  );
  return rows;
}

export interface ProviderRow {
  id: string;
  name: string;
  legal_name: string | null;
  puct_number: string | null;
  phone: string | null;
}

/** A fact that is not told this time stays as it was. */
export async function upsertProviders(
  connection: Connection,
  providers: ProviderRow[],
  now: Date,
): Promise<void> {
  await connection.query(
    `insert into providers as p (id, name, legal_name, puct_number, phone, first_seen_at)
     select id, name, legal_name, puct_number, phone, $2
       from json_to_recordset($1) as r (id text, name text, legal_name text, puct_number text, phone text)
      -- Two publishes that meet the same new providers wait for each other in one order, so never in a circle.
      order by id
     on conflict (id) do update set
       name = excluded.name,
       legal_name = coalesce(excluded.legal_name, p.legal_name),
       puct_number = coalesce(excluded.puct_number, p.puct_number),
       phone = coalesce(excluded.phone, p.phone)
     where p.name is distinct from excluded.name
        or p.legal_name is distinct from coalesce(excluded.legal_name, p.legal_name)
        or p.puct_number is distinct from coalesce(excluded.puct_number, p.puct_number)
        or p.phone is distinct from coalesce(excluded.phone, p.phone)`,
    [JSON.stringify(providers), now],
  );
}

export interface OfferRow {
  id: string;
  offer_key: string;
  provider_id: string;
  name: string;
  term_months: number | null;
}

export async function insertOffers(
  connection: Connection,
  duns: string,
  offers: OfferRow[],
  now: Date,
): Promise<void> {
  const columns = [
    'id',
    'tdsp_duns',
    'offer_key',
    'provider_id',
    'name',
    'term_months',
    'first_seen_at',
    'last_changed_at',
  ];
  const rows = offers.map((o) => [o.id, duns, o.offer_key, o.provider_id, o.name, o.term_months, now, now]);
  await copyRows(connection, 'offers', columns, rows);
}

/** `changed` got new terms, `returned` are sold again, `ended` are sold no more. */
export async function updateOffers(
  connection: Connection,
  moved: { changed: string[]; returned: string[]; ended: string[] },
  now: Date,
): Promise<void> {
  if (moved.changed.length + moved.returned.length + moved.ended.length === 0) return;
  await connection.query(
    `update offers set
       last_changed_at = case when id = any($1) then $4::timestamptz else last_changed_at end,
       ended_at = case when id = any($3) then $4::timestamptz when id = any($2) then null else ended_at end
     where id = any($1::uuid[] || $2::uuid[] || $3::uuid[])`,
    [moved.changed, moved.returned, moved.ended, now],
  );
}

/**
 * Writes plans that are new or differ from their row: the pair (external_id, tdsp_duns) decides which row that is.
 * @returns how many rows were written
 */
export async function upsertPlans(
  connection: Connection,
  plans: IdentifiedPlan[],
  snapshot: { source: string; now: Date },
): Promise<number> {
  if (plans.length === 0) return 0;
  const names = PLAN_COLUMNS.map((column) => column.name);
  await connection.query(
    `create temporary table staged_plans on commit drop as
     select ${names.join(', ')} from electricity_plans with no data`,
  );
  await copyRows(
    connection,
    'staged_plans',
    names,
    plans.map((plan) => PLAN_COLUMNS.map((column) => column.value(plan))),
  );
  const kept = names.filter((name) => name !== 'external_id' && name !== 'tdsp_duns');
  const { rowCount } = await connection.query(
    `insert into electricity_plans as p (${names.join(', ')}, source, is_active, last_scraped_at)
     select ${names.join(', ')}, $1, true, $2 from staged_plans
     on conflict (external_id, tdsp_duns) do update set
       ${kept.map((name) => `${name} = excluded.${name}`).join(', ')},
       source = excluded.source, is_active = true, last_scraped_at = excluded.last_scraped_at, deactivated_at = null
     where p.content_hash is distinct from excluded.content_hash or not p.is_active
        or p.offer_id is distinct from excluded.offer_id`,
    [snapshot.source, snapshot.now],
  );
  return rowCount ?? 0;
}

/** The upstream offers them no more. They stay for the history. */
export async function deactivatePlans(connection: Connection, ids: string[], now: Date): Promise<void> {
  if (ids.length === 0) return;
  await connection.query(
    'update electricity_plans set is_active = false, deactivated_at = $2 where id = any($1) and is_active',
    [ids, now],
  );
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

export async function insertHistory(
  connection: Connection,
  rows: HistoryRow[],
  snapshot: { duns: string; version: number; now: Date },
): Promise<void> {
  const columns = [
    'offer_id',
    'plan_id',
    'tdsp_duns',
    'external_id',
    'event',
    'field',
    'from_value',
    'to_value',
  ];
  const known = (row: HistoryRow, value: unknown) => (row.event === 'changed' ? { json: value } : null);
  await copyRows(
    connection,
    'plan_price_history',
    [...columns, 'snapshot_version', 'changed_at'],
    rows.map((row) => [
      ...[row.offer_id, row.plan_id, snapshot.duns, row.external_id, row.event, row.field],
      ...[known(row, row.from_value), known(row, row.to_value), snapshot.version, snapshot.now],
    ]),
  );
}
