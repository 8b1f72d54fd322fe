/**
 * What happened in the market of a TDSP, in the order in which it was published. Versions of one TDSP are published one
 * after the other and become visible in that order, so a place in this order is a cursor that never skips anything.
 */

import { TERMS_OF_SALE } from '../../plan/content.ts';
import type { Rates } from '../../plan/rate.ts';
import type { Queryable } from '../postgres/database.ts';

/** A place between two changes: whatever comes later in the order is still to be read. */
export interface ChangePlace {
  version: number;
  offer_id: string;
  event: string;
}

const BEFORE_ALL_OFFERS = '00000000-0000-0000-0000-000000000000';

/** The place before everything that a version did. */
export const beginningOf = (version: number): ChangePlace => ({
  version,
  offer_id: BEFORE_ALL_OFFERS,
  event: '',
});

/**
 * The version after the one that was current at a time, the first one if none was yet; it may be still to come. `null`:
 * no version. Not the first one of a later time: clocks differ, and a version that one of them dated ahead would be missed.
 */
export async function readFirstVersionAfter(
  queryable: Queryable,
  duns: string,
  time: Date,
): Promise<number | null> {
  const { rows } = await queryable.query<{ version: number }>(
    `select coalesce(
              (select version + 1 from plan_snapshots
                where tdsp_duns = $1 and published_at <= $2 and (superseded_at is null or superseded_at > $2)
                order by published_at desc, version desc limit 1),
              version) as version
       from plan_snapshots where tdsp_duns = $1 order by plan_snapshots.version limit 1`,
    [duns, time],
  );
  return rows[0]?.version ?? null;
}

export async function readPublishedAt(
  queryable: Queryable,
  duns: string,
  version: number,
): Promise<Date | null> {
  const { rows } = await queryable.query<{ published_at: Date }>(
    'select published_at from plan_snapshots where tdsp_duns = $1 and version >= $2 order by version limit 1',
    [duns, version],
  );
  return rows[0]?.published_at ?? null;
}

export interface MarketChange extends ChangePlace {
  event: 'listed' | 'changed' | 'withdrawn' | 'relisted';
  at: Date;
  /** `null` with `listed`: the offer is older than any plan id that stayed. */
  plan_id: string | null;
  external_id: string | null;
  provider: { id: string; name: string };
  name: string;
  term_months: number | null;
  changes: { field: string; from: unknown; to: unknown }[];
  /** With `listed`, the rates it was first seen with. */
  rates: Rates | null;
}

interface ChangesPage {
  changes: MarketChange[];
  /** Where to go on, now or when more was published. */
  next: ChangePlace;
  hasMore: boolean;
  /** The version that is current. */
  current: number;
  upstreams: string[];
}

/** A page ends after this many versions even when it is not full: each is looked for, and many say nothing about rates. */
const VERSIONS_PER_PAGE = 100;

interface Versions {
  /** The last one this page may reach; `null` if none is left. */
  last: number | null;
  current: number;
  /** When the first and the last of them were published, as PostgreSQL writes it: to the microsecond. */
  begins_at: string;
  ends_at: string;
  upstreams: string[];
}

async function readVersions(queryable: Queryable, duns: string, from: number): Promise<Versions | null> {
  const { rows } = await queryable.query<Versions>(
    `with page as (
       select version, published_at, source from plan_snapshots
        where tdsp_duns = $1 and version >= $2 order by version limit $3
     )
     select max(p.version) as last, c.version as current,
            min(p.published_at)::text as begins_at, max(p.published_at)::text as ends_at,
            coalesce(array_agg(distinct p.source) filter (where p.source is not null), array[c.source]) as upstreams
       from (select version, source from plan_snapshots where tdsp_duns = $1 order by version desc limit 1) c
       left join page p on true
      group by c.version, c.source`,
    [duns, from, VERSIONS_PER_PAGE],
  );
  return rows[0] ?? null;
}

/**
 * A page of changes, the oldest first. In several statements: what a version did was written with it and stays.
 * @returns `null` if nothing was ever published
 */
export async function readMarketChanges(
  queryable: Queryable,
  duns: string,
  { from, limit }: { from: ChangePlace; limit: number },
): Promise<ChangesPage | null> {
  const versions = await readVersions(queryable, duns, from.version);
  if (!versions) return null;
  const { current, upstreams, last } = versions;
  if (last === null) return { changes: [], next: from, hasMore: false, current, upstreams };
  const found = await readChanges(queryable, duns, { ...versions, from, last, limit: limit + 1 });
  const changes = await withFirstRates(queryable, found.slice(0, limit));
  const isCut = found.length > limit;
  const { version, offer_id, event } = changes.at(-1) ?? from;
  return {
    changes,
    current,
    upstreams,
    next: isCut ? { version, offer_id, event } : beginningOf(last + 1),
    hasMore: isCut || last < current,
  };
}

