-- no transaction
-- Indexes for the questions of docs/queries.md, built beside everybody's work. One that gets other columns is built
-- under another name first, and takes its own when the old one is gone: no question is without an index meanwhile.

-- Any combination of the filters of a plan list in order of the price: what comes after the id is looked at inside the
-- index, so only rows that match are fetched, and a page of 20 reads 20. As columns that are merely included
-- PostgreSQL would fetch each row to look at them.
create index concurrently if not exists idx_plans_primary_lookup_next on electricity_plans
  (tdsp_duns, is_active, rate_1000kwh, id, term_months, rate_type, percent_green, provider_id, is_prepaid, is_time_of_use);
drop index concurrently if exists idx_plans_primary_lookup;
alter index if exists idx_plans_primary_lookup_next rename to idx_plans_primary_lookup;

-- The id makes the order of a page the same every time without a sort.
create index concurrently if not exists idx_plans_faceted_contract_next on electricity_plans
  (tdsp_duns, is_active, term_months, rate_type, rate_1000kwh, id, percent_green);
drop index concurrently if exists idx_plans_faceted_contract;
alter index if exists idx_plans_faceted_contract_next rename to idx_plans_faceted_contract;

create index concurrently if not exists idx_plans_faceted_green_next on electricity_plans
  (tdsp_duns, is_active, percent_green, rate_1000kwh, id);
drop index concurrently if exists idx_plans_faceted_green;
alter index if exists idx_plans_faceted_green_next rename to idx_plans_faceted_green;

-- The same lists for small and for large homes. What is not sold any more has no place in them.
create index concurrently if not exists idx_plans_rate_500 on electricity_plans
  (tdsp_duns, rate_500kwh, id, term_months, rate_type, percent_green) where is_active;
create index concurrently if not exists idx_plans_rate_2000 on electricity_plans
  (tdsp_duns, rate_2000kwh, id, term_months, rate_type, percent_green) where is_active;

-- What may be left at no cost: a third of the plans, asked for by those who will move.
create index concurrently if not exists idx_plans_no_exit_fee on electricity_plans
  (tdsp_duns, rate_1000kwh, id, term_months) where is_active and early_termination_fee_usd = 0;

-- What is new, what is gone: the whole market in order of time.
create index concurrently if not exists idx_plans_changed on electricity_plans (last_changed_at desc) where is_active;
create index concurrently if not exists idx_plans_gone on electricity_plans (deactivated_at desc) where not is_active;

-- A log that is written in order of time needs no more than the times at which its pages begin and end: 24 kB instead
-- of 2.4 MB for 120,000 calls, and nothing to do for most inserts.
create index concurrently if not exists idx_api_calls_time_next on api_calls
  using brin (called_at) with (pages_per_range = 16, autosummarize = on);
drop index concurrently if exists idx_api_calls_time;
alter index if exists idx_api_calls_time_next rename to idx_api_calls_time;
