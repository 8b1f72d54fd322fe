-- What aggregates the whole market, ready to be read: refreshed after a sync that published something, beside all
-- readers, which is what the unique index of each view is for. src/store/market/views.ts lists them.

create extension if not exists pg_trgm;

-- A city has the market of its TDSPs, and many cities have the same ones: so the market is worked out once for each set
-- of TDSPs that some city has, and for each TDSP alone.
create materialized view market_by_area as
with areas as (
  select tdsps from cities
  union
  select array[duns] from tdsps
),
segments as (
  select a.tdsps, p.term_months, p.rate_type,
         grouping(p.term_months) = 0 as has_term, grouping(p.rate_type) = 0 as has_rate_type,
         count(*)::int as plans, count(distinct p.provider_id)::int as providers,
         min(p.rate_500kwh) as min_rate_500kwh,
         percentile_cont(0.5) within group (order by p.rate_500kwh::float8) as median_rate_500kwh,
         avg(p.rate_500kwh) as avg_rate_500kwh,
         min(p.rate_1000kwh) as min_rate_1000kwh,
         percentile_cont(0.5) within group (order by p.rate_1000kwh::float8) as median_rate_1000kwh,
         avg(p.rate_1000kwh) as avg_rate_1000kwh,
         min(p.rate_2000kwh) as min_rate_2000kwh,
         percentile_cont(0.5) within group (order by p.rate_2000kwh::float8) as median_rate_2000kwh,
         avg(p.rate_2000kwh) as avg_rate_2000kwh,
         max(p.percent_green) as max_percent_green
    from areas a join electricity_plans p on p.tdsp_duns = any (a.tdsps) and p.is_active
   group by grouping sets ((a.tdsps), (a.tdsps, p.term_months), (a.tdsps, p.rate_type), (a.tdsps, p.term_months, p.rate_type))
)
select s.tdsps,
       coalesce(nullif(concat_ws(' ',
         case when s.has_term then 'term ' || coalesce(s.term_months::text, 'unknown') end,
         case when s.has_rate_type then coalesce(s.rate_type, 'type unknown') end), ''), 'all') as segment,
       coalesce(nullif(concat_ws(', ', case when s.has_term then 'term' end, case when s.has_rate_type then 'rate_type' end), ''),
         'nothing') as grouped_by,
       s.term_months, s.rate_type, s.plans, s.providers,
       s.min_rate_500kwh, s.median_rate_500kwh::numeric(6, 3), s.avg_rate_500kwh::numeric(6, 3),
       s.min_rate_1000kwh, s.median_rate_1000kwh::numeric(6, 3), s.avg_rate_1000kwh::numeric(6, 3),
       s.min_rate_2000kwh, s.median_rate_2000kwh::numeric(6, 3), s.avg_rate_2000kwh::numeric(6, 3),
       s.max_percent_green, cheapest.id as cheapest_plan_id, greenest.id as greenest_plan_id
  from segments s
  left join lateral (
    select c.id
      from unnest(s.tdsps) as duns
     cross join lateral (
       select p.id, p.rate_1000kwh from electricity_plans p
        where p.tdsp_duns = duns and p.is_active
          and (not s.has_term or p.term_months is not distinct from s.term_months)
          and (not s.has_rate_type or p.rate_type is not distinct from s.rate_type)
        order by p.rate_1000kwh, p.id limit 1) c
     order by c.rate_1000kwh, c.id limit 1) cheapest on true
  left join lateral (
    select c.id
      from unnest(s.tdsps) as duns
     cross join lateral (
       select p.id, p.rate_1000kwh from electricity_plans p
        where p.tdsp_duns = duns and p.is_active and p.percent_green = s.max_percent_green
          and (not s.has_term or p.term_months is not distinct from s.term_months)
          and (not s.has_rate_type or p.rate_type is not distinct from s.rate_type)
        order by p.rate_1000kwh, p.id limit 1) c
     order by c.rate_1000kwh, c.id limit 1) greenest on true;