type Found = Omit<MarketChange, 'rates'>;
type ChangedTerm = MarketChange['changes'][number];

interface ChangeRow extends Omit<Found, 'provider' | 'changes'> {
  provider_id: string;
  provider_name: string;
  /** Put together as arrays and put in order here: as objects in order they would take PostgreSQL a third longer. */
  terms: [field: string, from: unknown, to: unknown][] | null;
}

const place = (field: string): number => (TERMS_OF_SALE as readonly string[]).indexOf(field);
const byTerm = (a: ChangedTerm, b: ChangedTerm): number => place(a.field) - place(b.field);

async function readChanges(
  queryable: Queryable,
  duns: string,
  {
    from,
    last,
    begins_at,
    ends_at,
    limit,
  }: { from: ChangePlace; last: number; begins_at: string; ends_at: string; limit: number },
): Promise<Found[]> {
  const { rows } = await queryable.query<ChangeRow>(
    // The bounds of the time are there for the planner, too: months outside of them are not even opened.
    `with page as (
       select v.version, v.published_at as at, e.*
         from plan_snapshots v cross join lateral (
           select offer_id, event, plan_id, external_id,
                  json_agg(json_build_array(field, from_value, to_value)) filter (where field is not null) as terms
             from plan_price_history
            where tdsp_duns = $1 and changed_at = v.published_at and snapshot_version = v.version
              and changed_at >= $6 and changed_at <= $7
            group by offer_id, event, plan_id, external_id
           union all
           select id, 'listed', null, null, null from offers
            where tdsp_duns = $1 and first_seen_at = v.published_at
         ) e
        where v.tdsp_duns = $1 and v.version >= $2 and v.version <= $5
          and (v.version, e.offer_id, e.event) > ($2, $3::uuid, $4)
        order by v.version, e.offer_id, e.event
        limit $8
     )
     select c.version, c.at, c.event, c.offer_id, c.plan_id, c.external_id, o.name, o.term_months,
            o.provider_id, r.name as provider_name, c.terms
       from page c join offers o on o.id = c.offer_id join providers r on r.id = o.provider_id
      order by c.version, c.offer_id, c.event`,
    [duns, from.version, from.offer_id, from.event, last, begins_at, ends_at, limit],
  );
  return rows.map(({ provider_id, provider_name, terms, ...change }) => ({
    ...change,
    provider: { id: provider_id, name: provider_name },
    changes: (terms ?? []).map(([field, from, to]) => ({ field, from, to })).toSorted(byTerm),
  }));
}

/** What was listed is told with the rates it had then: those before the first change, or those it still has. */
async function withFirstRates(queryable: Queryable, changes: readonly Found[]): Promise<MarketChange[]> {
  const listed = changes.filter(({ event }) => event === 'listed');
  if (listed.length === 0) return changes.map((change) => ({ ...change, rates: null }));
  const { rows } = await queryable.query<{ offer_id: string; rates: MarketChange['rates'] }>(
    `select o.id as offer_id, json_object_agg(p.usage, coalesce(h.from_value, to_jsonb(p.rate))) as rates
       from offers o
      cross join lateral (
        select usage, 'rate_' || usage || 'kwh' as field, rate
          from (select true) always
          left join lateral (
            select rate_500kwh, rate_1000kwh, rate_2000kwh from electricity_plans
             where offer_id = o.id order by is_active desc, last_scraped_at desc limit 1
          ) last on true
         cross join lateral (
           values ('500', last.rate_500kwh), ('1000', last.rate_1000kwh), ('2000', last.rate_2000kwh)
         ) as rates (usage, rate)
      ) p
       left join lateral (
         select from_value from plan_price_history
          where offer_id = o.id and changed_at > o.first_seen_at and changed_at >= $2 and field = p.field
          order by changed_at limit 1
       ) h on true
      where o.id = any($1)
      group by o.id`,
    [listed.map(({ offer_id }) => offer_id), listed[0]!.at],
  );
  const rates = new Map(rows.map((row) => [row.offer_id, row.rates]));
  return changes.map((change) => ({
    ...change,
    rates: change.event === 'listed' ? (rates.get(change.offer_id) ?? null) : null,
  }));
}
