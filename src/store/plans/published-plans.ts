/**
 * What a publish reads: what is published now, and what is known of the plans that change. Sets go in and out as JSON:
 * a round trip and a parsed cell cost more than the rows, and nine of ten publishes change a few plans in a hundred.
 */

import { TERMS_OF_SALE, type TermsOfSale } from '../../plan/content.ts';
import { TOLD_COLUMNS } from '../../plan/events/offer-events.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Queryable } from '../postgres/database.ts';
import type { Snapshot } from './snapshots.ts';

/** A plan on sale, as much of it as every publish must see. */
export interface ActivePlan {
  external_id: string;
  content_hash: string;
  plan_hash: string;
  rate_1000kwh: number | null;
}

export interface PublishedState {
  /** `null`: nothing was ever published. */
  current: Snapshot | null;
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

/** Those of these upstream ids that are on sale in a TDSP, with the ids of their Spanish records. */
export async function readActiveIds(
  queryable: Queryable,
  duns: string,
  ids: readonly (string | null)[],
): Promise<{ external_id: string; spanish_external_id: string | null }[]> {
  const { rows } = await queryable.query<{ external_id: string; spanish_external_id: string | null }>(
    `select external_id, spanish_external_id from electricity_plans
      where tdsp_duns = $1 and is_active and external_id = any($2)`,
    [duns, ids],
  );
  return rows;
}

/** What is published now, and its plans unless their content is the same. */
export async function readPublished(
  queryable: Queryable,
  duns: string,
  contentHash: string,
): Promise<PublishedState> {
  const { rows } = await queryable.query<Snapshot & ActiveColumns>({
    name: 'read published',
    text: `select s.*, a.*
       from (select) one left join lateral (
         select tdsp_duns, version, source, origin, content_hash, plans, observed_at, published_at, validators
           from plan_snapshots where tdsp_duns = $1 order by version desc limit 1
       ) s on true left join lateral (
         select json_agg(external_id) as external_ids, string_agg(content_hash, '') as content_hashes,
                string_agg(plan_hash, '') as plan_hashes, json_agg(rate_1000kwh) as rates
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
  provider_id: string;
  name: string;
  first_seen_at: Date;
  last_changed_at: Date;
  ended_at: Date | null;
  /** The plan that carried it last. */
  plan_id: string;
  external_id: string;
  special_terms: string | null;
  translations: Plan['translations'];
  remembered_text: Plan['remembered_text'];
  /** When an upstream last told it so. */
  last_told_at: Date;
  /** All that the plan said, by the names of the columns. */
  told: Readonly<Record<string, unknown>>;
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
  type Offer = Omit<KnownOffer, 'first_seen_at' | 'last_changed_at' | 'last_told_at' | 'ended_at'> &
    Record<'first_seen_at' | 'last_changed_at' | 'last_told_at', string> & {
      ended_at: string | null;
      is_taken: boolean;
    };
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
       select o.id, o.offer_key, o.provider_id, o.name, o.first_seen_at, o.last_changed_at, o.ended_at,
              last.id as plan_id, last.external_id, last.special_terms, last.translations,
              last.remembered_text, coalesce((
                select s.observed_at from plan_snapshots s
                 where s.tdsp_duns = $1 and (last.until_version is null or s.version < last.until_version)
                 order by s.version desc limit 1
              ), last.last_scraped_at) as last_told_at,
              ${TERMS_OF_SALE.map((term) => `last.${term}`).join(', ')},
              json_build_object(${TOLD_COLUMNS.map(({ name }) => `'${name}', last.${name}`).join(', ')}) as told,
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
      last_told_at: new Date(offer.last_told_at),
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
