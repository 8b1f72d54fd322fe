/**
 * The statements of a publish: what is published now, what is known of the plans that change, and one that writes
 * everything. Sets go in and out as JSON, for a round trip and a parsed cell cost more than the rows: nine of ten
 * publishes change a few plans in a hundred.
 *
 * The one that writes is the whole transaction. It holds only where what it was worked out from is still so, under the
 * lock of the current snapshot's row: whoever was overtaken reads again. So nobody waits with a transaction open, and a
 * process that freezes in the middle holds up nobody.
 */

import { TERMS_OF_SALE, type TermsOfSale } from '../../plan/content.ts';
import { toJsonb } from '../postgres/copy.ts';
import type { Queryable } from '../postgres/database.ts';
import { type IdentifiedPlan, PLAN_COLUMNS, REVISION_COLUMNS, toRecord } from './plan-rows.ts';
import { PLANS_PUBLISHED, type Snapshot } from './snapshots.ts';

/** A plan on sale, as much of it as every publish must see. */
export interface ActivePlan {
  external_id: string;
  content_hash: string;
  /** Blank: last written before it was kept. */
  plan_hash: string;
  rate_1000kwh: number | null;
}

export interface PublishedState {
  /** `null`: nothing was ever published. */
  current: (Snapshot & { set_hash: string | null }) | null;
  /** Empty where the current snapshot has the content that was asked about: then nobody needs them. */
  active: ActivePlan[];
}

/** Of all plans on sale, column by column: that takes PostgreSQL a third of the time that rows take. */
interface ActiveColumns {
  external_ids: string[] | null;
  /** 32 characters each. */
  content_hashes: string;
  plan_hashes: string;
  rates: (number | null)[];
}

/** What is published now, and its plans unless their content is the same. */
export async function readPublished(
  queryable: Queryable,
  duns: string,
  contentHash: string,
): Promise<PublishedState> {
  const { rows } = await queryable.query<NonNullable<PublishedState['current']> & ActiveColumns>({
    name: 'read published',
    text: `select s.*, a.*
       from (select) one left join lateral (
         select tdsp_duns, version, source, origin, content_hash, plans, observed_at, published_at, validators,
                set_hash
           from plan_snapshots where tdsp_duns = $1 order by version desc limit 1
       ) s on true left join lateral (
         select json_agg(external_id) as external_ids, string_agg(content_hash, '') as content_hashes,
                string_agg(coalesce(plan_hash, repeat(' ', 32)), '') as plan_hashes, json_agg(rate_1000kwh) as rates
           from electricity_plans where tdsp_duns = $1 and is_active and s.content_hash is distinct from $2
       ) a on true`,
    values: [duns, contentHash],
  });
  const { external_ids, content_hashes, plan_hashes, rates, ...snapshot } = rows[0]!;
  return {
    current: snapshot.version === null ? null : snapshot,
    active: (external_ids ?? []).map((external_id, at) => ({
      external_id,
      content_hash: content_hashes.slice(32 * at, 32 * at + 32),
      plan_hash: plan_hashes.slice(32 * at, 32 * at + 32),
      rate_1000kwh: rates[at]!,
    })),
  };
}