comment on materialized view market_by_area is 'Active plans of a set of TDSPs, all of them and by term and rate type; rates in cents per kWh';
comment on column market_by_area.segment is 'all, term 12, fixed, term 12 fixed, …';
comment on column market_by_area.grouped_by is 'nothing, term, rate_type, or both: what the plans of a segment have in common';
comment on column market_by_area.cheapest_plan_id is 'at 1,000 kWh a month';
comment on column market_by_area.greenest_plan_id is 'the cheapest at 1,000 kWh of those with the most green';
create unique index idx_market_by_area_key on market_by_area (tdsps, segment);
create index idx_market_by_area_rate on market_by_area (segment, median_rate_1000kwh, tdsps);

create view market_by_tdsp as
select m.tdsps[1] as tdsp_duns, m.segment, m.grouped_by, m.term_months, m.rate_type, m.plans, m.providers,
       m.min_rate_500kwh, m.median_rate_500kwh, m.avg_rate_500kwh,
       m.min_rate_1000kwh, m.median_rate_1000kwh, m.avg_rate_1000kwh,
       m.min_rate_2000kwh, m.median_rate_2000kwh, m.avg_rate_2000kwh,
       m.max_percent_green, m.cheapest_plan_id, m.greenest_plan_id
  from market_by_area m where cardinality(m.tdsps) = 1;
comment on view market_by_tdsp is 'market_by_area, one TDSP at a time';

create view market_by_city as
select c.slug, c.name, c.county, c.tier, m.tdsps, m.segment, m.grouped_by, m.term_months, m.rate_type, m.plans, m.providers,
       m.min_rate_500kwh, m.median_rate_500kwh, m.avg_rate_500kwh,
       m.min_rate_1000kwh, m.median_rate_1000kwh, m.avg_rate_1000kwh,
       m.min_rate_2000kwh, m.median_rate_2000kwh, m.avg_rate_2000kwh,
       m.max_percent_green, m.cheapest_plan_id, m.greenest_plan_id
  from cities c join market_by_area m on m.tdsps = c.tdsps;
comment on view market_by_city is 'market_by_area for the TDSPs of each city';

create materialized view provider_performance as
select p.provider_id, count(*)::int as plans, array_agg(distinct p.tdsp_duns order by p.tdsp_duns) as tdsps,
       min(p.rate_500kwh) as min_rate_500kwh,
       (percentile_cont(0.5) within group (order by p.rate_500kwh::float8))::numeric(6, 3) as median_rate_500kwh,
       min(p.rate_1000kwh) as min_rate_1000kwh,
       (percentile_cont(0.5) within group (order by p.rate_1000kwh::float8))::numeric(6, 3) as median_rate_1000kwh,
       min(p.rate_2000kwh) as min_rate_2000kwh,
       (percentile_cont(0.5) within group (order by p.rate_2000kwh::float8))::numeric(6, 3) as median_rate_2000kwh,
       round(avg(p.rate_1000kwh - m.median_rate_1000kwh), 3) as avg_above_median_1000kwh,
       count(distinct p.tdsp_duns) filter (where p.rate_1000kwh = m.min_rate_1000kwh)::int as cheapest_in_tdsps,
       count(*) filter (where p.percent_green = 100)::int as green_plans,
       max(p.last_changed_at) as last_changed_at
  from electricity_plans p left join market_by_area m on m.tdsps = array[p.tdsp_duns] and m.segment = 'all'
 where p.is_active
 group by p.provider_id;
comment on materialized view provider_performance is 'What each provider sells now and how its prices stand; rates in cents per kWh';
comment on column provider_performance.avg_above_median_1000kwh is 'how far its plans lie above the median of their TDSP on average; negative: below';
comment on column provider_performance.cheapest_in_tdsps is 'TDSPs whose lowest rate at 1,000 kWh it has';
create unique index idx_provider_performance_key on provider_performance (provider_id);

