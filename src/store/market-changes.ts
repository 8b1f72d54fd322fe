/**
 * What happened in the market of a TDSP, in the order in which it was published. Versions of one TDSP are published one
 * after the other and become visible in that order, so a place in this order is a cursor that never skips anything.
 */

import type { RateCentsPerKwh } from '../plan/rate.ts';
import type { Queryable } from './database.ts';

/** A place between two changes: whatever comes later in the order is still to be read. */
export interface ChangePlace {
  version: number;
  offer_id: string;
  event: string;
}

const BEFORE_ALL_OFFERS = '00000000-0000-0000-0000-000000000000';

/** The place before everything that a version did. */
export const beginningOf = (version: number): ChangePlace => ({
  ...{ version, offer_id: BEFORE_ALL_OFFERS, event: '' },
});

/** The first version that was published later than a time; the one to come, if there is none yet. `null`: no version. */
export async function readFirstVersionAfter(
  queryable: Queryable,
  duns: string,
  time: Date,
): Promise<number | null> {
  const { rows } = await queryable.query<{ version: number }>(
    `select coalesce(
              (select version from plan_snapshots where tdsp_duns = $1 and published_at > $2
                order by published_at, version limit 1),
              version + 1) as version
       from plan_snapshots where tdsp_duns = $1 order by plan_snapshots.version desc limit 1`,
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
  rates: { 500: RateCentsPerKwh | null; 1000: RateCentsPerKwh | null; 2000: RateCentsPerKwh | null } | null;
}

export interface ChangesPage {
  changes: MarketChange[];
  /** Where to go on, now or when more was published. */
  next: ChangePlace;
  hasMore: boolean;
  /** The version that is current; 0 if there is none. */
  current: number;
  upstreams: string[];
}

/** Most versions say nothing about rates, so a page ends after so many of them even when it is not full. */
const VERSIONS_PER_PAGE = 500;

type Row = { [K in keyof MarketChange]: MarketChange[K] | null } & {
  scanned: number | null;
  current: number | null;
  upstreams: string[] | null;
};

export async function readMarketChanges(
  queryable: Queryable,
  duns: string,
  { from, limit }: { from: ChangePlace; limit: number },
): Promise<ChangesPage> {
  const firstRate = (usage: number) => `coalesce(
    (select h.from_value from plan_price_history h
      where h.offer_id = c.offer_id and h.changed_at > c.at and h.field = 'rate_${usage}kwh'
      order by h.changed_at limit 1), to_jsonb(p.rate_${usage}kwh))`;
  const { rows } = await queryable.query<Row>(
    `with versions as (
       select version, published_at, source from plan_snapshots
        where tdsp_duns = $1 and version >= $2 order by version limit $6
     ), page as (
       select v.version, v.published_at as at, e.*
         from versions v cross join lateral (
           select offer_id, event, plan_id, external_id,
                  json_agg(json_build_object('field', field, 'from', from_value, 'to', to_value) order by id)
                    filter (where field is not null) as changes
             from plan_price_history
            where tdsp_duns = $1 and changed_at = v.published_at and snapshot_version = v.version
            group by offer_id, event, plan_id, external_id
           union all
           select id, 'listed', null, null, null from offers
            where tdsp_duns = $1 and first_seen_at = v.published_at
         ) e
        where (v.version, e.offer_id, e.event) > ($2, $3::uuid, $4)
        order by v.version, e.offer_id, e.event
        limit $5
     )
     select s.*, c.version, c.at, c.event, c.offer_id, c.plan_id, c.external_id, c.name, c.term_months,
            case when c.offer_id is not null then json_build_object('id', r.id, 'name', r.name) end as provider,
            coalesce(c.changes, '[]') as changes,
            case when c.event = 'listed' then json_build_object(
              '500', ${firstRate(500)}, '1000', ${firstRate(1000)}, '2000', ${firstRate(2000)}) end as rates
       from (select max(version) as scanned, coalesce(array_agg(distinct source), (
                      select array[source] from plan_snapshots where tdsp_duns = $1 order by version desc limit 1
                    )) as upstreams,
                    (select version from plan_snapshots where tdsp_duns = $1 order by version desc limit 1) as current
               from versions) s
       left join (select page.*, o.provider_id, o.name, o.term_months from page join offers o on o.id = page.offer_id) c
              on true
       left join providers r on r.id = c.provider_id
       left join lateral (
         select rate_500kwh, rate_1000kwh, rate_2000kwh from electricity_plans
          where offer_id = c.offer_id and c.event = 'listed'
          order by is_active desc, last_scraped_at desc limit 1
       ) p on true
      order by c.version, c.offer_id, c.event`,
    [duns, from.version, from.offer_id, from.event, limit + 1, VERSIONS_PER_PAGE],
  );
  const { scanned, current, upstreams } = rows[0]!;
  const found = rows.filter(({ offer_id }) => offer_id !== null) as MarketChange[];
  const changes = found
    .slice(0, limit)
    .map(
      ({
        version,
        at,
        event,
        offer_id,
        plan_id,
        external_id,
        provider,
        name,
        term_months,
        changes,
        rates,
      }) => ({
        ...{
          version,
          at,
          event,
          offer_id,
          plan_id,
          external_id,
          provider,
          name,
          term_months,
          changes,
          rates,
        },
      }),
    );
  const last = changes.at(-1);
  const isCut = found.length > limit;
  return {
    changes,
    next: isCut && last ? { ...last } : scanned === null ? from : beginningOf(scanned + 1),
    hasMore: isCut || (scanned !== null && scanned < current!),
    current: current ?? 0,
    upstreams: upstreams ?? [],
  };
}