/** A stored plan that is about to change. */
export interface KnownPlan {
  id: string;
  external_id: string;
  offer_id: string;
  offer_key: string;
  is_active: boolean;
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

interface Touched {
  /** The plans with these upstream ids, active or not. */
  plans: KnownPlan[];
  /** Their offers, and all offers with one of the keys. */
  offers: KnownOffer[];
  /** Ids of those offers that an active plan with another upstream id carries: nobody else may continue them. */
  taken: Set<string>;
  providers: ProviderRow[];
}

/** @param wanted upstream ids of plans, keys of offers that they might continue, ids of their providers */
export async function readTouched(
  queryable: Queryable,
  duns: string,
  { ids, keys, providerIds }: { ids: string[]; keys: string[]; providerIds: string[] },
): Promise<Touched> {
  type Offer = Omit<KnownOffer, 'first_seen_at' | 'last_changed_at' | 'ended_at'> &
    Record<'first_seen_at' | 'last_changed_at', string> & { ended_at: string | null; is_taken: boolean };
  const { rows } = await queryable.query<{
    plans: KnownPlan[] | null;
    offers: Offer[] | null;
    providers: ProviderRow[] | null;
  }>({
    name: 'read touched',
    text: `with touched as (
       select p.id, p.external_id, p.offer_id, o.offer_key, p.is_active
         from electricity_plans p join offers o on o.id = p.offer_id
        where p.tdsp_duns = $1 and p.external_id = any($2)
     ), wanted as (
       select id from offers where tdsp_duns = $1 and offer_key = any($3)
       union
       select offer_id from touched
     ), found as (
       select o.id, o.offer_key, o.first_seen_at, o.last_changed_at, o.ended_at,
              last.id as plan_id, last.external_id, ${TERMS_OF_SALE.map((term) => `last.${term}`).join(', ')},
              exists (
                select from electricity_plans p
                 where p.offer_id = o.id and p.is_active and not p.external_id = any($2)
              ) as is_taken
         from wanted join offers o using (id)
        cross join lateral (
          select * from electricity_plans p where p.offer_id = o.id
           order by p.is_active desc, p.last_scraped_at desc limit 1
        ) last
     )
     select (select json_agg(touched) from touched) as plans, (select json_agg(found) from found) as offers,
            (select json_agg(r) from (
               select id, name, legal_name, puct_number, phone from providers where id = any($4)
             ) r) as providers`,
    values: [duns, ids, keys, providerIds],
  });
  const { plans, offers, providers } = rows[0]!;
  return {
    plans: plans ?? [],
    offers: (offers ?? []).map(({ is_taken: _, ...offer }) => ({
      ...offer,
      first_seen_at: new Date(offer.first_seen_at),
      last_changed_at: new Date(offer.last_changed_at),
      ended_at: offer.ended_at === null ? null : new Date(offer.ended_at),
    })),
    providers: providers ?? [],
    taken: new Set((offers ?? []).flatMap(({ id, is_taken }) => (is_taken ? [id] : []))),
  };
}

export interface ProviderRow {
  id: string;
  name: string;
  legal_name: string | null;
  puct_number: string | null;
  phone: string | null;
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
  snapshot: Snapshot & { run_id: number; set_hash: string; unread: string[]; payload_hash: string | null };
  /** New plans, and plans that differ from their row. */
  plans: IdentifiedPlan[];
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
  history: HistoryRow[];
}

const names = PLAN_COLUMNS.map(({ name }) => name);
const replaced = names.filter((name) => name !== 'external_id' && name !== 'tdsp_duns');
const kept = REVISION_COLUMNS.filter((name) => name !== 'provider_name');

// An emergency waits for who is writing, and who writes after it writes nothing.
const GIVEN = `control as (
    select state from sync_control for share
  ), before as (
    update plan_snapshots set superseded_at = $4::timestamptz
     where tdsp_duns = $1 and version = $2::bigint - 1 and superseded_at is null
       and date_trunc('milliseconds', observed_at) = $14::timestamptz and (select state from control) <> 'emergency'
    returning version
  ), given as (
    select $1::text as duns, $2::bigint as version, $3::text as source, $4::timestamptz as now, $5::json as plans,
           $6::text[] as overwritten, $7::uuid[] as gone, $8::json as providers, $9::json as new_offers,
           $10::uuid[] as changed, $11::uuid[] as returned, $12::uuid[] as ended, $13::json as history
      from control
     where state <> 'emergency' and ($14::timestamptz is null or exists (select from before))
  )`;

/** Few plans come as JSON; of many, PostgreSQL reads a column of each kind in less than half of the time. */
const MANY = 40;
const PLANS_AS_JSON = `json_to_recordset(given.plans)
        as r (${PLAN_COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ')})`;
const FIRST_COLUMN = 26;
const PLANS_AS_COLUMNS = `unnest(${PLAN_COLUMNS.map(({ type }, at) => `$${FIRST_COLUMN + at}::${type}[]`).join(', ')})
        as r (${names.join(', ')})`;

/** The parts of the statement, each needed only where it has something to write: an empty one costs as much as a row. */
const PARTS = {
  // Two publishes that meet the same new providers wait for each other in one order, so never in a circle.
  providers: `provider as (
    insert into providers as p (id, name, legal_name, puct_number, phone, first_seen_at)
    select r.id, r.name, r.legal_name, r.puct_number, r.phone, given.now
      from given, json_to_recordset(given.providers)
        as r (id text, name text, legal_name text, puct_number text, phone text)
     order by r.id
    on conflict (id) do update set
      name = excluded.name,
      legal_name = coalesce(excluded.legal_name, p.legal_name),
      puct_number = coalesce(excluded.puct_number, p.puct_number),
      phone = coalesce(excluded.phone, p.phone)
  )`,
  newOffers: `new_offer as (
    insert into offers (id, tdsp_duns, offer_key, provider_id, name, term_months, first_seen_at, last_changed_at)
    select r.id, given.duns, r.offer_key, r.provider_id, r.name, r.term_months, given.now, given.now
      from given, json_to_recordset(given.new_offers)
        as r (id uuid, offer_key text, provider_id text, name text, term_months smallint)
  )`,
  movedOffers: `moved_offer as (
    update offers set
      last_changed_at = case when id = any(changed) then now else last_changed_at end,
      ended_at = case when id = any(ended) then now when id = any(returned) then null else ended_at end
      from given where id = any(changed || returned || ended)
  )`,
  overwritten: `revision as (
    insert into plan_revisions (provider_name, from_version, to_version, ${kept.join(', ')})
    select coalesce(p.provider_name, k.name), p.since_version, coalesce(p.until_version, given.version),
           ${kept.map((name) => `p.${name}`).join(', ')}
      from given join electricity_plans p on p.tdsp_duns = given.duns and p.external_id = any(given.overwritten)
      join providers k on k.id = p.provider_id
     where p.is_active or p.until_version is not null
  )`,
  gone: `gone as (
    update electricity_plans set is_active = false, deactivated_at = given.now, until_version = given.version
      from given where id = any(given.gone) and is_active
  )`,
  plans: `written as (
    insert into electricity_plans (${names.join(', ')}, source, is_active, last_scraped_at, since_version)
    select ${names.map((name) => `r.${name}`).join(', ')}, given.source, true, given.now, given.version
      from given, $PLANS
    on conflict (external_id, tdsp_duns) do update set
      ${replaced.map((name) => `${name} = excluded.${name}`).join(', ')},
      source = excluded.source, is_active = true, last_scraped_at = excluded.last_scraped_at, deactivated_at = null,
      since_version = excluded.since_version, until_version = null
  )`,
  history: `history as (
    insert into plan_price_history
      (offer_id, plan_id, tdsp_duns, external_id, event, field, from_value, to_value, snapshot_version, changed_at)
    select r.offer_id, r.plan_id, given.duns, r.external_id, r.event, r.field,
           case when r.event = 'changed' then coalesce(r.from_value, 'null') end,
           case when r.event = 'changed' then coalesce(r.to_value, 'null') end, given.version, given.now
      from given, json_to_recordset(given.history)
        as r (offer_id uuid, plan_id uuid, external_id text, event text, field text, from_value jsonb, to_value jsonb)
  )`,
};

const SNAPSHOT = `snapshot as (
    insert into plan_snapshots
      (tdsp_duns, version, source, origin, content_hash, plans, observed_at, published_at, run_id, set_hash, unread,
       payload_hash, validators)
    select duns, version, source, $15::text, $16::text, $17::integer, $18::timestamptz, now, $19::bigint, $20::text,
           $21::text[], $24::text, $25::jsonb
      from given
    returning version
  )
  select pg_notify($22, $23) from snapshot`;

/** Somebody else published the same version just now, or each of two waited for the other. */
function isOvertaken(error: unknown): boolean {
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
  queryable: Queryable,
  before: Snapshot | null,
  change: PublishedChange,
): Promise<boolean> {
  const { snapshot, plans, overwritten, gone, providers, newOffers, history } = change;
  const { changedOffers, returnedOffers, endedOffers } = change;
  const movedOffers = [...changedOffers, ...returnedOffers, ...endedOffers];
  const parts = { providers, newOffers, movedOffers, overwritten, gone, plans, history };
  const needed = (Object.keys(PARTS) as (keyof typeof PARTS)[]).filter((part) => parts[part].length > 0);
  const { tdsp_duns, version, source, origin, content_hash, observed_at, published_at } = snapshot;
  const records = plans.map(toRecord);
  const isMany = records.length > MANY;
  try {
    const { rowCount } = await queryable.query({
      ...statementOf(needed, isMany),
      values: [
        tdsp_duns,
        version,
        source,
        published_at,
        isMany ? null : toJsonb(records),
        overwritten,
        gone,
        toJsonb(providers),
        toJsonb(newOffers),
        changedOffers,
        returnedOffers,
        endedOffers,
        toJsonb(history),
        before?.observed_at ?? null,
        origin,
        content_hash,
        snapshot.plans,
        observed_at,
        snapshot.run_id,
        snapshot.set_hash,
        snapshot.unread.length > 0 ? snapshot.unread : null,
        PLANS_PUBLISHED,
        JSON.stringify({ tdsp_duns, version, observed_at }),
        snapshot.payload_hash,
        snapshot.validators,
        ...(isMany ? columnsOf(records) : []),
      ],
    });
    return rowCount === 1;
  } catch (error) {
    if (isOvertaken(error)) return false;
    throw error;
  }
}

/** Put together once for each combination of parts that occurs: a few dozen. */
const statements = new Map<string, { name: string; text: string }>();

function statementOf(
  parts: readonly (keyof typeof PARTS)[],
  isMany: boolean,
): { name: string; text: string } {
  const name = `write ${isMany ? 'many ' : ''}${parts.map((part) => part.slice(0, 4)).join(' ')}`;
  let statement = statements.get(name);
  if (!statement) {
    const text = `with ${[GIVEN, ...parts.map((part) => PARTS[part]), SNAPSHOT].join(',\n')}`;
    statement = { name, text: text.replace('$PLANS', isMany ? PLANS_AS_COLUMNS : PLANS_AS_JSON) };
    statements.set(name, statement);
  }
  return statement;
}

function columnsOf(records: readonly Record<string, unknown>[]): unknown[][] {
  return PLAN_COLUMNS.map(({ name, type }) => {
    const cells = records.map((record) => record[name] ?? null);
    return type === 'jsonb' ? cells.map((cell) => (cell === null ? null : JSON.stringify(cell))) : cells;
  });
}