create materialized view facet_counts as
select tdsp_duns,
       case 0 when grouping(term_months) then 'term' when grouping(rate_type) then 'rate_type'
              when grouping(provider_id) then 'provider' when grouping(is_prepaid) then 'prepaid' else 'time_of_use' end as facet,
       coalesce(term_months::text, rate_type, provider_id, is_prepaid::text, is_time_of_use::text) as value,
       count(*)::int as plans
  from electricity_plans where is_active
 group by grouping sets ((tdsp_duns, term_months), (tdsp_duns, rate_type), (tdsp_duns, provider_id),
                         (tdsp_duns, is_prepaid), (tdsp_duns, is_time_of_use))
union all
select tdsp_duns, 'green', at_least.percent, at_least.plans
  from (select tdsp_duns,
               count(*) filter (where percent_green >= 1)::int as green_1, count(*) filter (where percent_green >= 25)::int as green_25,
               count(*) filter (where percent_green >= 50)::int as green_50, count(*) filter (where percent_green >= 75)::int as green_75,
               count(*) filter (where percent_green >= 100)::int as green_100
          from electricity_plans where is_active group by tdsp_duns) g
 cross join lateral (values ('1', green_1), ('25', green_25), ('50', green_50), ('75', green_75), ('100', green_100))
   as at_least (percent, plans)
 where at_least.plans > 0;
comment on materialized view facet_counts is 'How many active plans of a TDSP each choice of a filter would bring';
comment on column facet_counts.value is 'null: unknown; green: at least this many percent';
create unique index idx_facet_counts_key on facet_counts (tdsp_duns, facet, value);

-- What is searched: a product of a provider once, in however many TDSPs it is sold.
create materialized view market_products as
with products as (
  select provider_id, name, term_months, count(*)::int as plans, count(distinct tdsp_duns)::int as tdsps,
         min(rate_1000kwh) as min_rate_1000kwh,
         (array_agg(id order by rate_1000kwh, id))[1:10] as plan_ids
    from electricity_plans where is_active
   group by provider_id, name, term_months
)
select concat_ws('|', s.provider_id, s.name, s.term_months) as product_key,
       s.provider_id, r.name as provider_name, s.name, s.term_months, s.plans, s.tdsps, s.min_rate_1000kwh, s.plan_ids,
       row_number() over (order by s.tdsps desc, s.provider_id, s.name, s.term_months) <= 1000 as is_wide,
       setweight(to_tsvector('simple', r.name), 'A') || setweight(to_tsvector('simple', s.name), 'B') ||
       setweight(to_tsvector('simple', concat_ws(' ',
         case when s.term_months = 1 then 'month to month' else s.term_months || ' months' end, p.rate_type,
         case when p.percent_green > 0 then trim_scale(p.percent_green) || ' green renewable' end,
         case when p.is_prepaid then 'prepaid' end, case when p.is_time_of_use then 'time of use' end,
         case when p.requires_auto_pay then 'auto pay' end, case when p.is_new_customer_only then 'new customers' end,
         case when p.early_termination_fee_usd = 0 then 'no exit fee' end,
         p.promotion, p.special_terms, p.fees_text)), 'C') as document
  from products s
  join electricity_plans p on p.id = s.plan_ids[1]
  join providers r on r.id = s.provider_id;
comment on materialized view market_products is 'What is sold, each product once, with the words it is found by: provider (A), name (B), features (C)';
comment on column market_products.plan_ids is 'the ten cheapest at 1,000 kWh';
comment on column market_products.is_wide is 'one of the 1,000 products that are sold in the most TDSPs';
create unique index idx_market_products_key on market_products (product_key);
-- A word that every product has, or the first letter of one, would match all of them; so the few that are sold
-- everywhere are searched first and by themselves, and a search for them never reads more than 1,000 rows of them.
create index idx_market_products_wide on market_products using gin (document) where is_wide;
create index idx_market_products_local on market_products using gin (document) where not is_wide;

create materialized view market_words as
select lexeme as word, count(*)::int as products from market_products, unnest(document) group by lexeme;
comment on materialized view market_words is 'Every word that a product is found by: what a misspelt one is compared with';
create unique index idx_market_words_key on market_words (word);
create index idx_market_words_similar on market_words using gin (word gin_trgm_ops);
