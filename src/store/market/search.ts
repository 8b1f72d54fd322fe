/** The search over products, providers and words, from the materialised views: its cost does not grow with the plans. */

import type { Queryable } from '../postgres/database.ts';

export interface FoundPlan {
  id: string;
  name: string;
  provider: { id: string; name: string };
  tdsp_duns: string;
  term_months: number | null;
  /** How many TDSPs the product is sold in. */
  tdsps: number;
}

/** At most this many products that are sold in few TDSPs are ranked: a word may be in the name of any number of them. */
const LOCAL_RANKED = 500;

/** Provider, name, features: what a word in each of them is worth. The first number belongs to a weight nobody has. */
const WEIGHTS = '{0, 0.1, 0.4, 1}';
const RANKED = `product_key, plan_ids, provider_name, tdsps, min_rate_1000kwh,
  ts_rank('${WEIGHTS}', document, query) as rank`;
const BEST_FIRST = 'rank desc, tdsps desc, min_rate_1000kwh, product_key';

/** What is searched for: as it was typed, or a tsquery made of it. */
export type Wanted = { typed: string } | { tsquery: string };

// Quotes, `or` and `-` as in a web search, and the last word as the beginning of one: it is still being typed.
const TYPED_QUERY = `(select case when query like '%''' then query || ':*' else query end::tsquery
  from (select websearch_to_tsquery('simple', $1)::text) as w (query))`;

/**
 * Products by how well they match, each as its cheapest plan at 1,000 kWh. Those sold in the most TDSPs come first; the
 * others are looked at only where there are too few.
 */
export async function searchProducts(
  queryable: Queryable,
  wanted: Wanted,
  limit: number,
): Promise<FoundPlan[]> {
  const { rows } = await queryable.query<FoundPlan>(
    `with asked as (select ${'typed' in wanted ? TYPED_QUERY : '$1::tsquery'} as query),
     found as (
       (select 1 as part, ${RANKED} from market_products, asked where is_wide and document @@ query
         order by ${BEST_FIRST} limit $2)
       union all
       (select 2 as part, ${RANKED}
          from asked cross join lateral
               (select * from market_products where not is_wide and document @@ query limit ${LOCAL_RANKED}) local
         order by ${BEST_FIRST} limit $2)
       limit $2
     )
     select p.id, p.name, json_build_object('id', p.provider_id, 'name', f.provider_name) as provider, p.tdsp_duns,
            p.term_months, f.tdsps
       from found f
      -- The views may be a moment behind: what was withdrawn meanwhile is not found.
      cross join lateral (
        select p.* from unnest(f.plan_ids) with ordinality as u (id, n) join electricity_plans p on p.id = u.id and p.is_active
         order by u.n limit 1
      ) p
      order by part, ${BEST_FIRST}`,
    ['typed' in wanted ? wanted.typed : wanted.tsquery, limit],
  );
  return rows;
}

export interface NearWord {
  asked: string;
  word: string;
  /** Products that have it. */
  products: number;
  /** It begins with what was asked. */
  is_longer: boolean;
}

/** How alike two words must be to be compared at all: `vlot` and `volt` share one of nine trigrams. */
const SIMILAR = '0.1';
const CANDIDATES = 50;

/**
 * For each word those that begin like it and those that look like it, the most alike first.
 * @param words of letters and digits only
 */
export async function readNearWords(queryable: Queryable, words: readonly string[]): Promise<NearWord[]> {
  const { rows } = await queryable.query<NearWord>(
    // The threshold holds for this statement alone, and has to be set before the index is asked.
    `with threshold as materialized (select set_config('pg_trgm.similarity_threshold', '${SIMILAR}', true))
     select a.word as asked, near.word, near.products, near.is_longer
       from threshold cross join unnest($1::text[]) with ordinality as a (word, n)
      cross join lateral (
        (select word, products, true as is_longer, 1::float4 as alike from market_words
          where word like a.word || '%' order by products desc, word limit 3)
        union all
        (select word, products, false, similarity(word, a.word) from market_words
          where word % a.word order by similarity(word, a.word) desc, products desc, word limit ${CANDIDATES})
      ) near
      order by a.n, near.is_longer desc, near.alike desc, near.products desc`,
    [words],
  );
  return rows;
}

export interface FoundProvider {
  id: string;
  name: string;
  active_plans: number;
}

/** Everybody who sells something, as of the last refresh: a few hundred at the most. */
export async function readSellers(queryable: Queryable): Promise<FoundProvider[]> {
  const { rows } = await queryable.query<FoundProvider>(
    `select r.id, r.name, s.plans as active_plans
       from provider_performance s join providers r on r.id = s.provider_id order by s.plans desc, r.id`,
  );
  return rows;
}
